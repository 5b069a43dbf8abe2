"""Write a trained starter as a folder: python -m tools.starter.export RUN FOLDER.

The folder is a checkpoint of the official pipeline class, in half precision, with its card.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from secondunit.weights.checkpoint import CARD, INDEX, Checkpoint
from tools.starter import network as parts
from tools.starter.linear import Linear, autoencoder

_TEMPLATE = Path(__file__).parent / CARD
_INDEX = {
    "_class_name": "WanVACEPipeline",
    "_diffusers_version": "0.42.1",
    "boundary_ratio": None,
    "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    "text_encoder": ["transformers", "UMT5EncoderModel"],
    "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
    "transformer": ["diffusers", "WanVACETransformer3DModel"],
    "transformer_2": [None, None],
    "vae": ["diffusers", "AutoencoderKLWan"],
}


def exported(run: Path, folder: Path) -> Checkpoint:
    """The moving average of a run, as a folder; what was there before goes when this is whole."""
    held = torch.load(run / "checkpoint.pt", weights_only=True)
    network, reader = parts.transformer(parts.Size(**held["size"])), parts.reader()
    network.load_state_dict(held["average"])
    reader.load_state_dict(held["average_reader"])
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    _save(network, part / "transformer")
    _save(reader, part / "text_encoder")
    _save(autoencoder(Linear(**held["linear"])), part / "vae")
    parts.tokenizer().save_pretrained(part / "tokenizer")
    told = part / "tokenizer" / "tokenizer_config.json"
    config = json.loads(told.read_text("utf-8"))
    told.write_text(json.dumps(config | {"tokenizer_class": "PreTrainedTokenizerFast"}), "utf-8")
    parts.scheduler().save_pretrained(part / "scheduler")
    (part / INDEX).write_text(json.dumps(_INDEX, indent=1), "utf-8")
    checkpoint = Checkpoint.open(part)
    card = _TEMPLATE.read_text("utf-8") + f'sha256 = "{checkpoint.fingerprint()}"\n'
    (part / CARD).write_text(card, "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)
    return Checkpoint.open(folder)


def _save(part: Any, folder: Path) -> None:
    part.half().save_pretrained(folder, safe_serialization=True)


def main() -> None:
    """Export, from the command line."""
    told = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    told.add_argument("run", type=Path)
    told.add_argument("folder", type=Path)
    given = told.parse_args()
    checkpoint = exported(given.run, given.folder)
    size = sum(each.stat().st_size for each in given.folder.rglob("*") if each.is_file())
    print(f"{given.folder}: {checkpoint.numbers() / 1e6:.1f} M numbers, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
