"""Downloads: bring a zip from the TU site into the cache, whole or not at all.

Read `download`. A file gets its name in the cache only once all of it is there
and has been checked; until then, and after a failure, there is nothing.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import IO, Any, Callable, ContextManager

from npdiffpool._support.atomic_files import atomic_path
from npdiffpool._support.progress import progress_bar
from npdiffpool.datasets.archive import REQUIRED, TUFiles, broken_as_error
from npdiffpool.datasets.locate import cache_folder, check_name
from npdiffpool.datasets.tables import DatasetError

TU_URL = "https://www.chrsmrrs.com/graphkerneldatasets"
MAX_ZIP = 1 << 30
_PIECE = 1 << 16


def download(
    name: str,
    folder: str | Path | None = None,
    base_url: str | None = None,
    progress: bool | None = None,
    timeout: float = 60.0,
) -> Path:
    """Download NAME.zip, check it, and put it into the cache folder.

    Parameters
    ----------
    name : str
    folder : path, optional
        The cache folder where not given.
    base_url : str, optional
        What comes before /NAME.zip: `$NPDIFFPOOL_TU_URL` where not given, else
        the TU site. Empty turns downloading off.
    progress : bool, optional
        False is silent. Otherwise there is a bar on stderr if tqdm is installed
        and stderr is a terminal (True: also if it is not), else a line.
    timeout : float
        For how many seconds the server may be silent.

    Returns
    -------
    Path
        The zip.

    Raises
    ------
    DatasetError
        If the server cannot be reached or refuses, less or more arrives than it
        said, or what arrives is not a zip of this data set or not a safe one.
    """
    url = _make_url(check_name(name), base_url)
    folder = Path(folder) if folder is not None else cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / f"{name}.zip") as part:
            with open(part, "wb") as file:
                _receive(url, file, timeout, progress)
            _check_zip(part, name, url)
    except OSError as error:
        raise DatasetError(f"{folder}: cannot keep downloads here: {error}") from error
    return folder / f"{name}.zip"


def _make_url(name: str, base_url: str | None) -> str:
    if base_url is None:
        base_url = os.environ.get("NPDIFFPOOL_TU_URL", TU_URL)
    if not base_url:
        raise DatasetError(f"{name}: downloading is off, $NPDIFFPOOL_TU_URL is empty")
    # urllib would also open file: and ftp:.
    if not base_url.startswith(("https://", "http://")):
        raise DatasetError(f"base_url must be http(s)://...; got {base_url!r}")
    return f"{base_url.rstrip('/')}/{name}.zip"


def _receive(url: str, file: IO[bytes], timeout: float, progress: bool | None) -> None:
    """Write what a server answers into a file, and check how much it was."""
    import http.client  # here, for they take a fifth of the package's import
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            length = response.headers.get("Content-Length", "")
            promised = int(length) if length.isdecimal() else None
            got = 0
            with _show_download(url, promised, progress) as update:
                # A piece more than allowed is enough to know.
                while got <= MAX_ZIP and (piece := response.read(_PIECE)):
                    file.write(piece)
                    got += len(piece)
                    update(got)
    except urllib.error.HTTPError as error:
        error.close()
        raise DatasetError(f"{url}: {error}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DatasetError(f"{url}: {error}") from error
    if got > MAX_ZIP:
        raise DatasetError(f"{url}: more than {MAX_ZIP} bytes, which is the limit")
    if promised is not None and got != promised:
        raise DatasetError(f"{url}: {got} bytes arrived; the server said {promised}")


def _check_zip(path: Path, name: str, url: str) -> None:
    files = TUFiles(path, label=url)
    for part in REQUIRED:
        if files.name != name or not files.has(part):
            raise DatasetError(f"{url}: {name}_{part}.txt is missing from the zip")
    with broken_as_error(url), zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged:
        raise DatasetError(f"{url}: {damaged} in the zip is damaged")


def _show_download(
    url: str, size: int | None, shown: bool | None
) -> ContextManager[Callable[..., None]]:
    amount = "" if size is None else f" ({size / 1e6:.1f} MB)"
    how: Any = {"heading": f"downloading {url}{amount}", "unit_scale": True}
    how |= {"shown": shown is not False, "on_pipes": shown is True}
    return progress_bar(size, "B", url.rsplit("/", 1)[-1], **how)
