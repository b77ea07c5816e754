"""The command line: `main` runs a command, `parser` knows the options."""
