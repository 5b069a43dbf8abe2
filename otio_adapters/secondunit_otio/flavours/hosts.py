"""What each application can open, so that its flavour of a cut holds nothing it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from secondunit_contract.problem import BadInput


@dataclass(frozen=True)
class Host:
    """An application, or a format, that a cut is written for.

    `suffix`      of the file it opens
    `sequences`   whether it reads image sequences; else a movie take stands in where there is one
    `urls`        whether it reads file:// addresses; else media are named by plain paths
    `every`       whether it is given all takes of a clip; else the one in use, as DEFAULT_MEDIA
    `note`        the metadata namespace in which it keeps a marker's text; "" where the comment is
        enough
    `stamp`       what it expects in the cut's own metadata
    `unread`      kinds of media it drops
    `tracks`      how many video and audio tracks the format holds; None: any number
    `nested`      whether sequences within sequences are kept
    `transitions`, `warps`  whether these are kept
    """

    name: str
    suffix: str = ".otio"
    sequences: bool = False
    urls: bool = True
    every: bool = False
    note: str = ""
    stamp: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    tracks: tuple[int | None, int | None] = (None, None)
    nested: bool = True
    transitions: bool = True
    warps: bool = True

    @property
    def native(self) -> bool:
        """Whether it opens OpenTimelineIO itself."""
        return self.suffix == ".otio"


_MADE = frozenset({"GeneratorReference"})

_ALL = (
    Host(
        "resolve",
        urls=False,
        note="Resolve_OTIO",
        stamp={"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}},
    ),
    Host("premiere", stamp={"PremierePro_OTIO": {"MetadataVersion": "1.0"}}),
    Host("hiero"),
    Host("kdenlive", urls=False, unread=_MADE),
    Host("rv", sequences=True, every=True),
    Host("blender", sequences=True, unread=_MADE | {"MissingReference"}),
    Host("fcp7", ".xml", warps=False),
    Host("edl", ".edl", tracks=(1, 0), nested=False),
    Host("aaf", ".aaf", nested=False, transitions=False, warps=False),
)

HOSTS: Mapping[str, Host] = MappingProxyType({host.name: host for host in _ALL})
"""Every host by its name."""


def host_named(name: str) -> Host:
    """The host of that name, in any case. Raises BadInput."""
    host = HOSTS.get(name.lower())
    if host is None:
        raise BadInput(
            f"There is no flavour for {name!r}", remedy="Choose one of " + ", ".join(HOSTS)
        )
    return host
