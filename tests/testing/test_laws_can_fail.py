"""Every check of every law fails on a planted bug and holds without it.

`TABLE` lists the bugs of broken.py on which each check fails. A new check needs an
entry there.
"""

import re

import broken_batches  # noqa: F401  (these modules register bugs)
import broken_gnns  # noqa: F401
import broken_parts  # noqa: F401
import broken_poolings  # noqa: F401
import numpy as np
import pytest
from broken import BUGS

from npdiffpool.testing import LAWS, LawViolation, check_pooling
from npdiffpool.testing.check import find_violation
from npdiffpool.testing.code import script_of
from npdiffpool.testing.profiles import CLAIMS

TABLE = {  # check i of a law: the bugs that it detects
    "A1[0]": ["softmax over columns"],
    "A2[0]": ["log-softmax in place of softmax", "a softmax that overflows"],
    "A2[1]": ["entropy as a plain S log S", "scores over the sum of the weights"],
    "A3[0]": ["a softmax that overflows", "logits clipped at 10"],
    "A4[0]": ["node positions in the logits"],
    "A4[1]": ["node indices in the assignment"],
    "A5[0]": ["argmax in place of softmax"],
    "A5[1]": ["clusters masked beyond the number of nodes"],
    "A6[0]": ["softmax over a sum + epsilon"],
    "A7[0]": ["logits clipped at 10"],
    "A7[1]": ["softmax of 2 R"],
    "A8[0]": ["node positions in the logits"],
    "A8[1]": ["node indices in the assignment"],
    "A8[2]": ["node positions in a given layer"],
    "C1[0]": ["X pooled in place of Z", "a mean of Z in place of the sum"],
    "C2[0]": ["A' without its diagonal"],
    "C3[0]": ["A' over its degrees"],
    "C3[1]": ["A' symmetric up to rounding"],
    "C3[2]": ["A' symmetric only if every graph is"],
    "C4[0]": ["A' less the identity", "D - A pooled"],
    "C5[0]": ["A' without its diagonal"],
    "C6[0]": ["only edges i < j read"],
    "C6[1]": ["node positions in a batch"],
    "C7[0]": ["only edges k <= l kept"],
    "C8[0]": ["A + I pooled"],
    "C9[0]": ["A' over its degrees"],
    "C10[0]": ["a transposed A'"],
    "C10[1]": ["a transposed A'"],
    "C10[2]": ["X pooled in place of Z"],
    "C11[0]": ["a mean of Z in place of the sum"],
    "C12[0]": ["A' of zeros and ones"],
    "C13[0]": ["A' over n"],
    "C14[0]": ["a mean of Z in place of the sum"],
    "C15[0]": ["X' as n times a mean"],
    "C15[1]": ["the link loss as n times a mean"],
    "C15[2]": ["entropy over n, also for n = 0"],
    "C15[3]": ["a vjp without columns for an empty graph"],
    "C15[4]": [
        "the next graph's results for an empty graph",
        "X' over the mean size in a batch",
    ],
    "C15[5]": ["losses averaged over graphs with nodes"],
    "C15[6]": ["losses averaged over graphs with nodes"],
    "L1[0]": ["the link loss squared", "the link loss over n^2"],
    "L2[0]": ["the link loss without squares"],
    "L2[1]": ["the link loss with an epsilon"],
    "L3[0]": ["the link loss by the trace identity in float32"],
    "L4[0]": ["the link loss of edges i < j"],
    "L5[0]": ["the link loss without a cluster"],
    "L6[0]": ["the link loss of A without self-loops"],
    "L7[0]": ["the link loss over n in place of n^2"],
    "L8[0]": ["cross-entropy in place of the link loss"],
    "L8[1]": [
        "the link loss as a plain square root",
        "the link loss as a square root inside where",
    ],
    "E1[0]": ["entropy in bits"],
    "E2[0]": ["entropy per node and cluster"],
    "E2[1]": ["entropy with an epsilon"],
    "E3[0]": ["entropy summed over nodes"],
    "E3[1]": ["entropy over log K"],
    "E4[0]": ["node positions in the logits"],
    "E5[0]": ["entropy of the wrong sign"],
    "E6[0]": ["entropy as a plain S log S"],
    "E6[1]": ["a vjp of the entropy by S in place of R"],
    "E7[0]": ["entropy of the mean row"],
    "B1[0]": ["one norm over the whole batch"],
    "B1[1]": ["a mean over padding", "entropy summed over the batch"],
    "B2[0]": ["results sorted by graph size"],
    "B2[1]": ["losses of the previous graph"],
    "B2[2]": ["losses of the previous graph"],
    "B2[3]": ["logits sorted by graph size"],
    "B3[0]": ["batch norm of logits", "batch norm of logits over the node index"],
    "B3[1]": ["batch norm over the nodes of all components"],
    "B3[2]": ["batch norm over padded rows"],
    "G1[0]": ["degrees without self-loops"],
    "G2[0]": ["gcn without self-loops", "gcn normalised by rows"],
    "G3[0]": ["batch norm over the node index"],
    "G3[1]": ["node positions in a given layer"],
    "G4[0]": ["a layer without self-loops"],
    "G4[1]": ["a mean over the neighbours + 1"],
    "G4[2]": ["a given layer without self-loops"],
    "G5[0]": ["two hops in a layer"],
    "G5[1]": ["two hops in a given layer"],
    "G6[0]": ["batch norm over the features"],
    "G6[1]": ["batch moments at evaluation"],
    "M1[0]": [
        "a readout of the first node",
        "node indices in the model",
        "0 / 0 in a model of no edges",
    ],
    "M1[1]": ["rounding errors standardised"],
    "M1[2]": ["predictions in the given order of nodes"],
    "M1[3]": [
        "node positions in a given model",
        "0 / 0 in a given model of no edges",
    ],
    "M2[0]": ["random node features"],
    "M2[1]": ["random features in a given model"],
    "M3[0]": ["X in place of Z at the second level"],
    "M4[0]": ["a mean divided by an int64"],
    "M5[0]": ["training in the given order of nodes"],
    "M6[0]": ["the global random generator"],
    "M7[0]": ["Adam's moments forgotten"],
    "M8[0]": ["class indices in place of classes"],
    "M9[0]": ["edges ignored"],
    "M10[0]": ["weights over the largest"],
    "M11[0]": ["a sum divided among threads"],
    "M12[0]": ["the inverse of the order of nodes"],
    "M12[1]": ["an output in place of the log odds"],
    "D1[0]": [
        "a vjp of A' with a missing term",
        "a vjp of the link loss for symmetric A",
        "a vjp of the entropy without H",
        "a vjp of losses that depends on Z",
    ],
    "D1[1]": ["half a gradient of DMoN"],
    "D1[2]": ["only the diagonal of the softmax's Jacobian"],
    "D1[3]": ["a vjp of a given layer at another X"],
    "D2[0]": ["a correct gradient among the wrong ones"],
    "D3[0]": ["a gradient held constant"],
    "D4[0]": ["A' in float64", "losses in float64"],
    "D4[1]": ["a vjp of A' in float64", "a vjp of the link loss in float64"],
    "D4[2]": ["a slope in float64"],
    "D4[3]": ["a ReLU by where, with gradients in float64"],
    "D4[4]": ["a given layer in float64"],
    "D4[5]": ["logits in float64"],
    "D5[0]": ["self-loops removed in place", "a graph of one node returned as it is"],
    "D5[1]": ["an incoming gradient overwritten"],
    "D5[2]": ["self-loops of a batch removed in place"],
    "D5[3]": ["an incoming gradient centred in place"],
    "D5[4]": [
        "self-loops added in place",
        "a given layer that returns its input",
        "Gaussian dropout at evaluation",
    ],
    "D5[5]": ["features centred in place"],
    "D5[6]": ["features of a batch centred in place"],
    "D6[0]": ["a row length plus epsilon"],
    "D7[0]": ["a mean that neglects larger degrees in a stack"],
    "D8[0]": ["A read in the order of its memory"],
    "D8[1]": ["bytes of A in the order of the machine"],
    "D8[2]": ["a batch read in the order of its memory"],
    "D8[3]": ["a gradient read in the order of its memory"],
    "P1[0]": ["matched nodes with a self-loop"],
    "P2[0]": ["A' normalised with its diagonal", "A' normalised by rows"],
    "P3[0]": ["a sum over matched nodes"],
    "P4[0]": [
        "the first nodes kept",
        "edges of A + A^2",
        "S and X' of zeros",
        "scores over the sum of the weights",
    ],
    "P5[0]": ["a cut of the pooled degrees", "a cut of graphs without edges"],
    "P6[0]": ["orthogonality to the identity"],
    "P7[0]": ["modularity over n"],
    "P8[0]": ["collapse without its constant"],
    "P9[0]": ["MinCutPool's losses of a union"],
    "P9[1]": ["MinCutPool's losses of a union"],
    "P9[2]": ["DMoN's losses of a union"],
    "P9[3]": ["DMoN's losses of a union"],
}
# Mistakes possible in any pooling layer, and a law that detects each.
KINDS = {
    "softmax over columns": "A1",
    "node positions in the logits": "A4",
    "X pooled in place of Z": "C1",
    "a transposed A'": "C10",
    "the link loss squared": "L1",
    "entropy in bits": "E1",
    "a mean over padding": "B1",
    "a vjp of A' with a missing term": "D1",
    "A' in float64": "D4",
    "a vjp of A' in float64": "D4",
}
OF_POOLING = {"pool", "batched", "vjp", "softmax", "symmetric", *CLAIMS}


def check_of(key):
    """Return the check of a key of the table, such as "A4[1]"."""
    id, index = re.fullmatch(r"(\w+)\[(\d+)\]", key).groups()
    return LAWS[id].checks[int(index)]


PAIRS = [
    pytest.param((key, name), id=f"{key} by {name}")
    for key, names in TABLE.items()
    for name in names
]


@pytest.fixture(autouse=True)
def silence_numpy():
    """Silence the overflows and divisions by zero of planted bugs."""
    with np.errstate(all="ignore"):
        yield


@pytest.fixture(scope="module", params=PAIRS)
def found(request):
    """Return the key, the bug, and the violation found in 50 cases.

    These are half as many cases as the profile "ci" tries. The tests of one bug run one
    after another, so that the search is made once.
    """
    key, name = request.param
    with np.errstate(all="ignore"):
        broken, bug = BUGS[name].broken, BUGS[name]
        return key, bug, find_violation(check_of(key), [broken], 50, random_seed=0)


def largest(case):
    """Return the number of nodes of the largest graph of a case."""
    return max(map(len, case.get("As") or [case["A" if "A" in case else "R"]]))


@pytest.mark.slow
def test_a_check_fails_on_its_bug_with_a_small_case_of_a_pooling_layer(found):
    key, _, violation = found
    expected = ValueError if key == "D5[1]" else AssertionError  # raised by NumPy
    assert type(violation.error) is expected and str(violation.error).strip()
    if set(violation.check.needs) <= OF_POOLING:
        assert largest(violation.case) <= 4


@pytest.mark.slow
def test_a_check_holds_without_its_bug(found):
    key, bug, violation = found
    violation.check(bug.sound, violation.case)
    assert (
        find_violation(check_of(key), [bug.sound], examples=10, random_seed=0) is None
    )


@pytest.mark.slow
def test_the_script_of_a_counterexample_raises_the_same_error(found):
    _, _, violation = found
    with pytest.raises(type(violation.error)):
        exec(script_of("", violation), {**violation.subject.parts})


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_check_pooling_detects_a_bug_and_its_script_fails(name):
    parts, law = BUGS[name].broken.parts, KINDS[name]
    layer = (parts["pool"], parts["batched"], parts["vjp"])
    with pytest.raises(LawViolation, match=f"^{law} fails") as caught:
        check_pooling(*layer, laws=[law], examples=50)
    script = str(caught.value).split("\n\n", 1)[1]
    script = re.sub(r"(?m)^(pool|batched|vjp) = .*$", "", script)  # = ...
    with pytest.raises(AssertionError):
        exec(script, {**parts})


def test_every_check_has_a_bug():
    expected = [f"{id}[{i}]" for id in LAWS for i in range(len(LAWS[id].checks))]
    assert list(TABLE) == expected


def test_every_bug_is_in_the_table():
    assert set(BUGS) == {name for names in TABLE.values() for name in names}
