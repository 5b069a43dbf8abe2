"""Wan beyond VACE and words: first and last frames, two networks, cells with times of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import (
    CallSheet,
    Cancelled,
    Estimate,
    FrameRule,
    KeyPlaces,
    ModelCard,
    Need,
    Pixels,
    Question,
    Unwatched,
    VideoModel,
)
from secondunit.models.choose import choose
from secondunit.models.rig.loading import quiet
from secondunit.models.testing import scripted_card, tiny_vace, tiny_wan, tiny_wan_pictures
from secondunit.models.wan.model import WanModel
from secondunit_contract.frames import Rate
from secondunit_contract.problem import CheckpointInvalid, ModelUnfit

FILM = Rate.of(24)
FRAMES = 9

MAKE: dict[str, Callable[[Path], Path]] = {
    "pictures": tiny_wan_pictures,
    "eye": lambda folder: tiny_wan_pictures(folder, eye="single"),
    "pairs": lambda folder: tiny_wan_pictures(folder, eye="paired"),
    "two networks": lambda folder: tiny_wan_pictures(folder, experts=True),
    "small with pictures": lambda folder: tiny_wan_pictures(folder, expanding=True),
    "two for words": lambda folder: tiny_wan(folder, experts=True),
    "small": lambda folder: tiny_wan(folder, expanding=True),
    "two with VACE": lambda folder: tiny_vace(folder, experts=True),
}
PLACES: dict[str, KeyPlaces] = {
    "pictures": "ends",
    "eye": "first",
    "pairs": "ends",
    "two networks": "ends",
    "small with pictures": "first",
    "small": "first",
}
TWO = [name for name in MAKE if name.startswith("two")]
SMALL = [name for name in MAKE if name.startswith("small")]

_loaded: dict[str, WanModel] = {}


@pytest.fixture(scope="module", autouse=True)
def _let_go() -> Iterator[None]:
    yield
    _loaded.clear()


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], WanModel]:
    """The tiny checkpoint of that kind, through the real loader, once."""

    def loaded(kind: str) -> WanModel:
        if kind not in _loaded:
            folder = MAKE[kind](tmp_path_factory.mktemp("wan") / kind.replace(" ", "-"))
            model = models.load(str(folder), "cpu")
            assert isinstance(model, WanModel)
            _loaded[kind] = model
        return _loaded[kind]

    return loaded


def picture(seed: int) -> Pixels:
    return np.random.default_rng(seed).random((32, 32, 3), dtype=np.float32)


def sheet_of(keys: tuple[int, ...] = (), **more: Any) -> CallSheet:
    """9 frames with keys at those places; the words are only heard in guided shots."""
    told: dict[str, Any] = {"seeds": (1,), "steps": 2, "guidance": 3.0} | more
    return CallSheet(32, 32, FRAMES, FILM, "a cat", keys={at: picture(at) for at in keys}, **told)


def sheets_for(model: VideoModel) -> list[CallSheet]:
    """A sheet of every kind its reach allows."""
    reach = model.card.reach
    sheets = [sheet_of()] if "words" in reach.honours else []
    if "keys" in reach.honours:
        sheets.append(sheet_of((0,)))
        sheets += [sheet_of((0, 8))] if reach.key_places != "first" else []
        sheets += [sheet_of((3,))] if reach.key_places == "anywhere" else []
    if "plate" in reach.honours - reach.stand_ins:
        plate = np.random.default_rng(0).random((FRAMES, 32, 32, 3), dtype=np.float32)
        paint = np.zeros((FRAMES, 32, 32), np.bool_)
        paint[:, 8:24, 8:24] = True
        sheets.append(sheet_of(plate=plate, paint=paint))
        sheets.append(sheet_of(plate=plate, paint=paint, strength=0.5))
        sheets.append(sheet_of(guide=plate, references=(picture(5),)))
    return sheets


def whole(model: VideoModel, sheet: CallSheet, watch: Unwatched | None = None) -> list[Pixels]:
    """Each take's clip."""
    takes: list[list[Pixels]] = [[] for _ in sheet.seeds]
    for answer in model.shoot(sheet, watch or Unwatched()):
        takes[answer.take].append(answer.frames)
    return [np.concatenate(frames) for frames in takes]


@contextmanager
def counted(part: Any, name: str) -> Iterator[list[int]]:
    """How often a method of a part is called."""
    method, calls = getattr(part, name), [0]

    def heard(*told: Any, **more: Any) -> Any:
        calls[0] += 1
        return method(*told, **more)

    object.__setattr__(part, name, heard)
    try:
        yield calls
    finally:
        object.__delattr__(part, name)


class Stopping(Unwatched):
    """Stops the call the n-th time it is asked; keeps previews."""

    def __init__(self, at: int | None = None) -> None:
        self.asked, self.at = 0, at
        self.told: list[tuple[int, int]] = []
        self.previews: list[Pixels] = []

    def check(self) -> None:
        self.asked += 1
        if self.at is not None and self.asked > self.at:
            raise Cancelled

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        self.told.append((done, total))
        if estimate is not None:
            self.previews.append(estimate())


@pytest.mark.parametrize("kind", list(MAKE))
def test_its_card_tells_what_it_can_do(load: Callable[[str], WanModel], kind: str) -> None:
    reach = load(kind).card.reach
    own = reach.honours - reach.stand_ins
    assert ("words" in own) == (kind in ("two for words", "small", "two with VACE"))
    assert ("keys" in own) == (kind != "two for words")
    assert reach.key_places == PLACES.get(kind, "anywhere")
    small = kind in SMALL
    assert (reach.multiple, reach.area) == ((32, 1280 * 704) if small else (16, 832 * 480))
    assert reach.frames == FrameRule(1, 4, 121 if small else 81)
    assert reach.native_rate == (Rate.of(24) if small else None)
    assert reach.context == (1 if kind in PLACES else 9)


@pytest.mark.parametrize("kind", list(MAKE))
def test_it_shoots_every_sheet_its_reach_allows(load: Callable[[str], WanModel], kind: str) -> None:
    model = load(kind)
    answers = [whole(model, sheet)[0] for sheet in sheets_for(model)]
    assert answers
    for number, answer in enumerate(answers):
        assert answer.shape == (FRAMES, 32, 32, 3)
        assert 0 <= answer.min() <= answer.max() <= 1
        for other in answers[:number]:
            assert not np.array_equal(answer, other), "what it is told makes a difference"


@pytest.mark.parametrize("kind", list(MAKE))
def test_the_same_seed_gives_the_same_bits_alone_and_among_takes(
    load: Callable[[str], WanModel], kind: str
) -> None:
    model = load(kind)
    keys = (0,) if kind in PLACES else ()
    takes = whole(model, sheet_of(keys, seeds=(1, 2)))
    assert not np.array_equal(*takes)
    for seed, take in zip((1, 2), takes, strict=True):
        assert np.array_equal(take, whole(model, sheet_of(keys, seeds=(seed,)))[0])


def by_hand(model: WanModel, pipe: Any, sheet: CallSheet) -> Pixels:
    """The sheet through the official pipeline, with its own encoding and decoding."""
    import torch

    def tensor(at: int) -> Any:
        return torch.from_numpy(sheet.keys[at]).permute(2, 0, 1)[None]

    told: dict[str, Any] = {"image": tensor(0)} if sheet.keys else {}
    told |= {"last_image": tensor(8)} if 8 in sheet.keys else {}
    with quiet():
        frames = pipe(
            prompt=sheet.prompt,
            negative_prompt=sheet.negative,
            height=32,
            width=32,
            num_frames=FRAMES,
            num_inference_steps=sheet.steps,
            guidance_scale=sheet.guidance,
            generator=torch.Generator("cpu").manual_seed(sheet.seeds[0]),
            output_type="np",
            max_sequence_length=model._prompt_length,
            **told,
        ).frames[0]
    return np.asarray(frames)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("pictures", (0,)),
        ("pictures", (0, 8)),
        ("two networks", (0, 8)),
        ("small with pictures", (0,)),
        ("small", ()),
        ("two for words", ()),
    ],
)
def test_the_answer_is_the_official_pipelines_to_the_bit(
    load: Callable[[str], WanModel], kind: str, keys: tuple[int, ...]
) -> None:
    model, sheet = load(kind), sheet_of(keys)
    assert np.array_equal(whole(model, sheet)[0], by_hand(model, model._pipe, sheet))


def test_a_plain_pipeline_takes_a_first_frame_as_the_other_class_does(
    load: Callable[[str], WanModel],
) -> None:
    from diffusers import WanImageToVideoPipeline

    model, sheet = load("small"), sheet_of((0,))
    before = whole(model, sheet_of())[0]
    plain = model._pipe
    other = WanImageToVideoPipeline(**plain.components, expand_timesteps=True)
    assert np.array_equal(whole(model, sheet)[0], by_hand(model, other, sheet))
    assert model._pipe is plain
    assert np.array_equal(whole(model, sheet_of())[0], before)


@pytest.mark.parametrize("kind", ["eye", "pairs"])
def test_an_image_encoder_sees_the_pictures_once_as_the_official_pipeline_shows_them(
    load: Callable[[str], WanModel], kind: str
) -> None:
    """It is made for 8-bit pictures: of tensors in 0..1 it would see black."""
    model = load(kind)
    keys = (0, 8) if kind == "pairs" else (0,)
    sheet = sheet_of(keys, seeds=(1, 2))
    sheet.keys = {
        at: np.round(key * 255).astype(np.float32) / 255 for at, key in sheet.keys.items()
    }
    with counted(model._pipe.image_encoder, "forward") as calls:
        takes = whole(model, sheet)
    assert calls == [1]
    official = by_hand_with_pictures(model, replace(sheet, seeds=(1,)))
    assert np.allclose(takes[0], official, atol=1e-5)
    assert not np.allclose(takes[1], official, atol=1e-3)


def by_hand_with_pictures(model: WanModel, sheet: CallSheet) -> Pixels:
    import torch
    from PIL import Image

    shown = [Image.fromarray(np.round(key * 255).astype(np.uint8)) for key in sheet.keys.values()]
    with quiet():
        frames = model._pipe(
            image=shown[0],
            last_image=shown[1] if len(shown) > 1 else None,
            prompt=sheet.prompt,
            negative_prompt=sheet.negative,
            height=32,
            width=32,
            num_frames=FRAMES,
            num_inference_steps=sheet.steps,
            guidance_scale=sheet.guidance,
            generator=torch.Generator("cpu").manual_seed(sheet.seeds[0]),
            output_type="np",
        ).frames[0]
    return np.asarray(frames)


@pytest.mark.parametrize("kind", ["pictures", "small", "small with pictures"])
def test_takes_share_the_encoding_of_their_keys(load: Callable[[str], WanModel], kind: str) -> None:
    model = load(kind)
    with counted(model._pipe.vae, "_encode") as calls:
        whole(model, sheet_of((0,), seeds=(1, 2, 3)))
    assert calls == [1]


def test_keys_finer_than_8_bits_reach_the_model(load: Callable[[str], WanModel]) -> None:
    model, sheet, other = load("pictures"), sheet_of((0,)), sheet_of((0,))
    other.keys[0] = np.clip(other.keys[0] + 1 / 4096, 0, 1)
    assert not np.array_equal(whole(model, sheet)[0], whole(model, other)[0])


@pytest.mark.parametrize("kind", TWO)
def test_each_of_two_networks_does_its_share(load: Callable[[str], WanModel], kind: str) -> None:
    model = load(kind)
    keys = (0,) if kind in PLACES else ()
    with (
        counted(model._pipe.transformer, "forward") as first,
        counted(model._pipe.transformer_2, "forward") as second,
    ):
        whole(model, sheet_of(keys, steps=4, guidance=1.0))
    assert first[0] > 0
    assert second[0] > 0
    assert first[0] + second[0] == 4


def test_the_second_network_may_be_guided_less(tmp_path: Path) -> None:
    folder = tiny_wan(tmp_path / "guided", experts=True)
    plain = whole(models.load(str(folder), "cpu"), sheet_of(steps=4, guidance=4.0))[0]
    (folder / "card.toml").write_text("guidance = 4.0\nguidance_low = 3.0\n")
    model = models.load(str(folder), "cpu")
    assert isinstance(model, WanModel)
    sheet = sheet_of(steps=4, guidance=4.0)
    assert not np.array_equal(whole(model, sheet)[0], plain)
    pipe = model._pipe
    heard: list[Any] = []
    call = type(pipe).__call__

    class Heard(type(pipe)):  # type: ignore[misc]
        def __call__(self, *told: Any, **more: Any) -> Any:
            heard.append((more["guidance_scale"], more["guidance_scale_2"]))
            return call(self, *told, **more)

    pipe.__class__ = Heard
    whole(model, sheet_of(guidance=8.0))
    assert heard == [(8.0, 6.0)], "both rise together"


@pytest.mark.parametrize(
    ("kind", "keys", "words"),
    [
        ("eye", (0, 8), "on the first frame alone, not on frames 0, 8"),
        ("small", (0, 8), "on the first frame alone"),
        ("pictures", (0, 3), "on the first frame, and with it the last, not on frames 0, 3"),
        ("pictures", (8,), "on the first frame, and with it the last"),
        ("pictures", (), "shooting from words alone"),
    ],
)
def test_keys_it_cannot_take_are_refused_and_it_is_said_where_it_takes_them(
    load: Callable[[str], WanModel], kind: str, keys: tuple[int, ...], words: str
) -> None:
    with pytest.raises(ModelUnfit, match=words):
        load(kind).shoot(sheet_of(keys), Unwatched())


@pytest.mark.parametrize("kind", ["pairs", "two networks", "small", "two with VACE"])
def test_a_cancelled_call_leaves_it_as_it_was(load: Callable[[str], WanModel], kind: str) -> None:
    model, sheet = load(kind), sheet_of((0,))
    watch = Stopping()
    before = whole(model, sheet, watch)[0]
    for share in (0.0, 0.3, 0.6, 0.95):
        with pytest.raises(Cancelled):
            whole(model, sheet, Stopping(int(share * watch.asked)))
    assert np.array_equal(whole(model, sheet)[0], before)


@pytest.mark.parametrize("kind", ["pairs", "two networks", "small", "two for words"])
def test_previews_come_and_disturb_nothing(load: Callable[[str], WanModel], kind: str) -> None:
    model = load(kind)
    sheet = sheet_of((0,) if kind in PLACES else (), steps=3)
    watch = Stopping()
    answer = whole(model, sheet, watch)[0]
    assert watch.told == [(1, 3), (2, 3), (3, 3)]
    assert {each.shape for each in watch.previews} == {(3, 32, 32, 3)}
    assert np.array_equal(answer, whole(model, sheet)[0])
    if kind == "small":
        assert np.allclose(watch.previews[0][0], answer[0], atol=1e-5), "the first frame is known"


def test_a_pipeline_that_calls_nobody_back_is_heard_through_its_scheduler(
    load: Callable[[str], WanModel],
) -> None:
    model, sheet = load("pictures"), sheet_of((0,), steps=3)
    by_callback, by_scheduler = Stopping(), Stopping()
    expected = whole(model, sheet, by_callback)[0]
    accepted = model._accepted
    model._accepted = accepted - {"callback_on_step_end"}
    try:
        assert np.array_equal(whole(model, sheet, by_scheduler)[0], expected)
        with pytest.raises(Cancelled):
            whole(model, sheet, Stopping(by_scheduler.asked // 2))
    finally:
        model._accepted = accepted
    assert by_scheduler.told == by_callback.told
    assert len(by_scheduler.previews) == len(by_callback.previews) == 3
    assert all(map(np.array_equal, by_scheduler.previews, by_callback.previews))
    assert "step" not in vars(model._pipe.scheduler)
    assert np.array_equal(whole(model, sheet)[0], expected)


@pytest.mark.parametrize("kind", ["two for words", "small", "two with VACE"])
def test_it_looks_as_its_reach_says(load: Callable[[str], WanModel], kind: str) -> None:
    model = load(kind)
    side = 2 * model.card.reach.multiple
    footage = np.random.default_rng(0).random((3, side, side, 3), dtype=np.float32)
    mask = np.zeros((side, side), np.bool_)
    mask[: side // 2] = True
    sight = model.look(footage, Question({1: mask}, samples=1))
    assert np.array_equal(sight.found[1] > 0.5, mask)


def test_one_that_only_begins_with_pictures_does_not_look(load: Callable[[str], WanModel]) -> None:
    with pytest.raises(ModelUnfit, match="reading footage"):
        load("pictures").look(np.zeros((1, 32, 32, 3), np.float32), Question(words="a cat"))


def test_a_card_may_take_keys_in_fewer_places_and_in_no_more(tmp_path: Path) -> None:
    folder = tiny_wan_pictures(tmp_path / "narrow")
    (folder / "card.toml").write_text('key_places = "first"\n')
    assert models.card_of(str(folder)).reach.key_places == "first"
    (folder / "card.toml").write_text('key_places = "anywhere"\n')
    with pytest.raises(CheckpointInvalid, match="ends or first"):
        models.card_of(str(folder))


def taking(name: str, places: KeyPlaces, *needs: Need) -> ModelCard:
    card = scripted_card(name, honours=frozenset(needs))
    return replace(card, reach=replace(card.reach, key_places=places))


def test_who_takes_keys_in_too_few_places_is_not_chosen() -> None:
    first, ends = taking("first", "first", "keys"), taking("last", "ends", "keys")
    free = taking("wide", "anywhere", "keys")
    keys: frozenset[Need] = frozenset({"keys"})
    assert choose(keys, [first, ends, free], keys="first") is first
    assert choose(keys, [first, ends, free], keys="ends") is ends
    assert choose(keys, [first, ends, free]) is free
    with pytest.raises(ModelUnfit) as unfit:
        choose(keys, [first, free], "first", known=[], keys="ends")
    assert "but on the first frame alone" in unfit.value.where
    assert unfit.value.remedy == "Take wide"


def test_whole_frames_can_be_told_in_keys_and_nothing_else_can() -> None:
    plate = np.random.default_rng(0).random((5, 8, 8, 3), dtype=np.float32)
    paint = np.zeros((5, 8, 8), np.bool_)
    paint[1:4] = True
    hidden = np.where(paint[..., None], np.float32(0.5), plate)
    made = np.zeros((8, 8, 3), np.float32)
    sheet = CallSheet(8, 8, 5, FILM, "a cat", plate=hidden, paint=paint, keys={2: made})
    plain = sheet.in_keys()
    assert plain is not None
    assert plain.plate is None
    assert sorted(plain.keys) == [0, 2, 4]
    assert np.array_equal(plain.keys[4], plate[4])
    assert np.array_equal(plain.keys[2], made)
    assert plain.needs() == {"keys"}
    assert sheet.needs() == {"plate", "paint", "keys"}, "the sheet itself is left alone"

    assert CallSheet(8, 8, 5, FILM, plate=plate, paint=paint).in_keys() is None, "painted over"
    half = paint.copy()
    half[2, :4] = False
    assert replace(sheet, paint=half).in_keys() is None
    nothing = CallSheet(8, 8, 5, FILM, plate=np.full_like(plate, 0.5), paint=np.ones_like(paint))
    alone = nothing.in_keys()
    assert alone is not None
    assert alone.needs() == {"words"}
