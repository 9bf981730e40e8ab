"""What `scripts/fuzz` is made of: seeds, mutations, readers, and the process that reads."""
