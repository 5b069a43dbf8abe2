"""Adapters (LoRAs) are put on a pipeline's networks for the length of a take, and taken off after:
the bare model is then what it was, bit for bit.

They are never merged into the weights, which other models may share. Where a network comes block by
block its adapters do not: they are small, and stay at hand. diffusers would take them into its
groups, whose files on disk were written without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from secondunit.callsheet import ModelCard
from secondunit.models.rig.loading import quiet
from secondunit.weights.adapters import Worn, wanted
from secondunit_contract.problem import CheckpointInvalid, ModelUnfit, PartMissing

_SECOND = "transformer_2"
_PARTS = (".lora_A", ".lora_B", ".lora_magnitude", ".lora.down", ".lora.up", ".lokr_")


@contextmanager
def worn(pipe: Any, told: Sequence[str], card: ModelCard) -> Iterator[None]:
    """While this lasts the pipeline's networks wear these adapters: files with their weights, as in
    "/path/to/look.safetensors:0.8". Its networks must be at hand.

    Where there are two networks, an adapter of two files goes on each with its own, one of one file
    on both. Raises ModelUnfit for an adapter of another model, CheckpointInvalid, CheckpointUnsafe,
    PartMissing.
    """
    wearing = [each for each in map(wanted, told) if each.weight]
    if not wearing:
        yield
        return
    _refuse_without_peft()
    networks = _networks(pipe)
    try:
        with quiet():
            for number, each in enumerate(wearing):
                each.adapter.refuse_other(card)
                _put_on(pipe, networks, each, f"worn_{number}", card)
            for network in networks.values():
                _weigh(network, [each.weight for each in wearing])
        yield
    finally:
        with quiet():
            for network in networks.values():
                taken_off(network)


def taken_off(network: Any) -> None:
    """Take all that a network wears off it."""
    from diffusers.utils import recurse_remove_peft_layers

    if _worn_by(network):
        recurse_remove_peft_layers(network)
        del network.peft_config
        network._hf_peft_config_loaded = None


def _networks(pipe: Any) -> dict[str, Any]:
    """The networks at hand that can wear something, by their names."""
    names = (getattr(pipe, "transformer_name", "transformer"), _SECOND)
    found = {name: getattr(pipe, name, None) for name in dict.fromkeys(names)}
    return {name: network for name, network in found.items() if network is not None}


def _put_on(pipe: Any, networks: dict[str, Any], each: Worn, name: str, card: ModelCard) -> None:
    adapter = each.adapter
    for part, network in networks.items():
        second = part == _SECOND
        file = adapter.low if second and adapter.low is not None else adapter.file
        with _readable(file):
            layers, about = pipe.lora_state_dict(
                str(file.parent),
                weight_name=file.name,
                local_files_only=True,
                use_safetensors=True,
                return_lora_metadata=True,
            )
            _refuse_unlike(adapter.name, file, layers, network, card)
            pipe.load_lora_into_transformer(layers, network, adapter_name=name, metadata=about)
        if name not in _worn_by(network):
            raise _no_adapter(file)
        _settle(network, name, layers, pipe._execution_device)


def _settle(network: Any, name: str, layers: Any, device: Any) -> None:
    """An adapter's numbers where its network computes, and as precise as that: a network that waits
    elsewhere, or in fewer bits, would have it so too.
    """
    told = {key.partition(".")[2]: each for key, each in layers.items()}
    kind = _computed_in(network)
    for key, weights in network.named_parameters():
        if f".{name}." in key:
            own = told.get(key.replace(f".{name}.", "."), weights.data)
            weights.data = own.to(device, kind)


def _computed_in(network: Any) -> Any:
    """The precision a network computes in, which need not be the one it is held in."""
    import torch

    kinds = [each.dtype for each in network.parameters() if each.is_floating_point()]
    return next((kind for kind in kinds if kind.itemsize == 2), torch.float32)


def _weigh(network: Any, weights: list[float]) -> None:
    from diffusers.utils import set_weights_and_activate_adapters

    told = {f"worn_{number}": weight for number, weight in enumerate(weights)}
    names = [name for name in told if name in _worn_by(network)]
    if names:
        set_weights_and_activate_adapters(network, names, [told[name] for name in names])


def _worn_by(network: Any) -> dict[str, Any]:
    return getattr(network, "peft_config", None) or {}


def _refuse_unlike(name: str, file: Path, layers: Any, network: Any, card: ModelCard) -> None:
    """Raise ModelUnfit for layers that the network has not, or has in another width: what loads
    them would leave them out in silence.
    """
    there = dict(network.named_modules())
    asked = {_layer(key): (key, tuple(each.shape)) for key, each in layers.items() if _layer(key)}
    if not asked:
        raise _no_adapter(file)
    strange = sorted(layer for layer in asked if layer not in there)
    if strange:
        raise ModelUnfit(
            f"The adapter {name} was made for another model than {card.title}: "
            f"{len(strange)} of its {len(asked)} layers are not there, {strange[0]} among them",
            str(file),
            "Shoot with the model it was made for, or leave it off",
        )
    for key, shape in ((key, tuple(each.shape)) for key, each in layers.items()):
        own = _width(there.get(_layer(key)), key)
        if own and len(shape) == 2 and shape[1 if ".lora_A" in key else 0] != own:
            raise ModelUnfit(
                f"The adapter {name} was made for another model than {card.title}: its layers are "
                f"{shape[1 if '.lora_A' in key else 0]} wide, and the model's {own}",
                str(file),
                "Shoot with the model it was made for, or leave it off",
            )


def _layer(key: str) -> str:
    """The layer of the network that a weight of an adapter belongs to."""
    for part in _PARTS:
        before, met, _ = key.partition(part)
        if met:
            return before.partition(".")[2] if before.startswith("transformer") else before
    return ""


def _width(layer: Any, key: str) -> int:
    """How wide that layer is where this weight meets it; 0 where nobody says."""
    if ".lora_A" in key:
        return int(getattr(layer, "in_features", 0))
    return int(getattr(layer, "out_features", 0)) if ".lora_B" in key else 0


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointInvalid(
            f"The adapter {file.name} cannot be put on: {str(error).partition(chr(10))[0]}",
            str(file),
            "Get it in the form that diffusers reads, or leave it off",
        ) from error


def _no_adapter(file: Path) -> CheckpointInvalid:
    return CheckpointInvalid(
        f"{file.name} holds nothing that could be put on this model",
        str(file),
        "Get it in the form that diffusers reads, or leave it off",
    )


def _refuse_without_peft() -> None:
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise PartMissing(
            "The library that adapters need is not installed: peft",
            "peft",
            'Install it: pip install "secondunit[models]"',
        ) from error
