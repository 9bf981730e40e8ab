"""The command line: one file per group of commands. `command` makes one of a function; shared `options`."""
