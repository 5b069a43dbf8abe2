"""The adapter for Blender's Sequencer, in each Blender: what runs inside it says what it holds."""

from __future__ import annotations


def test_inside(inside, check):
    inside(*check.split("::"))
