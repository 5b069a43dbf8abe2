"""The adapter passes the panel's suite in every Resolve that lets it in, and over the bridge."""

from __future__ import annotations

import pytest

from secondunit_panel.conformance import HostConformance

VERSIONS = ("19.1.3", "20.3.2", "21.0.4", "21.1.0")
LEFT_OUT = {"export_can_be_stopped", "matte_is_attached"}


def made(host, loop, folder):
    report = HostConformance(host, folder, pump=loop.pump, patience=2.0).run()
    results = {each["check"]: each["result"] for each in report["checks"]}
    assert report["passed"], [each for each in report["checks"] if each["result"] == "failed"]
    return {name for name, result in results.items() if result == "left out"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("inclusive", [False, True])
def test_studio_conforms_over_its_api(world, hosted, loop, tmp_path, version, inclusive):
    resolve = world(version, end_inclusive=inclusive)
    assert made(hosted(resolve), loop, tmp_path / "made") == LEFT_OUT
    assert resolve.stood() == [], "the suite leaves the timeline as it was"


@pytest.mark.parametrize(("version", "studio"), [
    ("19.1.3", False), ("20.3.2", False), ("21.0.4", False), ("21.0.4", True), ("21.1.0", True),
])  # fmt: skip
def test_every_edition_with_a_menu_conforms_over_the_bridge(
    world, bridged, loop, tmp_path, version, studio
):
    resolve = world(version, studio=studio)
    host = bridged(resolve)
    assert host.about().name == ("DaVinci Resolve Studio" if studio else "DaVinci Resolve")
    assert made(host, loop, tmp_path / "made") == LEFT_OUT
    assert len(resolve.threads) == 1, "Resolve is asked from one thread"
