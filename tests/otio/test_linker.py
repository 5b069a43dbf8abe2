"""The media linker: takes and lost media are found again, and nobody's reference is overwritten."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest

from secondunit_contract.frames import Rate
from secondunit_otio import linker
from secondunit_otio.linking import relink as linking
from secondunit_otio.linking.footage_headers import header_of, mob_digits, timecode_in_name
from secondunit_otio.linking.footage_index import FootageIndex
from secondunit_otio.testing import clip, generator, movie, span, text_of, timeline, track

ID = "k3v9x0aa"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Every test reads its folders anew."""
    monkeypatch.delenv("SECONDUNIT_TAKES", raising=False)
    linking._readings.clear()


def linked(cut, *folders, tmp_path=None):
    """A cut's clips after the linker, through OpenTimelineIO's own reading of a file."""
    path = (tmp_path or folders[0]) / "cut.otio"
    path.write_text(cut if isinstance(cut, str) else text_of(cut))
    read = otio.adapters.read_from_file(
        str(path),
        media_linker_name="su_takes",
        media_linker_argument_map={"folders": [str(each) for each in folders]},
    )
    return read, list(read.find_clips())


def lying(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def filmed(path: Path, timecode: str = "", reel: str = "", frames: int = 10, rate=Fraction(24)):
    """A movie of black with a timecode track."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        codec = "mpeg2video" if path.suffix == ".mxf" else "libx264"
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        if path.suffix == ".mxf":
            stream.width, stream.height = 720, 576
        if timecode:
            stream.metadata["timecode"] = container.metadata["timecode"] = timecode
        if reel:
            stream.metadata["reel_name"] = reel
        black = np.zeros((stream.height, stream.width, 3), np.uint8)
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def asking(**more):
    """A clip whose insert is still to be shot."""
    request = generator("SecondUnit.Insert", span(0, 40), prompt="a gull")
    request["metadata"] = {"secondunit": {"schema": 1, "id": ID, "status": "requested"}}
    made = clip(f"gull su-{ID}", span(8, 24), None, active_media_reference_key="su_request", **more)
    made["media_references"] = {"su_request": request}
    return made


def offline(**metadata):
    return {"OTIO_SCHEMA": "MissingReference.1", "metadata": metadata, "name": "lost"}


def lost(url="/gone/away.mov", start=0, **metadata):
    return movie(url, span(start, 240), metadata=metadata)


def one(media, start=0, frames=8, **more):
    return timeline(track(clip("a", span(start, frames), media, **more)))


# --- takes by our id ---


def test_takes_become_further_media_of_a_pending_request(tmp_path):
    lying(tmp_path, f"a/SU-{ID.upper()}_t001.mov", f"b/c/su-{ID}_t002.mov", "su-zzzzzzzz_t001.mov")
    before = timeline(track(asking()))
    _, (found,) = linked(before, tmp_path)
    many = found.media_references()
    assert set(many) == {"su_request", "su_take_001", "su_take_002"}
    assert found.active_media_reference_key == "su_take_001"
    assert Path(many["su_take_002"].target_url).name == f"su-{ID}_t002.mov"
    assert many["su_take_001"].available_range == many["su_request"].available_range
    assert many["su_take_001"].metadata["secondunit"]["take"] == 1
    request = json.loads(many["su_request"].to_json_string())
    asked = before["tracks"]["children"][0]["children"][0]["media_references"]["su_request"]
    assert request == asked | {"available_image_bounds": None}


def test_a_folder_of_exr_is_an_image_sequence(tmp_path):
    names = [f"takes/su-{ID}_t003/su-{ID}_t003.{number:04d}.exr" for number in range(993, 1033)]
    lying(tmp_path, *names)
    _, (found,) = linked(timeline(track(asking())), tmp_path)
    take = found.media_references()["su_take_003"]
    assert isinstance(take, otio.schema.ImageSequenceReference)
    assert take.start_frame == 993
    assert take.frame_zero_padding == 4
    assert Path(take.target_url_for_image_number(0)).is_file()
    assert Path(take.target_url_for_image_number(39)).is_file()
    assert take.number_of_images_in_sequence() == 40


def test_moved_takes_are_found_in_place_and_the_choice_stays(tmp_path):
    lying(tmp_path, f"new/su-{ID}_t001.mov", f"new/su-{ID}_t002.mov", f"new/su-{ID}_t003.mov")
    made = asking()
    for number in (1, 2):
        made["media_references"][f"su_take_{number:03d}"] = movie(
            f"/gone/su-{ID}_t{number:03d}.mov",
            span(0, 40),
            metadata={"secondunit": {"id": ID, "take": number, "status": "approved"}},
        )
    made["active_media_reference_key"] = "su_take_002"
    _, (found,) = linked(timeline(track(made)), tmp_path)
    many = found.media_references()
    assert found.active_media_reference_key == "su_take_002"
    assert set(many) == {"su_request", "su_take_001", "su_take_002", "su_take_003"}
    assert all(os.path.exists(many[f"su_take_00{number}"].target_url) for number in (1, 2, 3))
    assert many["su_take_002"].metadata["secondunit"]["status"] == "approved"


def test_two_files_of_one_take_are_not_chosen_between(tmp_path):
    lying(tmp_path, f"a/su-{ID}_t001.mov", f"b/su-{ID}_t001.mov")
    _, (found,) = linked(timeline(track(asking())), tmp_path)
    assert set(found.media_references()) == {"su_request"}


def test_a_wave_beside_a_sequence_is_its_sound_and_no_second_take(tmp_path):
    lying(tmp_path, f"x/su-{ID}_t001.1001.exr", f"x/su-{ID}_t001.1002.exr", f"x/su-{ID}_t001.wav",
          f"x/su-{ID}_t002.mov")  # fmt: skip
    old = movie(f"/gone/su-{ID}_t001.wav", span(48, 2), metadata={
        "secondunit": {"schema": 1, "id": ID, "kind": "sound", "take": 1}})  # fmt: skip
    heard = clip("gull sound", span(48, 2), None, active_media_reference_key="su_take_001")
    heard["media_references"] = {"su_take_001": old}
    pending = clip("gull", span(0, 2), None, active_media_reference_key="su_request")
    request = generator("SecondUnit.Insert", span(0, 2), prompt="gull")
    request["metadata"] = {"secondunit": {"schema": 1, "id": ID}}
    pending["media_references"] = {"su_request": request}
    rows = track(pending), track(heard, kind="Audio")
    _, (seen, sound) = linked(timeline(*rows), tmp_path / "x", tmp_path=tmp_path)
    assert list(seen.media_references()) == ["su_request", "su_take_001", "su_take_002"]
    first = seen.media_references()["su_take_001"]
    assert isinstance(first, otio.schema.ImageSequenceReference)
    assert list(sound.media_references()) == ["su_take_001"]
    assert sound.media_reference.target_url == str(tmp_path / "x" / f"su-{ID}_t001.wav")
    assert sound.media_reference.available_range.start_time.value == 48


def test_an_approved_choice_of_the_request_is_not_undone(tmp_path):
    """Somebody set a clip with takes back to its request: that is a choice, too."""
    there = lying(tmp_path, f"su-{ID}_t001.mov") / f"su-{ID}_t001.mov"
    made = asking()
    made["media_references"]["su_take_001"] = movie(str(there), span(0, 40))
    _, (found,) = linked(timeline(track(made)), tmp_path)
    assert found.active_media_reference_key == "su_request"


# --- media of other people ---


def test_what_plays_is_left_alone(tmp_path):
    there = lying(tmp_path / "x", "plate.mov") / "plate.mov"
    lying(tmp_path / "y", "plate.mov")
    cut = one(movie(str(there), span(0, 240)))
    (tmp_path / "plain.otio").write_text(text_of(cut))
    plain = otio.adapters.read_from_file(
        str(tmp_path / "plain.otio"), media_linker_name="__do_not_link_media"
    )
    read, (found,) = linked(cut, tmp_path)
    assert read.is_equivalent_to(plain)
    assert linker.link_media_reference(found, {"folders": [str(tmp_path)]}) is None


def test_lost_media_gets_a_second_reference_and_keeps_the_first(tmp_path):
    lying(tmp_path, "day1/A001/plate.mov", "day2/A001/plate.mov")
    media = lost("/old/day2/A001/plate.mov", Note="keep me")
    _, (found,) = linked(one(media), tmp_path)
    many = found.media_references()
    assert found.active_media_reference_key == linking.LINKED_KEY
    assert many[linking.LINKED_KEY].target_url == str(tmp_path / "day2/A001/plate.mov")
    assert many[linking.LINKED_KEY].available_range == many["DEFAULT_MEDIA"].available_range
    assert json.loads(many["DEFAULT_MEDIA"].to_json_string()) == media


def test_a_name_that_several_files_have_is_not_guessed(tmp_path):
    lying(tmp_path, "a/plate.mov", "b/plate.mov")
    _, (found,) = linked(one(lost("/old/c/plate.mov")), tmp_path)
    assert set(found.media_references()) == {"DEFAULT_MEDIA"}


def test_a_file_of_the_same_name_with_other_timecode_is_another(tmp_path):
    filmed(tmp_path / "plate.mov", "10:00:00:00")
    _, (wrong,) = linked(one(lost("/old/plate.mov", 86400), 1_000_000), tmp_path)
    assert set(wrong.media_references()) == {"DEFAULT_MEDIA"}
    linking._readings.clear()
    _, (right,) = linked(one(lost("/old/plate.mov", 864000), 864001), tmp_path)
    assert right.active_media_reference_key == linking.LINKED_KEY


def test_the_path_resolve_remembers(tmp_path):
    there = lying(tmp_path / "raid", "plate.mov") / "plate.mov"
    still_there = offline(Resolve_OTIO={"Media Url": str(there)})
    _, (found,) = linked(one(still_there), tmp_path / "raid", tmp_path=tmp_path)
    assert found.media_reference.target_url == str(there)
    linking._readings.clear()
    moved = offline(Resolve_OTIO={"Media Url": "D:\\shoot\\raid\\plate.mov"})
    _, (found,) = linked(one(moved), tmp_path)
    assert found.media_reference.target_url == str(there)
    assert isinstance(found.media_references()["DEFAULT_MEDIA"], otio.schema.MissingReference)


def test_a_sequence_as_resolve_writes_it(tmp_path):
    lying(tmp_path, *(f"shots/plate.{number:04d}.exr" for number in range(1001, 1011)))
    media = offline(Resolve_OTIO={"Media Url": "/Volumes/x/shots/plate.[1001-1010].exr"})
    _, (found,) = linked(one(media, 1002, 4), tmp_path)
    reference = found.media_reference
    assert isinstance(reference, otio.schema.ImageSequenceReference)
    assert reference.start_frame == 1001
    assert reference.available_range.start_time.value == 1001
    assert Path(reference.target_url_for_image_number(9)).name == "plate.1010.exr"


def test_avid_ids_find_mxf_whatever_its_name(tmp_path):
    there = filmed(tmp_path / "MXF/1/V01.A1B2C3.mxf", frames=4, rate=Fraction(25))
    filmed(tmp_path / "MXF/1/V02.A1B2C3.mxf", frames=4, rate=Fraction(25))
    mob = min(header_of(str(there)).mobs)
    parts = [mob[at : at + 8] for at in range(0, 64, 8)]
    urn = "urn:smpte:umid:" + ".".join(parts).upper()
    assert mob_digits(urn) == mob
    _, (found,) = linked(one(lost(AAF={"MobID": urn})), tmp_path)
    assert found.media_reference.target_url == str(there)


def test_reel_and_timecode_find_the_camera_s_file(tmp_path):
    for number, start in enumerate(("01:00:00:00", "01:00:10:00", "01:00:20:00"), 1):
        filmed(tmp_path / f"A001_C00{number}_0301XY.mov", start, frames=48)
    right = 86400 + 240 + 8
    media = offline(cmx_3600={"reel": "A001"})
    _, (found,) = linked(one(media, right, 24), tmp_path)
    assert Path(found.media_reference.target_url).name == "A001_C002_0301XY.mov"
    linking._readings.clear()
    _, (past,) = linked(one(media, 86400 + 480 + 40, 24), tmp_path)
    assert set(past.media_references()) == {"DEFAULT_MEDIA"}, "the file ends before the clip does"
    linking._readings.clear()
    _, (other,) = linked(one(offline(cmx_3600={"reel": "B001"}), right, 24), tmp_path)
    assert set(other.media_references()) == {"DEFAULT_MEDIA"}, "another reel"


def test_a_reel_in_the_header_counts_and_drop_frame_is_read(tmp_path):
    rate = Fraction(30000, 1001)
    filmed(tmp_path / "any.mov", "01:00:00;02", "TAPE 7", 30, rate)
    filmed(tmp_path / "other.mov", "01:00:00;02", "TAPE 8", 30, rate)
    media = offline(fcp_xml={"timecode": {"reel": {"name": "tape7"}}})
    made = clip("a", span(107894 + 3, 10, 29.97), media)
    _, (found,) = linked(timeline(track(made)), tmp_path)
    assert Path(found.media_reference.target_url).name == "any.mov"


def test_old_inactive_references_are_kept_beside_generators_of_others(tmp_path):
    lying(tmp_path, "bars.mov")
    media = generator("toucan:Checkers", span(0, 24))
    _, (found,) = linked(one(media), tmp_path)
    assert json.loads(found.media_reference.to_json_string())["generator_kind"] == "toucan:Checkers"


# --- harmless everywhere ---


def test_foreign_cuts_come_through_as_they_are(foreign, tmp_path):
    if "019" in foreign.name:
        pytest.skip("OpenTimelineIO 0.18 does not read it")
    lying(tmp_path, f"su-{ID}_t001.mov", "unlike.mov")
    plain = otio.adapters.read_from_file(str(foreign), media_linker_name="__do_not_link_media")
    read = otio.adapters.read_from_file(
        str(foreign),
        media_linker_name="su_takes",
        media_linker_argument_map={"folders": str(tmp_path)},
    )
    assert read.to_json_string() == plain.to_json_string()


def test_circles_and_closed_folders_are_survived(tmp_path):
    lying(tmp_path, f"in/deep/su-{ID}_t001.mov")
    (tmp_path / "in/deep/round").symlink_to(tmp_path / "in")
    (tmp_path / "in/self").symlink_to(tmp_path / "in/self")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    gone = tmp_path / "gone"
    (tmp_path / "fifo.mov").touch()
    index = FootageIndex.of([str(tmp_path), str(tmp_path / "in"), str(closed), str(gone)])
    closed.chmod(0o700)
    assert [os.path.basename(each.path) for each in index.found].count(f"su-{ID}_t001.mov") == 1


def test_folders_may_come_from_the_environment_or_as_text(tmp_path, monkeypatch):
    lying(tmp_path / "a", f"su-{ID}_t001.mov")
    lying(tmp_path / "b", f"su-{ID}_t002.mov")
    monkeypatch.setenv("SECONDUNIT_TAKES", str(tmp_path / "b"))
    made = otio.adapters.read_from_string(text_of(timeline(track(asking()))))
    (found,) = made.find_clips()
    assert linker.link_media_reference(found, {"folders": f"['{tmp_path / 'a'}']"}) is not None
    assert set(found.media_references()) == {"su_request", "su_take_001", "su_take_002"}


@pytest.mark.parametrize("folders", [None, 7, "", ["\0"], "[", {"a": 1}, [b"x"]])
def test_nonsense_for_folders_links_nothing(folders):
    (found,) = otio.adapters.read_from_string(text_of(timeline(track(asking())))).find_clips()
    assert linker.link_media_reference(found, {"folders": folders}) is None


BROKEN = [
    b"",
    b"\0" * 64,
    struct.pack(">I4s", 4, b"moov"),
    struct.pack(">I4s", 2**31, b"moov") + b"\xff" * 400,
    struct.pack(">I4sQ", 1, b"moov", 2**62) + struct.pack(">I4s", 40, b"trak") * 9,
    b"\x76\x2f\x31\x01" + b"\xff" * 300,
    b"\x76\x2f\x31\x01\2\0\0\0timeCode\0timecode\0\x08\0\0\0\xff\xff\xff\xff\0\0\0\0",
    b"SDPX" + b"\xff" * 2044,
    b"\x06\x0e\x2b\x34\x02\x53\x01\x01\x0d\x01\x01\x01\x01\x01\x37\x00\x84\xff\xff\xff\xff\x44\x01",
]


@pytest.mark.parametrize("raw", BROKEN)
@pytest.mark.parametrize("suffix", [".mov", ".exr", ".dpx", ".mxf"])
def test_damaged_headers_tell_nothing(tmp_path, raw, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(raw)
    told = header_of(str(path))
    assert told.start is None
    assert not told.mobs


def test_cut_off_headers_of_real_files_tell_nothing_or_the_truth(tmp_path):
    whole = filmed(tmp_path / "whole.mov", "01:00:00:00").read_bytes()
    truth = header_of(str(tmp_path / "whole.mov"))
    assert (truth.start, truth.frames, truth.rate) == (86400, 10, Rate.of(24))
    part = tmp_path / "part.mov"
    for length in range(0, len(whole), max(1, len(whole) // 150)):
        part.write_bytes(whole[:length])
        assert header_of(str(part)).start in (None, 86400)


def test_timecode_in_names():
    rate = Rate.of(24)
    assert timecode_in_name("A001_01.00.00.12.mov", rate) == 86412
    assert timecode_in_name("plate_tc01000000.mov", rate) == 86400
    for name in ("2024-10-10-12.mov", "A001_C001.mov", "01.00.00.30.mov", "v1.2.3.4.mov"):
        assert timecode_in_name(name, rate) is None


def test_folders_are_looked_through_once_for_a_whole_cut(tmp_path, monkeypatch):
    lying(tmp_path, *(f"takes/su-a{number:07d}_t001.mov" for number in range(300)))
    walked = []
    plain = FootageIndex.of.__func__
    monkeypatch.setattr(
        FootageIndex, "of", classmethod(lambda cls, named: walked.append(1) or plain(cls, named))
    )
    made = []
    for number in range(300):
        each = asking()
        request = each["media_references"]["su_request"]
        request["metadata"]["secondunit"]["id"] = f"a{number:07d}"
        made.append(each)
    _, found = linked(timeline(track(*made)), tmp_path)
    assert {each.active_media_reference_key for each in found} == {"su_take_001"}
    assert len(walked) == 1


# --- found by a plain OpenTimelineIO ---


def test_the_manifest_names_what_is_there(repository):
    package = repository / "otio_adapters" / "secondunit_otio"
    manifest = json.loads((package / "plugin_manifest.json").read_text())
    plugins = [each for kind in ("adapters", "media_linkers") for each in manifest.get(kind, [])]
    assert "su_takes" in {each["name"] for each in plugins}
    assert all((package / each["filepath"]).is_file() for each in plugins)


def converted(folder: Path, *words) -> subprocess.CompletedProcess[str]:
    """What the installed otioconvert makes of it, in a process that knows nothing of the tests."""
    program = shutil.which("otioconvert", path=os.path.dirname(sys.executable))
    assert program
    command = [program, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def test_otioconvert_finds_the_linker(tmp_path):
    lying(tmp_path, f"su-{ID}_t001.mov")
    source, output = tmp_path / "cut.otio", tmp_path / "out.otio"
    source.write_text(text_of(timeline(track(asking()))))
    done = converted(
        tmp_path, "-i", source, "-o", output, "-m", "su_takes", "-M", f"folders={tmp_path}"
    )
    assert done.returncode == 0, done.stderr
    (found,) = otio.adapters.read_from_file(str(output)).find_clips()
    assert Path(found.media_reference.target_url).name == f"su-{ID}_t001.mov"


def test_otioconvert_reads_final_cut_pro_s_xml(samples, tmp_path):
    source, output = (
        samples / "timelines" / "fcp_2997DF_compound_markers.fcpxml",
        tmp_path / "o.otio",
    )
    done = converted(tmp_path, "-i", source, "-o", output, "-I", "su_fcpxml")
    assert done.returncode == 0, done.stderr
    rates = {
        each.source_range.duration.rate
        for each in otio.adapters.read_from_file(str(output)).find_clips()
    }
    assert {Rate.of(each) for each in rates} == {Rate.of(29.97)}


def test_otioconvert_writes_and_reads_nuke_scripts(tmp_path):
    source, script, back = (tmp_path / name for name in ("cut.otio", "cut.nk", "back.otio"))
    shot = clip("sh010", span(12, 24), movie("/plates/a.mov", span(0, 100)))
    source.write_text(text_of(timeline(track(shot))))
    assert converted(tmp_path, "-i", source, "-o", script).returncode == 0
    assert "Read {" in script.read_text()
    done = converted(tmp_path, "-i", script, "-o", back)
    assert done.returncode == 0, done.stderr
    (found,) = otio.adapters.read_from_file(str(back)).find_clips()
    assert found.source_range.duration.value == 24


def test_otioconvert_writes_resolve_s_marker_edl(samples, tmp_path):
    source, output = samples / "timelines" / "toucan_markers_gst100.otio", tmp_path / "markers.edl"
    done = converted(tmp_path, "-i", source, "-o", output, "-O", "resolve_marker_edl")
    assert done.returncode == 0, done.stderr
    assert "|C:ResolveColor" in output.read_text()


def test_ordinary_edit_lists_stay_with_their_adapter():
    """Two adapters for one suffix would make the order of installation decide."""
    named = otio.adapters.from_filepath("cut.edl").name
    assert named == "cmx_3600"
