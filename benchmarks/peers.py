"""The models that speed.py compares npdiffpool with: torch_geometric and tgp.

- `PyGDense`: torch_geometric's dense layers and ``dense_diff_pool``; every batch is
  padded to its largest graph.
- `TGPDense`: SAGEConv on the edges; torch-geometric-pool (tgp) pools padded dense
  tensors.
- `TGPSparse`: SAGEConv on the edges; tgp pools the edges, and nothing is padded.

All compute S by a separate GNN, as npdiffpool does. tgp's ``DiffPool`` would use an
MLP, so its parts are called here in its order, with A' of equation 4. All levels above
the first are dense; the losses are the defaults of the library.

The settings are the fastest of those tried, on one thread and on two:

- The adjacency for SAGEConv is a torch CSR tensor of int32. Pairs of indices take as
  long on ENZYMES and seven times as long on COLLAB; PyG's ``EdgeIndex`` and CSR
  weighted by 1 / degree are not faster on any data set.
- Readouts use ``segment``, which is 2 to 4 times as fast as ``scatter`` and
  ``global_max_pool``.
- A batch is cut out of flat tensors; a dense batch is filled by flat indices.
- Adam with ``fused=True``.
- Each model runs with the C library's default and with freed memory kept (speed.py).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch.nn import BatchNorm1d, Linear, Module, ModuleList, ReLU, Sequential
from torch.nn.functional import cross_entropy
from torch_geometric.nn import DenseSAGEConv, SAGEConv, dense_diff_pool
from torch_geometric.utils import segment


@dataclass
class Batch:
    """Several graphs: nodes in sequence, edges sorted by source."""

    x: torch.Tensor  # (N, F)
    edge_index: torch.Tensor  # (2, E)
    sizes: torch.Tensor  # (B,)

    @property
    def offsets(self):
        """First node of each graph, and N at the end: (B + 1,)."""
        return torch.nn.functional.pad(self.sizes.cumsum(0), (1, 0))

    @property
    def graph_of_node(self):
        """Index of each node's graph: (N,)."""
        return torch.repeat_interleave(self.sizes, output_size=len(self.x))

    @cached_property
    def csr(self):
        """Adjacency in the form that is fastest for SAGEConv."""
        N, (source, target) = len(self.x), self.edge_index
        degrees = torch.bincount(source, minlength=N)
        starts = torch.nn.functional.pad(degrees.cumsum(0), (1, 0))
        parts = starts.int(), target.int(), torch.ones(len(target))
        return torch.sparse_csr_tensor(*parts, size=(N, N), check_invariants=False)

    def places(self):
        """Return the row of each node in the padded batch, and the padded size."""
        n = int(self.sizes.max())
        shift = torch.arange(len(self.sizes)) * n - self.offsets[:-1]
        return torch.arange(len(self.x)) + shift[self.graph_of_node], n

    def padded(self, matrices):
        """Return (N, D) matrices as (B, n, D), the adjacency and the mask of nodes."""
        B, (places, n) = len(self.sizes), self.places()
        source, target = places[self.edge_index]
        adjacency = torch.zeros(B, n, n)
        adjacency.view(-1)[source * n + target % n] = 1.0
        mask = torch.zeros(B * n, dtype=torch.bool)
        mask[places] = True
        dense = [
            M.new_zeros(B * n, M.shape[1]).index_copy(0, places, M).view(B, n, -1)
            for M in matrices
        ]
        return *dense, adjacency, mask.view(B, n)


class Graphs:
    """A data set as flat tensors, from which batches are cut."""

    def __init__(self, arrays):
        sizes, degrees = arrays["sizes"], arrays["degrees"]
        rows = np.repeat(np.arange(len(degrees)), arrays["entries"])
        x = np.zeros((len(degrees), int(arrays["n_features"])), np.float32)
        x[rows, arrays["columns"]] = arrays["values"]
        self.x = torch.from_numpy(x)
        node = np.concatenate([np.arange(size, dtype=np.int32) for size in sizes])
        edges = np.stack([np.repeat(node, degrees), arrays["targets"]])
        self.edges = torch.from_numpy(edges)
        self.labels = torch.from_numpy(arrays["labels"]).long()
        self.sizes = torch.from_numpy(sizes).long()
        starts = np.concatenate([[0], np.cumsum(sizes)])
        self.node_starts = starts.tolist()
        self.edge_starts = np.concatenate([[0], np.cumsum(degrees)])[starts].tolist()

    def take(self, part):
        """Return the graphs with these indices as a batch."""
        nodes, edges = self.node_starts, self.edge_starts
        x = torch.cat([self.x[nodes[i] : nodes[i + 1]] for i in part])
        pieces = [self.edges[:, edges[i] : edges[i + 1]] for i in part]
        counts = torch.tensor([piece.shape[1] for piece in pieces])
        sizes = self.sizes[part]
        shift = torch.repeat_interleave(sizes.cumsum(0) - sizes, counts)
        return Batch(x, torch.cat(pieces, dim=1) + shift, sizes)


class Block(Module):
    """A GNN: normalised convolutions, ReLU, batch norm; all layers concatenated."""

    def __init__(self, convolution, n_in, task):
        super().__init__()
        widths = [n_in] + [task.hidden] * task.layers
        pairs = zip(widths, widths[1:])
        self.convs = ModuleList(convolution(a, b, normalize=True) for a, b in pairs)
        self.norms = ModuleList(BatchNorm1d(task.hidden) for _ in self.convs)

    def forward(self, x, *graph):
        """Apply the GNN to (N, D) and edges, or to (B, n, D), (B, n, n) and a mask."""
        outputs = []
        for conv, norm in zip(self.convs, self.norms):
            x = conv(x, *graph).relu()
            x = norm(x.flatten(0, -2)).view_as(x)
            outputs.append(x)
        return torch.cat(outputs, dim=-1)


class Net(Module):
    """The model; subclasses define the first level and the pooling."""

    convolution = SAGEConv  # of the first level

    def __init__(self, n_features, n_classes, task):
        super().__init__()
        width = task.hidden * task.layers
        inputs = [n_features] + [width] * len(task.clusters)
        kinds = [self.convolution] + [DenseSAGEConv] * len(task.clusters)
        self.embed = ModuleList(Block(k, n, task) for k, n in zip(kinds, inputs))
        pairs = list(zip(kinds, inputs))[:-1]
        self.pool = ModuleList(Block(kind, n, task) for kind, n in pairs)
        self.logits = ModuleList(Linear(width, K) for K in task.clusters)
        self.classify = Sequential(
            Linear(len(inputs) * width, 50), ReLU(), Linear(50, n_classes)
        )

    def forward(self, batch):
        """Return the logits of the classes and the sum of all auxiliary losses."""
        readout, x, adjacency, losses = self.first(batch)
        readouts = [readout]
        for embed, pool, logits in zip(self.embed[1:], self.pool[1:], self.logits[1:]):
            Z, R = embed(x, adjacency), logits(pool(x, adjacency))
            readouts.append(Z.amax(dim=1))
            x, adjacency, more = self.coarsen(Z, adjacency, R)
            losses = losses + more
        readouts.append(self.embed[-1](x, adjacency).amax(dim=1))
        return self.classify(torch.cat(readouts, dim=1)), losses

    def gnns(self, *graph):
        """Return Z and R of the first level."""
        return self.embed[0](*graph), self.logits[0](self.pool[0](*graph))


class PyGDense(Net):
    """torch_geometric, padded at every level; batch norms include the padding."""

    convolution = DenseSAGEConv

    def first(self, batch):
        """Return the readout, X', A' and losses of the first level."""
        x, adjacency, mask = batch.padded([batch.x])
        Z, R = self.gnns(x, adjacency, mask)
        readout = Z.masked_fill(~mask[:, :, None], -torch.inf).amax(dim=1)
        return readout, *self.coarsen(Z, adjacency, R, mask)

    def coarsen(self, Z, adjacency, R, mask=None):
        """Return X', A' and the sum of both losses."""
        x, adjacency, link, entropy = dense_diff_pool(Z, adjacency, R, mask)
        return x, adjacency, link + entropy


class TGPDense(Net):
    """tgp with first-level GNNs on edges and padded pooling."""

    per_graph = False  # divide the link loss, one norm of the batch, by sqrt(B)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        from tgp import connect, reduce, select
        from tgp.utils import losses

        self.select, self.losses, self.reduce = select, losses, reduce.BaseReduce()
        self.connect = connect.DenseConnect(remove_self_loops=False, degree_norm=False)

    def first(self, batch):
        """Return the readout, X', A' and losses of the first level."""
        Z, R = self.gnns(batch.x, batch.csr)
        readout = segment(Z, batch.offsets, "max")
        Z, R, adjacency, mask = batch.padded([Z, R])
        return readout, *self.coarsen(Z, adjacency, R, mask)

    def coarsen(self, Z, adjacency, R, mask=None):
        """Return X', A' and the sum of both losses."""
        S, n_nodes = torch.softmax(R, dim=-1), len(R) * R.shape[1]
        if mask is not None:
            S, n_nodes = S * mask[:, :, None], int(mask.sum())
        so = self.select.SelectOutput(s=S, in_mask=mask)
        link = self.losses.link_pred_loss(S, adjacency, normalize_loss=False)
        entropy = self.losses.entropy_loss(S, n_nodes)
        x, _ = self.reduce(Z, so=so)
        losses = self.scaled(link, len(R)) + entropy
        return x, self.connect(adjacency, so=so)[0], losses

    def scaled(self, link, B):
        """Return the link loss of B graphs as it enters the loss."""
        return link / B**0.5 if self.per_graph else link


class TGPSparse(TGPDense):
    """tgp on edges in the whole first level."""

    def first(self, batch):
        """Return the readout, X', A' and losses of the first level."""
        Z, R = self.gnns(batch.x, batch.csr)
        readout = segment(Z, batch.offsets, "max")
        S, where = torch.softmax(R, dim=-1), {"batch": batch.graph_of_node}
        so, edges = self.select.SelectOutput(s=S, **where), batch.edge_index
        link = self.losses.sparse_link_pred_loss(
            S, edges, **where, normalize_loss=False
        )
        entropy = self.losses.unbatched_entropy_loss(S)
        x, _ = self.reduce(Z, so=so, **where, return_batched=True)
        adjacency, _ = self.connect(edges, so=so, **where)
        losses = self.scaled(link, len(batch.sizes)) + entropy
        return readout, x, adjacency, losses


PEERS = {
    "torch_geometric dense": PyGDense,
    "tgp dense": TGPDense,
    "tgp sparse": TGPSparse,
}


class Training:
    """A model of PEERS, its optimiser and the graphs that it is trained on."""

    def __init__(self, name, threads, arrays, task, seed):
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.task, self.graphs = task, Graphs(arrays)
        arrays.clear()
        n_classes = int(self.graphs.labels.max()) + 1
        self.net = PEERS[name](self.graphs.x.shape[1], n_classes, task)
        self.adam = torch.optim.Adam(self.net.parameters(), task.rate, fused=True)

    def epoch(self, order):
        """Train on the graphs with these indices in this order; return a row."""
        total = 0.0
        self.net.train()
        for part in self._minibatches(order):
            logits, losses = self.net(self.graphs.take(part))
            loss = cross_entropy(logits, self.graphs.labels[part]) + losses
            self.adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.task.clip)
            self.adam.step()
            total += len(part) * loss.item()
        return {"loss": total / len(order)}

    @torch.no_grad()
    def accuracy(self, chosen):
        """Return the accuracy on the graphs with these indices."""
        right = 0
        self.net.eval()
        for part in self._minibatches(chosen):
            predicted = self.net(self.graphs.take(part))[0].argmax(dim=1)
            right += int((predicted == self.graphs.labels[part]).sum())
        return right / len(chosen)

    def _minibatches(self, order):
        for first in range(0, len(order), self.task.batch):
            yield order[first : first + self.task.batch]


def train(name, threads, arrays, task, seed, tick):
    """Warm up, then call `tick` at the start and after each counted epoch."""
    training = Training(name, threads, arrays, task, seed)
    rng = np.random.default_rng(seed)
    n_graphs = len(training.graphs.labels)
    for _ in range(task.warm_epochs):
        training.epoch(rng.permutation(n_graphs).tolist()[: task.warm_graphs])
    tick()
    for _ in range(task.epochs):
        tick(training.epoch(rng.permutation(n_graphs).tolist()))
