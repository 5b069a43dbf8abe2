"""What a model runs on: which device, in which precision, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from secondunit_contract.problem import BadValue, NotEnoughMemory

_SPARED = 0.05  # of a device's memory
# How allocators of processors and of devices without an exception of their own say it.
_AND = "+"  # between two devices
_FULL = ("out of memory", "can't allocate memory", "not enough memory")


def device_for(wanted: str) -> Any:
    """The device meant: `auto` takes cuda, then mps, then the processor; of a pair as in
    "cuda:0+cuda:1", the first. Raises BadValue for one that is not there.
    """
    import torch

    wanted = wanted.partition(_AND)[0]
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise BadValue(
            f"{wanted} is no device", "device", "Write auto, cpu, cuda, cuda:1 or mps"
        ) from error
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise BadValue(f"This machine has no {wanted}", "device", "Write auto or cpu")
    return device


def partner_for(wanted: str) -> Any | None:
    """The second device of a pair, where the unguided half of each step is computed; None where
    one device is meant. Raises BadValue for one that is not there.
    """
    second = wanted.partition(_AND)[2]
    return device_for(second) if second else None


def precision_for(device: Any) -> dict[str, Any]:
    """By part, else "default": halves on cuda, but for the VAE, whose halves band in skies, and a
    vocoder, whose rounding adds up over many layers; whole floats elsewhere.
    """
    import torch

    if device.type == "cuda":
        return {"default": torch.bfloat16, "vae": torch.float32, "vocoder": torch.float32}
    return {"default": torch.float32}


class DeviceGauge:
    """How much of a device's memory may be taken. Some stays free: for the host beside us on a
    device of its own, for everybody on the processor.
    """

    def __init__(self, device: Any) -> None:
        self._device = device

    def free(self) -> int:
        """Bytes that are nobody's, or kept by an allocator of ours for later."""
        import torch

        if self._device.type == "cuda":
            free, total = torch.cuda.mem_get_info(self._device)
            kept = torch.cuda.memory_reserved(self._device)
            return int(free + kept - torch.cuda.memory_allocated(self._device) - _SPARED * total)
        return host_free()

    def forget(self) -> None:
        """Hand back what the allocator keeps."""
        import torch

        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def host_free() -> int:
    """Bytes of the machine's own memory that may be taken; some stays for the host beside us."""
    import psutil

    memory = psutil.virtual_memory()
    return int(memory.available - _SPARED * memory.total)


class Peak:
    """The most of a device's memory that was taken for a while, where it tells: cuda does."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self.told = device.type == "cuda"

    def begin(self) -> None:
        """Count anew."""
        import torch

        if self.told:
            torch.cuda.reset_peak_memory_stats(self._device)

    def most(self) -> int:
        """The most bytes since; 0 where the device does not tell."""
        import torch

        return int(torch.cuda.max_memory_allocated(self._device)) if self.told else 0


@contextmanager
def fitting(title: str, told: str) -> Iterator[None]:
    """Turn any allocator's failure into NotEnoughMemory."""
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _full(title, told) from error
    except RuntimeError as error:
        if any(words in str(error).lower() for words in _FULL):
            raise _full(title, told) from error
        raise


def _full(title: str, told: str) -> NotEnoughMemory:
    return NotEnoughMemory(
        f"{title} does not fit in this machine's memory",
        told,
        "Close other programs, shoot smaller or shorter, or take a lighter model",
    )
