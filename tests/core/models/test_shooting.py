"""What a model makes of a sheet, judged against the official pipeline called by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import (
    UNKNOWN,
    CallSheet,
    Cancelled,
    Estimate,
    Pixels,
    Unwatched,
    VideoModel,
    Watch,
)
from secondunit.models.rig.loading import quiet
from secondunit.models.wan.model import WanModel
from secondunit_contract.frames import Rate
from secondunit_contract.problem import (
    BadValue,
    ModelUnfit,
    ModelUnknown,
    NotEnoughMemory,
    SizeUnfit,
)

FILM = Rate.of(24)


def moving(frames: int, height: int, width: int) -> Pixels:
    """A coloured slope with a white square that moves."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    plate = np.stack([np.stack([across, down, 1 - across], -1)] * frames).astype(np.float32)
    for frame in range(frames):
        plate[frame, 8:16, 4 + frame : 12 + frame] = 1
    return plate


def inpaint(seeds: tuple[int, ...] = (1,), words: str = "a cat", **more: Any) -> CallSheet:
    """A 9-frame, 32x32 plate with a hole, for the tiny VACE."""
    plate = moving(9, 32, 32)
    paint = np.zeros((9, 32, 32), dtype=np.bool_)
    paint[:, 8:24, 8:24] = True
    plate[paint] = UNKNOWN
    return CallSheet(32, 32, 9, FILM, words, plate=plate, paint=paint, seeds=seeds, steps=3, **more)


def whole(model: VideoModel, sheet: CallSheet, watch: Watch | None = None) -> dict[int, Pixels]:
    """Each take's clip, once its answers are checked to follow each other."""
    takes: dict[int, list[Pixels]] = {}
    for answer in model.shoot(sheet, watch or Unwatched()):
        kept = takes.setdefault(answer.take, [])
        assert answer.first == sum(len(frames) for frames in kept)
        assert answer.frames.dtype == np.float32
        kept.append(answer.frames)
    return {take: np.concatenate(frames) for take, frames in takes.items()}


def by_hand(model: VideoModel, sheet: CallSheet, frames_told: int, **more: Any) -> Pixels:
    """The sheet through the official pipeline, its own encoding and decoding included."""
    import torch

    assert isinstance(model, WanModel)
    told: dict[str, Any] = {}
    if sheet.plate is not None and sheet.paint is not None:
        video = torch.from_numpy(sheet.plate).permute(0, 3, 1, 2)[None]
        mask = torch.from_numpy(sheet.paint.astype(np.float32))[None, :, None]
        told = {"video": video.contiguous(), "mask": mask.repeat(1, 1, 3, 1, 1)}
    with quiet():
        return np.asarray(
            model._pipe(
                prompt=sheet.prompt,
                negative_prompt=sheet.negative,
                height=sheet.height,
                width=sheet.width,
                num_frames=frames_told,
                num_inference_steps=sheet.steps,
                guidance_scale=model.card.guidance if sheet.guidance is None else sheet.guidance,
                generator=torch.Generator("cpu").manual_seed(sheet.seeds[0]),
                output_type="np",
                **told,
                **more,
            ).frames[0]
        )


class Stopping(Unwatched):
    """Stops the call the n-th time it is asked."""

    def __init__(self, at: int) -> None:
        self.left = at

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


class Counting(Unwatched):
    """Counts how often it is asked, and keeps what it is told."""

    def __init__(self, previews: bool = False) -> None:
        self.asked = 0
        self.told: list[tuple[int, int, int]] = []
        self.previews: list[Pixels] = []
        self._show = previews

    def check(self) -> None:
        self.asked += 1

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        self.told.append((take, done, total))
        if self._show and estimate is not None:
            self.previews.append(estimate())


def test_the_answer_is_the_official_pipelines_to_the_bit(tiny: VideoModel) -> None:
    sheet = inpaint(guidance=3.0, negative="low")
    assert np.array_equal(whole(tiny, sheet)[0], by_hand(tiny, sheet, 9, max_sequence_length=32))


def test_so_is_the_starters_which_has_no_time_factor(starter: VideoModel) -> None:
    plate = moving(9, 64, 64)
    paint = np.ones((9, 64, 64), dtype=np.bool_)
    paint[0] = False
    sheet = CallSheet(64, 64, 9, FILM, plate=plate, paint=paint, steps=2)
    answer = whole(starter, sheet)[0]
    assert answer.shape == (9, 64, 64, 3)
    assert np.array_equal(answer, by_hand(starter, sheet, 8, max_sequence_length=32))


def test_a_words_only_checkpoint_follows_the_official_pipeline(wan_folder: Path) -> None:
    model = models.load(str(wan_folder), "cpu")
    assert model.card.reach.honours - model.card.reach.stand_ins == {"words", "look"}
    sheet = CallSheet(32, 48, 9, FILM, "a cat runs", steps=3)
    assert np.array_equal(whole(model, sheet)[0], by_hand(model, sheet, 9, max_sequence_length=32))
    with pytest.raises(ModelUnfit, match="following a guide"):
        model.shoot(replace(inpaint(), guide=moving(9, 32, 32)), Unwatched())


def test_a_second_call_gives_the_same_bits_and_another_seed_others(tiny: VideoModel) -> None:
    first, again = whole(tiny, inpaint()), whole(tiny, inpaint())
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], whole(tiny, inpaint((2,)))[0])


def test_a_fresh_load_gives_the_same_bits(tiny: VideoModel, vace_folder: Path) -> None:
    fresh = models.load(str(vace_folder), "cpu")
    assert np.array_equal(whole(tiny, inpaint())[0], whole(fresh, inpaint())[0])


def test_takes_are_the_bits_of_solo_runs(tiny: VideoModel) -> None:
    takes = whole(tiny, inpaint((4, 5, 6)))
    for index, seed in enumerate((4, 5, 6)):
        assert np.array_equal(takes[index], whole(tiny, inpaint((seed,)))[0])


def test_the_starters_takes_are_the_bits_of_solo_runs(starter: VideoModel) -> None:
    def sheet(*seeds: int) -> CallSheet:
        return CallSheet(32, 32, 5, FILM, keys={0: moving(1, 32, 32)[0]}, seeds=seeds, steps=2)

    takes = whole(starter, sheet(4, 5))
    assert np.array_equal(takes[0], whole(starter, sheet(4))[0])
    assert np.array_equal(takes[1], whole(starter, sheet(5))[0])


def test_takes_share_their_encodings(tiny: VideoModel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(tiny, WanModel)
    counted = {"pictures": 0, "words": 0}
    encode, read = tiny._pipe.vae.encode, tiny._pipe.text_encoder.forward

    def encoding(*told: Any, **more: Any) -> Any:
        counted["pictures"] += 1
        return encode(*told, **more)

    def reading(*told: Any, **more: Any) -> Any:
        counted["words"] += 1
        return read(*told, **more)

    monkeypatch.setattr(tiny._pipe.vae, "encode", encoding)
    monkeypatch.setattr(tiny._pipe.text_encoder, "forward", reading)
    whole(tiny, inpaint((1, 2, 3), "words it has not read yet", guidance=1.0))
    assert counted == {"pictures": 2, "words": 1}


def test_frames_leave_as_they_are_decoded(tiny: VideoModel) -> None:
    firsts = [(each.first, len(each.frames)) for each in tiny.shoot(inpaint(), Unwatched())]
    assert firsts == [(0, 1), (1, 4), (5, 4)]


@pytest.mark.parametrize("at", [0, 1, 3, 8, 20, 60, 100])
def test_a_cancelled_call_leaves_the_model_as_it_was(tiny: VideoModel, at: int) -> None:
    before = whole(tiny, inpaint())
    with pytest.raises(Cancelled):
        whole(tiny, inpaint(), Stopping(at))
    watch = Counting()
    assert np.array_equal(whole(tiny, inpaint(), watch)[0], before[0])
    assert watch.asked > at


def test_the_watch_is_asked_before_every_block_and_chunk(tiny: VideoModel) -> None:
    assert isinstance(tiny, WanModel)
    pipe, watch, before = tiny._pipe, Counting(), {}
    unasked: list[str] = []
    ran: set[int] = set()

    def entered(part: Any, *told: Any) -> None:
        before[id(part)] = watch.asked
        ran.add(id(part))

    def left(part: Any, *told: Any) -> None:
        if watch.asked == before[id(part)]:
            unasked.append(type(part).__name__)

    parts = [*pipe.transformer.blocks, *pipe.transformer.vace_blocks]
    parts += [*pipe.text_encoder.encoder.block, *pipe.vae.encoder.down_blocks]
    for upper in pipe.vae.decoder.up_blocks:
        parts += list(upper.resnets)
    for coder in (pipe.vae.encoder, pipe.vae.decoder):
        parts += [*coder.mid_block.resnets, *coder.mid_block.attentions]
    hooks = [part.register_forward_pre_hook(entered) for part in parts]
    hooks += [part.register_forward_hook(left) for part in parts]
    try:
        whole(tiny, inpaint(words="words new to it", guidance=1.0), watch)
    finally:
        for hook in hooks:
            hook.remove()
    assert len(ran) == len(parts), "every one of them was at work"
    assert not unasked
    assert not any(each._forward_pre_hooks for each in _modules(tiny))


def _modules(model: VideoModel) -> Iterator[Any]:
    assert isinstance(model, WanModel)
    for part in (model._pipe.transformer, model._pipe.vae, model._pipe.text_encoder):
        yield from part.modules()


def test_steps_are_told_and_previews_are_stills_that_disturb_nothing(tiny: VideoModel) -> None:
    watch = Counting(previews=True)
    takes = whole(tiny, inpaint((1, 2)), watch)
    assert watch.told == [(take, step, 3) for take in (0, 1) for step in (1, 2, 3)]
    assert {preview.shape for preview in watch.previews} == {(3, 32, 32, 3)}
    assert np.array_equal(takes[1], whole(tiny, inpaint((2,)))[0])


def test_the_last_preview_is_what_comes_out(starter: VideoModel) -> None:
    watch = Counting(previews=True)
    sheet = CallSheet(32, 32, 5, FILM, "a red ball over hills", steps=4)
    answer = whole(starter, sheet, watch)[0]
    errors = [float(np.abs(each - answer[[0, 2, 4]]).mean()) for each in watch.previews]
    assert errors[-1] < 1e-3
    assert errors[0] > 10 * errors[-1]


@pytest.mark.parametrize("residual", [False, True])
def test_decoding_bit_by_bit_is_decoding_whole(residual: bool) -> None:
    """Both kinds of Wan's VAE: 2.1's, and 2.2's, whose first frame is treated apart."""
    from contextlib import nullcontext
    from types import SimpleNamespace

    import torch
    from diffusers import AutoencoderKLWan
    from diffusers.video_processor import VideoProcessor

    from secondunit.models.wan.decode import decoded, to_decoder

    patch = {"is_residual": True, "patch_size": 2, "in_channels": 12, "out_channels": 12}
    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=8, z_dim=16, dim_mult=[1] * 4, num_res_blocks=1, **(patch if residual else {})
    )
    pipe = SimpleNamespace(vae=vae, video_processor=VideoProcessor(vae_scale_factor=8))
    latents = torch.randn(1, 16, 4, 4, 6)
    streamed = list(decoded(pipe, latents, nullcontext))
    assert [len(frames) for frames in streamed] == [1, 4, 4, 4]
    with torch.no_grad():
        at_once = vae.decode(to_decoder(vae, latents)).sample
    expected = pipe.video_processor.postprocess_video(at_once, output_type="np")[0]
    assert np.array_equal(np.concatenate(streamed), expected)


def test_a_straight_line_solvers_estimate_is_its_clean_clip() -> None:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler

    from secondunit.models.rig.watching import Believed

    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(6)
    clean, noise = torch.rand(1, 2, 1, 4, 4), torch.rand(1, 2, 1, 4, 4)
    believed, latents = Believed(scheduler), noise
    estimates = []
    for step, time in enumerate(scheduler.timesteps):
        latents = scheduler.step(noise - clean, time, latents, return_dict=False)[0]
        estimates.append(believed.after(step, latents))
    assert estimates[0] is None
    assert all(torch.allclose(each, clean, atol=1e-5) for each in estimates[1:])


def test_keys_and_plate_are_told_as_vace_is_told_them() -> None:
    from secondunit.models.wan.conditioning import conditions

    plate, key = moving(5, 16, 16), np.full((16, 16, 3), 0.25, dtype=np.float32)
    paint = np.ones((5, 16, 16), dtype=np.bool_)
    given = conditions(CallSheet(16, 16, 5, FILM, plate=plate, paint=paint, keys={0: key}))
    assert np.array_equal(given.clip[0], key)
    assert not given.matte[0].any()
    assert np.array_equal(given.clip[1:], plate[1:])
    assert given.matte[1:].all()
    assert paint.all(), "the sheet's own matte is left alone"

    alone = conditions(CallSheet(16, 16, 5, FILM, keys={4: key}))
    assert (alone.clip[:4] == UNKNOWN).all()
    assert alone.matte[:4].all()

    guide = np.full((5, 16, 16, 3), 0.75, dtype=np.float32)
    guided = conditions(CallSheet(16, 16, 5, FILM, guide=guide))
    assert np.array_equal(guided.clip, guide)
    assert guided.matte.all()


def test_a_model_that_likes_its_holes_rough_gets_them_so() -> None:
    from secondunit.models.wan.conditioning import conditions

    plate = np.broadcast_to(
        np.linspace(0.2, 0.6, 5, dtype=np.float32)[:, None, None, None], (5, 16, 16, 3)
    ).copy()
    truth, paint = plate.copy(), np.zeros((5, 16, 16), bool)
    paint[1:4] = True
    plate[paint] = UNKNOWN
    sheet = CallSheet(16, 16, 5, FILM, plate=plate, paint=paint)
    assert (conditions(sheet).clip[1:4] == UNKNOWN).all()
    rough = conditions(sheet, "rough")
    assert np.allclose(rough.clip, truth, atol=1e-6)
    assert (rough.matte == paint).all()


def test_an_unknown_pixel_is_exactly_the_middle_for_the_model(tiny: VideoModel) -> None:
    from secondunit.models.wan.conditioning import as_tensors, conditions

    assert isinstance(tiny, WanModel)
    clip, matte = as_tensors(conditions(CallSheet(32, 32, 5, FILM)))
    video, mask, _ = tiny._pipe.preprocess_conditions(clip, matte, None, 1, 32, 32, 5)
    assert float(video.abs().max()) == 0.0
    assert float(mask.min()) == 1.0


def test_values_finer_than_8_bits_reach_the_model(tiny: VideoModel) -> None:
    sheet, other = inpaint(), inpaint()
    assert other.plate is not None
    other.plate[0, 0, 0] = np.clip(other.plate[0, 0, 0] + 1 / 2048, 0, 1)
    assert not np.array_equal(whole(tiny, sheet)[0], whole(tiny, other)[0])


def test_references_change_the_shot_and_not_its_length(tiny: VideoModel) -> None:
    reference = np.ones((20, 40, 3), dtype=np.float32)
    reference[4:12, 8:24] = (1, 0, 0)
    with_one = whole(tiny, inpaint(references=(reference,)))[0]
    assert with_one.shape == (9, 32, 32, 3)
    assert not np.array_equal(with_one, whole(tiny, inpaint())[0])


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (CallSheet(40, 32, 9, FILM), "multiples of 16"),
        (CallSheet(8, 8, 9, FILM), "too small"),
        (CallSheet(32, 32, 10, FILM), "4 more at a time"),
        (CallSheet(32, 32, 85, FILM), "up to 81"),
    ],
)
def test_a_shape_it_cannot_make_is_refused_not_rounded(
    tiny: VideoModel, sheet: CallSheet, words: str
) -> None:
    with pytest.raises(SizeUnfit, match=words):
        tiny.shoot(sheet, Unwatched())


def test_what_the_starter_cannot_do_is_refused(starter: VideoModel) -> None:
    guide = moving(9, 32, 32)
    with pytest.raises(ModelUnfit, match="following a guide clip"):
        starter.shoot(CallSheet(32, 32, 9, FILM, guide=guide), Unwatched())
    with pytest.raises(ModelUnfit, match="reference"):
        starter.shoot(CallSheet(32, 32, 9, FILM, references=(guide[0],)), Unwatched())
    with pytest.raises(ModelUnknown, match="no adapter called film-grain"):
        starter.shoot(CallSheet(32, 32, 9, FILM, adapters=("film-grain",)), Unwatched())


def test_pixels_that_are_no_numbers_are_refused(tiny: VideoModel) -> None:
    sheet = inpaint()
    assert sheet.plate is not None
    sheet.plate[3, 4, 5, 0] = np.nan
    with pytest.raises(BadValue, match="plate"):
        tiny.shoot(sheet, Unwatched())


def test_low_strength_stays_nearer_to_the_plate(starter: VideoModel, tiny: VideoModel) -> None:
    plate = moving(9, 32, 32)
    distances = []
    for strength in (0.2, 0.6, 1.0):
        sheet = CallSheet(32, 32, 9, FILM, plate=plate, strength=strength, steps=10)
        distances.append(float(np.abs(whole(tiny, sheet)[0] - plate).mean()))
    assert distances[0] < distances[2]
    sheet = CallSheet(32, 32, 9, FILM, plate=plate, strength=0.2, steps=10)
    watch = Counting()
    first = whole(tiny, sheet, watch)[0]
    assert watch.told[-1] == (0, 2, 2)
    assert np.array_equal(first, whole(tiny, sheet)[0])
    after = inpaint()
    assert np.array_equal(whole(tiny, after)[0], by_hand(tiny, after, 9, max_sequence_length=32)), (
        "the schedule is whole again"
    )


def test_a_full_memory_is_told_in_plain_words(
    tiny: VideoModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    assert isinstance(tiny, WanModel)

    for fault in (
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    ):

        def full(*told: Any, fault: BaseException = fault, **more: Any) -> Any:
            raise fault

        with monkeypatch.context() as patch:
            patch.setattr(tiny._pipe.transformer, "forward", full)
            with pytest.raises(NotEnoughMemory, match="9 frames of 32x32"):
                whole(tiny, inpaint())


def test_a_device_that_is_not_there_is_refused(vace_folder: Path) -> None:
    with pytest.raises(BadValue, match="no cuda:63"):
        models.load(str(vace_folder), "cuda:63")


def test_provenance_names_the_weights_and_the_libraries(tiny: VideoModel) -> None:
    import json

    told = tiny.provenance()
    assert json.loads(json.dumps(told)) == told
    assert len(told["weights"]) == 64
    assert told["class"] == "WanVACEPipeline"
    assert told["precision"]["transformer"] == "float32"
    assert told["scheduler"]["flow_shift"] == 3.0
    assert {"torch", "diffusers", "transformers"} <= set(told["versions"])
    assert tiny.card.source not in told["weights"]
