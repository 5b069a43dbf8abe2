"""What a network is asked in training, and at how much noise: told by its scheduler, not by its
name.

Flow schedulers mix x = (1 - sigma) * clip + sigma * noise; their networks answer with the way from
clip to noise ("flow_prediction", Lipman et al. 2023) or with the clip itself ("sample").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from secondunit_contract.problem import ModelUnfit

_AS_SHOT = 0.5  # of the lessons have the noise that a step of the model's own way begins with
_LEAST = 0.02
_BOUND = (
    0.25  # an error of the clip counts as one of the flow, sigma times as much; but not forever
)


@dataclass(frozen=True)
class Objective:
    """How a network of that scheduler is taught.

    clip    whether it answers with the clip itself
    shift   how far its levels of noise lean to the noisy end
    shot    the levels at which it is shot with, in as many steps as its maker advises
    times   how many moments the network's clock has
    """

    clip: bool
    shift: float
    shot: tuple[float, ...]
    times: int

    @classmethod
    def of(cls, scheduler: Any, steps: int, title: str) -> Objective:
        """Raises ModelUnfit for a scheduler of another kind."""
        told: Mapping[str, Any] = scheduler.config
        predicts = told.get("prediction_type", "flow_prediction")
        flow = told.get("use_flow_sigmas", type(scheduler).__name__.startswith("FlowMatch"))
        fit = flow and not told.get("use_dynamic_shifting", False)
        if not fit or predicts not in ("flow_prediction", "sample"):
            raise ModelUnfit(
                f"{title} cannot be trained here: its scheduler is of another kind",
                f"{type(scheduler).__name__}, {predicts}",
                "Train on a model whose scheduler mixes clip and noise in a straight line",
            )
        own = type(scheduler).from_config(dict(told))
        own.set_timesteps(steps)
        shift = float(told.get("flow_shift", told.get("shift", 1.0)) or 1.0)
        shot = tuple(min(float(each), 1.0) for each in own.sigmas if each > 0)
        return cls(predicts == "sample", shift, shot, int(told["num_train_timesteps"]))

    def level(self, chance: Random) -> float:
        """How much noise a lesson has: as when it is shot, or any."""
        if chance.random() < _AS_SHOT:
            return chance.choice(self.shot)
        even = chance.random()
        return max(_LEAST, self.shift * even / (1 + (self.shift - 1) * even))

    def noisy(self, clip: Any, noise: Any, level: float) -> Any:
        """What the network is shown."""
        return (1 - level) * clip + level * noise

    def wrong(self, answer: Any, clip: Any, noise: Any, level: float) -> Any:
        """How wrong each number of its answer is."""
        if self.clip:
            return (answer - clip) ** 2 / (level**2 + _BOUND)
        return (answer - (noise - clip)) ** 2
