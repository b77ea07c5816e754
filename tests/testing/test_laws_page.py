"""LAWS.md is what the registry of laws gives."""

import runpy
from pathlib import Path

import npdiffpool
from npdiffpool.testing import LAWS

SCRIPT = Path(__file__).parents[2] / ".ci" / "laws.py"
PAGE = Path(npdiffpool.__file__).parent / "testing" / "LAWS.md"


def test_the_committed_page_is_written_from_the_registry():
    expected = runpy.run_path(str(SCRIPT))["write_page"]()
    assert PAGE.read_text(encoding="utf-8") == expected


def test_the_page_has_one_row_per_law():
    rows = PAGE.read_text(encoding="utf-8").split("|---|---|---|\n")[1].splitlines()
    assert [row.split(" | ")[0] for row in rows] == [f"| {id}" for id in LAWS]
