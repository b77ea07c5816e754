"""Check the contents of the wheel and the sdist in a folder, and print their sizes.

git ls-files npdiffpool | python .ci/contents.py FOLDER
"""

import sys
import tarfile
import zipfile
from pathlib import Path

OUTSIDE = {"LICENSE", "README.md", "setup.cfg", "setup.py", "PKG-INFO"}


def of_wheel(path):
    """Return the names of a wheel's files and its licence, without other metadata."""
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
    metadata = [name for name in names if ".dist-info/" in name]
    licences = {Path(name).name for name in metadata} & {"LICENSE"}
    return {*names} - {*metadata} | licences


def of_sdist(path):
    """Return the names of an sdist's files, without metadata of setuptools."""
    with tarfile.open(path) as sdist:
        names = [member.name for member in sdist if member.isfile()]
    inner = {name.split("/", 1)[1] for name in names}
    return {name for name in inner if ".egg-info/" not in name}


def main(folder, package):
    """Exit with an error if one of them has not exactly the files of the package."""
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    assert {"npdiffpool/py.typed", "npdiffpool/datasets/MUTAG.npz"} < package
    for path, found, expected in (
        (wheel, of_wheel(wheel), package | {"LICENSE"}),
        (sdist, of_sdist(sdist), package | OUTSIDE),
    ):
        if found != expected:
            missing, extra = sorted(expected - found), sorted(found - expected)
            sys.exit(f"{path.name} lacks {missing} and must not have {extra}")
        size = path.stat().st_size / 1000
        print(f"{path.name}: {len(found)} files, {size:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), set(sys.stdin.read().split()))
