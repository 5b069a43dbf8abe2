"""LTX-2 that gives a plate back in light: what the official pipeline makes, through our loader."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import (
    CallSheet,
    Cancelled,
    Estimate,
    Pixels,
    Unwatched,
    VideoModel,
)
from secondunit.models.berth import TILED, Berth
from secondunit.models.choose import choose
from secondunit.models.ltx import light_card
from secondunit.models.ltx.light import displayed, sigmas
from secondunit.models.ltx.light_kit import ADAPTER, EMBEDDINGS, HOME
from secondunit.models.rig.driven import Driven
from secondunit.models.rig.loading import quiet
from secondunit.models.tiny.ltx import light_kit, tiny_light, tiny_ltx
from secondunit.weights.catalogue import wanted
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, CheckpointInvalid, ModelUnfit, SizeUnfit

SIDE, FRAMES = 32, 9
BRIGHTEST = 55.0796  # what the end of the code stands for: LogC3 at 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_light(tmp_path_factory.mktemp("light") / "tiny")


@pytest.fixture(scope="module")
def model(folder: Path) -> Driven:
    loaded = models.load(str(folder), "cpu")
    assert isinstance(loaded, Driven)
    return loaded


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Callable[..., Pixels]:
    """The official pipeline, as its maker's example calls it."""
    return official(folder)


def official(folder: Path) -> Callable[..., Pixels]:
    import diffusers
    import torch
    from diffusers.pipelines.ltx2 import LTX2HDRReferenceCondition
    from diffusers.pipelines.ltx2.utils import DISTILLED_SIGMA_VALUES
    from safetensors.torch import load_file

    with quiet():
        pipe = diffusers.LTX2HDRPipeline.from_pretrained(folder, local_files_only=True)
        pipe.load_lora_weights(str(folder), weight_name=ADAPTER, adapter_name="hdr")
        pipe.set_adapters("hdr", 1.0)
    pipe.set_progress_bar_config(disable=True)
    words = load_file(folder / EMBEDDINGS)

    def made(asked: CallSheet, **more: Any) -> Pixels:
        told: dict[str, Any] = {
            "reference_conditions": [LTX2HDRReferenceCondition(frames=asked.plate)],
            "connector_video_embeds": words["video_context"],
            "connector_audio_embeds": words["audio_context"],
            "width": asked.width,
            "height": asked.height,
            "num_frames": asked.frames,
            "frame_rate": float(asked.rate.per_second),
            "num_inference_steps": 8,
            "sigmas": DISTILLED_SIGMA_VALUES,
            "guidance_scale": 1.0,
            "generator": torch.Generator("cpu").manual_seed(asked.seeds[0]),
            "output_type": "np",
        }
        with quiet():
            return np.asarray(pipe(**told | more).frames[0])

    return made


def plate(frames: int = FRAMES, side: int = SIDE) -> Pixels:
    """A slope of light that moves; finer than 8 bits tell."""
    across, down = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    moved = [np.stack([across, down, np.roll(across, at, 1)], -1) for at in range(frames)]
    return np.stack(moved).astype(np.float32)


def sheet(frames: int = FRAMES, side: int = SIDE, **more: Any) -> CallSheet:
    told: dict[str, Any] = {"plate": plate(frames, side), "seeds": (3,)} | more
    return CallSheet(side, side, frames, Rate.of(25), light=True, **told)


def clip(model: VideoModel, asked: CallSheet, watch: Any = None) -> Pixels:
    answers = list(model.shoot(asked, watch or Unwatched()))
    assert [(each.take, each.first, each.sound) for each in answers] == [(0, 0, None)]
    return answers[0].frames


class Stopping(Unwatched):
    """Stops after so many steps; looks at each preview before."""

    def __init__(self, after: int) -> None:
        self.steps: list[tuple[int, int]] = []
        self.shown: list[Pixels] = []
        self._after = after

    def check(self) -> None:
        if len(self.steps) >= self._after:
            raise Cancelled

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        self.steps.append((done, total))
        if estimate is not None:
            self.shown.append(estimate())


def test_its_card_says_light_and_nothing_else(folder: Path) -> None:
    card = models.card_of(str(folder))
    reach, rule = card.reach, card.reach.frames
    assert reach.honours == {"light"}
    assert (reach.multiple, reach.area, reach.native_rate) == (32, 768 * 512, Rate.of(24))
    assert (rule.base, rule.step, rule.longest) == (1, 8, 121)
    assert (card.steps, card.guidance, card.note) == (8, 1.0, "")
    assert not reach.sound
    assert not reach.adapters
    assert not reach.stand_ins
    assert choose(frozenset({"light"}), [card]) == card
    with pytest.raises(ModelUnfit):
        choose(frozenset({"words"}), [card])


def test_it_makes_what_the_official_pipeline_makes_and_nothing_is_darker_than_black(
    model: VideoModel, theirs: Callable[..., Pixels]
) -> None:
    asked = sheet()
    ours, told = clip(model, asked), theirs(asked)
    assert ours.dtype == np.float32
    assert ours.shape == (FRAMES, SIDE, SIDE, 3)
    assert told.min() < 0  # what is clamped
    assert np.array_equal(ours, np.maximum(told, 0))
    assert np.isfinite(ours).all()
    assert ours.min() == 0
    assert 0.05 < (ours > 1).mean() < 0.95
    assert ours.max() <= BRIGHTEST * 1.0001


def test_a_plate_of_8_bits_is_what_the_pipeline_takes_pictures_of_8_bits_for(
    model: Driven, theirs: Callable[..., Pixels]
) -> None:
    from diffusers.pipelines.ltx2 import LTX2HDRReferenceCondition
    from PIL import Image

    eight = np.round(plate() * 255).astype(np.uint8)
    pictures = [Image.fromarray(each) for each in eight]
    asked = sheet(plate=eight.astype(np.float32) / 255)
    told = theirs(asked, reference_conditions=LTX2HDRReferenceCondition(frames=pictures))
    assert np.array_equal(clip(model, asked), np.maximum(told, 0))
    assert not np.array_equal(clip(model, sheet()), clip(model, asked))  # it knows finer ones too


def test_its_words_its_adapter_its_plate_and_its_seed_all_count(
    model: VideoModel, folder: Path, tmp_path: Path
) -> None:
    made = clip(model, sheet())
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    light_kit(other, seed=1)
    for file in (ADAPTER, EMBEDDINGS):
        mixed = Path(shutil.copytree(folder, tmp_path / file))
        shutil.copy(other / file, mixed / file)
        assert not np.array_equal(clip(models.load(str(mixed), "cpu"), sheet()), made)
    assert not np.array_equal(clip(model, sheet(plate=1 - plate())), made)
    assert not np.array_equal(clip(model, sheet(seeds=(4,))), made)
    assert np.array_equal(clip(model, sheet(prompt="a cat")), made)  # it has its own words


def test_a_take_is_the_same_alone_as_among_others(model: VideoModel) -> None:
    takes = {answer.take: answer.frames for answer in model.shoot(sheet(seeds=(3, 4)), Unwatched())}
    assert np.array_equal(takes[0], clip(model, sheet()))
    assert np.array_equal(takes[1], clip(model, sheet(seeds=(4,))))


def test_all_its_steps_are_told_and_shown_as_a_display_would(model: VideoModel) -> None:
    watch = Stopping(99)
    made = clip(model, sheet(), watch)
    assert watch.steps == [(done, 8) for done in range(1, 9)]
    assert len(watch.shown) == 7  # after the first step there is nothing to tell yet
    for shown in watch.shown:
        assert shown.shape == (2, SIDE, SIDE, 3)
        assert 0 <= shown.min() < shown.max() <= 1
    assert made.max() > 1


def test_cancelling_stops_it_and_leaves_it_as_it_was(model: VideoModel) -> None:
    before, watch = clip(model, sheet()), Stopping(2)
    with pytest.raises(Cancelled):
        clip(model, sheet(seeds=(4,)), watch)
    assert len(watch.steps) == 2
    assert np.array_equal(clip(model, sheet()), before)


def test_what_it_wears_is_off_again(model: Driven) -> None:
    clip(model, sheet())
    network = model._pipe.transformer
    assert not [name for name, _ in network.named_parameters() if "lora" in name]


def test_block_by_block_it_makes_the_same(model: VideoModel, folder: Path) -> None:
    thrifty = models.load(str(folder), Berth("cpu", sparing=TILED))
    ours, theirs = clip(thrifty, sheet()), clip(model, sheet())
    near = np.isclose(ours, theirs, rtol=1e-3, atol=1e-4)
    assert near.mean() > 0.999


def test_an_adapter_that_wants_the_plate_smaller_has_it_smaller(tmp_path: Path) -> None:
    folder = tiny_light(tmp_path / "half", smaller=2)
    model, asked = models.load(str(folder), "cpu"), sheet(side=64)
    assert model.card.reach.multiple == 64
    made = clip(model, asked)
    told = official(folder)(asked, reference_downscale_factor=2)
    assert np.array_equal(made, np.maximum(told, 0))
    with pytest.raises(SizeUnfit, match="no size"):
        model.shoot(sheet(side=96), Unwatched())


def test_the_noise_is_what_it_was_distilled_for() -> None:
    from diffusers.pipelines.ltx2.utils import DISTILLED_SIGMA_VALUES

    assert sigmas(8) == DISTILLED_SIGMA_VALUES
    assert sigmas(4) == DISTILLED_SIGMA_VALUES[::2]
    assert sigmas(16)[::2] == DISTILLED_SIGMA_VALUES
    assert sigmas(1) == [1.0]
    for steps in (3, 5, 40):
        told = sigmas(steps)
        assert len(told) == steps
        assert told == sorted(told, reverse=True)
        assert told[0] == 1
        assert told[-1] > 0


def test_other_numbers_of_steps_are_shot_as_asked(model: VideoModel) -> None:
    for steps in (1, 3):
        watch = Stopping(99)
        assert np.isfinite(clip(model, sheet(frames=1, steps=steps), watch)).all()
        assert watch.steps[-1] == (steps, steps)


def test_what_it_cannot_make_is_refused_before_anything_runs(model: VideoModel) -> None:
    with pytest.raises(BadValue, match="cannot be guided"):
        model.shoot(sheet(guidance=3.0), Unwatched())
    with pytest.raises(SizeUnfit, match="no length"):
        model.shoot(sheet(frames=8), Unwatched())
    with pytest.raises(ModelUnfit, match="adapters"):
        model.shoot(sheet(adapters=("/look.safetensors",)), Unwatched())
    with pytest.raises(ModelUnfit, match="shooting from words"):
        model.shoot(CallSheet(SIDE, SIDE, 9, Rate.of(24), "a cat"), Unwatched())


def test_its_provenance_tells_the_files_beside_its_parts(model: VideoModel, folder: Path) -> None:
    import hashlib

    told = model.provenance()
    assert json.loads(json.dumps(told)) == told
    assert "text_encoder" not in told["precision"]  # its words were read beforehand
    for key, file in (("adapter", ADAPTER), ("embeddings", EMBEDDINGS)):
        assert told[key]["sha256"] == hashlib.sha256((folder / file).read_bytes()).hexdigest()


# ------------------------------------------------------------------ the files beside its parts


def copied(folder: Path, to: Path, card: str = "") -> Path:
    made = Path(shutil.copytree(folder, to / "copy"))
    if card:
        (made / "card.toml").write_text(card + "\n", "utf-8")
    return made


@pytest.mark.parametrize(
    ("file", "key"), [(ADAPTER, "adapter"), (EMBEDDINGS, "embeddings")], ids=["adapter", "words"]
)
def test_a_missing_file_is_named_with_where_to_get_it(
    file: str, key: str, folder: Path, tmp_path: Path
) -> None:
    lacking = copied(folder, tmp_path)
    (lacking / file).unlink()
    with pytest.raises(CheckpointInvalid, match="is missing") as missing:
        models.card_of(str(lacking))
    assert missing.value.where == str(lacking / file)
    assert file in str(missing.value)
    assert HOME in missing.value.remedy
    assert f'{key} = ""' in missing.value.remedy
    listed = models.listing([str(lacking)])[-1]
    assert listed.card is None
    assert file in listed.fault
    with pytest.raises(CheckpointInvalid, match="is missing"):
        models.load(str(lacking), "cpu")


def test_files_may_be_called_otherwise(model: VideoModel, folder: Path, tmp_path: Path) -> None:
    named = copied(
        folder, tmp_path, 'adapter = "light.safetensors"\nembeddings = "words.safetensors"'
    )
    (named / ADAPTER).rename(named / "light.safetensors")
    (named / EMBEDDINGS).rename(named / "words.safetensors")
    assert np.array_equal(clip(models.load(str(named), "cpu"), sheet()), clip(model, sheet()))
    (named / "card.toml").write_text('adapter = "../light.safetensors"\n', "utf-8")
    with pytest.raises(CheckpointInvalid, match="its own folder"):
        models.card_of(str(named))


def test_without_embeddings_the_words_of_each_shot_are_read(
    folder: Path, theirs: Callable[..., Pixels], tmp_path: Path
) -> None:
    model = models.load(str(copied(folder, tmp_path, 'embeddings = ""')), "cpu")
    assert "reads the words" in model.card.note
    asked = sheet(prompt="a cat", negative="hills", guidance=2.0)
    unread = {"connector_video_embeds": None, "connector_audio_embeds": None}
    told = theirs(
        asked,
        **unread,
        prompt="a cat",
        negative_prompt="hills",
        guidance_scale=2.0,
        max_sequence_length=16,
    )
    assert np.array_equal(clip(model, asked), np.maximum(told, 0))
    assert not np.array_equal(
        clip(model, sheet(prompt="a dog")), clip(model, sheet(prompt="a cat"))
    )


def test_one_that_wears_nothing_says_that_it_must_be_merged(
    model: VideoModel, folder: Path, tmp_path: Path
) -> None:
    merged = models.load(str(copied(folder, tmp_path, 'adapter = ""\nnote = "Ours"')), "cpu")
    assert merged.card.note.startswith("Ours. It wears no adapter")
    assert not np.array_equal(clip(merged, sheet()), clip(model, sheet()))
    assert "adapter" not in merged.provenance()


@pytest.mark.parametrize(
    ("about", "wrong"),
    [
        ({"reference_downscale_factor": "1.5"}, "1.5 times smaller"),
        ({"reference_downscale_factor": "some"}, "some times smaller"),
        ({"hdr_transform": "acescct"}, "another code: acescct"),
    ],
)
def test_an_adapter_of_another_kind_is_refused(
    about: dict[str, str], wrong: str, folder: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    other = copied(folder, tmp_path)
    save_file(load_file(other / ADAPTER), other / ADAPTER, about)
    with pytest.raises(CheckpointInvalid, match=wrong):
        models.card_of(str(other))


def test_words_of_another_model_are_refused(folder: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    other = copied(folder, tmp_path)
    save_file({"video_context": torch.zeros(1, 6, 16)}, other / EMBEDDINGS)
    with pytest.raises(CheckpointInvalid, match="audio_context is not there"):
        models.card_of(str(other))
    wide = {name: torch.zeros(1, 6, 32) for name in ("video_context", "audio_context")}
    save_file(wide, other / EMBEDDINGS)
    with pytest.raises(CheckpointInvalid, match=r"video_context is \[1, 6, 32\]"):
        models.card_of(str(other))


# ------------------------------------------------------------------ the catalogue's


def test_the_catalogue_says_of_it_what_its_card_says(folder: Path) -> None:
    entry, card = wanted("ltx-2.3-hdr"), models.card_of(str(folder))
    assert entry.pipeline == light_card.CLASS
    assert entry.honours == light_card.HONOURS == card.reach.honours
    for key in ("multiple", "frames", "area", "native_rate", "references", "key_places"):
        assert getattr(entry, key) == getattr(card.reach, key), key
    assert (entry.steps, entry.guidance) == (card.steps, card.guidance)
    assert ADAPTER in entry.note
    assert EMBEDDINGS in entry.note
    assert HOME in entry.note
    assert entry.name in [each.name for each in models.known()]


def test_what_is_fetched_for_it_is_it_though_its_index_names_another_class(tmp_path: Path) -> None:
    entry = wanted("ltx-2.3-hdr")
    snapshots = tmp_path / ("models--" + entry.repository.replace("/", "--")) / "snapshots"
    fetched = tiny_ltx(snapshots / ("a" * 40))
    place = tmp_path / "models" / entry.name
    place.parent.mkdir()
    place.symlink_to(fetched, target_is_directory=True)
    listed = models.listing([str(place)])[-1]
    assert ADAPTER in listed.fault  # it says what is to be put there
    assert str(place / ADAPTER) in listed.fault
    light_kit(place)
    card = models.card_of(str(place))
    assert (card.name, card.title, card.licence) == (entry.name, entry.title, entry.licence)
    assert card.reach.honours == {"light"}
    elsewhere = models.card_of(str(Path(shutil.copytree(fetched, tmp_path / "ours"))))
    assert {"words", "keys"} <= elsewhere.reach.honours  # the same weights, as any others


def test_a_display_shows_white_for_all_that_is_brighter() -> None:
    light = np.array([-0.1, 0, 0.002, 0.18, 0.5, 1, 1.5, 55], np.float32)
    shown = displayed(light)
    assert shown[[0, 1, 5, 6, 7]] == pytest.approx([0, 0, 1, 1, 1])
    assert shown.max() <= 1
    assert shown[2] == pytest.approx(0.02584)
    assert shown[3] == pytest.approx(0.46136, abs=1e-4)
    assert shown[4] == pytest.approx(0.73536, abs=1e-4)
