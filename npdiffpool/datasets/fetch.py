"""Downloads from the TU site into the cache, complete or not at all.

A zip gets its name in the cache after all of it has arrived and was validated. Until
then, and after a failure, the cache does not contain it.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import IO, Any, Callable, ContextManager, Sequence

from npdiffpool._support.atomic_files import atomic_path
from npdiffpool._support.progress import progress_bar
from npdiffpool.datasets.locate import cache_folder, check_name
from npdiffpool.datasets.tu.archive import REQUIRED, TUFiles, broken_as_error
from npdiffpool.datasets.tu.tables import DatasetError

TU_URL = "https://www.chrsmrrs.com/graphkerneldatasets"
MAX_ZIP = 1 << 30
_PIECE = 1 << 16


def download(
    name: str,
    folder: str | Path | None = None,
    base_url: str | None = None,
    progress: bool | None = None,
    timeout: float = 60.0,
    require_labels: bool = True,
) -> Path:
    """Download NAME.zip, validate it and move it into the cache folder.

    Parameters
    ----------
    name : str
        The name of the data set.
    folder : path, optional
        The folder for the zip; by default the cache folder.
    base_url : str, optional
        The part of the URL before /NAME.zip; by default `$NPDIFFPOOL_TU_URL` if it is
        set, otherwise the TU site. An empty string disables downloads.
    progress : bool, optional
        False prints nothing. Otherwise there is a bar on stderr if tqdm is installed
        and stderr is a terminal (True: even if it is not), or else a line.
    timeout : float
        Seconds without data after which the download fails.
    require_labels : bool
        Whether the data set must have labels of its graphs.

    Returns
    -------
    Path
        The zip.

    Raises
    ------
    DatasetError
        If the server cannot be reached or answers with an error, the number of bytes
        differs from the announced one, or they are not a safe zip of this data set.
    """
    url = _make_url(check_name(name), base_url)
    folder = Path(folder) if folder is not None else cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / f"{name}.zip") as part:
            with open(part, "wb") as file:
                _receive(url, file, timeout, progress)
            _check_zip(part, name, url, REQUIRED[: 3 if require_labels else 2])
    except OSError as error:
        raise DatasetError(f"{folder}: cannot save downloads: {error}") from error
    return folder / f"{name}.zip"


def _make_url(name: str, base_url: str | None) -> str:
    if base_url is None:
        base_url = os.environ.get("NPDIFFPOOL_TU_URL", TU_URL)
    if not base_url:
        raise DatasetError(f"{name}: downloads are disabled by $NPDIFFPOOL_TU_URL=''")
    # urllib would also open file: and ftp:.
    if not base_url.startswith(("https://", "http://")):
        required = "start with http:// or https://"
        raise DatasetError(f"base_url must {required}; got {base_url!r}")
    return f"{base_url.rstrip('/')}/{name}.zip"


def _receive(url: str, file: IO[bytes], timeout: float, progress: bool | None) -> None:
    """Write the answer of a server into a file, and check its length."""
    import http.client  # not at the top: a fifth of the time to import the package
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            length = response.headers.get("Content-Length", "")
            announced = int(length) if length.isdecimal() else None
            got = 0
            with _show_download(url, announced, progress) as update:
                # Stop one piece after the limit.
                while got <= MAX_ZIP and (piece := response.read(_PIECE)):
                    _save(piece, file)
                    got += len(piece)
                    update(got)
    except urllib.error.HTTPError as error:
        error.close()
        raise DatasetError(f"{url}: {error}") from error
    except DatasetError:  # of `_save`; it is a ValueError, but not of the server
        raise
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DatasetError(f"{url}: {error}") from error
    if got > MAX_ZIP:
        raise DatasetError(f"{url}: more than {MAX_ZIP} bytes, which is the limit")
    if announced is not None and got != announced:
        raise DatasetError(f"{url}: {got} bytes arrived instead of {announced}")


def _save(piece: bytes, file: IO[bytes]) -> None:
    """Write a piece; a full disk is no fault of the server."""
    try:
        file.write(piece)
    except OSError as error:
        folder = os.path.dirname(file.name)
        raise DatasetError(f"{folder}: cannot save downloads: {error}") from error


def _check_zip(path: Path, name: str, url: str, required: Sequence[str]) -> None:
    files = TUFiles(path, label=url)
    for part in required:
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
