"""Helpers for tests of files with wrong sizes: a limit on memory, and zips."""

import tracemalloc
import zipfile
from contextlib import contextmanager


@contextmanager
def limited_memory(most=24 << 20):
    """Assert that Python allocates at most this number of bytes meanwhile."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def write_zip(path, *members, method=zipfile.ZIP_DEFLATED):
    """Write a zip with members, pairs of name and content; return its path."""
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return path
