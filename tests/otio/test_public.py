"""What the package offers is a list, and its makers of cuts make what they promise."""

from __future__ import annotations

import json
import types

import opentimelineio as otio

import secondunit_otio
from secondunit_otio.testing import synthetic_cut


def test_the_public_names_are_the_list():
    offered = {
        name
        for name, value in vars(secondunit_otio).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert sorted(secondunit_otio.__all__) == secondunit_otio.__all__
    assert offered - {"annotations"} == set(secondunit_otio.__all__)


def test_a_synthetic_cut_is_one_opentimelineio_reads():
    text = synthetic_cut(60, 14, 3)
    cut = otio.adapters.read_from_string(text, "otio_json")
    assert len(cut.tracks) == 3
    assert sum(len(track) for track in cut.tracks) == 60
    assert len(text) / 60 > 2000
    assert synthetic_cut(60, 14, 3) == text
    assert "SecondUnit" not in json.dumps(json.loads(synthetic_cut(60, 0)))
