"""Where a model is to live on this machine: on which device, among which others, how sparingly."""

from __future__ import annotations

from dataclasses import dataclass, field

from secondunit.models.pool import Pool
from secondunit.settings import Fast

AMPLE, TILED, THIN = 0, 1, 2
"""How sparing: all of it at hand; its picture in tiles and its network fetched block by block; the
network in fewer bits as well.
"""


@dataclass
class Tally:
    """The most bytes that work has taken beside the weights since this was last read; 0 where the
    device does not tell.
    """

    most: int = 0

    def took(self, count: int) -> None:
        """Some work took so many."""
        self.most = max(self.most, count)

    def read(self) -> int:
        """The most so far; counted anew from here."""
        most, self.most = self.most, 0
        return most


@dataclass(frozen=True)
class Berth:
    """Where a model lives.

    device    auto, cpu, cuda, cuda:1, mps; or two, cuda:0+cuda:1, that share each step
    pool      what is loaded already, by this model and others
    sparing   how sparing of memory it has to be: see AMPLE, TILED, THIN
    fast      which fast paths it may take: see `secondunit.settings.Fast`
    tally     where it is noted how much its work took
    """

    device: str = "auto"
    pool: Pool = field(default_factory=Pool)
    sparing: int = AMPLE
    fast: Fast = "auto"
    tally: Tally = field(default_factory=Tally)
