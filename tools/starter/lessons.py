"""What is learned in one step: clips, a question each, and how much noise lies over the answer."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from random import Random

import cv2
import numpy as np
import torch
from torch import Tensor

from secondunit.callsheet import UNKNOWN
from secondunit.stage.rough import roughed
from secondunit.worlds import named, randomised
from secondunit.worlds.calls import KINDS, Call
from tools.starter.linear import PATCH, Linear

SEEDS = 880_000_000
"""Seeds from here on are never trained on: measures take theirs from there."""
NAMED_SHARE = 0.6
_NAMED_BRIEFLY = 0.75  # where a clip is brief: what a name means is seen in a picture
MIX = {
    randomised: {
        "marked": 46,
        "edited": 4,
        "widened": 38,
        "bridged": 24,
        "continued": 5,
        "cleaned": 38,
        "holed": 4,
    },
    named: {
        "isolated": 60,
        "removed": 3,
        "worded": 2,
        "guided": 2,
        "referred": 1,
        "marked": 18,
        "edited": 1,
        "widened": 20,
        "bridged": 6,
        "continued": 1,
        "cleaned": 7,
        "holed": 1,
    },
}
"""How often each kind is asked, by world."""
BRIEF_MIX = {
    randomised: {"widened": 1},
    named: {"isolated": 17, "removed": 1, "widened": 5},
}
"""The same where a clip is brief: what pictures can teach, of which there are more then."""
CROWD = (30, 45, 25)
"""How often one, two and three things with names are shown: one alone needs no word."""
SHAPES = {
    (9, 64, 64): 18,
    (5, 64, 64): 12,
    (9, 48, 80): 8,
    (9, 80, 48): 5,
    (5, 64, 96): 10,
    (5, 96, 96): 6,
    (17, 48, 48): 4,
    (17, 48, 80): 3,
    (13, 56, 56): 3,
    (25, 40, 48): 2,
    (33, 32, 48): 1,
    (5, 96, 160): 6,
    (9, 96, 96): 4,
    (1, 64, 96): 16,
    (1, 96, 96): 10,
    (1, 96, 144): 8,
    (2, 64, 64): 8,
    (2, 64, 96): 6,
    (3, 64, 64): 6,
    (3, 80, 48): 4,
}
"""How often each (frames, height, width) is shown."""
_BRIEF = 3  # frames at most
_QUESTIONS = 8  # asked in one lesson at most, or each clip its own
_WORDLESS = 0.1  # share of prompts kept from the reader
_SURE = 0.85  # share of lessons without a trace of the answer: what the first step sees
_SHIFT = 2.0
_KNOWN = 0.04  # what an error on pixels that are kept anyway counts
_TREMBLE = 0.02
_MANY = 16  # clips asked the same: from so many on, all cores guess


@dataclass(frozen=True)
class Lesson:
    """B clips as the network sees them. Latents are (B,C,F,h,w).

    answer    what is true
    noisy     the answer under noise of `sigma` (B,), 0..1
    told      the conditions, as VACE lays them out: kept, shown, matte
    weight    (B,1,F,h,w): what an error at each place counts
    kinds     which question each clip was asked
    plate     (B,3,F,H,W): the clips as they are, and `alpha` (B,1,F,H,W) of their subjects
    key       the frame these are followed from
    """

    answer: Tensor
    noisy: Tensor
    sigma: Tensor
    told: Tensor
    weight: Tensor
    prompts: tuple[str, ...]
    kinds: tuple[str, ...]
    plate: Tensor
    alpha: Tensor
    key: int


def shape_of(seed: int) -> tuple[int, int, int]:
    """Frames, height and width of a seed's clips."""
    return Random(seed).choices(tuple(SHAPES), tuple(SHAPES.values()))[0]


def lesson(
    seed: int, shape: tuple[int, int, int], tokens: int, linear: Linear, device: str
) -> Lesson:
    """The lesson of a seed: about so many tokens, the same on every machine of a kind."""
    rng = Random(seed)
    frames, height, width = shape
    count = max(1, round(tokens * PATCH**2 / (frames * height * width)))
    share = _NAMED_BRIEFLY if frames <= _BRIEF else NAMED_SHARE
    world = named if rng.random() < share else randomised
    alike = max(1, count // _QUESTIONS)  # clips asked the same
    firsts = range(0, count, alike)
    mix = (BRIEF_MIX if frames <= _BRIEF else MIX)[world]
    asked = rng.choices(tuple(mix), tuple(mix.values()), k=len(firsts))
    if "referred" in asked:  # one frame longer than the others
        asked = ["referred"] * len(firsts)
    shown = {"crowd": CROWD} if world is named else {}
    clips = world.clips(seed, count, frames, height, width, device, **shown)
    calls = [
        KINDS[kind](clips.part(first, min(count, first + alike)), rng)
        for first, kind in zip(firsts, asked, strict=True)
    ]
    kinds = tuple(kind for kind, call in zip(asked, calls, strict=True) for _ in call.prompts)
    generator = torch.Generator().manual_seed(seed)
    learnt = [_latents(call, linear, generator) for call in calls]
    answer, told, weight = (torch.cat(each) for each in zip(*learnt, strict=True))
    sigma = _sigmas(rng, count).to(device)
    noise = torch.randn(answer.shape, generator=generator).to(device)
    prompts = tuple(
        prompt if rng.random() > _WORDLESS else "" for call in calls for prompt in call.prompts
    )
    noisy = answer.lerp(noise, sigma.view(-1, 1, 1, 1, 1))
    key = rng.choice((0, 0, frames // 2, frames - 1))
    return Lesson(answer, noisy, sigma, told, weight, prompts, kinds, clips.plate, clips.alpha, key)


def conditions(video: Tensor, matte: Tensor, linear: Linear) -> Tensor:
    """Latents of what is kept and of what is shown, and the matte, as the pipeline stacks them."""
    matte, zero = (matte > 0.5).float(), torch.full_like(video, UNKNOWN)
    kept = linear.encoded(torch.where(matte > 0, zero, video))
    shown = linear.encoded(torch.where(matte > 0, video, zero))
    return torch.cat([kept, shown, _patched(matte)], 1)


def _latents(call: Call, linear: Linear, generator: torch.Generator) -> tuple[Tensor, ...]:
    """One clip's answer, conditions and weights. A reference is a frame before the others."""
    told = conditions(_roughed(call), call.matte, linear)
    pictures = told[:, : -(PATCH**2)]  # a tremble, so that no exact value is leant on
    pictures += torch.randn(pictures.shape, generator=generator).to(pictures.device) * _TREMBLE
    answer = linear.encoded(call.target)
    made = _patched(call.matte).mean(1, keepdim=True)
    weight = made + (1 - made) * _KNOWN
    if call.references.shape[1]:
        first = linear.encoded(call.references.transpose(1, 2))
        blank = torch.zeros_like(told[:, : told.shape[1] - PATCH**2 - first.shape[1], :1])
        marks = torch.zeros_like(told[:, : PATCH**2, :1])
        told = torch.cat([torch.cat([first, blank, marks], 1), told], 2)
        answer = torch.cat([first, answer], 2)
        weight = torch.cat([torch.full_like(weight[:, :, :1], _KNOWN), weight], 2)
    return answer, told, weight / weight.mean((1, 2, 3, 4), keepdim=True)


def _roughed(call: Call) -> Tensor:
    """What is shown, with what nobody knows guessed: clip by clip, as a call's conditions are."""
    nobody = ((call.video == UNKNOWN).all(1) & (call.matte[:, 0] > 0.5)).cpu().numpy()
    if not nobody.any():
        return call.video
    clips = call.video.permute(0, 2, 3, 4, 1).cpu().numpy()
    each = _hands().map if len(clips) >= _MANY else map
    guessed = np.stack(list(each(roughed, clips, nobody)))
    return torch.from_numpy(guessed).permute(0, 4, 1, 2, 3).to(call.video)


@cache
def _hands() -> ProcessPoolExecutor:
    """Every core but the one that waits: a GPU eats more clips than one core guesses for."""
    others = max(1, (os.cpu_count() or 1) - 1)
    return ProcessPoolExecutor(others, get_context("spawn"), cv2.setNumThreads, (1,))


def _patched(matte: Tensor) -> Tensor:
    """(B,1,F,H,W) -> (B,64,F,h,w), as the pipeline folds a matte."""
    batch, _, frames, height, width = matte.shape
    folded = matte.view(batch, frames, height // PATCH, PATCH, width // PATCH, PATCH)
    folded = folded.permute(0, 3, 5, 1, 2, 4)
    return folded.reshape(batch, PATCH**2, frames, height // PATCH, width // PATCH)


def _sigmas(rng: Random, count: int) -> Tensor:
    def one() -> float:
        if rng.random() < _SURE:
            return 1.0
        even = rng.random()
        return max(0.02, _SHIFT * even / (1 + (_SHIFT - 1) * even))

    return torch.tensor([one() for _ in range(count)])
