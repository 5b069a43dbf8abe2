"""What a checkpoint that gives back light has beside its parts: the adapter that taught it, and the
words it was taught with, read beforehand.

Both are files in its folder, called as their maker calls them. Its card.toml may name others:
`adapter`, `embeddings`. An empty name says that there is none: that the adapter was merged into the
network, or that words are to be read for each sheet.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secondunit.models.rig.card import Told, sizes_of, transformer_of
from secondunit.weights.adapters import wanted
from secondunit.weights.checkpoint import CARD, Checkpoint, header
from secondunit_contract.problem import CheckpointInvalid

HOME = "Lightricks/LTX-2.3-22b-IC-LoRA-HDR"
ADAPTER = "ltx-2.3-22b-ic-lora-hdr-0.9.safetensors"
EMBEDDINGS = "ltx-2.3-22b-ic-lora-hdr-scene-emb.safetensors"
VIDEO, AUDIO = "video_context", "audio_context"

_SMALLER = "reference_downscale_factor"
_CODE = "hdr_transform"
_CODES = ("", "true", "logc3")  # the last is what the pipeline decodes; the others name none
_WITHOUT = {
    "adapter": 'Where it is merged into the network already: adapter = ""',
    "embeddings": 'To have the words of each shot read instead: embeddings = ""',
}


@dataclass(frozen=True)
class Kit:
    """The two files, where there are any; `smaller` is by how much smaller than its answer the
    adapter was taught to be shown the plate.
    """

    adapter: Path | None
    embeddings: Path | None
    smaller: int = 1

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Kit:
        """Found and looked through; of neither more than its header is read. Raises
        CheckpointInvalid for one that is missing, half written or of another model.
        """
        told = Told(checkpoint)
        adapter = _file(checkpoint, told, "adapter", ADAPTER)
        embeddings = _file(checkpoint, told, "embeddings", EMBEDDINGS)
        if embeddings is not None:
            _refuse_other_words(embeddings, checkpoint)
        return cls(adapter, embeddings, 1 if adapter is None else _smaller(adapter))

    def told(self) -> dict[str, Any]:
        """What a side-car tells of the files."""
        told: dict[str, Any] = {}
        if self.adapter is not None:
            told["adapter"] = wanted(self.spec()).told()
        if self.embeddings is not None:
            with self.embeddings.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            told["embeddings"] = {"name": self.embeddings.name, "sha256": digest}
        return told

    def spec(self) -> str:
        """The adapter, to be worn as its maker does: whole. Empty where there is none."""
        return "" if self.adapter is None else f"{self.adapter}:1"


def _file(checkpoint: Checkpoint, told: Told, key: str, usual: str) -> Path | None:
    name = told.text(key, usual)
    if not name:
        return None
    if Path(name).name != name:
        raise told.wrong(key, "must name a file of its own folder")
    path = checkpoint.folder / name
    if not path.is_file():
        raise CheckpointInvalid(
            f"{name} is missing: without its {key} this model gives back no light",
            str(path),
            f"Fetch it from {HOME} and put it there; or name another file of this folder in "
            f'{CARD}: {key} = "FILE". {_WITHOUT[key]}',
        )
    return path


def _smaller(adapter: Path) -> int:
    about = header(adapter).get("__metadata__") or {}
    code = str(about.get(_CODE, "")).lower()
    if code not in _CODES:
        raise CheckpointInvalid(
            f"{adapter.name} was taught light in another code: {code}, not {_CODES[-1]}",
            str(adapter),
            f"Take the adapter that was made for this model: {ADAPTER} of {HOME}",
        )
    told = str(about.get(_SMALLER, "1"))
    try:
        times = float(told)
    except ValueError:
        times = 0.0
    if times < 1 or not times.is_integer():
        raise CheckpointInvalid(
            f"{adapter.name} says that the plate is shown to it {told} times smaller",
            str(adapter),
            "Fetch it again; that must be a whole number",
        )
    return int(times)


def _refuse_other_words(file: Path, checkpoint: Checkpoint) -> None:
    told = header(file)
    with sizes_of(checkpoint):
        widths = _widths(transformer_of(checkpoint))
    for name, width in zip((VIDEO, AUDIO), widths, strict=True):
        shape = told.get(name, {}).get("shape", [])
        if len(shape) != 3 or shape[0] != 1 or shape[2] != width:
            raise CheckpointInvalid(
                f"{file.name} holds no words for this model: {name} is {shape or 'not there'}, "
                f"where it must be [1, some, {width}]",
                str(file),
                f"Take the one that was made for it: {EMBEDDINGS} of {HOME}",
            )


def _widths(network: dict[str, Any]) -> tuple[int, int]:
    """How wide the words are that the network hears for its picture, and for its sound."""
    if network.get("use_prompt_embeddings", True):
        wide = int(network["caption_channels"])
        return wide, wide
    return int(network["cross_attention_dim"]), int(network["audio_cross_attention_dim"])
