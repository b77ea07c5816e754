"""Known data sets: their published counts and citations.

The counts are those of the TU site (https://chrsmrrs.github.io/datasets/docs/datasets,
at commit 0397414 of its repository). Data sets that are not listed can be loaded too.
"""

from __future__ import annotations

import difflib
from typing import NamedTuple

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


def cite(name: str) -> str:
    """Return the publications to cite for a data set; empty if it is not known."""
    if name not in KNOWN:
        return ""
    return f"{_CITATIONS[KNOWN[name].source]} {_TU}"


def suggest(name: str) -> str:
    """Return a question with the most similar known name, or an empty string."""
    known = {key.lower(): key for key in KNOWN}
    close = difflib.get_close_matches(name.lower(), known, n=1)
    unknown = close and known[close[0]] != name
    return f" Did you mean {known[close[0]]}?" if unknown else ""
