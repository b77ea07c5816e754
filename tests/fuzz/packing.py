"""Several files packed into one input.

A line ``%%% NAME`` begins a file; ``%%% NAME -> PATH`` is a symbolic link to PATH, and
``%%% NAME |`` a named pipe. Other characters than letters, digits and -_./ are removed
from names; a file outside of the folder is not written.
"""

import os
import re
from pathlib import Path

MARK = re.compile(rb"\n%%% ([^\n]*)\n")
STRANGE = re.compile(r"[^A-Za-z0-9_./-]")
MARKED = re.compile(r" -> | \|$")


def pack(files):
    """Pack pairs of name and bytes into one input."""
    return b"\n".join(b"%%% " + name.encode() + b"\n" + data for name, data in files)


def unpack(data):
    """Return pairs of name, as written after the mark, and bytes."""
    _, *parts = MARK.split(b"\n" + data)
    names = (name.decode("latin-1") for name in parts[::2])
    return list(zip(names, parts[1::2]))


def write(data, folder):
    """Write the files of an input into a folder, then its links and pipes."""
    folder = Path(folder).resolve()
    parts = unpack(data)[:20]
    for text, content in sorted(parts, key=lambda part: bool(MARKED.search(part[0]))):
        name, arrow, target = text.partition(" -> ")
        path = folder / (STRANGE.sub("", name)[:60].strip("/") or "none")
        if not path.parent.resolve().is_relative_to(folder):
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if arrow:
                path.symlink_to(target.replace("\0", "")[:200] or "none")
            elif text.endswith(" |"):
                os.mkfifo(path)
            else:
                with open(path, "xb") as file:  # not through a link
                    file.write(content)
        except OSError:
            pass  # the name exists, or names a folder and a file
