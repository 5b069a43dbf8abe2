"""Editors of single pictures: tiny ones load as real ones do, and shoot what the official pipelines
would.
"""

from __future__ import annotations

import json
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
    Watch,
)
from secondunit.models.editors.stills import as_picture
from secondunit.models.editors.tiny import tiny_klein, tiny_qwen
from secondunit.models.rig.driven import Driven
from secondunit.models.rig.loading import quiet
from secondunit_contract.frames import Rate
from secondunit_contract.problem import ModelUnfit, SizeUnfit

WIDTH, HEIGHT = 80, 64


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("editors")
    return {
        "klein": tiny_klein(folder / "klein"),
        "base": tiny_klein(folder / "base", distilled=False),
        "qwen": tiny_qwen(folder / "qwen"),
    }


@pytest.fixture(scope="module")
def loaded(folders: dict[str, Path]) -> dict[str, VideoModel]:
    """Each editor; the one that looks at pictures of a million pixels is shown small ones."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as official

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(official, "VAE_IMAGE_SIZE", 64 * 64)
        patch.setattr(official, "CONDITION_IMAGE_SIZE", 64 * 64)
        yield {name: models.load(str(folder), "cpu") for name, folder in folders.items()}


@pytest.fixture(params=["klein", "base", "qwen"])
def editor(request: pytest.FixtureRequest, loaded: dict[str, VideoModel]) -> VideoModel:
    return loaded[request.param]


def picture(seed: int = 0) -> Pixels:
    random = np.random.default_rng(seed).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    return np.round(random * 255).astype(np.float32) / 255


def sheet(words: str = "make it green", **told: Any) -> CallSheet:
    whole: dict[str, Any] = {"plate": picture()[None], "steps": 2, "guidance": 2.0} | told
    return CallSheet(WIDTH, HEIGHT, 1, Rate.of(24), words, **whole)


def edited(model: VideoModel, asked: CallSheet, watch: Watch | None = None) -> Pixels:
    answers = list(model.shoot(asked, watch or Unwatched()))
    assert [each.first for each in answers] == [0] * len(asked.seeds)
    return np.concatenate([each.frames for each in answers])


def by_hand(model: VideoModel, asked: CallSheet, **told: Any) -> Pixels:
    import torch

    assert isinstance(model, Driven)
    with quiet(), model._parts.at_hand((*model._parts.readers, *model._parts.seeing)):
        return np.asarray(
            model._pipe(
                image=[as_picture(asked.plate[0]), *map(as_picture, asked.references)],
                prompt=asked.prompt,
                height=asked.height,
                width=asked.width,
                num_inference_steps=asked.steps,
                generator=torch.Generator("cpu").manual_seed(asked.seeds[0]),
                output_type="np",
                **told,
            ).images
        )


def test_an_editor_is_a_model_of_one_frame(editor: VideoModel) -> None:
    reach = editor.card.reach
    assert reach.honours == {"words", "plate", "edit", "references"}
    assert reach.frames.longest == 1
    assert reach.multiple == 16
    with pytest.raises(SizeUnfit):
        editor.shoot(CallSheet(WIDTH, HEIGHT, 5, Rate.of(24), "a cat"), Unwatched())
    with pytest.raises(ModelUnfit):
        editor.shoot(sheet(paint=np.ones((1, HEIGHT, WIDTH), bool)), Unwatched())


def test_a_distilled_one_advises_few_steps(loaded: dict[str, VideoModel]) -> None:
    advised = {name: (each.card.steps, each.card.guidance) for name, each in loaded.items()}
    assert advised == {"klein": (4, 1.0), "base": (50, 4.0), "qwen": (40, 4.0)}


def test_what_it_makes_is_the_official_pipelines(loaded: dict[str, VideoModel]) -> None:
    asked = sheet(references=(picture(1),))
    pairs = {
        "klein": {"guidance_scale": 2.0},
        "base": {"guidance_scale": 2.0},
        "qwen": {"true_cfg_scale": 2.0, "negative_prompt": " "},
    }
    for name, told in pairs.items():
        more = {} if name == "qwen" else {"max_sequence_length": loaded[name]._prompt_length}
        ours, theirs = edited(loaded[name], asked), by_hand(loaded[name], asked, **told, **more)
        assert ours.shape == (1, HEIGHT, WIDTH, 3)
        assert np.abs(ours - theirs).max() < 1e-5, name


def test_plate_references_and_seed_matter_and_a_second_call_does_not(editor: VideoModel) -> None:
    first = edited(editor, sheet())
    assert np.array_equal(first, edited(editor, sheet()))
    for other in (
        sheet(plate=picture(5)[None]),
        sheet(references=(picture(2),)),
        sheet(seeds=(1,)),
        sheet("a cat runs over the hills"),
    ):
        assert not np.array_equal(first, edited(editor, other))


def test_takes_are_those_of_solo_runs(editor: VideoModel) -> None:
    together = edited(editor, sheet(seeds=(3, 4)))
    assert np.array_equal(together[1:], edited(editor, sheet(seeds=(4,))))


def test_words_alone_make_a_picture(editor: VideoModel) -> None:
    assert edited(editor, sheet(plate=None)).shape == (1, HEIGHT, WIDTH, 3)


def test_a_small_reference_is_enlarged(editor: VideoModel) -> None:
    assert edited(editor, sheet(references=(picture()[:20, :30],))).shape[0] == 1


def test_steps_are_told_with_a_preview_and_stopping_leaves_it_usable(editor: VideoModel) -> None:
    class Watching(Unwatched):
        def __init__(self, stop: int = 99) -> None:
            self.steps: list[tuple[int, int, int]] = []
            self.shown: list[Pixels] = []
            self._stop = stop

        def check(self) -> None:
            if len(self.steps) >= self._stop:
                raise Cancelled

        def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
            self.steps.append((take, done, total))
            if estimate is not None:
                self.shown.append(estimate())

    watch = Watching()
    before = edited(editor, sheet(), watch)
    assert watch.steps == [(0, 1, 2), (0, 2, 2)]
    assert [each.shape for each in watch.shown] == [(1, HEIGHT, WIDTH, 3)]
    assert np.abs(watch.shown[-1] - before).max() < 0.05
    for stop in (0, 1):
        with pytest.raises(Cancelled):
            edited(editor, sheet(), Watching(stop))
    assert np.array_equal(edited(editor, sheet()), before)


def test_its_provenance_can_be_written(editor: VideoModel) -> None:
    told = editor.provenance()
    assert json.loads(json.dumps(told)) == told
