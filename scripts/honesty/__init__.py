"""Parts of `scripts/bench_honesty`: simulated studies whose true accuracy is known, and what is made of them."""
