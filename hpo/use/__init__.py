"""A finished model at work: predictions, and which letters move them."""
