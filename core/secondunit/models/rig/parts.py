"""A pipeline's heavy parts: at hand while they are used, in the pool while others may want the
memory.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from secondunit.callsheet import Reach
from secondunit.models.berth import AMPLE, THIN, Berth
from secondunit.models.forecast import Footprint, Lodging, Look
from secondunit.models.pool import PartKey
from secondunit.models.rig.halves import apart
from secondunit.models.rig.machine import DeviceGauge, Peak, partner_for, precision_for
from secondunit.models.rig.quick import quick_of, quickened, settled
from secondunit.weights.checkpoint import Checkpoint

READER = "text_encoder"
NETWORKS = ("transformer", "transformer_2")
VAE = "vae"
HEAVY = (READER, *NETWORKS, VAE)

_SELDOM = (READER, "image_encoder")  # how the names begin of what is used once a sheet

_ASIDE = "secondunit-aside-"


class Parts:
    """The heavy parts of one checkpoint on one device."""

    def __init__(self, checkpoint: Checkpoint, device: Any, berth: Berth) -> None:
        self.device, self.sparing = device, berth.sparing
        self._checkpoint, self._pool = checkpoint, berth.pool
        self._fast, self._tally = berth.fast, berth.tally
        self._footprint, self._lodging = Footprint.of(checkpoint), Lodging(device.type)
        self._gauge, self._peak = DeviceGauge(device), Peak(device)
        self._partner = partner_for(berth.device) if berth.sparing == AMPLE else None
        self._opening: dict[str, Any] = {}
        self._at_work = 0
        others = [name for name in checkpoint.components if checkpoint.numbers(name)]
        names = [name for name in dict.fromkeys((*HEAVY, *others)) if name in others]
        self._keys = {name: self._key(name) for name in names}
        self.readers = tuple(name for name in names if name.startswith(READER))
        """Those that read words: used once a sheet, and large."""
        self.seeing = tuple(name for name in names if not name.startswith(_SELDOM))
        """Those that a pipeline's loop needs: the network, the VAE and what stands beside them."""
        self._pipe: Any = None

    def all(self) -> dict[str, Any]:
        """Every part by its name. All are loaded, which proves their files; where there is no room
        for all at once, of those that went again there is the shape alone.
        """
        for name in self._keys:
            self._opening[name] = self._part(name)
        return self._opening

    def serve(self, pipe: Any) -> None:
        """Keep that pipeline provided with the parts it uses."""
        self._pipe, self._opening = pipe, {}
        held = self._pool.parts()
        for name, key in self._keys.items():
            if key not in held:
                setattr(pipe, name, None)

    def present(self) -> list[Any]:
        """The parts the pipeline has at hand."""
        found = [getattr(self._pipe, name, None) for name in self._keys]
        return [part for part in found if part is not None]

    @contextmanager
    def at_hand(self, names: Iterable[str], need: int = 0) -> Iterator[None]:
        """While this lasts the pipeline has those of its parts, and `need` bytes beside them.

        Raises what a library raises over files that cannot be read any more.
        """
        there = [name for name in names if name in self._keys]
        with ExitStack() as stack:
            for name in there:
                part = self._part(name)
                stack.enter_context(self._pool.kept(self._keys[name]))
                if getattr(self._pipe, name) is not part:
                    setattr(self._pipe, name, part)
            self._pool.make_room(need, self._gauge)
            for name in filter(self._is_network, there):
                settled(getattr(self._pipe, name))
                if self._partner is not None:
                    stack.enter_context(self._halved(name))
            stack.enter_context(self._tallied())
            yield

    @contextmanager
    def _halved(self, name: str) -> Iterator[None]:
        """While this lasts, half of each guided step is computed on the other device."""
        manner = f"{self._manner(name, self._partner)}, the other half"
        key = replace(self._keys[name], manner=manner)
        copy = self._held(name, key, self._partner, DeviceGauge(self._partner))
        with self._pool.kept(key), apart(getattr(self._pipe, name), copy, self._partner):
            yield

    @contextmanager
    def _tallied(self) -> Iterator[None]:
        """Note the most that was taken beside the weights, where the device tells. Work within
        work, as a preview is, counts with what is around it.
        """
        telling = self._peak.told and not self._at_work and self._partner is None
        if telling:
            self._peak.begin()
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            if telling:
                self._tally.took(self._peak.most() - self._pool.size())

    def let_go(self, key: PartKey) -> None:
        """See `Holder`."""
        if key.name in self._opening and self._keys.get(key.name) == key:
            self._opening[key.name] = self._shape(key.name)
        if self._pipe is not None and self._keys.get(key.name) == key:
            setattr(self._pipe, key.name, None)

    def a_pass(self, tokens: int) -> int:
        """Bytes that one pass over so many tokens takes beside the weights, about."""
        return self._footprint.a_pass(tokens, self._lodging)

    def a_look(self, look: Look, reach: Reach) -> int:
        """Bytes that a look takes beside the weights, about."""
        seen = self._footprint.reaching(reach)
        return seen.looking(look, self.sparing, self._lodging)

    @property
    def itemsize(self) -> int:
        """Bytes of a number as the network computes with."""
        return int(precision_for(self.device)["default"].itemsize)

    def precision(self) -> dict[str, str]:
        """In what numbers each part computes."""
        return {name: str(self._dtype(name)).removeprefix("torch.") for name in sorted(self._keys)}

    def fast(self) -> dict[str, Any]:
        """Which fast paths each network takes, as a side-car tells; empty where there are none."""
        told = {}
        for name in filter(self._is_network, self._keys):
            quick = quick_of(getattr(self._pipe, name, None))
            if quick is not None:
                told[name] = quick.told()
        return told | ({"halves": str(self._partner)} if self._partner is not None else {})

    @staticmethod
    def _is_network(name: str) -> bool:
        return name in NETWORKS

    def _part(self, name: str) -> Any:
        return self._held(name, self._keys[name], self.device, self._gauge)

    def _held(self, name: str, key: PartKey, device: Any, gauge: DeviceGauge) -> Any:
        size = self._footprint.on_device(name, self.sparing, self._lodging)
        return self._pool.part(key, size, lambda: self._loaded(name, device), self, gauge)

    def _key(self, name: str) -> PartKey:
        seldom = name.startswith(_SELDOM)
        manner = self._manner(name, self.device)
        return PartKey(name, self._checkpoint.identity(name), manner, seldom)

    def _manner(self, name: str, device: Any) -> str:
        fast = self._fast if name in NETWORKS else "off"
        return f"{device} {self._dtype(name)} {self.sparing} {fast}"

    def _dtype(self, name: str) -> Any:
        told = precision_for(self.device)
        return told.get(name, told["default"])

    def _loaded(self, name: str, device: Any) -> Any:
        part = self._kind(name).from_pretrained(
            self._checkpoint.folder / name,
            dtype=self._dtype(name),
            local_files_only=True,
            use_safetensors=True,
        )
        part = _sparing(part, name, device, self.sparing) if self.sparing else part.to(device)
        if name in NETWORKS:
            return quickened(part, self._fast, self.sparing, device)
        return part

    def _kind(self, name: str) -> Any:
        library, kind = self._checkpoint.index()[name]
        if importlib.util.find_spec(library) is None:  # a part that one pipeline alone uses
            library = f"diffusers.pipelines.{library}"
        return getattr(importlib.import_module(library), kind)

    def _shape(self, name: str) -> Any:
        """A part without its weights, for who reads its config."""
        import torch

        kind, folder = self._kind(name), self._checkpoint.folder / name
        with torch.device("meta"):
            if hasattr(kind, "load_config"):
                return kind.from_config(kind.load_config(folder, local_files_only=True))
            return kind(kind.config_class.from_pretrained(folder, local_files_only=True))


def _sparing(part: Any, name: str, device: Any, sparing: int) -> Any:
    """A part that takes little of the device: a VAE works in tiles, all others wait elsewhere and
    come block by block. Where the device is the processor itself they wait on the disk.
    """
    import torch
    from diffusers.hooks import apply_group_offloading

    if name == VAE:
        part.enable_tiling()
        return part.to(device)
    if sparing >= THIN and name in NETWORKS:
        part.enable_layerwise_casting(torch.float8_e4m3fn, compute_dtype=part.dtype)
    _shared_once(part)
    away: dict[str, Any] = {"offload_device": torch.device("cpu")}
    if device.type == "cpu":
        away["offload_to_disk_path"] = _folder_of(part)
    whole = name in NETWORKS
    apply_group_offloading(
        part,
        onload_device=device,
        offload_type="block_level" if whole else "leaf_level",
        num_blocks_per_group=1 if whole else None,
        use_stream=device.type == "cuda",
        **away,
    )
    return part


def _shared_once(part: Any) -> None:
    """Weights that several layers share become one layer with several names: put aside layer by
    layer, they would be put aside a second time, when they are not there any more.
    """
    owners: dict[int, Any] = {}
    for name, layer in list(part.named_modules(remove_duplicate=False)):
        own = list(layer.parameters(recurse=False))
        if own:
            first = owners.setdefault(id(own[0]), layer)
            if first is not layer:
                above, _, last = name.rpartition(".")
                setattr(part.get_submodule(above), last, first)


def _folder_of(part: Any) -> str:
    """A folder that goes when the part does, and a while after us where we are killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_ASIDE}*-*"):
        owner = left.name.removeprefix(_ASIDE).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    folder = tempfile.mkdtemp(prefix=f"{_ASIDE}{os.getpid()}-")
    weakref.finalize(part, shutil.rmtree, folder, ignore_errors=True)
    return folder
