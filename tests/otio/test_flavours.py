"""Each host gets a cut it can open, is told what it will not see, and nothing else is touched."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from fractions import Fraction

import opentimelineio as otio
import pytest

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadInput, CutProblem, CutUnreadable, PartMissing
from secondunit_otio import Cut, changed_paths
from secondunit_otio.flavours import HOSTS, flavour, opened
from secondunit_otio.flavours.opening import adapting
from secondunit_otio.layout import extent, place_of, references
from secondunit_otio.testing import (
    clip,
    effect,
    gap,
    generator,
    marker,
    movie,
    span,
    stack,
    text_of,
    time,
    timeline,
    track,
    transition,
    warp,
)

NATIVE = [name for name, host in HOSTS.items() if host.native]
ADAPTED = [name for name, host in HOSTS.items() if not host.native]


def cut_of(*tracks, **more) -> Cut:
    return Cut.parse(text_of(timeline(*tracks, **more)), "master", "/cuts")


def shot(name: str = "a", frames: float = 48, start: float = 0, **more):
    return clip(name, span(start, frames), movie(f"/plates/{name}.mov", span(0, 500)), **more)


def asking(id: str = "k3v9x0aa", head: float = 8, **more):
    """A request that is open: handles around the slot."""
    made = clip(f"insert su-{id}", span(head, 24), None, **more)
    media = generator("SecondUnit.Insert", span(0, 40), prompt="a gull over the harbour", seed=41)
    made |= {"media_references": {"su_request": media}, "active_media_reference_key": "su_request"}
    made["metadata"] = {"secondunit": {"schema": 1, "id": id, "kind": "insert"}}
    return made


def taken(*takes, active: str, id: str = "k3v9x0aa"):
    """The same request with takes."""
    made = asking(id)
    made["media_references"] |= {f"su_take_{n:03d}": each for n, each in enumerate(takes, 1)}
    made["active_media_reference_key"] = active
    return made


def sequence(name: str = "su-k3v9x0aa_t001", **more):
    return {
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "metadata": {},
        "name": name,
        "available_range": span(0, 40),
        "available_image_bounds": None,
        "target_url_base": "/takes/",
        "name_prefix": f"{name}.",
        "name_suffix": ".exr",
        "start_frame": 1,
        "frame_step": 1,
        "rate": 24.0,
        "frame_zero_padding": 4,
        "missing_frame_policy": "error",
        **more,
    }


def children(data: bytes, number: int = 0):
    return json.loads(data)["tracks"]["children"][number]["children"]


def paths_of(cut: Cut) -> set[str]:
    """The items that carry an id of ours, or a request, and the whole cut's own notes."""
    found = {item.path for item in cut.items() if "secondunit" in json.dumps(item.body).lower()}
    return found | {item.path for item in cut.items() if '"SU ' in json.dumps(item.body)}


@pytest.mark.parametrize("host", NATIVE)
def test_a_foreign_cut_is_given_as_it_is(foreign, host):
    cut = Cut.read(foreign)
    made = flavour(cut, host)
    changed = changed_paths(cut.text, made.data.decode())
    allowed = ("metadata", "target_url", "target_url_base")
    assert [path for path in changed if not path.startswith("metadata") and not
            path.endswith(allowed)] == []  # fmt: skip
    assert made.slates == ()


@pytest.mark.parametrize("host", NATIVE)
def test_only_clips_of_ours_differ_in_a_flavour(all_forms, host):
    made = flavour(all_forms, host, "/slates")
    ours = paths_of(all_forms)
    for path in changed_paths(all_forms.text, made.data.decode()):
        outside = not any(path.startswith(each) for each in ours if each)
        assert not outside or path.endswith(("target_url", "target_url_base")) or (
            path.startswith("metadata")
        )  # fmt: skip


@pytest.mark.parametrize("host", NATIVE)
def test_opentimelineio_opens_every_flavour(all_forms, host):
    made = flavour(all_forms, host, "/slates")
    read = otio.adapters.read_from_string(made.data.decode(), "otio_json")
    before = otio.adapters.read_from_string(all_forms.text, "otio_json")
    assert read.duration() == before.duration()
    assert [each.duration() for each in read.tracks] == [each.duration() for each in before.tracks]
    for each in read.find_clips():
        media = each.media_reference
        kind = getattr(media, "generator_kind", "")
        assert not kind.startswith("SecondUnit"), each.name
        if not HOSTS[host].every and "su_request" in each.metadata:
            assert each.active_media_reference_key == "DEFAULT_MEDIA"


@pytest.mark.parametrize("host", NATIVE)
def test_an_open_request_becomes_a_slate_as_long_as_it_with_its_handles(host):
    made = flavour(cut_of(track(shot(), asking(), shot("b"))), host, "/slates")
    (slate,) = made.slates
    assert slate.path == "/slates/su-k3v9x0aa_slate.mov"
    assert (slate.first, slate.frames, slate.rate) == (0, 40, Rate.of(24))
    assert slate.lines[0] == "su-k3v9x0aa"
    assert "a gull over the harbour" in slate.lines
    shown = children(made.data)[1]
    media = shown["media_references"][shown["active_media_reference_key"]]
    assert (media["OTIO_SCHEMA"], media["target_url"]) == ("ExternalReference.1", slate.path)
    assert media["available_range"] == span(0, 40)
    assert shown["source_range"] == span(8, 24)
    keys = {"su_request", "su_slate"} if host == "rv" else {"DEFAULT_MEDIA"}
    assert set(shown["media_references"]) == keys


def test_a_slate_counts_from_where_its_request_does():
    made = asking(head=86400.5)
    made["media_references"]["su_request"]["available_range"] = span(86392.5, 40)
    (slate,) = flavour(cut_of(track(made)), "resolve", "/s").slates
    assert (slate.first, slate.frames) == (86392, 41)  # half a frame on either side


def test_slates_lie_beside_the_cut_where_no_folder_is_named():
    (slate,) = flavour(cut_of(track(asking())), "resolve").slates
    assert slate.path == "/cuts/su-k3v9x0aa_slate.mov"


@pytest.mark.parametrize("host", NATIVE)
def test_an_insert_wanted_in_a_gap_gets_a_slate_there(host):
    asked = marker("SU insert", span(10, 16), "su: insert 16f | a gull")
    cut = cut_of(track(shot(), gap(40, markers=[asked]), shot("b")))
    made = flavour(cut, host, "/slates")
    row = children(made.data)
    assert [each["OTIO_SCHEMA"] for each in row] == ["Clip.2", "Gap.1", "Clip.2", "Gap.1", "Clip.2"]
    assert [each["source_range"]["duration"]["value"] for each in row] == [48, 10, 16, 14, 48]
    assert made.slates[0].frames == 16
    assert made.slates[0].path in json.dumps(row[2])


@pytest.mark.parametrize("host", NATIVE)
def test_one_take_goes_along_but_for_hosts_that_take_all(host):
    takes = [movie(f"/takes/su-k3v9x0aa_t{n:03d}.mov", span(0, 40)) for n in (1, 2)]
    made = flavour(cut_of(track(taken(*takes, active="su_take_002"))), host)
    shown = children(made.data)[0]
    if HOSTS[host].every:
        assert set(shown["media_references"]) == {"su_request", "su_take_001", "su_take_002"}
        assert shown["active_media_reference_key"] == "su_take_002"
        assert made.findings == ()
    else:
        assert shown["media_references"] == {"DEFAULT_MEDIA": takes[1]}
        assert shown["active_media_reference_key"] == "DEFAULT_MEDIA"
        assert [(each.kind, each.before) for each in made.findings] == [("lost", "su_take_001")]


def test_a_movie_stands_in_for_a_sequence_the_host_cannot_read():
    film = movie("/takes/su-k3v9x0aa_t001.mov", span(0, 40))
    cut = cut_of(track(taken(sequence(), film, active="su_take_001")))
    shown = children(flavour(cut, "resolve").data)[0]
    assert shown["media_references"] == {"DEFAULT_MEDIA": film}
    kept = children(flavour(cut, "blender").data)[0]
    assert kept["media_references"]["DEFAULT_MEDIA"]["OTIO_SCHEMA"] == "ImageSequenceReference.1"
    alone = flavour(cut_of(track(taken(sequence(), active="su_take_001"))), "resolve")
    assert any("image sequence" in each.what for each in alone.findings)


@pytest.mark.parametrize(
    ("url", "host", "wanted"),
    [
        ("file:///plates/a%20b.mov", "resolve", "/plates/a b.mov"),
        ("file:///plates/a%20b.mov", "kdenlive", "/plates/a b.mov"),
        ("file:///plates/a%20b.mov", "hiero", "file:///plates/a%20b.mov"),
        ("../plates/a.mov", "hiero", "/cuts/../plates/a.mov"),
        ("/plates/a.mov", "resolve", "/plates/a.mov"),
        ("https://x.org/a.mov", "resolve", "https://x.org/a.mov"),
    ],
)
def test_media_are_named_as_the_host_finds_them(url, host, wanted):
    cut = cut_of(track(clip("a", span(0, 9), movie(url, span(0, 9)))))
    shown = children(flavour(cut, host).data)[0]
    assert shown["media_references"]["DEFAULT_MEDIA"]["target_url"] == wanted


def test_each_host_finds_its_stamp_and_what_was_there_stays():
    cut = cut_of(track(shot()), metadata={"Resolve_OTIO": {"own": 1.50}})
    told = json.loads(flavour(cut, "resolve").data)["metadata"]
    assert told == {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0", "own": 1.5}}
    told = json.loads(flavour(cut, "premiere").data)["metadata"]
    assert told["PremierePro_OTIO"] == {"MetadataVersion": "1.0"}
    assert flavour(cut, "rv").data == cut.text.encode()


def test_requests_on_a_clip_are_told_by_markers():
    asked = marker("SU cleanup", span(2, 5), "su: cleanup | the boom")
    cut = cut_of(
        track(shot(effects=[effect("SecondUnit.Matte", id="m7q2b4cd", subject="the man")]),
              shot("b", markers=[asked]))
    )  # fmt: skip
    first, second = children(flavour(cut, "resolve").data)
    assert [each["name"] for each in first["markers"]] == ["su-m7q2b4cd"]
    note = first["markers"][0]["metadata"]["Resolve_OTIO"]["Note"]
    assert "matte" in note
    assert "the man" in note
    (kept,) = second["markers"]
    assert kept["name"].startswith("SU cleanup su-")
    assert kept["metadata"]["Resolve_OTIO"]["Note"] == "su: cleanup | the boom"
    assert kept["comment"] == "su: cleanup | the boom"


def test_hosts_that_drop_generators_are_told_of():
    cut = cut_of(track(clip("title", span(0, 9), generator("Text", span(0, 9)))))
    for host in ("kdenlive", "blender"):
        (finding,) = flavour(cut, host).findings
        assert (finding.kind, finding.clip, finding.start) == ("lost", "title", Fraction(0))


def hard() -> Cut:
    """A cut with everything formats stumble over."""
    nested = stack(track(shot("n1"), gap(6), shot("n2", 20)), name="nested")
    nested["source_range"] = span(10, 40)
    row = [
        shot("a"), transition(6, 6), shot("b", markers=[marker("note", span(3, 2), "words")]),
        clip("seq", span(4, 20), sequence("plate")),
        clip("bars", span(0, 30), generator("SMPTEBars")),
        shot("fast", 24, effects=[warp(2.0)]), shot("back", 24, effects=[warp(-1.0)]),
        shot("off", 12, enabled=False), asking(), nested, gap(9), clip("gone", span(0, 10), None),
        clip("none", None, None), gap(14),
    ]  # fmt: skip
    return cut_of(
        track(*row, name="V1"),
        track(gap(20), shot("title", 15), name="V2"),
        track(shot("sound", 90), kind="Audio", name="A1"),
        global_start_time=time(86400),
    )


@pytest.fixture(scope="module")
def through():
    """What each format makes of the hard cut: its flavour, and that opened again."""
    flavours = {host: flavour(hard(), host, "/slates") for host in ADAPTED}
    return {host: (made, opened(made.data, made.suffix, 24)) for host, made in flavours.items()}


@pytest.mark.parametrize("host", ADAPTED)
def test_formats_hold_what_they_can_of_a_hard_cut(host, through):
    made, came = through[host]
    assert silent(hard(), came, made) == []
    names = {item.name.lower() for item in came.items() if item.schema == "Clip"}
    assert {"a", "b", "fast", "insert su-k3v9x0aa"} <= names
    assert "su-k3v9x0aa_slate.mov" in came.text
    lost = {each.clip for each in made.findings if each.kind == "lost"}
    assert {"seq", "back", "none"} <= lost
    assert len(made.slates) == 1


@pytest.mark.parametrize("host", ADAPTED)
def test_clips_lie_where_they_lay(host, through):
    cut, came = hard(), through[host][1]
    shown = {item.name: item for item in came.items() if item.schema == "Clip"}
    for item in cut.items():
        plain = item.name in ("fast", "back", "gone", "insert su-k3v9x0aa")
        if item.schema == "Clip" and plain:
            assert place_of(came, shown[item.name]) == place_of(cut, item), item.name
            assert extent(came, shown[item.name]).begin == extent(cut, item).begin, item.name


def test_an_edl_counts_from_the_cut_s_start(through):
    made, came = through["edl"]
    assert b"01:00:00:00" in made.data
    assert b"FCM: NON-DROP FRAME" in made.data
    assert json.loads(came.text)["global_start_time"]["value"] == 86400


READABLE = ("elfuente_60fps_transitions.otio", "nested_stacks_timewarp_freeze.otio",
            "toucan_markers_gst100.otio", "toucan_generator_refs.otio",
            "resolve_effects_19tracks.otio", "premiere_fcp7_example.xml",
            "premiere_fcp7_generators_23976.xml", "mixed_timecode_rates.otio",
            "otio019_marker3_premiere.otio", "cmx_dissolve_test_4.edl")  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("host", ["fcp7", "edl"])
def test_no_loss_is_silent(samples, name, host):
    cut = opened(samples / "timelines" / name, rate=24)
    made = flavour(cut, host, "/slates")
    assert silent(cut, opened(made.data, made.suffix, made.rate), made) == []


def silent(cut: Cut, came: Cut, made) -> list[str]:
    """What a plain count misses in what came, and no finding stands at."""
    there = Counter(thing for thing, _ in things(came))
    told = {each.path for each in made.findings if each.kind != "kept"}
    places: dict = {}
    for thing, path in things(cut):
        places.setdefault(thing, []).append(path)
    return [
        f"{thing} {paths}"
        for thing, paths in places.items()
        if len(paths) - there[thing] > sum(path in told for path in paths)
    ]


def things(cut: Cut):
    """Every clip with its frames, transition, marker, effect and name: counted by looking alone."""
    for item in cut.items():
        body = item.body
        if item.schema == "Clip":
            shown = body.get("source_range")
            yield ("clip", item.name), item.path
            yield ("range", item.name, *seconds(shown)), item.path
            media = [each for each in references(cut, item).values() if "target_url" in each]
            for each in media:
                yield (
                    ("media", each["target_url"].rpartition("/")[2].replace("%20", " ")),
                    item.path,
                )
        elif item.schema in ("Transition", "Gap"):
            yield (item.schema,), item.path
        for each in body.get("effects") or ():
            yield ("effect", each["OTIO_SCHEMA"], each.get("effect_name")), item.path
        for each in body.get("markers") or ():
            yield ("marker", each.get("name")), item.path
        for space, value in (body.get("metadata") or {}).items():
            if value:
                yield ("metadata", space), item.path


def seconds(shown):
    """A range in hundredths of seconds."""
    if shown is None:
        return ()
    values = (shown["start_time"], shown["duration"])
    return [round(100 * each["value"] / each["rate"]) for each in values]


def bundle(*files, level=zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", level) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return held.getvalue()


def test_bundles_are_opened_without_unpacking_them(tmp_path):
    text = text_of(timeline(track(shot())))
    packed = bundle(("content.otio", text), ("media/../../../evil", "x"), ("version.txt", "1.0.0"))
    assert opened(packed, ".otioz").text == text
    (tmp_path / "cut.otiod").mkdir()
    (tmp_path / "cut.otiod" / "content.otio").write_text(text)
    assert opened(tmp_path / "cut.otiod").text == text
    (tmp_path / "cut.otioz").write_bytes(packed)
    assert opened(tmp_path / "cut.otioz").text == text
    assert list(tmp_path.rglob("evil")) == []


def test_hostile_bundles_are_refused(tmp_path):
    text = text_of(timeline(track(shot())))
    (tmp_path / "real.otio").write_text(text)
    (tmp_path / "link.otiod").mkdir()
    (tmp_path / "link.otiod" / "content.otio").symlink_to(tmp_path / "real.otio")
    bomb = bundle(("content.otio", "0" * 40_000_000))
    broken = bytearray(bundle(("content.otio", text)))
    broken[60:90] = b"\xff" * 30
    for raw, suffix in (
        (bomb, ".otioz"),
        (bundle(("other.otio", text)), ".otioz"),
        (bytes(broken), ".otioz"),
        (b"PK\x03\x04half", ".otio"),
        (b"", ".otioz"),
        (tmp_path / "link.otiod", ""),
        (tmp_path / "none.otiod", ""),
        (b"x", ".otiod"),
    ):
        with pytest.raises(CutUnreadable) as caught:
            opened(raw, suffix)
        assert caught.value.remedy


@pytest.mark.parametrize(
    ("raw", "suffix"),
    [
        (b"", ".otio"),
        (b"{}", ".mov"),
        (b"<xmeml>", ".xml"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><xmeml version='4'>&a;</xmeml>", ".xml"),
        (b"<xmeml version='4'></xmeml>", ".xml"),
        (b"001  AX V C x", ".edl"),
        (b"\x00\xff\xfe", ".edl"),
        (b"not an aaf", ".aaf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".aaf"),
    ],
)
def test_what_is_no_cut_is_told(raw, suffix):
    with pytest.raises(CutProblem) as caught:
        opened(raw, suffix)
    assert caught.value.what


def test_an_adapter_that_is_not_there_is_named():
    with (
        pytest.raises(PartMissing, match="pip install otio-nobody"),
        adapting(otio, "nobody", "otio-nobody", "x", "read"),
    ):
        pass


def test_a_flavour_there_is_none_of_is_told():
    with pytest.raises(BadInput) as caught:
        flavour(hard(), "moviola")
    assert "resolve" in caught.value.remedy


def test_a_cut_of_nothing_is_no_edl():
    with pytest.raises(CutProblem, match="nothing in the cut"):
        flavour(cut_of(track()), "edl")


def test_formats_of_our_own_readers_are_opened(samples):
    path = samples / "timelines" / "fcp_2997DF_compound_markers.fcpxml"
    cut = opened(path)
    assert cut.root.schema == "Timeline"
    assert opened(path.read_bytes(), ".xml").text == cut.text
    assert json.loads(cut.text)["global_start_time"]["rate"] == pytest.approx(30000 / 1001)
    script = opened(b"Read {\n file /a/b.%04d.exr\n first 1\n last 9\n name Read1\n}\n", ".nk")
    assert [item.schema for item in script.items()][-1] == "Clip"
