"""Fast paths: which are taken where, that they leave the picture alone, and what undoes them.

No GPU is at hand here. What a GPU can do is told by a table of ours, and that alone is pretended;
what torch and diffusers do is done for real, on the processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import CallSheet, Cancelled, Estimate, Pixels, Unwatched, VideoModel
from secondunit.models.berth import AMPLE, TILED, Berth
from secondunit.models.pool import Pool
from secondunit.models.rig import halves, parts, quick
from secondunit.models.rig.machine import device_for
from secondunit.models.rig.quick import Gpu, quick_of, quickened, stripped
from secondunit.models.rig.watching import blocks_of
from secondunit.settings import Fast, Settings
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue

CPU = device_for("cpu")
EVERYTHING = frozenset(
    {"flash_attn_interface", "kernels-community/flash-attn3", "sageattention", "triton", "compiler"}
)
PRETENDED = Gpu((7, 0), frozenset({"triton", "compiler"}))


@pytest.mark.parametrize(
    ("capability", "installed", "attentions"),
    [
        (None, EVERYTHING, ["native"]),
        ((8, 0), EVERYTHING, ["native"]),
        ((8, 9), EVERYTHING, ["sage", "native"]),
        ((12, 0), EVERYTHING, ["sage", "native"]),
        ((12, 0), frozenset(), ["native"]),
        ((9, 0), EVERYTHING, ["_flash_3", "_flash_3_hub", "_native_cudnn", "native"]),
        ((9, 0), frozenset({"sageattention"}), ["_native_cudnn", "native"]),
        ((10, 0), EVERYTHING, ["_native_cudnn", "native"]),
    ],
)
def test_attention_goes_by_the_gpu_and_what_is_installed(
    capability: tuple[int, int] | None, installed: frozenset[str], attentions: list[str]
) -> None:
    told = Gpu(capability, installed).attentions()
    assert told == attentions
    if capability == (9, 0):
        assert not any("sage" in each for each in told)


def test_every_attention_named_is_one_of_diffusers() -> None:
    from diffusers.models.attention_dispatch import AttentionBackendName

    known = {each.value for each in AttentionBackendName}
    assert {name for _, name, _ in quick._ATTENTION} <= known


def test_blocks_are_compiled_where_a_compiler_is() -> None:
    assert Gpu((9, 0), EVERYTHING).compiles()
    assert not Gpu((9, 0), EVERYTHING - {"triton"}).compiles()
    assert not Gpu((9, 0), EVERYTHING - {"compiler"}).compiles()
    assert not Gpu((6, 1), EVERYTHING).compiles()
    assert not Gpu.of(CPU).compiles()


def test_an_attention_is_tried_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from diffusers.models import attention_dispatch

    assert quick.proven("_native_math", CPU, 16)
    assert not quick.proven("sage", CPU, 16), "not installed here"

    def confetti(query: Any, key: Any, value: Any) -> Any:
        return torch.randn_like(query)

    registry = attention_dispatch._AttentionBackendRegistry
    name = attention_dispatch.AttentionBackendName._NATIVE_MATH
    monkeypatch.setitem(registry._backends, name, confetti)
    monkeypatch.setitem(registry._supported_arg_names, name, {"query", "key", "value"})
    assert not quick.proven("_native_math", CPU, 16)


def sheet(frames: int = 9, seed: int = 1, guidance: float = 3.0) -> CallSheet:
    plate = np.tile(np.linspace(0, 1, 32, dtype=np.float32)[:, None], (frames, 32, 1, 3))
    paint = np.zeros((frames, 32, 32), dtype=np.bool_)
    paint[:, 8:24, 8:24] = True
    return CallSheet(
        32, 32, frames, Rate.of("24"), "a cat", plate=plate.reshape(frames, 32, 32, 3),
        paint=paint, seeds=(seed,), steps=3, guidance=guidance,
    )  # fmt: skip


def words(frames: int = 9, seed: int = 1) -> CallSheet:
    return CallSheet(32, 32, frames, Rate.of("24"), "a cat", seeds=(seed,), steps=4, guidance=3.0)


def shot(model: VideoModel, asked: CallSheet) -> Pixels:
    return np.concatenate([each.frames for each in model.shoot(asked, Unwatched())])


def network_of(model: VideoModel) -> Any:
    return model._pipe.transformer  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def plain(vace_folder: Path) -> VideoModel:
    return models.load(str(vace_folder), Berth("cpu", fast="off"))


@pytest.fixture
def fast(vace_folder: Path) -> Iterator[VideoModel]:
    """A model whose blocks are compiled, by a compiler that writes no code."""
    import torch

    model = models.load(str(vace_folder), Berth("cpu", Pool()))
    quickened(network_of(model), "auto", AMPLE, CPU, PRETENDED, "eager")
    yield model
    torch.compiler.reset()


def test_on_the_processor_nothing_is_quickened(plain: VideoModel, vace_folder: Path) -> None:
    usual = models.load(str(vace_folder), Berth("cpu"))
    assert quick_of(network_of(usual)) is None
    assert np.array_equal(shot(usual, sheet()), shot(plain, sheet()))
    assert "fast" not in usual.provenance()


def test_switched_off_nothing_is_quickened_anywhere(plain: VideoModel) -> None:
    network = network_of(plain)
    assert quickened(network, "off", AMPLE, CPU, PRETENDED, "eager") is network
    assert quick_of(network) is None


def test_compiled_blocks_make_the_same_picture_and_are_made_once(
    plain: VideoModel, fast: VideoModel
) -> None:
    assert np.abs(shot(fast, sheet()) - shot(plain, sheet())).max() < 1e-5
    told = quick_of(network_of(fast))
    assert told is not None
    assert told.compiled == 3, "one code for each kind of block: plain, hinting, the first hinting"
    shot(fast, sheet(seed=2))
    assert told.compiled == 3
    assert fast.provenance()["fast"]["transformer"]["compiled"] is True


def test_a_few_shapes_have_code_of_their_own_and_all_others_share_one(
    plain: VideoModel, fast: VideoModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick, "OWN_CODE", 1)
    told = quick_of(network_of(fast))
    assert told is not None
    made = []
    for frames in (9, 13, 17):
        assert np.abs(shot(fast, sheet(frames)) - shot(plain, sheet(frames))).max() < 1e-5
        made.append(told.compiled)
    assert made[0] == 3
    assert made[1] > made[0]
    assert made[2] == made[1], "any length is the shared code's"
    assert len(told.shapes) == 1


def test_compiled_blocks_are_not_hooked_and_a_call_can_be_stopped(fast: VideoModel) -> None:
    network = network_of(fast)
    asked = blocks_of([network])
    assert asked == [network]
    before = shot(fast, sheet())
    told = quick_of(network)
    assert told is not None
    made = told.compiled

    class Stopping(Unwatched):
        steps = 0

        def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
            self.steps = done

        def check(self) -> None:
            if self.steps:
                raise Cancelled

    with pytest.raises(Cancelled):
        list(fast.shoot(sheet(), Stopping()))
    assert np.array_equal(shot(fast, sheet()), before)
    assert told.compiled == made


def test_other_adapters_make_the_code_anew(fast: VideoModel) -> None:
    import torch
    from peft import LoraConfig

    network = network_of(fast)
    without = shot(fast, sheet())
    told = quick_of(network)
    assert told is not None
    made = told.compiled
    with torch._dynamo.config.patch(recompile_limit=made + 1):  # beyond it torch gives up
        lora = LoraConfig(r=2, target_modules=["to_q"], init_lora_weights=False)
        network.add_adapter(lora, "noir")
        worn = shot(fast, sheet())
        assert told.compiled == 2 * made
        network.delete_adapters("noir")
        assert np.abs(shot(fast, sheet()) - without).max() < 1e-5
        assert told.compiled == 3 * made
    assert np.abs(worn - without).max() > 1e-3


def test_what_was_quickened_can_be_as_it_was(fast: VideoModel, plain: VideoModel) -> None:
    shot(fast, sheet())
    network = stripped(network_of(fast))
    assert quick_of(network) is None
    assert not network._forward_pre_hooks
    assert np.array_equal(shot(fast, sheet()), shot(plain, sheet()))


def test_a_sparing_model_is_not_compiled(vace_folder: Path) -> None:
    network = network_of(models.load(str(vace_folder), Berth("cpu", sparing=TILED)))
    quickened(network, "auto", TILED, CPU, PRETENDED, "eager")
    told = quick_of(network)
    assert told is not None
    assert not told.blocks


# ------------------------------------------------------------------------- skipped blocks


def test_blocks_are_skipped_where_that_is_right_alone(fast: VideoModel, wan_folder: Path) -> None:
    hinted = network_of(models.load(str(wan_folder), Berth("cpu")))
    assert quick.caches(hinted)
    assert not quick.caches(network_of(fast)), "its hints would be added twice"
    stripped(network_of(fast))
    quickened(network_of(fast), "cached", AMPLE, CPU, PRETENDED, "eager")
    told = quick_of(network_of(fast))
    assert told is not None
    assert not told.cached


def test_a_take_that_was_broken_off_leaves_nothing_in_the_cache(
    wan_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick, "_CACHE_THRESHOLD", 1e9)  # all that may be skipped is
    model = models.load(str(wan_folder), Berth("cpu", Pool()))
    network = network_of(model)
    quickened(network, "cached", AMPLE, CPU, PRETENDED)
    told = quick_of(network)
    assert told is not None
    assert told.cached
    before = shot(model, words())

    class Stopping(Unwatched):
        def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
            if done == 2:
                raise Cancelled

    with pytest.raises(Cancelled):
        list(model.shoot(words(seed=5), Stopping()))
    assert np.array_equal(shot(model, words()), before)


# ------------------------------------------------------------------------- two devices


@pytest.mark.parametrize("folder", ["vace_folder", "wan_folder"])
def test_both_halves_at_once_make_the_same_bits(
    folder: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, asked = str(request.getfixturevalue(folder)), sheet if folder[0] == "v" else words
    used: list[halves.Ahead] = []

    class Noted(halves.Ahead):
        def __init__(self, *told: Any) -> None:
            super().__init__(*told)
            used.append(self)

    monkeypatch.setattr(halves, "Ahead", Noted)
    pool = Pool()
    pair = models.load(where, Berth("cpu+cpu", pool))
    alone = models.load(where, Berth("cpu"))
    for seed in (1, 2):
        assert np.array_equal(shot(pair, asked(seed=seed)), shot(alone, asked(seed=seed)))
    steps = asked().steps or 0
    assert [each.used for each in used] == [steps - 1] * 2, "all but the first step's"
    assert len(pool.of("transformer")) == 2
    assert pair.provenance()["fast"]["halves"] == "cpu"
    assert "forward" not in vars(network_of(pair))


def test_what_was_begun_for_other_words_is_not_taken() -> None:
    import torch

    class Adding(torch.nn.Module):
        def forward(
            self, hidden_states: Any, encoder_hidden_states: Any, return_dict: bool
        ) -> tuple[Any]:
            return (hidden_states + encoder_hidden_states,)

    network, copy = Adding(), Adding()
    words = [torch.full((1,), float(number)) for number in range(4)]

    def step(first: Any, second: Any) -> list[float]:
        picture = torch.zeros(1)
        return [
            float(network(hidden_states=picture, encoder_hidden_states=each, return_dict=False)[0])
            for each in (first, second)
        ]

    with halves.apart(network, copy, CPU) as ahead:
        assert step(words[0], words[1]) == [0, 1]
        assert step(words[0], words[1]) == [0, 1]
        assert ahead.used == 1
        assert step(words[0], words[2]) == [0, 2], "other words than were expected"
        assert ahead.used == 1
        assert step(words[3], words[2]) == [3, 2]
        assert ahead.used == 2


def test_what_nobody_asks_for_changes_nothing(vace_folder: Path) -> None:
    pair = models.load(str(vace_folder), Berth("cpu+cpu", Pool()))
    alone = models.load(str(vace_folder), Berth("cpu"))
    for guidance in (3.0, 1.0, 3.0):
        asked = sheet(guidance=guidance)
        assert np.array_equal(shot(pair, asked), shot(alone, asked))


def test_a_device_that_is_not_there_is_no_half(vace_folder: Path) -> None:
    with pytest.raises(BadValue):
        models.load(str(vace_folder), Berth("cpu+cuda:7"))


# ------------------------------------------------------------------------- all of it


def test_a_network_is_quickened_as_it_is_loaded(
    vace_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, Fast]] = []

    def note(network: Any, fast: Fast, sparing: int, device: Any) -> Any:
        seen.append((type(network).__name__, fast))
        return network

    monkeypatch.setattr(parts, "quickened", note)
    models.load(str(vace_folder), Berth("cpu", fast="cached"))
    assert seen == [("WanVACETransformer3DModel", "cached")]


@pytest.mark.parametrize(("told", "fast"), [("", "auto"), ("off", "off"), ("cached", "cached")])
def test_the_switch(monkeypatch: pytest.MonkeyPatch, told: str, fast: str) -> None:
    monkeypatch.setenv("SECONDUNIT_FAST", told)
    assert Settings.found().fast == fast


def test_a_switch_set_to_nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDUNIT_FAST", "ludicrous")
    with pytest.raises(BadValue, match="ludicrous"):
        Settings.found()
