"""The list of mutants that survive has a place, a change and a reason for each."""

import pytest

from tests.mutation.__main__ import LISTED, read_list
from tests.mutation.groups import MODULES


def test_every_listed_mutant_is_of_a_known_module_and_has_a_reason():
    reasons = read_list(LISTED)
    assert len(reasons) == LISTED.read_text(encoding="utf-8").count("\n- ")
    for mutant, reason in reasons.items():
        assert mutant.module in MODULES and mutant.before != mutant.after
        assert len(reason.split()) > 2, mutant


@pytest.mark.parametrize(
    "entry", ["- a\n+ b", "- a\n  why it is equal", "+ b\n- a\n  why"]
)
def test_an_entry_without_a_change_or_a_reason_is_refused(entry, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(f"# a comment\npaper:gnn AddNot\n{entry}\n")
    with pytest.raises(ValueError, match="list.txt must have entries of a place"):
        read_list(path)
