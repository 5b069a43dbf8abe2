"""Checkpoints of random weights, of any size: files with nothing in them that take no disk, loaded
as real ones are, then filled where they lie. Speed does not hang on what the numbers are, but all
zeros would let a GPU run cooler and faster than it does.
"""

from __future__ import annotations

import copy
import json
import string
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from secondunit.bench.shoot.subjects import Subject
from secondunit.models.pool import Pool

PARTS = ("text_encoder", "transformer", "vae")
_FILE = "diffusion_pytorch_model.safetensors"
_KINDS = {"BF16": 2, "F32": 4}
_WORDS = ("a", "ball", "rolls", "over", "the", "hills")
_SEED = 7


def blank(folder: Path, subject: Subject, numbers: str = "F32") -> Path:
    """A checkpoint's folder: configs, an empty network and VAE, and a text reader of one layer that
    gives words of the width the network wants. `numbers` is what the network's are: BF16, F32.
    """
    import diffusers
    import torch
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler

    kind, config = subject.network
    network_kind = getattr(diffusers, kind)
    with torch.device("meta"):
        network, vae = network_kind(**config), AutoencoderKLWan(**subject.vae)
    for name, part, size in (("transformer", network, numbers), ("vae", vae, "F32")):
        part.save_config(folder / name)
        _hollow(folder / name / _FILE, part.state_dict(), size)
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )
    scheduler.save_pretrained(folder / "scheduler")
    _reader(folder, int(config["text_dim"]))
    index = {
        "_class_name": subject.kind,
        "_diffusers_version": diffusers.__version__,
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
        "text_encoder": ["transformers", "UMT5EncoderModel"],
        "tokenizer": ["transformers", "T5Tokenizer"],
        "transformer": ["diffusers", kind],
        "vae": ["diffusers", "AutoencoderKLWan"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=1), "utf-8")
    return folder


def _hollow(path: Path, shapes: Mapping[str, Any], kind: str) -> None:
    """A safetensors file of the right length, of which only the table of contents is written."""
    contents, end = {}, 0
    for name, each in shapes.items():
        begun, end = end, end + each.numel() * _KINDS[kind]
        contents[name] = {
            "dtype": kind, "shape": list(each.shape), "data_offsets": [begun, end],
        }  # fmt: skip
    told = json.dumps(contents).encode()
    told += b" " * (-len(told) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(told)) + told)
        file.truncate(8 + len(told) + end)


def _reader(folder: Path, width: int) -> None:
    import torch
    from transformers import T5Tokenizer, UMT5Config, UMT5EncoderModel

    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    words += [(f"▁{word}", -2.0) for word in _WORDS]
    words += [(each, -8.0) for each in "▁" + string.ascii_letters + string.digits + ".,'!?-"]
    tokenizer = T5Tokenizer(vocab=words, extra_ids=0, model_max_length=512)
    torch.manual_seed(_SEED)
    reader = UMT5EncoderModel(
        UMT5Config(
            vocab_size=len(tokenizer), d_model=width, d_kv=8, d_ff=64, num_layers=1, num_heads=4
        )
    )
    reader.save_pretrained(folder / "text_encoder")
    tokenizer.save_pretrained(folder / "tokenizer")


def fill(part: Any) -> None:
    """Random numbers, where the part lies, as its layers begin their training with."""
    import torch

    torch.manual_seed(_SEED)
    with torch.no_grad():
        for layer in part.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
                continue
            for name, weights in layer.named_parameters(recurse=False):
                if name == "gamma":
                    weights.fill_(1.0)
                else:
                    weights.normal_(std=weights.shape[-1] ** -0.5)


def filled(pool: Pool) -> dict[str, Any]:
    """The parts that a pool holds of one checkpoint, filled but for the reader."""
    parts = {name: pool.of(name)[0] for name in PARTS}
    for name in PARTS[1:]:
        fill(parts[name])
    return parts


def twin(part: Any) -> Any:
    """The same part once more, of the same numbers in memory: what is done to one leaves the other
    as it is.
    """
    shared = [*part.parameters(), *part.buffers()]
    return copy.deepcopy(part, {id(each): each for each in shared})
