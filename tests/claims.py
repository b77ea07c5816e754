"""What tests of files that claim much share."""

import tracemalloc
import zipfile
from contextlib import contextmanager


@contextmanager
def little_memory(most=24 << 20):
    """Require that what is done takes no more bytes: much less than is claimed."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def packed(path, *members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return path
