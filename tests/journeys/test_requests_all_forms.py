"""A cut with one request of each form, rendered whole: what comes back in it, and nothing else.

The one slow test: six requests on 1280x720 footage, each by the model that comes along.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from secondunit.media.read import open_media
from secondunit_otio import changed_paths

HD, V1 = (1280, 720), "tracks.children[0].children"


@dataclass(frozen=True)
class Rendered:
    folder: Path
    source: Path
    result: Path
    takes: Path
    words: str

    @property
    def track(self) -> Any:
        """V1 as OpenTimelineIO reads it."""
        return otio.adapters.read_from_file(str(self.result)).tracks[0]


@pytest.fixture(scope="module")
def rendered(run, samples, tmp_path_factory) -> Rendered:
    folder = tmp_path_factory.mktemp("all_forms")
    (folder / "footage").symlink_to(samples / "footage", target_is_directory=True)
    source = folder / "cuts" / "requests_all_forms.otio"
    source.parent.mkdir()
    shutil.copyfile(samples / "cuts" / source.name, source)
    result = source.with_name("shot.otio")
    told = run("render", source, "-o", result, "--takes", folder / "takes")
    assert told.code == 0, told.told
    return Rendered(folder, source, result, folder / "takes", told.out)


def test_all_six_requests_are_answered(rendered):
    lines = re.findall(r"^(\w+) .*: (\d) takes?$", rendered.words, re.MULTILINE)
    assert lines == [
        *(("insert", "2"), ("matte", "1"), ("extend_frame", "1"), ("extend_time", "1")),
        *(("insert", "1"), ("cleanup", "1")),
    ]


def test_nothing_changes_but_the_clips_that_asked(rendered):
    changed = changed_paths(rendered.source.read_text(), rendered.result.read_text())
    ours = (
        r"\[1\]\.(media_references\.su_|active_media_reference_key)",
        r"\[2\]\.effects\[0\]\.metadata\.secondunit\.",
        r"\[3\]\.(media_references\.su_take_001|active_media|effects\[0\]\.metadata\.secondunit\.)",
        r"\[4\]\.(media_references\.su_take_001|active_media|effects\[1\]\.metadata\.secondunit\.)",
        r"\[5\]\.",
        r"\[6\]\.(media_references\.su_take_001|active_media|markers\[0\]\.metadata\.secondunit)",
    )
    allowed = re.compile("|".join(re.escape(V1) + each for each in ours))
    matte_track = "tracks.children[3]"
    assert [path for path in changed if not allowed.match(path) and path != matte_track] == []
    assert matte_track in changed


def test_the_foreign_generator_is_let_alone(rendered):
    def there(path: Path) -> Any:
        return otio.adapters.read_from_file(str(path)).tracks[1]

    assert there(rendered.source).is_equivalent_to(there(rendered.result))
    assert there(rendered.result)[1].media_reference.generator_kind == "SMPTEBars"


@pytest.mark.parametrize(
    ("place", "keys", "first", "frames", "size"),
    [
        (1, ["su_request", "su_take_001", "su_take_002"], 0, 40, HD),
        (3, ["DEFAULT_MEDIA", "su_take_001"], 1, 24, (480, 270)),
        (4, ["DEFAULT_MEDIA", "su_take_001"], 0, 259, HD),
        (5, ["su_request", "su_take_001"], 0, 16, HD),
        (6, ["DEFAULT_MEDIA", "su_take_001"], 200, 40, HD),
    ],
)
def test_each_clip_plays_its_take_and_keeps_what_it_had(rendered, place, keys, first, frames, size):
    before = otio.adapters.read_from_file(str(rendered.source)).tracks[0][place]
    clip = rendered.track[place]
    assert isinstance(clip, otio.schema.Clip)
    assert clip.source_range == before.source_range
    assert sorted(clip.media_references()) == sorted(keys)
    assert clip.active_media_reference_key == "su_take_001"
    for key, reference in clip.media_references().items():
        if key.startswith("su_take"):
            there = reference.available_range
            assert there.start_time == otio.opentime.RationalTime(first, 24), key
            assert there.duration == otio.opentime.RationalTime(frames, 24), key
            assert _on_disk(reference) == (frames, size), key
    if place != 4:  # played at half speed: its source range is of the media slowed down
        there, shown = clip.available_range(), clip.source_range
        assert there.start_time <= shown.start_time
        assert shown.end_time_exclusive() <= there.end_time_exclusive()


def _on_disk(reference: Any) -> tuple[int, tuple[int, int]]:
    """Frames and size of what a media reference means."""
    if isinstance(reference, otio.schema.ImageSequenceReference):
        files = [
            Path(reference.target_url_for_image_number(number))
            for number in range(reference.number_of_images_in_sequence())
        ]
        assert all(file.is_file() for file in files)
        with open_media(str(files[0])) as reader:
            return len(files), reader.footage.size
    with open_media(reference.target_url) as reader:
        return len(reader.footage.range), reader.footage.size


def test_the_matte_lies_above_its_picture_and_is_not_shown(rendered):
    timeline = otio.adapters.read_from_file(str(rendered.result))
    mattes = timeline.tracks[-1]
    assert mattes.kind == "Video"
    assert not mattes.enabled
    [matte] = mattes.find_clips()
    picture = timeline.tracks[0][2]
    assert picture.active_media_reference_key == "DEFAULT_MEDIA"
    assert matte.range_in_parent() == picture.range_in_parent()
    assert matte.source_range == picture.source_range
    assert _on_disk(matte.media_reference) == (48, HD)
    assert matte.media_reference.available_range == picture.source_range
    with open_media(matte.media_reference.target_url) as reader:
        assert reader.footage.alpha
        alpha = reader.frame(0)[..., 3].astype(float) / reader.footage.depth.white
    assert 0.01 < alpha.mean() < 0.6
    assert alpha[int(0.45 * 720), int(0.47 * 1280)] > 0.9, "what was clicked on is in it"


def test_what_was_not_to_be_painted_is_the_plate_s_own(rendered):
    plate = rendered.folder / "footage" / "person_juggle.mp4"
    with open_media(str(plate)) as ours:
        for clip, pairs in (
            (rendered.track[4], ((0, 0), (123, 123), (246, 246))),
            (rendered.track[6], ((0, 200), (4, 204), (25, 225), (39, 239))),
            (rendered.track[1], ((0, 52), (7, 59), (32, 110), (39, 117))),
        ):
            with open_media(clip.media_reference.target_url) as take:
                for number, origin in pairs:
                    assert np.array_equal(take.frame(number), ours.frame(origin)), clip.name


def test_a_second_run_shoots_nothing(rendered, run, files_in):
    before = files_in(rendered.takes)
    text = rendered.result.read_text()
    assert len(before) > 40
    again = rendered.result.with_name("again.otio")
    for source, output in (
        (rendered.source, rendered.result),
        (rendered.result, again),
        (rendered.result, rendered.result),
    ):
        told = run("render", source, "-o", output, "--takes", rendered.takes)
        assert told.code == 0, told.told
        assert told.out.count("stands already") == 6
        assert output.read_text() == text
        assert files_in(rendered.takes) == before
