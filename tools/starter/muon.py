"""Muon: momentum whose every step is made orthogonal, for the matrices inside the network.

After Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor

_MOMENTUM = 0.95


class Muon(torch.optim.Optimizer):
    """For matrices alone. Several workers make a share of the steps orthogonal each."""

    def __init__(self, matrices: Iterable[Tensor], rate: float, rank: int, workers: int) -> None:
        super().__init__(list(matrices), {"lr": rate})
        self._rank, self._workers = rank, workers

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One step for every matrix; each must have a gradient, the same in every worker."""
        for group in self.param_groups:
            steps = [
                self._ahead(matrix, ours=index % self._workers == self._rank)
                for index, matrix in enumerate(group["params"])
            ]
            flat = torch.cat([step.flatten() for step in steps])
            if self._workers > 1:
                dist.all_reduce(flat)
            sizes = [matrix.numel() for matrix in group["params"]]
            for matrix, step in zip(group["params"], flat.split(sizes), strict=True):
                tall = max(1, matrix.shape[0] / matrix.shape[1]) ** 0.5
                matrix.add_(step.view_as(matrix), alpha=-group["lr"] * tall)

    def _ahead(self, matrix: Tensor, ours: bool) -> Tensor:
        """Where momentum leads, made orthogonal; nothing where another worker says it."""
        state = self.state[matrix]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        state["momentum"].lerp_(matrix.grad, 1 - _MOMENTUM)
        if not ours:
            return torch.zeros_like(matrix)
        return orthogonal(matrix.grad.lerp(state["momentum"], _MOMENTUM))


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix whose singular values are all 1, by five Newton-Schulz steps.

    In bfloat16, as its authors have it: exact enough for a direction, and three times as quick.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    wide = (wide / (wide.norm() + 1e-7)).bfloat16()
    for _ in range(5):
        square = wide @ wide.T
        wide = 3.4445 * wide + (2.0315 * square @ square - 4.7750 * square) @ wide
    return (wide if matrix.shape[0] <= matrix.shape[1] else wide.T).to(matrix.dtype)
