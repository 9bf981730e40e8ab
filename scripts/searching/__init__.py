"""What `bench_search` records, and how searches are replayed on it."""
