"""One trial on one device, fold by fold."""
