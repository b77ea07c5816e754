"""The list of mutants that survive has a place, a change and a reason for each."""

import pytest
from mutation.__main__ import LISTED, read_list
from mutation.groups import MODULES
from mutation.mutants import Mutant


def test_every_listed_mutant_is_of_a_known_module_and_has_a_reason():
    reasons = read_list(LISTED)
    assert len(reasons) == LISTED.read_text(encoding="utf-8").count("\n- ")
    for mutant, reason in reasons.items():
        assert mutant.module in MODULES and mutant.before != mutant.after
        assert reason.strip(), mutant


def test_an_entry_is_read_even_if_the_mutant_leaves_nothing(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("# a comment\npaper:f RemoveDecorator\n- @x\n+\n  one\n  two\n")
    mutant = Mutant("paper:f", "RemoveDecorator", "@x", "")
    assert read_list(path) == {mutant: "one two"}


@pytest.mark.parametrize("lines", ["- a\n+ b", "- a\n  why", "+ b\n- a\n  why"])
def test_a_malformed_entry_is_refused(lines, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(f"paper:f AddNot\n{lines}\n")
    with pytest.raises(ValueError, match="list.txt must have entries of a place"):
        read_list(path)
