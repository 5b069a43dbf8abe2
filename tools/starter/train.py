"""Train the starter: python -m tools.starter.train --out FOLDER [--device cuda].

Lessons are made as it goes, each from a seed of its own, so nothing is read and nothing repeats. A
run that is stopped goes on where it was: the folder holds weights, their moving average, the
optimisers' states and the step. On the processor two of these share the work, a core each
(`make starter`); on a GPU one does it alone, compiled, in bf16.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from tools.starter import linear as linear_map
from tools.starter import network as parts
from tools.starter.following import strayed
from tools.starter.lessons import SEEDS, Lesson, lesson, shape_of
from tools.starter.linear import Linear
from tools.starter.muon import Muon
from tools.starter.order import deepened, put_in_order

_WARM_UP = 60
_STEADY_SHARE = 0.3  # of the run; then the rate falls along a cosine
_SAVE_EVERY, _TELL_EVERY = 240.0, 50
_ALIKE = 0.3  # how much it counts what a look would follow, beside what is made
_FINE = 0.3  # how much fine detail counts beside what it is in the picture


@dataclass(frozen=True)
class Options:
    """What a run is told."""

    out: Path
    steps: int
    tokens: int
    device: str
    seed: int
    matrices: float
    others: float
    size: parts.Size
    begin: Path | None = None

    @classmethod
    def read(cls) -> Options:
        """From the command line."""
        told = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
        told.add_argument("--out", type=Path, required=True, help="where checkpoints go")
        told.add_argument("--steps", type=int, default=30_000, help="of the whole run")
        told.add_argument("--tokens", type=int, default=1000, help="a step and a worker")
        told.add_argument("--device", default="cpu")
        told.add_argument("--seed", type=int, default=1)
        told.add_argument("--matrices", type=float, default=0.008, help="Muon's rate")
        told.add_argument("--others", type=float, default=6e-4, help="AdamW's rate")
        told.add_argument("--begin", type=Path, help="an exported folder to begin from")
        told.add_argument("--heads", type=int, default=parts.Size.heads)
        told.add_argument("--layers", type=int, default=parts.Size.layers)
        given = vars(told.parse_args())
        size = parts.Size(heads=given.pop("heads"), layers=given.pop("layers"))
        return cls(**given, size=size)


class Run:
    """One worker's share of a training run."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.rank = int(os.environ.get("RANK", "0"))
        self.workers = int(os.environ.get("WORLD_SIZE", "1"))
        torch.manual_seed(options.seed)
        held = self._held()
        self.size = parts.Size(**held["size"]) if held is not None else options.size
        self.network = parts.transformer(self.size)
        self.reader = parts.reader()
        self.tokenizer = parts.tokenizer()
        self.step = 0
        self.seconds = 0.0
        if held is not None:
            self.linear = Linear(**held["linear"])
        elif options.begin is not None:
            self._begin_from(options.begin)
        else:
            self.linear = linear_map.fitted()
            grey = self.linear.encoded(torch.full((1, 3, 1, 8, 8), 0.5)).flatten()
            put_in_order(self.network, grey, torch.Generator().manual_seed(options.seed))
        self._to_device()
        self._optimisers()
        if held is not None:
            self._resume(held)

    def _to_device(self) -> None:
        device = self.options.device
        self.network.to(device)
        self.reader.to(device)
        self.linear = self.linear.to(device)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.average_reader = copy.deepcopy(self.reader).requires_grad_(False)
        detail = self.linear.deviation**2
        self.counts = (detail / detail.mean() + _FINE).view(1, -1, 1, 1, 1) / (1 + _FINE)
        self.forward = self.network
        if device != "cpu":
            self.forward = torch.compile(self.network, dynamic=True)

    def _optimisers(self) -> None:
        matrices: list[Tensor] = []
        others = list(self.reader.parameters())
        for name, weights in self.network.named_parameters():
            inside = "blocks." in name and weights.ndim == 2
            (matrices if inside else others).append(weights)
        self.weights = [weights for weights in [*matrices, *others] if weights.requires_grad]
        self.muon = Muon(matrices, self.options.matrices, self.rank, self.workers)
        self.adam = torch.optim.AdamW(
            others, self.options.others, betas=(0.9, 0.98), weight_decay=0.0
        )

    def go(self) -> None:
        """Until the last step; saves on the way."""
        began = saved = told = time.monotonic()
        losses: dict[str, list[float]] = defaultdict(list)
        while self.step < self.options.steps:
            for kind, loss in self._learn():
                losses[kind].append(loss)
            self.step += 1
            now = time.monotonic()
            if self.step % _TELL_EVERY == 0:
                self._tell(losses, (now - told) / _TELL_EVERY)
                losses.clear()
                told = time.monotonic()
            if now - saved > _SAVE_EVERY:
                self._save(now - began)
                saved = time.monotonic()
        self._save(time.monotonic() - began)

    def _learn(self) -> list[tuple[str, float]]:
        options = self.options
        first = (options.seed * 10_000_000 + self.step * self.workers) % SEEDS
        shape = shape_of(first)  # the same for all workers: nobody waits long
        given = lesson(first + self.rank, shape, options.tokens, self.linear, options.device)
        errors = self._errors(given)
        astray = self._astray(given)
        # an error counts less where noise leaves little to be found out
        loss = (errors / (given.sigma**2 + 0.25)).mean() + _ALIKE * astray.sum() / len(errors)
        for optimiser in (self.muon, self.adam):
            optimiser.zero_grad(set_to_none=False)
        loss.backward()
        self._share_gradients()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self._set_rates()
        self.muon.step()
        self.adam.step()
        self._average()
        told = zip(given.kinds, errors.detach().tolist(), strict=True)
        return [*told, *(("looked", each) for each in astray.detach().tolist())]

    def _errors(self, given: Lesson) -> Tensor:
        with torch.autocast(
            self.options.device, torch.bfloat16, enabled=self.options.device != "cpu"
        ):
            words = parts.read(self.tokenizer, self.reader, given.prompts)
            answer = self.forward(
                given.noisy,
                given.sigma * 1000,
                words,
                control_hidden_states=given.told,
                return_dict=False,
            )[0]
        wrong = (answer.float() - given.answer) ** 2 * self.counts * given.weight
        return wrong.mean((1, 2, 3, 4))

    def _astray(self, given: Lesson) -> Tensor:
        """How far subjects go astray where they are followed by a look, which has no words: (B,),
        or (0,) of single frames, where there is nowhere to follow them to.
        """
        if given.plate.shape[2] == 1:
            return given.sigma.new_zeros(0)
        with torch.autocast(
            self.options.device, torch.bfloat16, enabled=self.options.device != "cpu"
        ):
            words = parts.read(self.tokenizer, self.reader, ("",) * len(given.plate))
            return strayed(self.network, words, given.plate, given.alpha, given.key, self.linear)

    def _share_gradients(self) -> None:
        if self.workers == 1:
            return
        gradients = [w.grad if w.grad is not None else torch.zeros_like(w) for w in self.weights]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.workers
        for weights, part in zip(
            self.weights, flat.split([w.numel() for w in self.weights]), strict=True
        ):
            weights.grad = part.view_as(weights)

    def _set_rates(self) -> None:
        done = self.step / self.options.steps
        falling = max(0.0, (done - _STEADY_SHARE) / (1 - _STEADY_SHARE))
        rate = min(1.0, (self.step + 1) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * falling))
        self.muon.param_groups[0]["lr"] = self.options.matrices * rate
        self.adam.param_groups[0]["lr"] = self.options.others * rate

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(0.998, (self.step + 1) / (self.step + 20))
        for slow, quick in (
            (self.average, self.network),
            (self.average_reader, self.reader),
        ):
            torch._foreach_lerp_(list(slow.parameters()), list(quick.parameters()), 1 - keep)

    def _tell(self, losses: dict[str, list[float]], seconds: float) -> None:
        if self.rank:
            return
        means = {kind: round(sum(each) / len(each), 4) for kind, each in sorted(losses.items())}
        line = {"step": self.step, "seconds_a_step": round(seconds, 3), "loss": means}
        with (self.options.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    def _held(self) -> dict[str, Any] | None:
        self.options.out.mkdir(parents=True, exist_ok=True)
        path = self.options.out / "checkpoint.pt"
        return torch.load(path, weights_only=True) if path.exists() else None

    def _save(self, seconds: float) -> None:
        if self.rank:
            return
        whole = {
            "step": self.step,
            "seconds": self.seconds + seconds,
            "size": vars(self.size),
            "linear": self.linear.to("cpu").state(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
        } | {
            name: getattr(self, name).state_dict()
            for name in ("network", "reader", "average", "average_reader")
        }
        part = self.options.out / "checkpoint.part"
        torch.save(whole, part)
        part.replace(self.options.out / "checkpoint.pt")

    def _begin_from(self, folder: Path) -> None:
        """Weights that were exported before, in half precision, perhaps of a network with fewer
        blocks; optimisers start anew.
        """
        from diffusers import AutoencoderKLWan

        self.linear = linear_map.read_from(AutoencoderKLWan.from_pretrained(folder / "vae"))
        for part, name in ((self.network, "transformer"), (self.reader, "text_encoder")):
            held = type(part).from_pretrained(folder / name, torch_dtype=torch.float32)
            weights = held.state_dict()
            if part is self.network:
                weights = deepened(weights, self.size.layers)
            part.load_state_dict(weights)

    def _resume(self, held: dict[str, Any]) -> None:
        for name in ("network", "reader", "average", "average_reader", "muon", "adam"):
            getattr(self, name).load_state_dict(held[name])
        self.step, self.seconds = held["step"], held["seconds"]


def main() -> None:
    """Train, from the command line."""
    options = Options.read()
    if options.device == "cpu":
        torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        dist.init_process_group("gloo")
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]):
        Run(options).go()


if __name__ == "__main__":
    main()
