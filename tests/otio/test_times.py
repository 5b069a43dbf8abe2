"""Times of a cut are exact, and mean what their host meant."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondunit_contract.problem import BadValue
from secondunit_otio.testing import span, time
from secondunit_otio.times import exact, frame_at, frames_in, moment, rate_of, stretch, time_json


@pytest.mark.parametrize("written", [23.976, 23.98, 23.976024627685547, 24000 / 1001])
def test_what_hosts_write_for_ntsc_is_ntsc(written):
    assert rate_of(written).per_second == Fraction(24000, 1001)


def test_24_and_23976_are_an_hour_apart_by_their_3600_thousandths():
    hour = moment(time(86400, 24)).seconds, moment(time(86400, 23.976)).seconds
    assert hour[1] - hour[0] == Fraction(36, 10)


@pytest.mark.parametrize(
    ("value", "meant"),
    [(86399.9999999999, 86400), (1.0000010271807451, 1), (86400.0800000001, 86400)],
)
def test_noise_never_costs_a_frame(value, meant):
    assert frame_at(exact(value)) == meant


def test_a_real_fraction_is_kept_and_floored():
    assert exact(86400.08874841638) == Fraction(86400.08874841638).limit_denominator(1_000_000)
    assert frame_at(Fraction(299, 100)) == 2
    assert frames_in(Fraction(201, 100)) == 3


@given(st.integers(-(10**9), 10**9), st.sampled_from([23.976, 24.0, 25, 29.97, 59.94, 60.0]))
def test_a_time_written_back_is_the_time_read(frames, rate):
    read = moment(time(frames, rate))
    assert time_json(read.seconds, read.written) == {**time(frames, rate), "rate": rate}


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan"), True, "24", None, 1e9])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(BadValue):
        moment({"value": 1, "rate": rate})


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**30, "5", True, None])
def test_what_is_no_number_of_frames_is_refused(value):
    with pytest.raises(BadValue):
        moment({"value": value, "rate": 24})


def test_a_range_backwards_is_refused_and_none_is_none():
    with pytest.raises(BadValue):
        stretch(span(0, -3))
    assert stretch(None) is None
    assert stretch({"duration": time(5)}).begin == 0
