"""Known data sets, and the places that are searched before a download.

Read `find` first. The order is: a path as given, the working folder,
`$NPDIFFPOOL_DATA`, the cache folder, the package. Data sets that are not in `KNOWN` are
found there too. Its counts are those of the TU site,
https://chrsmrrs.github.io/datasets/docs/datasets, at commit 0397414 of its repository.
"""

from __future__ import annotations

import difflib
import os
import re
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from npdiffpool.datasets.tu.tables import DatasetError

PACKAGE = Path(__file__).parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ZIP = re.compile(r"\.zip\Z", re.IGNORECASE)
_TU = (
    "C. Morris, N. M. Kriege, F. Bause, K. Kersting, P. Mutzel and M. Neumann. "
    "TUDataset: a collection of benchmark datasets for learning with graphs. "
    "ICML 2020 workshop Graph Representation Learning and Beyond, arXiv 2007.08663."
)
_CITATIONS = {
    "Borgwardt": "K. M. Borgwardt et al. Protein function prediction via graph "
    "kernels. Bioinformatics 21(S1), i47-i56, 2005.",
    "Debnath": "A. K. Debnath, R. L. Lopez de Compadre, G. Debnath, A. J. Shusterman "
    "and C. Hansch. Structure-activity relationship of mutagenic aromatic and "
    "heteroaromatic nitro compounds. Correlation with molecular orbital energies and "
    "hydrophobicity. J. Med. Chem. 34(2), 786-797, 1991.",
    "Dobson": "P. D. Dobson and A. J. Doig. Distinguishing enzyme structures from "
    "non-enzymes without alignments. J. Mol. Biol. 330(4), 771-783, 2003.",
    "Helma": "C. Helma, R. D. King, S. Kramer and A. Srinivasan. The Predictive "
    "Toxicology Challenge 2000-2001. Bioinformatics 17(1), 107-108, 2001.",
    "Kazius": "J. Kazius, R. McGuire and R. Bursi. Derivation and validation of "
    "toxicophores for mutagenicity prediction. J. Med. Chem. 48(1), 312-320, 2005.",
    "Wale": "N. Wale, I. A. Watson and G. Karypis. Comparison of descriptor spaces "
    "for chemical compound retrieval and classification. Knowl. Inf. Syst. 14(3), "
    "347-375, 2008.",
    "Yanardag": "P. Yanardag and S. V. N. Vishwanathan. Deep graph kernels. KDD 2015, "
    "1365-1374.",
}


class Published(NamedTuple):
    """The counts of a data set on the TU site, and a key of `_CITATIONS`."""

    graphs: int
    classes: int
    nodes_mean: float
    edges_mean: float
    source: str


KNOWN = {
    "MUTAG": Published(188, 2, 17.93, 19.79, "Debnath"),
    "ENZYMES": Published(600, 6, 32.63, 62.14, "Borgwardt"),
    "PROTEINS": Published(1113, 2, 39.06, 72.82, "Borgwardt"),
    "PROTEINS_full": Published(1113, 2, 39.06, 72.82, "Borgwardt"),
    "DD": Published(1178, 2, 284.32, 715.66, "Dobson"),
    "NCI1": Published(4110, 2, 29.87, 32.30, "Wale"),
    "NCI109": Published(4127, 2, 29.68, 32.13, "Wale"),
    "PTC_FM": Published(349, 2, 14.11, 14.48, "Helma"),
    "PTC_FR": Published(351, 2, 14.56, 15.00, "Helma"),
    "PTC_MM": Published(336, 2, 13.97, 14.32, "Helma"),
    "PTC_MR": Published(344, 2, 14.29, 14.69, "Helma"),
    "Mutagenicity": Published(4337, 2, 30.32, 30.77, "Kazius"),
    "COLLAB": Published(5000, 3, 74.49, 2457.78, "Yanardag"),
    "IMDB-BINARY": Published(1000, 2, 19.77, 96.53, "Yanardag"),
    "IMDB-MULTI": Published(1500, 3, 13.00, 65.94, "Yanardag"),
    "REDDIT-BINARY": Published(2000, 2, 429.63, 497.75, "Yanardag"),
    "REDDIT-MULTI-5K": Published(4999, 5, 508.52, 594.87, "Yanardag"),
    "REDDIT-MULTI-12K": Published(11929, 11, 391.41, 456.89, "Yanardag"),
}


# The other names on the TU site, at the same commit.
_PARTS = ("training", "testing", "evaluation")
_TOX21 = "AhR AR AR-LBD ARE aromatase ATAD5 ER ER-LBD HSE MMP p53 PPAR-gamma"
SITE_NAMES = [*KNOWN, *(f"Tox21_{t}_{p}" for t in _TOX21.split() for p in _PARTS)]
SITE_NAMES += """
    AIDS alchemy_full aspirin benzene BZR BZR_MD COX2 COX2_MD DHFR DHFR_MD ER_MD
    ethanol FRANKENSTEIN malonaldehyde MCF-7 MCF-7H MOLT-4 MOLT-4H naphthalene
    NCI-H23 NCI-H23H OVCAR-8 OVCAR-8H P388 P388H PC-3 PC-3H QM9 salicylic_acid
    SF-295 SF-295H SN12C SN12CH SW-620 SW-620H toluene UACC257 UACC257H uracil Yeast
    YeastH ZINC_full ZINC_test ZINC_train ZINC_val KKI OHSU Peking_1 COIL-DEL
    COIL-RAG Cuneiform Fingerprint FIRSTMM_DB Letter-high Letter-low Letter-med
    MSRC_9 MSRC_21 MSRC_21C dblp_ct1 dblp_ct2 DBLP_v1 deezer_ego_nets facebook_ct1
    facebook_ct2 github_stargazers highschool_ct1 highschool_ct2 infectious_ct1
    infectious_ct2 mit_ct1 mit_ct2 reddit_threads tumblr_ct1 tumblr_ct2 twitch_egos
    TWITTER-Real-Graph-Partial COLORS-3 SYNTHETIC SYNTHETICnew Synthie TRIANGLES
""".split()


class KnownDataset(NamedTuple):
    """One row of `known_datasets`, with the published counts.

    Attributes
    ----------
    name : str
        The name of the data set.
    graphs, classes : int
        Numbers of graphs and classes.
    nodes_mean, edges_mean : float
        Means per graph; an undirected edge counts once.
    found : str
        A path, "bundled", or "download" if only the TU site has it.
    """

    name: str
    graphs: int
    classes: int
    nodes_mean: float
    edges_mean: float
    found: str


def known_datasets() -> list[KnownDataset]:
    """Return the data sets with published counts, and the place of each.

    Returns
    -------
    list of KnownDataset

    Examples
    --------
    >>> [row[:5] for row in known_datasets() if row.graphs == 188]
    [('MUTAG', 188, 2, 17.93, 19.79)]
    """
    rows = []
    for name, counts in KNOWN.items():
        path = find(name, here=False)
        found = "download" if path is None else describe(path)
        rows.append(KnownDataset(name, *counts[:4], found))
    return rows


def find(source: Any, here: bool = True) -> Path | None:
    """Return the place of a data set on this machine.

    Parameters
    ----------
    source : str or path
        A name, or the path of a folder or a zip. A string is a path if it has a
        separator, ends with .zip or is ".". A name is searched for as it is spelt, then
        whatever its case.
    here : bool
        Whether to search the working folder, for a folder of this name with TU files or
        a zip.

    Returns
    -------
    Path or None
        A folder, a zip, or an .npz inside the package; None if the name is not found. A
        path is returned even if it does not exist.

    Raises
    ------
    DatasetError
        If `source` is neither a name nor a path, the name is not valid, or it differs
        in case only from the names of several data sets.
    """
    if not isinstance(source, (str, os.PathLike)):
        kind = type(source).__name__
        raise DatasetError(f"source must be a name or a path; got {kind}")
    if _is_path(source):
        return _expand(os.fsdecode(source))
    name = check_name(os.fsdecode(source))
    if path := _find_exactly(name, here):
        return path
    others = {n for n in _listed(here) if n.lower() == name.lower()}
    places = {n: path for n in sorted(others) if (path := _find_exactly(n, here))}
    if len(places) > 1:
        raise DatasetError(f"{name!r} may be any of {', '.join(places)}; name one")
    return next(iter(places.values()), None)


def site_name(name: str) -> str:
    """Return a name as the TU site spells it; unchanged if it is not on the list."""
    return next((n for n in SITE_NAMES if n.lower() == name.lower()), name)


def _find_exactly(name: str, here: bool) -> Path | None:
    """Return the place of a data set whose name is spelt like this."""
    folder = Path(name)
    if here and any(any(folder.glob(files)) for files in ("*_A.txt", "*/*_A.txt")):
        return folder
    zips = (path for path in _zips(Path(), name) if here and path.is_file())
    if file := next(zips, None):
        return file
    return next((place for place in _places(name) if place.exists()), None)


def _listed(here: bool) -> list[str]:
    """Return the names on the TU site and those of files in the places searched."""
    names = [*SITE_NAMES]
    for folder in [Path(), *_folders()] if here else _folders():
        with suppress(OSError):
            names += [_ZIP.sub("", entry) for entry in os.listdir(folder)]
    return [name for name in names if _NAME.fullmatch(name)]


def check_name(name: str) -> str:
    """Return the name if it is safe as a part of a path.

    Raises
    ------
    DatasetError
        If it has characters other than letters, digits, -, _ and ., or does not begin
        with a letter or digit.
    """
    if not _NAME.fullmatch(name):
        hint = f"; for a path write ./{name}" if os.path.isdir(name) else ""
        raise DatasetError(
            f"the name of a data set must begin with a letter or digit and hold only "
            f"letters, digits, -, _ and .; got {name!r}{hint}"
        )
    return name


def cache_folder() -> Path:
    """Return the folder for downloads, which may not exist yet.

    Returns
    -------
    pathlib.Path
        `$NPDIFFPOOL_CACHE`, else `$XDG_CACHE_HOME/npdiffpool`, else
        `~/.cache/npdiffpool`.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, NPDIFFPOOL_CACHE="downloads"):
    ...     print(cache_folder())
    downloads
    """
    own = os.environ.get("NPDIFFPOOL_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _expand(own or os.path.join(base, "npdiffpool"))


def describe(path: Path) -> str:
    """Return the path as text, or "bundled" for a data set inside the package."""
    return "bundled" if path.parent == PACKAGE else str(path)


def cite(name: str) -> str:
    """Return the publications to cite for a data set; empty if it is not known."""
    if name not in KNOWN:
        return ""
    return f"{_CITATIONS[KNOWN[name].source]} {_TU}"


def suggest(name: str) -> str:
    """Return a question with the most similar name; empty for a name of the TU site."""
    if site_name(name) in SITE_NAMES:
        return ""
    listed = {other.lower(): other for other in _listed(here=True)}
    close = difflib.get_close_matches(name.lower(), listed, n=3)
    known = (listed[other] for other in close)
    usable = (n for n in known if n in SITE_NAMES or _find_exactly(n, here=True))
    return next((f" Did you mean {n}?" for n in usable), "")


def _is_path(source: str | os.PathLike[Any]) -> bool:
    if isinstance(source, os.PathLike):
        return True
    separators = [os.sep, os.altsep or os.sep]
    marked = any(mark in source for mark in separators)
    return marked or source == "." or source.lower().endswith(".zip")


def _folders() -> list[Path]:
    data = os.environ.get("NPDIFFPOOL_DATA")
    return [*([_expand(data)] if data else []), cache_folder()]


def _places(name: str) -> list[Path]:
    pairs = ([folder / name, *_zips(folder, name)] for folder in _folders())
    return [*chain(*pairs), PACKAGE / f"{name}.npz"]


def _zips(folder: Path, name: str) -> list[Path]:
    """Return NAME.zip, its suffix in any case, in lower case first."""
    return sorted(folder.glob(f"{name}.[zZ][iI][pP]"), reverse=True)


def _expand(path: str) -> Path:
    # Path.expanduser raises where there is no such user.
    return Path(os.path.expanduser(path))
