"""Fuzzing of the functions that read untrusted files: see __main__.py."""
