"""Mutations that know the file formats, so that mutated files have valid checksums.

`mutate` applies one or a few mutations. In an .npz it changes arrays, their headers,
JSON or the directory, and packs the file again; in a folder it changes one file, by its
format; in any file it may change bytes.
"""

import io
import json
import random
import struct
import warnings
import zipfile

import numpy as np

from . import packing

NUMBERS = [0, 1, -1, 2, 3, 6, 7, 255, 2**16, 2**31 - 1, 2**31, -(2**31), 2**53]
NUMBERS += [10**9]
NUMBERS += [2**63, 10**19, 10**40, 0.5, -0.5, 1e-320, 1e30, 1e308, 1e999, float("nan")]
TEXTS = ["", "0", "x", "\x00", "\x1b[31m", "</script><b>", "é\u202e", "'\" onload=x"]
TEXTS += ["degree>=9999999999", "degree>=3", "attribute 1", "uniform", "graclus", "s2v"]
TEXTS += [
    "hard",
    "set2set",
    "sortpool",
    "regressor",
    "\ud800",
    "NaN",
    "../x",
    "a" * 999,
]
DTYPES = "f4 f8 f2 i4 i8 u8 i1 b1 U1 U9 S3".split()
HEADERS = ["|O", "<f4", ">f4", "<U0", "<U9999999", "|V8", "<c8", "<m8[s]", "<f16"]
SHAPES = ["()", "(1,)", "(0,)", "(0, 99999999)", "(99999999999,)", "(-1,)", "(2, 3)"]
LINES = [b"1, 2", b"1", b"0", b"-1", b"2147483648", b"9" * 40, b"1e400", b"nan"]
LINES += [
    b"",
    b"1,",
    b",",
    b" ",
    b"1 2",
    b"\xff",
    b"1, 2, 3",
    b"6, 6",
    b"3, 4",
    b"7.5",
    b"+",
]
TOKENS = [b"[" * 99, b"{", b"}", b"]", b",", b'"', b"NaN", b"1e999", b"9" * 200]


def mutate(target, data, rng):
    """Apply one or a few mutations, chosen by a `random.Random`."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        data = _once(target, data, rng)
    return data


def _once(target, data, rng):
    if rng.random() < 0.15:
        return mutate_bytes(data, rng)
    try:
        return KINDS[target](data, rng)
    except Exception:  # an earlier mutation broke the format
        return mutate_bytes(data, rng)


def mutate_bytes(data, rng):
    """Change, insert, repeat or delete bytes."""
    data, at = bytearray(data), rng.randrange(len(data) + 1)
    size = rng.choice([1, 1, 2, 4, 16, 64])
    which = rng.randrange(5)
    if which == 0 and at < len(data):
        data[at] ^= 1 << rng.randrange(8)
    elif which == 1:
        data[at : at + size] = rng.randbytes(size)
    elif which == 2:
        del data[at : at + size]
    elif which == 3:
        data[at:at] = data[at : at + size] * rng.choice([1, 9])
    else:
        data[at:at] = rng.choice([*TOKENS, *LINES])
    return bytes(data)


def mutate_json(data, rng):
    """Change, add, delete, repeat or nest an entry at any depth."""
    content = json.loads(data)
    holders, values = [[content]], [content]
    for value in values:  # grows in the loop
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(value, (dict, list)):
            holders.append(value)
            values += inner
    holder = rng.choice([h for h in holders if h] or [[0]])
    key = rng.choice([*holder] if isinstance(holder, dict) else range(len(holder)))
    which = rng.randrange(8)
    if which == 0 and holder is not holders[0]:
        del holder[key]
    elif which == 1 and isinstance(holder, list):
        holder.insert(key, rng.choice(values))
    elif which == 1:
        holder[rng.choice([*holder, *TEXTS])] = rng.choice(values)
    elif which == 2 and isinstance(holder[key], (list, str)):
        holder[key] = holder[key] * rng.choice([0, 2, 50])
    else:
        holder[key] = _value(rng)
    text = json.dumps(holders[0][0])
    if which == 7 and '": ' in text:
        text = text.replace("{", '{"hidden": 1, "hidden": 2, ', 1)
    return text.encode()


def _value(rng):
    which = rng.randrange(6)
    if which == 0:
        return rng.choice(TEXTS)
    if which == 1:
        return rng.choice([None, True, False, {}, [], [[]], [1, 2], {"a": []}])
    if which == 2:
        return [rng.choice(NUMBERS)] * rng.choice([1, 2, 60])
    if which == 3:
        deep = []
        for _ in range(rng.choice([3, 60, 500])):
            deep = [deep]
        return deep
    return rng.choice(NUMBERS)


def mutate_npz(data, rng):
    """Change a member, the list of members, or an entry of the directory."""
    if rng.random() < 0.1:
        return mutate_directory(data, rng)
    members = _members(data)
    at = rng.randrange(len(members))
    name, content = members[at]
    which = rng.randrange(10)
    if which == 0:
        del members[at]
    elif which == 1:
        members.insert(rng.randrange(len(members)), rng.choice(members))
    elif which == 2:
        other, _ = rng.choice(members)
        members[at] = rng.choice([other, name + "x", "../" + name, ""]), content
    elif which == 3:
        members[at] = name, mutate_header(content, rng)
    elif which == 4:
        members[at] = name, mutate_bytes(content, rng)
    else:
        members[at] = name, mutate_array(content, rng)
    return _packed(members, rng)


def _members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(i.filename, archive.read(i)) for i in archive.infolist()[:200]]


def _packed(members, rng):
    buffer = io.BytesIO()
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate names
        for name, content in members:
            entry = zipfile.ZipInfo(name)
            if rng.random() < 0.02:
                entry.external_attr = 0o120777 << 16
            archive.writestr(entry, content, method)
    return buffer.getvalue()


def mutate_header(content, rng):
    """Change the dtype or the shape in the header of an array."""
    text = content[10 : 10 + int.from_bytes(content[8:10], "little")].decode()
    parts = text.split("'")
    if rng.random() < 0.5:
        parts[3] = rng.choice(HEADERS)
    else:
        parts[-1] = f": {rng.choice(SHAPES)}, }}\n"
    text = "'".join(parts).encode()
    return content[:8] + struct.pack("<H", len(text)) + text + content[10 + len(text) :]


def mutate_array(content, rng):
    """Change the values, shape or dtype of an array; in a string, its JSON."""
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.kind == "U" and array.ndim == 0:
        text = array.item()
        mutated = (
            mutate_json(text, rng) if text[:1] in "[{" else rng.choice(TEXTS).encode()
        )
        array = np.array(mutated.decode("utf-8", "surrogatepass"))
    else:
        array = _other(array, rng)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _other(array, rng):
    which = rng.randrange(6)
    with np.errstate(all="ignore"):
        if which == 0 and array.dtype.kind in "biuf":
            return array.astype(rng.choice(DTYPES))
        if which == 1:
            return rng.choice([array[..., None], array.ravel(), array[None], array.T])
        if which == 2 and array.ndim:
            keep = rng.randrange(len(array) + 1)
            return array[:keep] if rng.random() < 0.5 else array.repeat(2, axis=0)
        if which == 3 and array.ndim:
            return array.repeat(rng.choice([0, 2, 30]), axis=-1)
        array = array.copy()
        value = rng.choice(TEXTS if array.dtype.kind in "US" else NUMBERS)
        if array.size:
            one = np.unravel_index(rng.randrange(array.size), array.shape)
            where = rng.choice([..., one])
            array[where] = np.asarray(value).astype(array.dtype)
        return array


def mutate_directory(data, rng):
    """Change a field of a member's entry in the zip directory."""
    central = [i for i in range(len(data)) if data.startswith(b"PK\x01\x02", i)]
    at, data = rng.choice(central), bytearray(data)
    places = [(16, 4), (20, 4), (24, 4), (38, 4), (42, 4)]
    offset, size = rng.choice([*places, (8, 2), (10, 2), (28, 2), (30, 2)])
    numbers = [0, 1, 8, 9, 99, 1 << 15, (1 << 16) - 1, 1 << 30, (1 << 32) - 1]
    number = rng.choice(numbers) % (1 << 8 * size)
    data[at + offset : at + offset + size] = number.to_bytes(size, "little")
    return bytes(data)


def mutate_table(data, rng):
    """Change, add, repeat or delete a line or a field."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    which = rng.randrange(6)
    if which == 0:
        del lines[at]
    elif which == 1:
        lines.insert(at, rng.choice([*lines, *LINES]))
    elif which == 2:
        lines[at : at + 1] = [lines[at]] * rng.choice([2, 20])
    else:
        fields = lines[at].split(b",")
        fields[rng.randrange(len(fields))] = rng.choice([*LINES, *lines[0].split(b",")])
        lines[at] = b",".join(fields)
    return b"\n".join(lines)


def mutate_folder(data, rng):
    """Change one file by its format, or names, links and pipes."""
    files = packing.unpack(data)
    at = rng.randrange(len(files))
    name, content = files[at]
    which = rng.randrange(12)
    if which == 0:
        del files[at]
    elif which == 1:
        ending = rng.choice([" |", " -> /etc/passwd", " -> ..", " -> /dev/zero", "/x"])
        files[at] = name + rng.choice([ending, f" -> {files[0][0]}"]), content
    elif which == 2:
        files[at] = rng.choice([files[-1][0], "in/" + name, name + "x"]), content
    else:
        files[at] = name, _mutate_file(name, content, rng)
    return packing.pack([(n.encode("latin-1", "ignore").decode(), c) for n, c in files])


def _mutate_file(name, content, rng):
    kinds = {"json": mutate_json, "npz": mutate_npz}
    return kinds.get(name[-4:].lstrip("."), mutate_table)(content, rng)


def mutate_zip(data, rng):
    """Change a table in a zip, its name, or the directory."""
    if rng.random() < 0.2:
        return mutate_directory(data, rng)
    members = _members(data)
    at = rng.randrange(len(members))
    name, content = members[at]
    which = rng.randrange(8)
    if which == 0:
        del members[at]
    elif which == 1:
        members.insert(at, rng.choice(members))
    elif which == 2:
        before = ["../", "/", "a/b/", "C:", "__MACOSX/", "\x1b[31m", "\0"]
        before = rng.choice([*before, "./", "TINY//", "TINY\\", ".\\..\\", "//"])
        members[at] = before + name, content
    else:
        members[at] = name, mutate_table(content, rng)
    return _packed(members, rng)


KINDS = {
    "model": mutate_npz,
    "checkpoint": mutate_npz,
    "tu": mutate_folder,
    "zip": mutate_zip,
}
KINDS |= {"splits": mutate_json, "grid": mutate_json, "report": mutate_folder}


def mutate_by_seed(target, data, seed):
    """Apply the mutations that a seed chooses."""
    return mutate(target, data, random.Random(seed))
