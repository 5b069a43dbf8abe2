"""Fast paths of a network: attention and compiled blocks, by the GPU and by what is installed.

None of them on the processor, none where they are switched off, and none that has not given, on
this very device, what torch's own attention gives: some load, and make confetti.
"""

from __future__ import annotations

import importlib.util
import inspect
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from secondunit.models.berth import AMPLE
from secondunit.settings import Fast

NATIVE = "native"

HOPPER, ADA = (9, 0), (8, 9)
BLACKWELL = frozenset({(10, 0), (10, 3)})
BLACKWELL_DESK = frozenset({(12, 0), (12, 1)})

OWN_CODE = 4
"""Buckets: so many clip shapes get compiled code of their own, the first that are shot; all others
share code that takes any length. A shot's windows are of two lengths at most, and a plate of one
size: the fifth shape is another job.
"""

_FLASH_3_KERNEL = "kernels-community/flash-attn3"
_ATTENTION: tuple[tuple[frozenset[tuple[int, int]], str, str], ...] = (
    (frozenset({HOPPER}), "_flash_3", "flash_attn_interface"),
    (frozenset({HOPPER}), "_flash_3_hub", _FLASH_3_KERNEL),
    (frozenset({HOPPER}) | BLACKWELL, "_native_cudnn", ""),
    (frozenset({ADA}) | BLACKWELL_DESK, "sage", "sageattention"),
)
"""Which GPUs, the attention's name in diffusers, and the package it needs: the first that fits.

Never sage on Hopper: its kernel there makes confetti (diffusers #12783).
"""

_PACKAGES = ("flash_attn_interface", "sageattention", "triton")
_COMPILERS = ("cc", "gcc", "clang", "cl")
_OLDEST_COMPILED = (7, 0)
_RECOMPILES = 64  # all blocks of all networks count as one function, and torch gives up after 8
_OFF = 0.2  # of the result's length: eight bits are off by some hundredths, confetti by more than 1
_CACHE_THRESHOLD = 0.05


@dataclass(frozen=True)
class Gpu:
    """What decides on fast paths: the compute capability, None where there is no such GPU, and what
    is installed.
    """

    capability: tuple[int, int] | None = None
    installed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, device: Any) -> Gpu:
        """The one at hand. Nothing is fetched: a kernel counts that lies in the local cache."""
        if device.type != "cuda":
            return cls()
        import torch

        found = {name for name in _PACKAGES if importlib.util.find_spec(name) is not None}
        if importlib.util.find_spec("kernels") is not None and _cached(_FLASH_3_KERNEL):
            found.add(_FLASH_3_KERNEL)
        if sys.platform == "win32" or any(shutil.which(each) for each in _COMPILERS):
            found.add("compiler")
        return cls(torch.cuda.get_device_capability(device), frozenset(found))

    def attentions(self) -> list[str]:
        """The attentions worth trying, best first; torch's own is always there."""
        fitting = [
            name
            for gpus, name, package in _ATTENTION
            if self.capability in gpus and (not package or package in self.installed)
        ]
        return [*fitting, NATIVE]

    def compiles(self) -> bool:
        """Whether blocks can be compiled for it."""
        new_enough = self.capability is not None and self.capability >= _OLDEST_COMPILED
        return new_enough and {"triton", "compiler"} <= self.installed


@dataclass(eq=False)
class Quick:
    """The fast paths a network takes.

    compiled   how often code was made for its blocks
    shapes     the clip shapes that have code of their own
    """

    attention: str = NATIVE
    cached: bool = False
    compiled: int = 0
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    blocks: list[tuple[Any, Any, Any]] = field(default_factory=list)
    worn: tuple[str, ...] = ()
    hook: Any = None

    def told(self) -> dict[str, Any]:
        """What a side-car tells of it: it changes bits."""
        return {
            "attention": self.attention,
            "compiled": bool(self.blocks),
            "cached": self.cached,
        }


_QUICK: WeakKeyDictionary[Any, Quick] = WeakKeyDictionary()


def quickened(
    network: Any, fast: Fast, sparing: int, device: Any, gpu: Gpu | None = None,
    compiler: str | Callable[..., Any] = "inductor",
) -> Any:  # fmt: skip
    """The network, on the fast paths it may take; itself where there are none."""
    gpu = gpu or Gpu.of(device)
    if fast == "off" or gpu.capability is None:
        return network
    quick = _QUICK[network] = Quick()
    if not _takes_masks(network):
        quick.attention = _attending(network, gpu, device)
    if fast == "cached" and caches(network):
        _cache(network, quick)
    elif sparing == AMPLE and gpu.compiles() and getattr(network, "_repeated_blocks", None):
        _compile(network, quick, compiler)
    return network


def quick_of(network: Any) -> Quick | None:
    """The fast paths a network was put on; None for one that was left as it is."""
    return _QUICK.get(network)


def compiled(part: Any) -> bool:
    """Whether its blocks are compiled: they must not be hooked then, which would break the code up;
    what asks whether to go on asks before each pass.
    """
    quick = quick_of(part)
    return quick is not None and bool(quick.blocks)


def settled(part: Any) -> None:
    """Forget what a network remembers of the steps before: of a take that was broken off, too."""
    quick = quick_of(part)
    if quick is not None and quick.cached:
        part._reset_stateful_cache()


# ------------------------------------------------------------------------- attention


def proven(attention: str, device: Any, width: int = 128) -> bool:
    """Whether that attention gives, here, what torch's own gives."""
    import torch
    from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn

    generator = torch.Generator("cpu").manual_seed(0)
    numbers = torch.bfloat16 if device.type == "cuda" else torch.float32
    query, key, value = (
        torch.randn((1, length, 2, width), generator=generator).to(device, numbers)
        for length in (200, 77, 77)
    )
    try:
        with torch.no_grad():
            made, wanted = (
                dispatch_attention_fn(query, key, value, backend=AttentionBackendName(each)).float()
                for each in (attention, NATIVE)
            )
    except (ImportError, OSError, RuntimeError, ValueError, TypeError, AssertionError):
        return False
    if made.shape != wanted.shape or not bool(torch.isfinite(made).all()):
        return False
    return float((made - wanted).norm() / wanted.norm()) < _OFF


def _attending(network: Any, gpu: Gpu, device: Any) -> str:
    """The first attention that is proven, set on this network alone."""
    from diffusers.models.attention_dispatch import AttentionBackendName, attention_backend

    width = int(getattr(network.config, "attention_head_dim", None) or 128)
    for name in gpu.attentions()[:-1]:
        if proven(name, device, width):
            # Setting it makes it everybody's; the block puts back what was everybody's before.
            with attention_backend(AttentionBackendName.NATIVE):
                network.set_attention_backend(name)
            return name
    return NATIVE


def _takes_masks(network: Any) -> bool:
    """Fast attentions take none."""
    told = inspect.signature(type(network).forward).parameters
    return any("mask" in name for name in told) or not hasattr(network, "set_attention_backend")


def _cached(repository: str) -> bool:
    from huggingface_hub.constants import HF_HUB_CACHE

    return (Path(HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}").is_dir()


# ------------------------------------------------------------------------- skipped blocks


def caches(network: Any) -> bool:
    """Whether blocks may be skipped. Not with control hints: they would be added twice, once in
    what was remembered and once again (seen in diffusers 0.42.1).
    """
    told = inspect.signature(type(network).forward).parameters
    return hasattr(network, "enable_cache") and not any("control" in name for name in told)


def _cache(network: Any, quick: Quick) -> None:
    from diffusers import FirstBlockCacheConfig

    network.enable_cache(FirstBlockCacheConfig(threshold=_CACHE_THRESHOLD))
    quick.cached = True


# ------------------------------------------------------------------------- compiled blocks


def _compile(network: Any, quick: Quick, compiler: str | Callable[..., Any]) -> None:
    """Compile the blocks twice over: for the shapes that get code of their own, and for any.

    Nothing is made before the first pass; each pass chooses.
    """
    import torch

    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, _RECOMPILES)
    torch._dynamo.config.suppress_errors = True  # what cannot be compiled runs as it is
    own, shared = (_counting(compiler, quick) for _ in range(2))
    blocks = [each for each in network.modules() if type(each).__name__ in network._repeated_blocks]
    network.compile_repeated_blocks(backend=own, dynamic=False)
    ours = [block._compiled_call_impl for block in blocks]
    network.compile_repeated_blocks(backend=shared, dynamic=True)
    quick.blocks = [
        (block, each, block._compiled_call_impl) for block, each in zip(blocks, ours, strict=True)
    ]
    quick.hook = network.register_forward_pre_hook(_choosing(quick), with_kwargs=True)


def _counting(compiler: str | Callable[..., Any], quick: Quick) -> Callable[..., Any]:
    """A compiler that counts. Torch keeps the code of two such apart."""
    import torch

    def count(graph: Any, given: Any) -> Any:
        quick.compiled += 1
        compile = torch._dynamo.lookup_backend(compiler) if isinstance(compiler, str) else compiler
        return compile(graph, given)

    return count


def _choosing(quick: Quick) -> Callable[..., None]:
    """Before each pass: the code of its bucket; all code made anew when adapters have changed."""

    def choose(network: Any, told: tuple[Any, ...], named: dict[str, Any]) -> None:
        import torch

        worn = tuple(sorted(getattr(network, "peft_config", None) or ()))
        if worn != quick.worn:
            quick.worn = worn
            torch.compiler.reset()
        shape = bucket(told, named)
        own = shape in quick.shapes or len(quick.shapes) < OWN_CODE
        if own:
            quick.shapes.add(shape)
        for block, ours, shared in quick.blocks:
            block._compiled_call_impl = ours if own else shared

    return choose


def bucket(told: tuple[Any, ...], named: dict[str, Any]) -> tuple[int, ...]:
    """What two passes must have in common to share code: the sizes of all they are given."""
    given = [*told, *(named[name] for name in sorted(named))]
    return tuple(size for each in given if hasattr(each, "shape") for size in each.shape)


def stripped(network: Any) -> Any:
    """The network as the stock pipeline has it: native attention, nothing compiled or skipped."""
    quick = _QUICK.pop(network, None)
    if quick is None:
        return network
    for block, _, _ in quick.blocks:
        block._compiled_call_impl = None
    if quick.hook is not None:
        quick.hook.remove()
    if quick.cached:
        network.disable_cache()
    if quick.attention != NATIVE:
        network.set_attention_backend(NATIVE)
    return network
