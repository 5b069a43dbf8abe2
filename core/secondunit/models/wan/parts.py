"""A pipeline's heavy parts: at hand while they are used, in the pool while others may want the
memory.
"""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from secondunit.models.berth import THIN, Berth
from secondunit.models.pool import PartKey
from secondunit.models.wan.machine import DeviceGauge, precision_for
from secondunit.weights.checkpoint import Checkpoint

READER = "text_encoder"
NETWORKS = ("transformer", "transformer_2")
VAE = "vae"
HEAVY = (READER, *NETWORKS, VAE)

_ASIDE = "secondunit-aside-"


class Parts:
    """The heavy parts of one checkpoint on one device."""

    def __init__(self, checkpoint: Checkpoint, device: Any, berth: Berth) -> None:
        self.device, self.sparing = device, berth.sparing
        self._checkpoint, self._pool = checkpoint, berth.pool
        self._gauge = DeviceGauge(device)
        self._keys = {name: self._key(name) for name in HEAVY if name in checkpoint.components}
        self._pipe: Any = None

    def all(self) -> dict[str, Any]:
        """Every part by its name, loaded."""
        return {name: self._part(name) for name in self._keys}

    def serve(self, pipe: Any) -> None:
        """Keep that pipeline provided with the parts it uses."""
        self._pipe = pipe

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
            yield

    def let_go(self, key: PartKey) -> None:
        """See `Holder`."""
        if self._pipe is not None and self._keys.get(key.name) == key:
            setattr(self._pipe, key.name, None)

    @property
    def itemsize(self) -> int:
        """Bytes of a number as the network computes with."""
        return int(precision_for(self.device)["default"].itemsize)

    def precision(self) -> dict[str, str]:
        """In what numbers each part computes."""
        return {name: str(self._dtype(name)).removeprefix("torch.") for name in sorted(self._keys)}

    def _part(self, name: str) -> Any:
        key = self._keys[name]
        size = self._checkpoint.numbers(name) * self._dtype(name).itemsize
        return self._pool.part(key, size, lambda: self._loaded(name), self, self._gauge)

    def _key(self, name: str) -> PartKey:
        manner = f"{self.device} {self._dtype(name)} {self.sparing}"
        return PartKey(name, self._checkpoint.identity(name), manner, seldom=name == READER)

    def _dtype(self, name: str) -> Any:
        told = precision_for(self.device)
        return told.get(name, told["default"])

    def _loaded(self, name: str) -> Any:
        library, kind = self._checkpoint.index()[name]
        part = getattr(importlib.import_module(library), kind).from_pretrained(
            self._checkpoint.folder / name,
            dtype=self._dtype(name),
            local_files_only=True,
            use_safetensors=True,
        )
        if not self.sparing:
            return part.to(self.device)
        return _sparing(part, name, self.device, self.sparing)


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
