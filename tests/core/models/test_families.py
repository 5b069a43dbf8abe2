"""Every family's tiny checkpoint, through the real loader: its card, what it shoots, what it
refuses, and that it makes what the official pipeline makes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import (
    CallSheet,
    Cancelled,
    Estimate,
    KeyPlaces,
    ModelCard,
    Pixels,
    Size,
    Unwatched,
    VideoModel,
)
from secondunit.models.choose import choose
from secondunit.models.ltx.conditions import pieces
from secondunit.models.rig.driven import Driven
from secondunit.models.rig.loading import quiet
from secondunit.models.tiny.anyflow import tiny_anyflow
from secondunit.models.tiny.cogvideox import tiny_cogvideox
from secondunit.models.tiny.helios import tiny_helios
from secondunit.models.tiny.hunyuan import tiny_hunyuan
from secondunit.models.tiny.ltx import tiny_ltx
from secondunit.models.tiny.skyreels import tiny_skyreels
from secondunit.stage.fit import Fit
from secondunit_contract.frames import Rate
from secondunit_contract.problem import ModelUnfit, SizeUnfit

FILM = Rate.of(24)
SIDE = 32


@dataclass(frozen=True)
class Case:
    """A family's tiny checkpoint, and what its card must say."""

    name: str
    write: Callable[[Path], Path]
    honours: frozenset[str]
    multiple: int
    frames: tuple[int, int, int]
    places: KeyPlaces = "anywhere"
    official: str = ""

    def __str__(self) -> str:
        return self.name


def case(name: str, write: Callable[..., Path], honours: str, *rule: int, **more: Any) -> Case:
    told = {key: more.pop(key) for key in ("places", "official") if key in more}
    return Case(
        name,
        lambda folder: write(folder, **more),
        frozenset(honours.split()),
        rule[0],
        (rule[1], rule[2], rule[3]),
        **told,
    )


CASES = [
    case("cogvideox", tiny_cogvideox, "words", 16, 1, 8, 17, places="first"),
    case("cogvideox-1.5", tiny_cogvideox, "words", 16, 1, 8, 17, places="first", paired=True),
    case("cogvideox-i2v", tiny_cogvideox, "keys", 16, 17, 8, 17, places="first", pictures=True),
    case("ltx", tiny_ltx, "words keys", 32, 1, 8, 121, official="LTX2ConditionPipeline"),
    case("hunyuan", tiny_hunyuan, "words", 4, 1, 4, 121, places="first"),
    case("hunyuan-i2v", tiny_hunyuan, "keys", 4, 1, 4, 121, places="first", pictures=True),
    case("skyreels", tiny_skyreels, "words keys", 16, 5, 4, 97, places="beginning"),
    case("anyflow", tiny_anyflow, "words", 16, 1, 4, 81),
    case("anyflow-far", tiny_anyflow, "words keys", 32, 5, 4, 25, places="beginning", chunks=True),
    case("helios", tiny_helios, "words keys", 16, 33, 33, 264, places="beginning"),
    case("helios-coarse", tiny_helios, "words keys", 32, 33, 33, 264, places="beginning", sizes=2),
    case(
        "helios-few",
        tiny_helios,
        "words keys",
        32,
        *(33, 33, 264),
        places="beginning",
        sizes=2,
        distilled=True,
    ),
]


class Loaded:
    """The tiny checkpoints: each written and loaded when it is first wanted."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._models: dict[str, Driven] = {}

    def folder(self, case: Case) -> Path:
        folder = self._root / case.name
        return folder if folder.exists() else case.write(folder)

    def model(self, case: Case) -> Driven:
        if case.name not in self._models:
            model = models.load(str(self.folder(case)), "cpu")
            assert isinstance(model, Driven)
            self._models[case.name] = model
        return self._models[case.name]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        return Loaded(tmp_path_factory.mktemp("families"))


def find(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def picture(size: Size | tuple[int, int] = (SIDE, SIDE), number: int = 0) -> Pixels:
    """A coloured slope; its blue tells the number."""
    width, height = size
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return np.stack([across, down, np.full_like(across, number % 10 / 10)], -1).astype(np.float32)


def sheet(case: Case, frames: int, *keys: int, **more: Any) -> CallSheet:
    """A sheet of that many frames, with keys there."""
    shown = {index: picture(number=index) for index in keys}
    told = {"prompt": "a cat", "keys": shown, "steps": 2, "guidance": 1.0, "seeds": (1,)} | more
    return CallSheet(SIDE, SIDE, frames, FILM, **told)


def plainest(case: Case, **more: Any) -> CallSheet:
    """The sheet it must be able to shoot before all others."""
    base, step, longest = case.frames
    return sheet(
        case, min(base + step, longest), *(() if "words" in case.honours else (0,)), **more
    )


def allowed(case: Case) -> list[CallSheet]:
    """Sheets of all kinds its reach allows."""
    base, step, _ = case.frames
    sheets = [plainest(case, guidance=4.0, negative="hills")]
    if "keys" in case.honours:
        sheets.append(sheet(case, base, 0))
    if case.places == "beginning":
        sheets.append(sheet(case, base + (step if step > 4 else 3 * step), *range(7)))
    if "keys" in case.honours and case.places == "anywhere":
        sheets += [sheet(case, 17, 3, 16), sheet(case, 25, *range(11), 20, 21)]
    return sheets


def clip(model: VideoModel, asked: CallSheet, watch: Any = None) -> Pixels:
    """The one take, once its answers are seen to follow each other."""
    made: list[Pixels] = []
    for answer in model.shoot(asked, watch or Unwatched()):
        assert answer.take == 0
        assert answer.first == sum(map(len, made))
        assert answer.frames.dtype == np.float32
        made.append(answer.frames)
    return np.concatenate(made)


class Stopping(Unwatched):
    """Stops after so many steps; makes a preview of each that has one."""

    def __init__(self, after: int) -> None:
        self.steps: list[tuple[int, int]] = []
        self.shown: list[Pixels] = []
        self._after = after

    def check(self) -> None:
        if len(self.steps) >= self._after:
            raise Cancelled

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        self.steps.append((done, total))
        if estimate is not None and len(self.steps) < self._after:
            self.shown.append(estimate())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_its_card_says_what_it_can(case: Case, loaded: Loaded) -> None:
    card = models.card_of(str(loaded.folder(case)))
    rule = card.reach.frames
    assert card.reach.honours - card.reach.stand_ins == case.honours
    assert card.reach.multiple == case.multiple
    assert (rule.base, rule.step, rule.longest) == case.frames
    if "keys" in case.honours:
        assert card.reach.key_places == case.places
    assert card.reach.native_rate is not None
    few = {"anyflow": 4, "anyflow-far": 4, "ltx": 40, "helios-coarse": 40, "helios-few": 4}
    assert card.steps == few.get(case.name, 50)
    assert 0 < card.size_mb < (20 if "hunyuan" in case.name else 1)
    assert [each.fault for each in models.listing([str(loaded.folder(case))])[-1:]] == [""]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_shoots_every_sheet_its_reach_allows(case: Case, loaded: Loaded) -> None:
    model = loaded.model(case)
    for asked in allowed(case):
        made = clip(model, asked)
        assert made.shape == (asked.frames, SIDE, SIDE, 3)
        assert bool(np.isfinite(made).all())
        assert 0 <= made.min() < made.max() <= 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_seeds_decide_and_cancelling_leaves_it_usable(case: Case, loaded: Loaded) -> None:
    model = loaded.model(case)
    first = clip(model, plainest(case))
    watch = Stopping(1)
    with pytest.raises(Cancelled):
        clip(model, plainest(case, seeds=(2,)), watch)
    assert len(watch.steps) == 1
    takes: dict[int, list[Pixels]] = {0: [], 1: []}
    for answer in model.shoot(plainest(case, seeds=(2, 1)), Unwatched()):
        takes[answer.take].append(answer.frames)
    assert np.array_equal(np.concatenate(takes[1]), first)
    assert not np.array_equal(np.concatenate(takes[0]), first)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_its_steps_are_told_and_shown(case: Case, loaded: Loaded) -> None:
    watch = Stopping(99)
    clip(loaded.model(case), plainest(case), watch)
    total = watch.steps[0][1]
    assert watch.steps == [(done, total) for done in range(1, total + 1)]
    assert total % 2 == 0
    for shown in watch.shown:
        assert shown.shape[1:] == (SIDE, SIDE, 3)
        assert bool(np.isfinite(shown).all())
    assert bool(watch.shown) == (case.name != "skyreels")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_it_cannot_make_is_refused_before_anything_runs(
    case: Case, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded.model(case)

    def ran(*told: Any, **more: Any) -> Any:
        raise AssertionError("it ran")

    monkeypatch.setattr(type(model._pipe), "__call__", ran)
    monkeypatch.setattr(model, "_words", ran)
    base, step, longest = case.frames
    keys = () if "words" in case.honours else (0,)
    for frames in (base - 1, base + 1, base + step + 1, longest + step):
        if frames > 0 and step > 1:
            with pytest.raises(SizeUnfit, match="no length"):
                model.shoot(sheet(case, frames, *keys), Unwatched())
    narrow = CallSheet(SIDE + case.multiple // 2, SIDE, base, FILM, "a cat")
    narrow.keys = {index: picture((narrow.width, SIDE)) for index in keys}
    with pytest.raises(SizeUnfit, match="no size"):
        model.shoot(narrow, Unwatched())
    if "keys" in case.honours and case.places != "anywhere":
        with pytest.raises(ModelUnfit, match=r"not on .*3 of"):
            model.shoot(sheet(case, min(base + step, longest), 3), Unwatched())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_planner_names_a_model_that_could(case: Case, loaded: Loaded) -> None:
    card: ModelCard = models.card_of(str(loaded.folder(case)))
    with pytest.raises(ModelUnfit) as unfit:
        choose(frozenset({"plate", "paint", "edit", "references"}), [card], wanted=card.name)
    assert "reference" in unfit.value.where
    assert "VACE" in unfit.value.remedy


@pytest.mark.parametrize("case", CASES, ids=str)
def test_its_provenance_can_be_written(case: Case, loaded: Loaded) -> None:
    told = loaded.model(case).provenance()
    assert json.loads(json.dumps(told)) == told
    assert len(told["weights"]) == 64
    assert {"transformer", "vae", "text_encoder"} <= set(told["precision"])
    assert "prompt_enhancer" not in told["precision"]


@pytest.mark.parametrize("case", [case for case in CASES if "keys" in case.honours], ids=str)
def test_another_first_picture_is_another_clip(case: Case, loaded: Loaded) -> None:
    model = loaded.model(case)
    frames = case.frames[0]
    one, other = sheet(case, frames, 0), sheet(case, frames, 0)
    other.keys[0] = 1 - other.keys[0]
    assert not np.array_equal(clip(model, one)[1:], clip(model, other)[1:]) or frames == 1


def official(model: Driven, asked: CallSheet, **more: Any) -> Pixels:
    """The sheet through the official pipeline's own call, its own decoding included."""
    import torch

    told = {
        "height": asked.height,
        "width": asked.width,
        "num_frames": asked.frames,
        "num_inference_steps": asked.steps,
        "guidance_scale": asked.guidance,
        "prompt": asked.prompt,
        "negative_prompt": asked.negative,
        "max_sequence_length": 16,
        "generator": torch.Generator("cpu").manual_seed(asked.seeds[0]),
        "output_type": "np",
    } | more
    known = {name: value for name, value in told.items() if name in model._accepted}
    with quiet():
        return np.asarray(model._pipe(**known).frames[0])


@pytest.mark.parametrize(
    "name", ["cogvideox", "cogvideox-1.5", "hunyuan", "skyreels", "anyflow", "helios"]
)
def test_from_words_it_makes_what_the_official_pipeline_makes(name: str, loaded: Loaded) -> None:
    case = find(name)
    model = loaded.model(case)
    asked = sheet(case, case.frames[0] if name == "helios" else plainest(case).frames)
    asked.guidance = 2.0  # what the tiny HunyuanVideo's own guider has
    ours, theirs = clip(model, asked), official(model, asked)
    assert np.array_equal(ours, theirs)


def test_from_a_picture_it_makes_what_the_official_pipeline_makes(loaded: Loaded) -> None:
    case = find("cogvideox-i2v")
    model = loaded.model(case)
    import torch

    asked = sheet(case, 17, 0, guidance=3.0)
    image = torch.from_numpy(asked.keys[0]).permute(2, 0, 1)[None]
    assert np.array_equal(clip(model, asked), official(model, asked, image=image))


@pytest.mark.parametrize("name", ["helios-coarse", "helios-few"])
@pytest.mark.parametrize("known", [0, 1, 34], ids=["words", "picture", "clip"])
def test_from_coarse_to_fine_it_makes_what_the_official_pipeline_makes(
    name: str, known: int, loaded: Loaded
) -> None:
    import torch

    model, side = loaded.model(find(name)), 2 * SIDE
    keys = {index: picture((side, side), index) for index in range(known)}
    asked = CallSheet(side, side, 33 if known == 1 else 66, FILM, "a cat", keys=keys, seeds=(1,))
    asked.steps, asked.guidance = 3, 1.0 if name == "helios-few" else 3.0
    more: dict[str, Any] = {}
    if known:
        shown = np.stack([keys[index] for index in range(known > 1, known)])
        clips = torch.from_numpy(shown).permute(0, 3, 1, 2)
        more = {"image": clips} if known == 1 else {"video": clips[None]}
    theirs = official(
        model,
        replace(asked, keys={}, frames=33 if known else 66),
        pyramid_num_inference_steps_list=[2, 1],
        is_amplify_first_chunk=name == "helios-few",
        **more,
    )
    made = clip(model, asked)[known:]
    together = min(len(made), len(theirs))
    assert together >= 32
    assert np.array_equal(made[:together], theirs[:together])


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_each_size_has_a_step_and_a_first_chunk_of_a_distilled_one_twice_as_many(
    steps: int, loaded: Loaded
) -> None:
    for name, times in (("helios-coarse", 2), ("helios-few", 3)):
        watch = Stopping(99)
        clip(loaded.model(find(name)), sheet(find(name), 66, steps=steps), watch)
        assert len(watch.steps) == times * max(2, steps)
        assert watch.steps[-1][0] == watch.steps[-1][1]


def test_in_chunks_it_makes_what_the_official_pipeline_makes(loaded: Loaded) -> None:
    import torch

    case = find("anyflow-far")
    model = loaded.model(case)
    asked = sheet(case, 25, 0, guidance=1.0)
    video = torch.from_numpy(asked.keys[0]).permute(2, 0, 1)[None, None]
    assert np.array_equal(clip(model, asked), official(model, asked, video=video))


def test_ltx_makes_what_the_official_pipeline_makes(loaded: Loaded) -> None:
    from diffusers.pipelines.ltx2 import LTX2VideoCondition

    case = find("ltx")
    model = loaded.model(case)
    asked = sheet(case, 17, *range(9), 9, guidance=3.0)
    rows = np.stack([asked.keys[index] for index in range(9)]) * 255
    single = np.round(asked.keys[9] * 255).astype(np.uint8)[None]
    given = [LTX2VideoCondition(rows.astype(np.float32), 0), LTX2VideoCondition(single, 2)]
    theirs = official(
        model,
        asked,
        conditions=given,
        frame_rate=24.0,
        use_cross_timestep=False,
        spatio_temporal_guidance_blocks=[1],
    )
    assert np.array_equal(clip(model, asked), theirs)


def test_ltx_takes_a_key_on_its_own_frame_and_not_the_nearest_latents(loaded: Loaded) -> None:
    case = find("ltx")
    model = loaded.model(case)
    early, late = sheet(case, 17, 1), sheet(case, 17, 1)
    late.keys = {5: early.keys[1]}
    assert not np.array_equal(clip(model, early), clip(model, late))


def test_keys_in_a_row_make_a_clip_as_long_as_the_vae_takes() -> None:
    keys = {index: picture(number=index) for index in (*range(12), 20, 24, 25)}
    laid = pieces(keys, 8)
    assert [(each.start, len(each.frames)) for each in laid] == [
        *[(0, 9), (9, 1), (10, 1), (11, 1)],
        *[(20, 1), (24, 1), (25, 1)],
    ]
    assert np.array_equal(laid[0].frames[7], keys[7])
    assert np.array_equal(laid[4].frames[0], keys[20])


@pytest.mark.parametrize(("name", "known", "given"), [("skyreels", 7, 2), ("anyflow-far", 15, 2)])
def test_it_goes_on_from_whole_portions_and_gives_back_what_came_before(
    name: str, known: int, given: int, loaded: Loaded
) -> None:
    case = find(name)
    model = loaded.model(case)
    asked = sheet(case, 21, *range(known))
    made = clip(model, asked)
    assert made.shape[0] == 21
    for index in range(given):
        assert np.array_equal(made[index], asked.keys[index])
    assert not np.array_equal(made[given], asked.keys[given])
    other = sheet(case, 21, *range(known))
    other.keys[known - 1] = 1 - other.keys[known - 1]
    assert not np.array_equal(clip(model, other)[known:], made[known:])


def test_helios_gives_back_what_it_goes_on_from_and_makes_the_rest(loaded: Loaded) -> None:
    import torch

    case = find("helios")
    model = loaded.model(case)
    asked = sheet(case, 66, *range(34), steps=1)
    made = clip(model, asked)
    assert made.shape[0] == 66
    assert all(np.array_equal(made[index], asked.keys[index]) for index in range(34))
    last = np.stack([asked.keys[index] for index in range(1, 34)])
    video = torch.from_numpy(last).permute(0, 3, 1, 2)[None]
    asked.frames = 33
    assert np.array_equal(made[34:], official(model, asked, video=video)[:32])


def test_a_model_of_one_size_is_given_that_size_and_no_other(loaded: Loaded) -> None:
    case = find("cogvideox-i2v")
    model = loaded.model(case)
    reach = model.card.reach
    assert reach.size == (32, 32)
    wide = CallSheet(48, 32, 17, FILM, keys={0: picture((48, 32))})
    with pytest.raises(SizeUnfit, match="nothing else") as unfit:
        model.shoot(wide, Unwatched())
    assert "32x32" in unfit.value.remedy
    fit = Fit.into(Size(1920, 1080), reach)
    assert fit.working == (32, 32)
    assert fit.inner == (32, 18)
    assert Fit.into(Size(16, 16), reach).inner == (32, 32)


def test_cogvideox_1_5_refuses_what_its_positions_do_not_reach(loaded: Loaded) -> None:
    model = loaded.model(find("cogvideox-1.5"))
    with pytest.raises(SizeUnfit, match="too large"):
        model.shoot(CallSheet(144, 32, 9, FILM, "a cat"), Unwatched())


def test_hunyuan_shoots_the_size_of_the_sheet_and_not_of_its_own_list(loaded: Loaded) -> None:
    case = find("hunyuan-i2v")
    model = loaded.model(case)
    asked = CallSheet(40, 24, 5, FILM, keys={0: picture((40, 24))}, steps=1, guidance=3.0)
    assert clip(model, asked).shape == (5, 24, 40, 3)
    guider = model._pipe.guider
    assert guider.guidance_scale == 2.0, "the pipeline is left as it was"
