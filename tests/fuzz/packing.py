"""Inputs of several files in one: each after a line that names it.

A line ``%%% NAME`` begins a file; ``%%% NAME -> PATH`` is a link there, ``%%% NAME |``
a pipe. What a name has beside letters, digits and -_./ is dropped; one that would leave
the folder is left out.
"""

import os
import re
from pathlib import Path

MARK = re.compile(rb"\n%%% ([^\n]*)\n")
STRANGE = re.compile(r"[^A-Za-z0-9_./-]")
MARKED = re.compile(r" -> | \|$")


def pack(files):
    """Return files, bytes by name, as one input."""
    return b"\n".join(b"%%% " + name.encode() + b"\n" + data for name, data in files)


def unpack(data):
    """Return pairs of a name, as it stands after the mark, and bytes."""
    _, *parts = MARK.split(b"\n" + data)
    names = (name.decode("latin-1") for name in parts[::2])
    return list(zip(names, parts[1::2]))


def write(data, folder):
    """Write the files of an input into a folder, and then links and pipes."""
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
            pass  # a name that is there, or both a folder's and a file's
