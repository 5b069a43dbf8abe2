"""How exchange is measured: a change, a loss nobody tells of and a wrong time are all seen."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pytest

from secondunit.bench.exchange import cuts, scale, there_and_back, times
from secondunit.bench.exchange.census import census, silent
from secondunit.bench.exchange.cuts import Sent, ours
from secondunit.bench.exchange.there_and_back import Counted
from secondunit_contract.problem import MediaMissing
from secondunit_otio import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.flavours import Returned
from secondunit_otio.testing import (
    clip,
    gap,
    marker,
    movie,
    span,
    text_of,
    time,
    timeline,
    track,
    transition,
    warp,
)


def a_cut(**more) -> Cut:
    row = track(
        clip("a", span(0, 20), movie("/m/a.mov", span(0, 99)), effects=[warp(2.0)]),
        transition(2, 2),
        clip(
            "b", span(5, 20), movie("/m/b.mov", span(0, 99)), markers=[marker("m", span(6, 1), "w")]
        ),
        ours(0, 24, shot=True),
        gap(10),
    )
    return Cut.parse(text_of(timeline(row, global_start_time=time(86400), **more)), "cut.otio")


def without(cut: Cut, *path) -> Cut:
    """The cut with something taken out."""
    told = json.loads(cut.text)
    holder = told
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return Cut.parse(json.dumps(told), cut.name)


ROW = ("tracks", "children", 0, "children")
LOSSES = {
    "transition": (*ROW, 1),
    "speed": (*ROW, 0, "effects", 0),
    "marker": (*ROW, 2, "markers", 0),
    "marker's words": (*ROW, 2, "markers", 0, "comment"),
    "clip": (*ROW, 0),
    "further media": (*ROW, 3, "media_references", "su_take_002"),
    "start": ("global_start_time",),
}


@pytest.mark.parametrize("sort", LOSSES)
def test_a_loss_nobody_tells_of_is_seen_and_one_that_is_told_is_not(sort):
    master = a_cut()
    came = without(master, *LOSSES[sort])
    lost = silent(master, came, ())
    assert sort in {thing[0] for thing, _ in lost}
    told = [Finding("lost", "its start time is lost", path="" if sort == "start" else path)
            for _, path in lost]  # fmt: skip
    assert silent(master, came, told) == []
    elsewhere = [Finding("lost", "something", path="tracks.children[0].children[4]")]
    assert len(silent(master, came, elsewhere)) == len(lost)
    kept = [Finding("kept", "all is well", path=path) for _, path in lost]
    assert len(silent(master, came, kept)) == len(lost)


def test_a_cut_that_came_back_whole_has_lost_nothing():
    assert silent(a_cut(), a_cut(), ()) == []
    assert len(census(a_cut())) > 8


def test_a_changed_foreign_value_is_counted_and_one_of_ours_is_not(monkeypatch):
    cut = a_cut()

    def meddling(place):
        def back(master, came, host):
            told = json.loads(master.text)
            told["tracks"]["children"][0]["children"][place]["metadata"]["x"] = 1
            return Returned(json.dumps(told), ())

        return back

    for place, wanted in ((0, True), (3, False), (4, False)):
        monkeypatch.setattr(there_and_back, "returned", meddling(place))
        counted = Counted()
        there_and_back.travelled(Sent("cut", cut), counted)
        assert bool(counted.changed) is wanted, place
        assert counted.ways + len(counted.refused) == len(there_and_back.HOSTS)


def test_our_own_ways_change_nothing():
    counted = Counted()
    there_and_back.travelled(Sent("cut", a_cut()), counted)
    assert counted.changed == []
    assert counted.silent == []
    assert counted.ways >= 6


def test_a_time_taken_for_its_neighbour_is_an_error(samples):
    assert times.errors(samples / "timelines")[0] == []
    text, truth = times._document(times.RATES["29.97 DF"], True)
    rate = times.RATES["29.97 DF"]
    assert times._judged(text, rate, truth) == ([], 3 * len(truth) + 2)
    assert times._judged(text, Fraction(30), truth)[0], "another rate"
    late = [(at + Fraction(1, 1_000_000), start, lasting) for at, start, lasting in truth]
    assert len(times._judged(text, rate, late)[0]) == len(truth), "a millionth of a second"
    shorter = text.replace('duration="1001/30000s"', 'duration="1000/30000s"')
    assert times._judged(shorter, rate, truth)[0]


def test_a_cut_travels_in_a_process_of_its_own(tmp_path):
    trip = scale.travelled(tmp_path, 200, "resolve", 1)
    assert 0 < trip.seconds < math.inf
    assert 0 < trip.cpu < math.inf
    assert 0.01 < trip.gb < 2
    assert list(tmp_path.iterdir()) == []


def test_the_samples_are_found_with_and_without_work_of_ours(samples, tmp_path):
    there = cuts.folder(samples)
    assert cuts.folder(there) == there == samples / "timelines"
    names = {path.suffix for path in cuts.samples(there)}
    assert names == {".otio", ".xml", ".edl", ".aaf", ".fcpxml"}
    with pytest.raises(MediaMissing):
        cuts.folder(tmp_path)
