"""The page's JavaScript equals `npdiffpool.paper`, in values and in gradients.

Every function of examples/annotated/arithmetic.js is called in headless Chromium on
graphs that Hypothesis draws. The page says how many: `N_GRAPHS` of build.py.
"""

import re
from pathlib import Path
from typing import NamedTuple

import autograd.numpy as np
import pytest
from autograd import grad
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from npdiffpool import paper
from npdiffpool.engine import layers, wl_colours
from npdiffpool.testing import strategies as ours

SOURCES = Path(__file__).parents[2] / "examples" / "annotated"
N_GRAPHS = int(re.search(r"N_GRAPHS = (\d+)", (SOURCES / "build.py").read_text())[1])
TOLERANCE = 1e-12  # of the size of the terms: some thousand roundings
SEEN = []

COMPUTED = """({A, X, S, embed, pool, R, link, entropy, order}) => {
    const A_hat = normalize_adjacency(A), Z = gnn(embed, A, X);
    const [A_pooled, X_pooled] = coarsen(A, Z, S);
    return {
        add_loops: add_loops(A), degrees: degrees(A), normalize_adjacency: A_hat,
        gcn_layer: gcn_layer(embed[0], A_hat, X), gnn: Z, assign: assign(R),
        A_pooled, X_pooled,
        link_residual: link_residual(A, S), link_loss: link_loss(A, S),
        frobenius_norm: frobenius_norm(X), relu: relu(X),
        row_entropies: row_entropies(S), entropy_loss: entropy_loss(S),
        link_gradient: link_gradient(A, S), entropy_gradient: entropy_gradient(S),
        loss_gradient: loss_gradient(A, R, link, entropy),
        softmax_gradient: softmax_gradient(S, R), permute_rows: permute_rows(X, order),
        permute_both: permute_both(A, order), transpose: transpose(X),
        subtract: subtract(S, R), dot: dot(transpose(X), R),
        map: map(X, (value, i, j) => value + i - 2 * j), sum: sum(R[0]),
        wl_colours: wl_colours(A, X), standardize: standardize(X),
    };
}"""


class Case(NamedTuple):
    """A graph, the weights of two GNNs, logits, weights of the losses, an order."""

    A: np.ndarray
    X: np.ndarray
    embed: list
    pool: list
    R: np.ndarray
    link: float
    entropy: float
    order: np.ndarray


@st.composite
def cases(draw):
    """Draw a case: edges and logits by Hypothesis, other numbers by a drawn seed.

    Hypothesis repeats itself: about one graph in four is new.
    """
    rng = np.random.default_rng([*draw(st.binary(min_size=8, max_size=8))])
    N = draw(st.sampled_from([4, 5, 6, 3, 2, 7, 1]))
    A = draw(ours.adjacencies(N, N, directed=True))
    if draw(st.sampled_from([True, True, True, False])):
        A = A * rng.uniform(0.5, 2, A.shape)  # directed
    X = draw(ours.features(N, exponents=(-2, 2)))
    R = draw(ours.logits(N, st.integers(1, 9)))  # K > N too
    K, F = R.shape[1], X.shape[1]
    embed, pool = ([rng.normal(size=s) for s in ((F, 2), (2, n))] for n in (3, K))
    link, entropy = rng.uniform(0, 2, 2)
    return Case(A, X, embed, pool, R, link, entropy, rng.permutation(N))


def case_of(A, R):
    """Return a case with given adjacency and logits."""
    W = [np.ones((1, 2)), np.ones((2, 3))]
    pool = [np.ones((1, 2)), np.ones((2, R.shape[1]))]
    order = np.arange(len(A))[::-1]
    return Case(A, np.ones((len(A), 1)), W, pool, R, 1.0, 0.5, order)


def expected(case):
    """Return what each function should return, and the size of the terms it adds."""
    A, X, embed, pool, R, link, entropy, order = case
    A_hat, S, Z = paper.normalize_adjacency(A), paper.assign(R), paper.gnn(embed, A, X)
    size_Z = paper.gnn([np.abs(W) for W in embed], A, np.abs(X))
    pooled, sizes = paper.coarsen(A, Z, S), paper.coarsen(A, size_Z, S)
    M, L = A - S @ S.T, paper.link_loss(A, S)
    size_M = np.sqrt(np.sum(A * A)) + np.sum(S * S)
    size_G = 2 * size_M / L if L > 0 else 0.0  # at L = 0 exactly 0
    size_log = 1 - np.log(S[S > 0].min())
    by_S = grad(paper.link_loss, 1)(A, S), grad(paper.entropy_loss)(S)
    # autograd multiplies by a subnormal S and divides by it again, which rounds.
    is_subnormal = (S > 0) & (S < np.finfo(float).tiny)

    def loss(R):
        S = paper.assign(R)
        return link * paper.link_loss(A, S) + entropy * paper.entropy_loss(S)

    def along(R_free):
        return np.sum(paper.assign(R_free) * R)

    entropies = [paper.entropy_loss(row[None]) for row in S]
    i, j = np.indices(X.shape)
    return {
        "add_loops": (A + np.eye(len(A)), A),
        "degrees": (A.sum(axis=1), A.sum()),
        "normalize_adjacency": (A_hat, A_hat),
        "gcn_layer": (
            paper.gcn_layer(embed[0], A_hat, X),
            paper.gcn_layer(abs(embed[0]), A_hat, abs(X)),
        ),
        "gnn": (Z, size_Z),
        "assign": (S, 1.0),
        "A_pooled": (pooled[0], sizes[0]),
        "X_pooled": (pooled[1], sizes[1]),
        "link_residual": (M, size_M),
        "link_loss": (L, size_M),
        "frobenius_norm": (paper.frobenius_norm(X), abs(X).sum()),
        "relu": (paper.relu(X), 0.0),
        "row_entropies": (entropies, 1 + np.log(S.shape[1])),
        "entropy_loss": (paper.entropy_loss(S), 1 + np.log(S.shape[1])),
        "link_gradient": (by_S[0], size_G),
        "entropy_gradient": (np.where(is_subnormal, np.nan, by_S[1]), size_log),
        "loss_gradient": (grad(loss)(R), link * size_G + entropy * size_log),
        "softmax_gradient": (grad(along)(R), abs(R).max()),
        "permute_rows": (X[order], 0.0),
        "permute_both": (A[np.ix_(order, order)], 0.0),
        "transpose": (X.T, 0.0),
        "subtract": (S - R, 1 + abs(R).max()),
        "dot": (X.T @ R, (abs(X).T @ abs(R)).max()),
        "map": (X + i - 2 * j, abs(X).max() + len(X)),
        "sum": (R[0].sum(), abs(R[0]).sum()),
        "wl_colours": (colours_by_engine(A, X), 0.0),
        "standardize": (standardized(X), 1000 * (1 + abs(X).max())),
    }


def colours_by_engine(A, X):
    """Return for each node the first node of the same 1-WL colour."""
    start = wl_colours.colours_of_features(X)
    colours = wl_colours.stable_colours(csr_array(A), start).tolist()
    return np.array([colours.index(colour) for colour in colours])


def standardized(X):
    """Return batch norm over columns; for constant ones the engine returns 0."""
    params = layers.init_batch_norm(None, len(X), np.float64)
    return layers.batch_norm(params, X.T)[0].T


@pytest.fixture(scope="module")
def page(browser):
    """Return a page with nothing but arithmetic.js."""
    page = browser.new_page()
    page.add_script_tag(path=str(SOURCES / "arithmetic.js"))
    yield page
    page.close()


def plain(case):
    """Return a case as lists, for the browser, with the paper's S."""
    arrays = case._asdict() | {"S": paper.assign(case.R)}
    lists = {k: v.tolist() for k, v in arrays.items() if hasattr(v, "tolist")}
    both = {
        name: [W.tolist() for W in getattr(case, name)] for name in ("embed", "pool")
    }
    return case._asdict() | lists | both


@settings(max_examples=5 * N_GRAPHS)  # many are drawn twice
@given(case=cases())
@example(case=case_of(np.zeros((5, 5)), np.eye(5)[:, :3]))  # no edges
@example(case=case_of(np.zeros((1, 1)), np.zeros((1, 1))))  # one node, one cluster
@example(case=case_of(1 - np.eye(3), np.arange(21.0).reshape(3, 7)))  # K > N
@example(case=case_of(1 - np.eye(4), 1e4 * np.eye(4)[:, [1, 0]]))  # extreme logits
@example(case=case_of(np.ones((3, 3)), np.zeros((3, 1))))  # A = S S^T: no link loss
def test_every_function_and_the_gradient_equal_the_paper(page, case):
    computed = page.evaluate(COMPUTED, plain(case))
    wanted = expected(case)
    assert computed.keys() == wanted.keys()
    for name, (value, size) in wanted.items():
        bound = TOLERANCE * np.max(size, initial=0)
        known = ~np.isnan(value)
        apart = np.abs(np.subtract(computed[name], value))[known].max(initial=0)
        assert apart <= bound, (name, apart, bound)
    SEEN.append(case)


def test_the_comparison_saw_as_many_graphs_as_the_page_says():
    if not SEEN:
        pytest.skip("the comparison was skipped")
    assert len({case.A.tobytes() for case in SEEN}) >= N_GRAPHS >= 200
    assert any(len(case.A) == 1 for case in SEEN)
    assert any(case.R.shape[1] > len(case.A) for case in SEEN)
    assert any(not case.A.any() for case in SEEN)
    assert any(abs(case.R).max() > 5000 for case in SEEN)


def test_every_function_of_the_file_is_compared():
    script = (SOURCES / "arithmetic.js").read_text(encoding="utf-8")
    names = re.findall(r"(?m)^(?:const|function) (\w+)", script)
    assert [name for name in names if f" {name}(" not in COMPUTED] == []


@given(st.data())
def test_every_link_loss_is_at_least_what_the_page_says_of_sparse_graphs(data):
    N, K = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 5)))
    A = np.triu(data.draw(ours.adjacencies(N, N)) > 0, 1).astype(float)
    A, m = A + A.T, A.sum()
    S = paper.assign(data.draw(ours.logits(N, st.just(K))))
    square = paper.link_loss(A, np.full((N, K), 1 / K)) ** 2
    rounding = TOLERANCE * N**2
    assert abs(square - (N**2 / K**2 + 2 * m - 4 * m / K)) <= rounding
    assert paper.link_loss(A, S) ** 2 >= N**2 / K**2 - 2 * m - rounding


@given(st.data())
def test_two_colourable_graphs_have_a_link_loss_of_at_least_the_root_of_their_edges(
    data,
):
    rows, columns = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    joined = data.draw(st.lists(st.booleans(), min_size=16, max_size=16))
    C = np.reshape(joined, (4, 4))[:rows, :columns].astype(float)
    A = np.block([[np.zeros((rows, rows)), C], [C.T, np.zeros((columns, columns))]])
    S = data.draw(ours.assignments(len(A)))
    bound = np.sqrt(C.sum())
    assert paper.link_loss(A, S) >= bound * (1 - TOLERANCE)
