"""A model in torch with BatchNorm1d over padded rows, which law B3 finds.

    cd benchmarks && python -m adapters.torch_padded_model

A batch is padded to its largest graph. In training mode the norm takes its moments over
all rows, padding included (and raises an error at a graph of one node, which breaks
other laws). `eval()` fixes the moments, but a row of padding is no longer zero after
the norm and can be the maximum. With a mask every law holds. Needs torch.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import torch

from npdiffpool._support.types import Array
from npdiffpool.testing import conformance_model

N_FEATURES, WIDTH, N_CLASSES = 3, 8, 2


class Model(torch.nn.Module):
    """One layer, batch norm, ReLU, a maximum over nodes, and a linear classifier."""

    def __init__(self, masked: bool) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(N_FEATURES, WIDTH)
        self.norm = torch.nn.BatchNorm1d(WIDTH)
        self.classify = torch.nn.Linear(WIDTH, N_CLASSES)
        self.masked = masked

    def forward(self, A: Any, X: Any, mask: Any) -> Any:
        """Return logits (B, C) of padded graphs, A (B, N, N), X (B, N, F)."""
        H = self.linear(A @ X + X)
        H = self.norm(H.flatten(0, 1)).reshape(H.shape).relu()
        if self.masked:
            H = H * mask[:, :, None]
        return self.classify(H.max(dim=1).values)


def batched_of(model: Model) -> Any:
    """Return a function of lists of arrays that pads them and calls a model."""

    def batched(As: Sequence[Array], Xs: Sequence[Array]) -> Array:
        n, dtype = max(map(len, As)), torch.from_numpy(Xs[0]).dtype
        A, X = torch.zeros(len(As), n, n), torch.zeros(len(As), n, N_FEATURES)
        A, X, mask = A.to(dtype), X.to(dtype), torch.zeros(len(As), n)
        for g, N in enumerate(map(len, As)):
            A[g, :N, :N], X[g, :N] = torch.from_numpy(As[g]), torch.from_numpy(Xs[g])
            mask[g, :N] = 1
        with torch.no_grad():
            return np.asarray(model.to(dtype)(A, X, mask.to(dtype)))

    return batched


def main() -> None:
    """Print the laws that fail, for three models."""
    for masked, mode in ((False, "train"), (False, "eval"), (True, "eval")):
        torch.manual_seed(0)
        model = Model(masked)
        model.norm(torch.randn(64, WIDTH) + 1)  # running moments unlike 0 and 1
        model.train(mode == "train")
        batched = batched_of(model)
        results = conformance_model(lambda A, X: batched([A], [X])[0], batched)
        failing = [r.law.id for r in results if r.verdict == "fails"]
        print(f"masked {masked}, {mode}: fails {', '.join(failing) or 'no law'}")


if __name__ == "__main__":
    main()
