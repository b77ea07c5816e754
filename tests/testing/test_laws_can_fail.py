"""Every check of every law fails on a planted bug, and not without it.

A law counts once it was seen to fail. `TABLE` says on which of the bugs of broken.py
each of its checks does: a new law has to enter one there.
"""

import re
from functools import cache

import broken_batches  # noqa: F401  (they enter theirs in BUGS)
import broken_parts  # noqa: F401
import numpy as np
import pytest
from broken import BUGS

from npdiffpool.testing import LAWS, LawViolation, check_pooling
from npdiffpool.testing.law import find_violation
from npdiffpool.testing.script import script_of

TABLE = {  # check i of a law: bugs that it sees
    "A1[0]": ["softmax over columns"],
    "A2[0]": ["log-softmax for softmax"],
    "A3[0]": ["a softmax that overflows", "logits clipped at 10"],
    "A4[0]": ["node positions in the logits"],
    "A4[1]": ["node numbers in the assignment"],
    "A5[0]": ["argmax for softmax"],
    "A5[1]": ["at most n clusters"],
    "A6[0]": ["softmax over a sum + epsilon"],
    "A7[0]": ["logits clipped at 10"],
    "A7[1]": ["softmax of 2 R"],
    "A8[0]": ["node positions in the logits"],
    "A8[1]": ["node numbers in the assignment"],
    "C1[0]": ["X pooled in place of Z", "the mean of Z"],
    "C2[0]": ["A' without its diagonal"],
    "C3[0]": ["A' over its degrees"],
    "C4[0]": ["A' less the identity", "D - A pooled"],
    "C5[0]": ["A' without its diagonal"],
    "C6[0]": ["edges i < j alone read"],
    "C6[1]": ["node positions in a batch"],
    "C7[0]": ["edges k <= l alone kept"],
    "C8[0]": ["A + I pooled"],
    "C9[0]": ["A' over its degrees"],
    "C10[0]": ["a transposed A'"],
    "C10[1]": ["a transposed A'", "X pooled in place of Z"],
    "C11[0]": ["the mean of Z"],
    "C12[0]": ["A' of zeros and ones"],
    "C13[0]": ["A' over n"],
    "C14[0]": ["the mean of Z"],
    "L1[0]": ["the link loss squared", "the link loss over n^2"],
    "L2[0]": ["the link loss without squares"],
    "L2[1]": ["the link loss with an epsilon"],
    "L3[0]": ["the link loss by traces in float32"],
    "L4[0]": ["the link loss to edges i < j"],
    "L5[0]": ["the link loss without a cluster"],
    "L6[0]": ["the link loss to A without self-loops"],
    "L7[0]": ["the link loss over n for over n^2"],
    "L8[0]": ["cross-entropy for the link loss"],
    "L8[1]": ["the link loss by a plain root", "the link loss by a root in a where"],
    "E1[0]": ["entropy in bits"],
    "E2[0]": ["entropy a node and a cluster"],
    "E2[1]": ["entropy with an epsilon"],
    "E3[0]": ["entropy summed over nodes"],
    "E3[1]": ["entropy over log K"],
    "E4[0]": ["node positions in the logits"],
    "E5[0]": ["entropy of the wrong sign"],
    "E6[0]": ["entropy by S log S"],
    "E6[1]": ["a vjp of the entropy by S"],
    "E7[0]": ["entropy of the mean row"],
    "B1[0]": ["one norm over the batch"],
    "B1[1]": ["padding counted in a mean", "a sum over the batch"],
    "B2[0]": ["graphs left sorted by size"],
    "B2[1]": ["losses of the graph before"],
    "B2[2]": ["losses of the graph before"],
    "B3[0]": ["batch norm of logits", "batch norm of logits over the node index"],
    "G1[0]": ["degrees without the self-loops"],
    "G2[0]": ["gcn without self-loops", "gcn normalised by rows"],
    "G3[0]": ["batch norm over the node index"],
    "G4[0]": ["a layer without self-loops"],
    "G4[1]": ["a mean over the neighbours + 1"],
    "G5[0]": ["two hops in a layer"],
    "G6[0]": ["batch norm over the features"],
    "G6[1]": ["moments of the batch at evaluation"],
    "M1[0]": ["a readout of the first node", "node numbers in the model"],
    "M2[0]": ["random node features"],
    "M3[0]": ["X for Z at the second level"],
    "M4[0]": ["a mean over an int"],
    "M5[0]": ["training by the first node"],
    "M6[0]": ["the global generator"],
    "M7[0]": ["Adam's moments forgotten"],
    "M8[0]": ["classes as numbers"],
    "M9[0]": ["edges ignored"],
    "D1[0]": ["a vjp of A' with a missing term"],
    "D1[1]": ["a vjp of the link loss as if A = A^T", "a vjp of losses by Z"],
    "D1[2]": ["a vjp of the entropy without H", "a vjp of losses by Z"],
    "D1[3]": ["the diagonal of the softmax's slope"],
    "D2[0]": ["a wrong one that is right"],
    "D3[0]": ["a slope held constant"],
    "D4[0]": ["A' in float64", "losses in float64"],
    "D4[1]": ["a vjp of A' in float64", "a vjp of the link loss in float64"],
    "D4[2]": ["a slope of 1.0 and 0.0"],
    "D5[0]": ["self-loops taken out in place"],
    "D5[1]": ["a gradient written over"],
    "D6[0]": ["a length + epsilon"],
}
# What anybody's layer may get wrong, and a law that says so. The cases of a law are
# the same whichever others are asked: `check_pooling` of all of them raises as well.
KINDS = {
    "softmax over columns": "A1",
    "node positions in the logits": "A4",
    "X pooled in place of Z": "C1",
    "a transposed A'": "C10",
    "the link loss squared": "L1",
    "entropy in bits": "E1",
    "padding counted in a mean": "B1",
    "a vjp of A' with a missing term": "D1",
    "A' in float64": "D4",
    "a vjp of A' in float64": "D4",
}
OF_POOLING = {"pool", "batched", "vjp", "link", "entropy", "steered"}


def check_of(key):
    """Find the check of a key of the table, such as "A4[1]"."""
    id, index = re.fullmatch(r"(\w+)\[(\d+)\]", key).groups()
    return LAWS[id].checks[int(index)]


PAIRS = [
    pytest.param(key, name, id=f"{key} by {name}")
    for key, names in TABLE.items()
    for name in names
]
POOLINGS = [p for p in PAIRS if set(check_of(p.values[0]).needs) <= OF_POOLING]


@pytest.fixture(autouse=True)
def quiet():
    """Let bugs overflow, and divide by zero, as they would for their authors."""
    with np.errstate(all="ignore"):
        yield


@cache
def violation(key, name):
    """Search 50 cases, as the dev profile does."""
    return find_violation(check_of(key), [BUGS[name].broken], 50, random_seed=0)


def largest(case):
    """Count the nodes of the largest graph of a case."""
    return max(map(len, case.get("As") or [case["A" if "A" in case else "R"]]))


@pytest.mark.parametrize("key, name", PAIRS)
def test_a_check_fails_on_its_bug(key, name):
    expected = ValueError if key == "D5[1]" else AssertionError  # NumPy's refusal
    assert type(violation(key, name).error) is expected


@pytest.mark.parametrize("key, name", PAIRS)
def test_it_does_not_fail_without_the_bug(key, name):
    check, sound = check_of(key), BUGS[name].sound
    check(sound, violation(key, name).case)
    assert find_violation(check, [sound], examples=10, random_seed=0) is None


@pytest.mark.parametrize("key, name", POOLINGS)
def test_a_counterexample_is_small(key, name):
    assert largest(violation(key, name).case) <= 4


@pytest.mark.parametrize("key, name", PAIRS)
def test_the_script_of_a_counterexample_fails_too(key, name):
    found = violation(key, name)
    with pytest.raises(type(found.error)):
        exec(script_of("", found), {**found.subject.parts})


@pytest.mark.parametrize("name", KINDS)
def test_check_pooling_catches_it_with_a_script_that_fails(name):
    parts, law = BUGS[name].broken.parts, KINDS[name]
    layer = (parts["pool"], parts["batched"], parts["vjp"])
    with pytest.raises(LawViolation, match=f"^{law} fails") as caught:
        check_pooling(*layer, laws=[law], examples=50)
    script = str(caught.value).split("\n\n", 1)[1]
    script = re.sub(r"(?m)^(pool|batched|vjp) = .*$", "", script)  # = ...
    with pytest.raises(AssertionError):
        exec(script, {**parts})


def test_no_check_lacks_a_bug():
    expected = [f"{id}[{i}]" for id in LAWS for i in range(len(LAWS[id].checks))]
    assert list(TABLE) == expected


def test_every_bug_is_in_the_table():
    assert set(BUGS) == {name for names in TABLE.values() for name in names}
