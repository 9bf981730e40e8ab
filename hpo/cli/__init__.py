"""The command line: one file per group of commands; options that several share are in `options`."""
