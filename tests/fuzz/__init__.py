"""Fuzzing of what reads files that strangers may have made: see __main__.py."""
