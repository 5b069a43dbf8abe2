"""A driven pipeline on whose networks an adapter can be trained, whatever its family.

The adapter is a LoRA on the attention's projections; the network beneath it never changes. All
chance comes from the course's seed and the number of the step, so that a training that was broken
off goes on with the same bits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import CallSheet, Course, Lesson, Pixels, Pupil, Watch
from secondunit.models.fitness import check
from secondunit.models.rig.adapters import taken_off
from secondunit.models.rig.driven import Driven, Shoot
from secondunit.models.rig.loading import quiet
from secondunit.models.rig.objective import Objective
from secondunit.models.rig.parts import NETWORKS
from secondunit.weights.adapters import STORY
from secondunit_contract.problem import BadValue, NotEnoughMemory, PartMissing

_NAME = "learning"
_PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")
_KNOWN = 0.04  # what an error counts on pixels that are kept anyway
_STEADY = 0.5  # of the course; then the rate falls along a cosine
_LONGEST = 1.0  # a step's gradient
_SMALL = 200_000_000  # numbers; a larger network forgets on the way, and works things out twice
_FILES = {"transformer": "", "transformer_2": "_low_noise"}


class Teaching(Driven):
    """A pipeline that can be taught. Its family says, with the VAE and the networks at hand:

    latents(truth)    a clip (T,H,W,3) as the network knows it: (1,C,t,h,w), float32
    asked(shoot)      the sheet as arguments of the network, beside the latents and the time
    """

    def latents(self, truth: Pixels) -> Any:
        """A clip's latents in the network's own scale."""
        raise NotImplementedError

    def asked(self, shoot: Shoot) -> dict[str, Any]:
        """Words, pictures and whatever else the network is told, by its own names."""
        raise NotImplementedError

    @contextmanager
    def taught(self, course: Course, watch: Watch) -> Iterator[Pupil]:
        """See `Teachable`. Raises ModelUnfit, NotEnoughMemory, PartMissing."""
        if self._parts.sparing:
            raise NotEnoughMemory(
                f"{self.card.title} is too large to be trained in this machine's memory",
                "Training needs all of the model at hand",
                "Train on a smaller model, or on a larger machine",
            )
        objective = Objective.of(self._pipe.scheduler, self.card.steps, self.card.title)
        with ExitStack() as stack:
            stack.enter_context(self._parts.at_hand(NETWORKS))
            networks = {name: getattr(self._pipe, name, None) for name in NETWORKS}
            learning = {}
            for number, (name, network) in enumerate(networks.items()):
                if network is not None:
                    seed = course.seed + number
                    learning[name] = stack.enter_context(_learning(network, course.rank, seed))
            yield _Learner(self, learning, course, objective, watch)

    def lesson_error(
        self, lesson: Lesson, objective: Objective, level: float, generator: Any, watch: Watch
    ) -> Any:
        """How wrong the networks are about a lesson: one number, to be learnt from."""
        import torch

        sheet = lesson.sheet
        check(sheet, self.card)
        shoot = Shoot(sheet, watch, 1, 1, 1.0, sheet)
        self._prepare(shoot)
        with self._working(shoot, self._parts.seeing, 4 * self._need(sheet)):
            with torch.no_grad():
                clip = self.latents(lesson.truth)
                asked = self.asked(shoot)
            noise = torch.randn(clip.shape, generator=generator).to(clip.device)
            network = self._network(level)
            kind = network.dtype
            answer = network(
                objective.noisy(clip, noise, level).to(kind),
                torch.tensor([level * objective.times], device=clip.device),
                return_dict=False,
                **{name: _as(each, kind) for name, each in asked.items()},
            )[0]
            wrong = objective.wrong(answer.float(), clip, noise, level)
            error = (wrong * _counts(sheet, clip)).mean()
            if error.requires_grad:
                error.backward()
            return error.detach()

    def _network(self, level: float) -> Any:
        """The network that works at so much noise."""
        first, second = (getattr(self._pipe, name, None) for name in NETWORKS)
        boundary = self._pipe.config.get("boundary_ratio")
        if second is None or (first is not None and (boundary is None or level >= boundary)):
            return first
        return second


class _Learner:
    """See `Pupil`."""

    def __init__(
        self,
        model: Teaching,
        networks: dict[str, Any],
        course: Course,
        objective: Objective,
        watch: Watch,
    ) -> None:
        import torch

        self._model, self._networks, self._course = model, networks, course
        self._objective, self._watch = objective, watch
        self._weights = {
            f"{name}/{key}": weights
            for name, network in networks.items()
            for key, weights in network.named_parameters()
            if weights.requires_grad
        }
        self._optimiser = torch.optim.AdamW(list(self._weights.values()), lr=course.rate)
        self._done = 0

    @property
    def done(self) -> int:
        return self._done

    def learn(self, lesson: Lesson) -> float:
        """Raises BadValue where the numbers run away."""
        import torch

        self._optimiser.zero_grad(set_to_none=True)
        wrong = self._error(lesson, f"{self._course.seed} step {self._done}")
        if not math.isfinite(wrong):
            raise BadValue(
                f"The training ran away at step {self._done + 1}",
                f"rate {self._course.rate:g}",
                "Train at a lower rate",
            )
        torch.nn.utils.clip_grad_norm_(list(self._weights.values()), _LONGEST)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate()
        self._optimiser.step()
        self._done += 1
        return wrong

    def error(self, lesson: Lesson, number: int) -> float:
        import torch

        with torch.no_grad():
            return self._error(lesson, f"{self._course.seed} held {number}")

    def kept(self) -> dict[str, NDArray[Any]]:
        kept: dict[str, NDArray[Any]] = {"done": np.array(self._done)}
        for name, weights in self._weights.items():
            kept[name] = weights.detach().cpu().numpy().copy()
            for key, moment in self._optimiser.state[weights].items():
                kept[f"{name}#{key}"] = moment.detach().cpu().numpy().copy()
        return kept

    def resume(self, kept: Mapping[str, NDArray[Any]]) -> None:
        import torch

        with torch.no_grad():
            for name, weights in self._weights.items():
                if kept[name].shape != tuple(weights.shape):
                    raise ValueError(f"{name} is {kept[name].shape}, not {tuple(weights.shape)}")
                weights.copy_(torch.from_numpy(kept[name]))
                moments = {
                    key.partition("#")[2]: torch.from_numpy(np.array(each)).to(
                        "cpu" if key.endswith("#step") else weights.device
                    )
                    for key, each in kept.items()
                    if key.startswith(f"{name}#")
                }
                if moments:
                    self._optimiser.state[weights] = moments
        self._done = int(kept["done"])

    def files(self, story: Mapping[str, str]) -> dict[str, bytes]:
        from peft import get_peft_model_state_dict
        from safetensors.torch import save

        about = {STORY: json.dumps(dict(story), ensure_ascii=False, sort_keys=True)}
        made = {}
        several = len(self._networks) > 1
        for name, network in self._networks.items():
            layers = get_peft_model_state_dict(network, adapter_name=_NAME)
            whole = {f"transformer.{key}": each.cpu().contiguous() for key, each in layers.items()}
            made[(_FILES[name] or "_high_noise") if several else ""] = save(whole, about)
        return made

    def _error(self, lesson: Lesson, told: str) -> float:
        import torch

        chance = Random(told)
        level = self._objective.level(chance)
        generator = torch.Generator("cpu").manual_seed(chance.getrandbits(63))
        return float(
            self._model.lesson_error(lesson, self._objective, level, generator, self._watch)
        )

    def _rate(self) -> float:
        """It rises over the first steps, and falls over the last half."""
        course = self._course
        rising = min(1.0, (self._done + 1) / max(1, min(20, course.steps // 10)))
        falling = max(0.0, (self._done / course.steps - _STEADY) / (1 - _STEADY))
        return course.rate * rising * 0.5 * (1 + math.cos(math.pi * min(1.0, falling)))


@contextmanager
def _learning(network: Any, rank: int, seed: int) -> Iterator[Any]:
    """While this lasts the network wears an adapter that learns; of no effect at first."""
    import torch

    try:
        from peft import LoraConfig
    except ImportError as error:
        raise PartMissing(
            "The library that adapters need is not installed: peft",
            "peft",
            'Install it: pip install "secondunit[models]"',
        ) from error
    layers = [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, torch.nn.Linear) and name.endswith(_PROJECTIONS)
    ]
    frozen = [weights for weights in network.parameters() if weights.requires_grad]
    sparing = sum(each.numel() for each in network.parameters()) > _SMALL
    network.requires_grad_(False)
    try:
        with quiet():
            network.add_adapter(
                LoraConfig(r=rank, lora_alpha=rank, target_modules=layers), adapter_name=_NAME
            )
        _begun(network, seed)
        if sparing:
            network.enable_gradient_checkpointing()
        yield network
    finally:
        if sparing:
            network.disable_gradient_checkpointing()
        with quiet():
            taken_off(network)
        for weights in frozen:
            weights.requires_grad_(True)


def _begun(network: Any, seed: int) -> None:
    """The adapter's first numbers, the same on every device; in whole floats, as small steps are
    lost in halves.
    """
    import torch

    generator = torch.Generator("cpu").manual_seed(seed)
    for name, weights in network.named_parameters():
        if f".lora_A.{_NAME}" in name:
            bound = 1 / math.sqrt(weights.shape[1])
            first = (torch.rand(weights.shape, generator=generator) * 2 - 1) * bound
            weights.data = first.to(weights.device)
        elif f".lora_B.{_NAME}" in name:
            weights.data = torch.zeros_like(weights.data, dtype=torch.float32)


def _counts(sheet: CallSheet, latents: Any) -> Any:
    """What an error counts in each place (1,1,t,h,w), or everywhere: little where the sheet's
    pixels are kept.
    """
    import torch

    if sheet.paint is None:
        return 1.0
    paint = torch.from_numpy(sheet.paint.astype(np.float32)).to(latents.device)[None, None]
    made = torch.nn.functional.interpolate(paint, latents.shape[2:], mode="area")
    counts = made + (1 - made) * _KNOWN
    return counts / counts.mean()


def _as(each: Any, kind: Any) -> Any:
    import torch

    floating = isinstance(each, torch.Tensor) and each.is_floating_point()
    return each.to(kind) if floating else each
