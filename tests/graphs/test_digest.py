"""The digest of graphs: equal for equal numbers, different for any other."""

import numpy as np
from scipy import sparse

from npdiffpool import Graph
from npdiffpool.graphs.digest import digest_graphs

A, X = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
DIGEST = digest_graphs([Graph(A, X)])


def test_dense_and_sparse_graphs_of_any_float_type_have_the_same_digest():
    for form in (sparse.csr_array, sparse.coo_array, np.float32):
        assert digest_graphs([Graph(form(A), form(X))]) == DIGEST
    graph = Graph(A, X)
    graph.adjacency.indices = graph.adjacency.indices.astype(np.int64)
    graph.adjacency.indptr = graph.adjacency.indptr.astype(np.int64)
    assert digest_graphs([graph]) == DIGEST


def test_any_other_number_shape_or_order_has_another_digest():
    loop, wide = A + np.eye(2), np.hstack([X, np.zeros((2, 1))])
    others = [(2 * A, X), (A, 2 * X), (loop, X), (A, X[::-1]), (A, wide)]
    others += [(A, [[1.0, 2.0], [0.0, 0.0]]), (A, [[0.0, 1.0], [2.0, 0.0]])]
    graphs = [[Graph(*arrays)] for arrays in others]
    graphs += [[], [Graph(A, X)] * 2]
    digests = [digest_graphs(some) for some in graphs]
    assert len({DIGEST, *digests}) == 1 + len(graphs)


def test_the_order_of_graphs_matters_and_labels_do_not():
    first, second = Graph(A, X), Graph(2 * A, X)
    assert digest_graphs([first, second]) != digest_graphs([second, first])
    assert digest_graphs([Graph(A, X, label=1)]) == DIGEST
