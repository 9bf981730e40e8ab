"""The parts of `bench_engine`: each variant runs in a process of its own and is told when to work."""
