"""Frames, rates and timecode are exact, both ways."""

from __future__ import annotations

import ctypes
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondunit_contract.frames import FrameRange, Rate, Span, Timecode
from secondunit_contract.problem import BadValue

NTSC = {n: Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)}
RATES = [Fraction(n) for n in (12, 15, 24, 25, 30, 48, 50, 60, 100, 120)] + list(NTSC.values())
DROPPING = [NTSC[30], NTSC[60], NTSC[120]]

FRAMES = st.integers(-(10**9), 10**9)
RANGES = st.tuples(FRAMES, st.integers(1, 10**6)).map(lambda pair: FrameRange.starting(*pair))


class TestRate:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            (23.976, NTSC[24]),
            (23.98, NTSC[24]),
            (23.976024627685547, NTSC[24]),  # 23.976 as a 32-bit float
            ("24000/1001", NTSC[24]),
            (" 23.976 ", NTSC[24]),
            (29.97, NTSC[30]),
            ("2997/100", NTSC[30]),
            (Fraction(2997, 100), NTSC[30]),
            (47.952, NTSC[48]),
            (59.94, NTSC[60]),
            (119.88, NTSC[120]),
            (24, Fraction(24)),
            ("24", Fraction(24)),
            (24.0, Fraction(24)),
            (25.0, Fraction(25)),
            (12.5, Fraction(25, 2)),
            (23.5, Fraction(47, 2)),
            (18, Fraction(18)),
            (1 / 3, Fraction(1, 3)),
        ],
    )
    def test_what_hosts_write_is_the_rate_they_mean(self, written, meant):
        assert Rate.of(written).per_second == meant

    @given(st.sampled_from(RATES))
    def test_a_standard_rate_survives_every_way_it_is_written(self, exact):
        rate = Rate(exact)
        single = ctypes.c_float(float(exact)).value
        for written in (exact, float(exact), single, round(float(exact), 3), str(rate), rate):
            assert Rate.of(written) == rate

    def test_neighbours_stay_apart(self):
        assert Rate.of(23.976) != Rate.of(24) != Rate.of(24.024)
        assert Rate.of(24.024).per_second == Fraction(24024, 1000)

    @given(st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=100_000))
    def test_any_fraction_is_read_back_exactly_as_it_was_written(self, exact):
        assert Rate.parse(str(Rate(exact))).per_second == exact

    def test_what_a_host_writes_is_snapped_and_what_we_wrote_is_not(self):
        assert Rate.of("2398/100").per_second == NTSC[24]
        assert Rate.parse("2398/100").per_second == Fraction(2398, 100)

    @pytest.mark.parametrize(
        "wrong",
        [
            *(0, -24, math.nan, math.inf, 1e-300, True, None, [24]),
            *("0", "-24", "24/0", "", "abc", "24fps", "1e9", "1e999999999", "9" * 5000),
        ],
    )
    def test_no_rate_is_refused(self, wrong):
        with pytest.raises(BadValue):
            Rate.of(wrong)

    def test_a_rate_below_zero_cannot_be_built(self):
        with pytest.raises(BadValue, match="-1 frames a second"):
            Rate(Fraction(-1))

    @given(st.sampled_from(RATES), st.integers(0, 10**9))
    def test_seconds_and_frames_are_inverse(self, exact, frames):
        rate = Rate(exact)
        assert rate.frames(rate.seconds(frames)) == frames

    def test_seconds_do_not_drift(self):
        assert Rate(NTSC[30]).seconds(30_000) == 1001

    @pytest.mark.parametrize(
        ("exact", "counted"),
        [(NTSC[24], 24), (NTSC[60], 60), (25, 25), ("12.5", 13), ("24.01", 24), ("1/4", 1)],
    )
    def test_a_timecode_second_counts_whole_frames(self, exact, counted):
        assert Rate.of(exact).nominal == counted


class TestFrameRange:
    @given(RANGES)
    def test_it_is_written_and_read_back(self, frames):
        assert FrameRange.parse(str(frames)) == frames

    @pytest.mark.parametrize(
        ("text", "first", "last"),
        [
            ("1001-1010", 1001, 1010),
            ("7", 7, 7),
            (" 1 - 3 ", 1, 3),
            ("-5--1", -5, -1),
            ("-5-3", -5, 3),
        ],
    )
    def test_what_people_write(self, text, first, last):
        assert FrameRange.parse(text) == FrameRange(first, last)

    @pytest.mark.parametrize("text", ["", "-", "1-", "a-b", "1..3", "1-2-3", "1.5", "9" * 5000])
    def test_what_is_no_range_is_refused(self, text):
        with pytest.raises(BadValue, match="no frame range"):
            FrameRange.parse(text)

    def test_an_empty_range_is_refused(self):
        with pytest.raises(BadValue, match="5-4 is empty"):
            FrameRange(5, 4)
        with pytest.raises(BadValue, match="0 frames from 1001"):
            FrameRange.starting(1001, 0)

    @given(RANGES)
    def test_length_members_and_ends_agree(self, frames):
        assert len(frames) == frames.last - frames.first + 1
        assert frames.first in frames
        assert frames.last in frames
        assert frames.first - 1 not in frames
        assert frames.last + 1 not in frames

    def test_iterating_gives_each_frame_once(self):
        assert list(FrameRange(1001, 1004)) == [1001, 1002, 1003, 1004]
        assert list(FrameRange(1001, 1004).span) == [1001, 1002, 1003, 1004]

    def test_an_array_frame_number_is_a_frame_and_a_word_is_none(self):
        numpy = pytest.importorskip("numpy")
        assert numpy.int64(1002) in FrameRange(1001, 1004)
        assert numpy.int64(1002) in Span(1001, 1004)
        assert "1002" not in FrameRange(1001, 1004)
        assert 1002.0 not in Span(1001, 1004)

    @given(RANGES, RANGES)
    def test_what_two_ranges_share(self, one, other):
        both = one.clipped_to(other)
        assert both == other.clipped_to(one)
        if both is None:
            assert one.last < other.first or other.last < one.first
        else:
            assert one.covers(both)
            assert other.covers(both)
            for ends in (both.first - 1, both.last + 1):
                assert ends not in one or ends not in other

    @given(RANGES, FRAMES, st.integers(0, 100), st.integers(0, 100))
    def test_shifting_and_handles(self, frames, by, head, tail):
        assert frames.shifted(by).shifted(-by) == frames
        assert len(frames.shifted(by)) == len(frames)
        wider = frames.with_handles(head, tail)
        assert wider.covers(frames)
        assert len(wider) == len(frames) + head + tail

    @given(RANGES)
    def test_a_span_holds_the_same_frames(self, frames):
        span = frames.span
        assert span.range == frames
        assert len(span) == len(frames)
        assert span.stop - 1 == frames.last
        assert span.stop not in span

    def test_a_span_may_be_empty_but_not_backwards(self):
        assert len(Span(4, 4)) == 0
        assert list(Span(4, 4)) == []
        with pytest.raises(BadValue, match="empty"):
            _ = Span(4, 4).range
        with pytest.raises(BadValue, match="backwards"):
            Span(4, 3)


KNOWN = [  # frame, rate, text: from SMPTE ST 12-1's own counting
    (107_892, NTSC[30], "01:00:00;00"),
    (1_799, NTSC[30], "00:00:59;29"),
    (1_800, NTSC[30], "00:01:00;02"),
    (17_981, NTSC[30], "00:09:59;29"),
    (17_982, NTSC[30], "00:10:00;00"),
    (2_589_407, NTSC[30], "23:59:59;29"),
    (215_784, NTSC[60], "01:00:00;00"),
    (3_599, NTSC[60], "00:00:59;59"),
    (3_600, NTSC[60], "00:01:00;04"),
    (35_964, NTSC[60], "00:10:00;00"),
    (7_200, NTSC[120], "00:01:00;008"),
    (108_000, NTSC[30], "01:00:00:00"),
    (86_400, NTSC[24], "01:00:00:00"),
    (86_400, Fraction(24), "01:00:00:00"),
    (90_024, Fraction(25), "01:00:00:24"),
    (1_001, Fraction(24), "00:00:41:17"),
    (119, Fraction(120), "00:00:00:119"),
]


class TestTimecode:
    @pytest.mark.parametrize(("frame", "rate", "text"), KNOWN)
    def test_known_values_both_ways(self, frame, rate, text):
        code = Timecode(frame, Rate(rate), drop=";" in text)
        assert str(code) == text
        assert Timecode.parse(text, Rate(rate)) == code

    @pytest.mark.parametrize("text", ["01;00;00;00", "01:00:00,00", " 1:00:00;00 "])
    def test_every_way_hosts_mark_drop_frame(self, text):
        assert Timecode.parse(text, Rate(NTSC[30])) == Timecode(107_892, Rate(NTSC[30]), drop=True)

    @pytest.mark.parametrize(
        ("text", "rate", "next_one"),
        [
            ("00:01:00;00", NTSC[30], "00:01:00;02"),
            ("00:01:00;01", NTSC[30], "00:01:00;02"),
            ("00:59:00;03", NTSC[60], "00:59:00;04"),
            ("00:01:00;007", NTSC[120], "00:01:00;008"),
            (" 00:01:00;07 ", NTSC[120], "00:01:00;08"),
        ],
    )
    def test_a_dropped_number_is_refused_and_the_next_one_named(self, text, rate, next_one):
        with pytest.raises(BadValue, match="dropped number") as caught:
            Timecode.parse(text, Rate(rate))
        assert caught.value.remedy.endswith(next_one)
        assert Timecode.parse(next_one, Rate(rate)).frame > 0

    @pytest.mark.parametrize("text", ["00:10:00;00", "00:02:00;04", "00:01:01;00"])
    def test_numbers_beside_the_dropped_ones_exist(self, text):
        assert str(Timecode.parse(text, Rate(NTSC[60]))) == text

    @pytest.mark.parametrize("rate", [24, NTSC[24], 25, 30, NTSC[48], 60])
    def test_drop_frame_exists_at_its_own_rates_only(self, rate):
        with pytest.raises(BadValue, match="no drop-frame"):
            Timecode.parse("01:00:00;00", Rate.of(rate))
        with pytest.raises(BadValue, match="no drop-frame"):
            Timecode(0, Rate.of(rate), drop=True)

    @pytest.mark.parametrize(
        "text",
        [
            *("", "1", "01:00:00", "01:00:00:0", "1:2:3:4", "-01:00:00:00", "01:00:00:00x"),
            *("01:00:00:24", "00:60:00:00", "00:00:60:00", "24:00:00:00"),
            *("01.00.00.00", "01;00:00:00", "aa:bb:cc:dd"),
        ],
    )
    def test_what_is_no_timecode_is_refused(self, text):
        with pytest.raises(BadValue):
            Timecode.parse(text, Rate(Fraction(24)))

    def test_there_is_no_time_before_zero(self):
        with pytest.raises(BadValue, match="before zero"):
            Timecode(-1, Rate(Fraction(24)))
        with pytest.raises(BadValue, match="before zero"):
            Timecode(3, Rate(Fraction(24))).shifted(-4)

    @given(st.data())
    def test_every_frame_of_a_day_survives_the_round_trip(self, data):
        rate = Rate(data.draw(st.sampled_from(RATES)))
        drop = data.draw(st.booleans()) if rate.can_drop else False
        frame = data.draw(st.integers(0, frames_in_a_day(rate, drop) - 1))
        code = Timecode(frame, rate, drop)
        assert Timecode.parse(str(code), rate) == code
        assert str(code.shifted(frames_in_a_day(rate, drop))) == str(code)

    @pytest.mark.parametrize("exact", [NTSC[30], NTSC[60]])
    def test_twenty_minutes_of_drop_frame_count_up_and_skip_only_the_dropped(self, exact):
        rate = Rate(exact)
        frames = range(round(20 * 60 * exact))
        written = [str(Timecode(frame, rate, drop=True)) for frame in frames]
        every_number = [
            f"00:{minute:02d}:{second:02d};{count:02d}"
            for minute in range(20)
            for second in range(60)
            for count in range(rate.nominal)
            if not (minute % 10 and second == 0 and count < rate.nominal // 15)
        ]
        assert written == every_number[: len(written)]

    @given(st.sampled_from(RATES), st.integers(0, 10**6), st.integers(1, 10**6))
    def test_later_frames_have_later_texts_within_a_day(self, exact, frame, later):
        rate = Rate(exact)
        for drop in {False, rate.can_drop}:
            if frame + later < frames_in_a_day(rate, drop):
                code = Timecode(frame, rate, drop)
                assert str(code) < str(code.shifted(later))

    @pytest.mark.parametrize("exact", DROPPING)
    def test_drop_frame_keeps_within_two_frames_of_the_clock_for_an_hour(self, exact):
        rate = Rate(exact)
        for minute in range(60):
            code = Timecode.parse(f"00:{minute:02d}:01;00", rate)
            assert abs(rate.seconds(code.frame) - (minute * 60 + 1)) * exact <= rate.nominal // 15

    def test_the_clock_begins_again_at_midnight_and_the_count_goes_on(self):
        rate = Rate(NTSC[30])
        last = Timecode.parse("23:59:59;29", rate)
        after = last.shifted(1)
        assert str(after) == "00:00:00;00"
        assert after.frame - last.frame == 1
        assert str(Timecode(24 * 3600 * 24, Rate(Fraction(24)))) == "00:00:00:00"


def frames_in_a_day(rate: Rate, drop: bool) -> int:
    """From the standard's words: nine of ten minutes lack their first numbers."""
    a_day = 24 * 60 * 60 * rate.nominal
    return a_day - (rate.nominal // 15) * 24 * 54 if drop else a_day
