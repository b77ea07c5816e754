"""The matrices of a batch: sums, limits of numbers and their types."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from npdiffpool import Graph, GraphBatch
from npdiffpool._support.contracts import largest_allowed
from npdiffpool.graphs import block_diagonal as blocks
from npdiffpool.graphs.checks import GraphError


def test_degrees_of_float32_weights_are_summed_in_float64():
    row = [2.0**24, 1.0, 1.0, 1.0]  # in float32, 2^24 + 1 = 2^24
    A = sparse.csr_array(np.array([row, [0.0] * 4, [0, 0, 0, 5], [0.0] * 4], "float32"))
    assert_array_equal(blocks.row_sums(A), [2.0**24 + 3, 0, 5, 0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_beyond_the_limit_is_refused_whatever_its_sign(dtype):
    limit = largest_allowed(dtype)

    def join(weight, feature):
        return GraphBatch.from_graphs([Graph([[weight]], [[feature]])], dtype)

    for sign in (1, -1):
        join(0.9 * limit, sign * 0.9 * limit)
        with pytest.raises(GraphError, match=f"every feature must fit into {dtype}"):
            join(1.0, sign * 1.1 * limit)
    with pytest.raises(GraphError, match=f"every edge weight must fit into {dtype}"):
        join(1.1 * limit, 1.0)


def test_the_indices_of_a_batch_take_four_bytes():
    batch = GraphBatch.from_graphs([Graph(np.ones((2, 2)), np.ones((2, 1)))] * 2)
    for A in (batch.adjacency, batch.take([1]).adjacency):
        assert (A.indices.dtype, A.indptr.dtype) == (np.int32, np.int32)


def test_only_a_graph_of_which_15_percent_are_edges_becomes_a_dense_block():
    sizes, degree = (20, 200), 16  # 50 % and 8 % of the pairs
    As = [sum(sparse.eye_array(N, k=k) for k in range(degree)) for N in sizes]
    M = sparse.csr_array(sparse.block_diag(As))
    found = blocks.with_dense_blocks(M, np.array([0, 20, 220]))
    assert [block.shape for _, block in found.dense] == [(20, 20)]
    assert found.rest.nnz == As[1].nnz
