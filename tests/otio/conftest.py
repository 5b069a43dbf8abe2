"""The cuts the tests of timelines look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from secondunit_otio import Cut

FOREIGN = (
    "ayon_hiero_timeline_23976",
    "elfuente_60fps_transitions",
    "mixed_timecode_rates",
    "nested_stacks_timewarp_freeze",
    "otio019_marker3_premiere",
    "resolve_effects_19tracks",
    "toucan_generator_refs",
    "toucan_markers_gst100",
)


@pytest.fixture(params=FOREIGN)
def foreign(request, samples) -> Path:
    """A cut some other application wrote."""
    return samples / "timelines" / f"{request.param}.otio"


@pytest.fixture
def all_forms(samples) -> Cut:
    """The cut that holds a request in every form."""
    return Cut.read(samples / "cuts" / "requests_all_forms.otio")
