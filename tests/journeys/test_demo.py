"""The first thing anybody runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from PIL import Image

KINDS = {"matte", "insert", "extend_time", "extend_frame", "cleanup"}


@pytest.fixture(scope="module")
def demo(run, tmp_path_factory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    told = run("demo", "-o", folder)
    assert told.code == 0, told.told
    return folder, told.out


def test_every_request_is_answered(demo):
    lines = re.findall(r"^(\w+) .*: (\d) takes?$", demo[1], re.MULTILINE)
    assert {kind for kind, _ in lines} == KINDS
    assert len(lines) == 5
    assert sum(int(takes) for _, takes in lines) == len(list(demo[0].glob("takes/*.take.json")))


def test_it_says_where_to_look_and_what_to_expect(demo):
    folder, words = demo
    assert str(folder / "cut_shot.otio") in words
    assert str(folder / "cut_shot.png") in words
    assert "rough" in words


def test_the_contact_sheet_shows_something(demo):
    sheet = np.asarray(Image.open(demo[0] / "cut_shot.png").convert("RGB")).astype(float)
    height, width = sheet.shape[:2]
    assert width > 600
    assert height > 1000
    thirds = np.array_split(sheet, 5, axis=0)
    assert all(third.std() > 10 for third in thirds), "no part of it is blank"


def test_the_cut_opens_elsewhere_and_plays_takes_that_are_there(demo):
    timeline = otio.adapters.read_from_file(str(demo[0] / "cut_shot.otio"))
    clips = [
        clip for clip in timeline.find_clips() if clip.active_media_reference_key != "DEFAULT_MEDIA"
    ]
    assert len(clips) == 5
    for clip in clips:
        assert clip.active_media_reference_key == "su_take_001"
        assert Path(clip.media_reference.target_url).is_file()
        there, shown = clip.available_range(), clip.source_range
        assert there.start_time <= shown.start_time
        assert shown.end_time_exclusive() <= there.end_time_exclusive()


def test_a_second_time_nothing_is_shot(demo, run, files_in):
    before = files_in(demo[0] / "takes")
    told = run("demo", "-o", demo[0])
    assert told.code == 0
    assert told.out.count("stands already") == 5
    assert files_in(demo[0] / "takes") == before
