"""Where a model is to live on this machine: on which device, among which others, how sparingly."""

from __future__ import annotations

from dataclasses import dataclass, field

from secondunit.models.pool import Pool

AMPLE, TILED, THIN = 0, 1, 2
"""How sparing: all of it at hand; its picture in tiles and its network fetched block by block; the
network in fewer bits as well.
"""


@dataclass(frozen=True)
class Berth:
    """Where a model lives.

    device    auto, cpu, cuda, cuda:1, mps
    pool      what is loaded already, by this model and others
    sparing   how sparing of memory it has to be: see AMPLE, TILED, THIN
    """

    device: str = "auto"
    pool: Pool = field(default_factory=Pool)
    sparing: int = AMPLE
