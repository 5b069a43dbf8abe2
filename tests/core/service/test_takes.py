"""Takes over HTTP: told, judged and fetched; each with a movie that a browser plays."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import av
import numpy as np
import pytest

from secondunit.callsheet import Size
from secondunit.media.depth import Depth
from secondunit.media.format import Format
from secondunit.media.write import create
from secondunit.service.previews import write_preview
from secondunit.service.testing import FRAMES, RATE, picture
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Take
from secondunit_contract.queue import TakeEntry
from secondunit_contract.wire import from_json


@pytest.fixture(scope="module")
def shot(service, asking, tmp_path_factory) -> list[str]:
    """The ids of four takes of one job."""
    ask = asking(service)
    job = ask.shot(tmp_path_factory.mktemp("shot"), id="four", takes=4, seed=41)
    return [f"{job}-{number}" for number in (1, 2, 3, 4)]


def test_takes_are_told_the_latest_first_a_page_at_a_time(ask, shot):
    told = ask("GET", "/v1/takes?job=four").json["takes"]
    assert [each["id"] for each in told] == shot[::-1]
    entry = from_json(TakeEntry, told[0])
    assert (entry.take.seed, entry.take.number, len(entry.take.range)) == (44, 4, FRAMES)
    first = ask("GET", "/v1/takes?job=four&limit=3").json["takes"]
    rest = ask("GET", f"/v1/takes?job=four&before={first[-1]['id']}").json["takes"]
    assert [each["id"] for each in [*first, *rest]] == shot[::-1]
    assert ask("GET", "/v1/takes?before=nobody-1").code == "take.unknown"


def test_a_take_is_circled_rejected_and_written_on(ask, shot):
    path = f"/v1/takes/{shot[1]}"
    assert ask("PATCH", path, {"rating": "circled"}).json["rating"] == "circled"
    told = ask("PATCH", path, {"note": "third ball is late ✓\nsecond line"}).json
    assert (told["rating"], told["note"]) == ("circled", "third ball is late ✓\nsecond line")
    assert [e["id"] for e in ask("GET", "/v1/takes?rating=circled").json["takes"]] == [shot[1]]
    told = ask("PATCH", path, {"rating": "", "note": ""}).json
    assert told.get("rating", "") == told.get("note", "") == ""
    assert ask("PATCH", path, {}).status == 200


@pytest.mark.parametrize("wrong", [{"rating": "good"}, {"rating": None}, {"rating": ["circled"]},
                                   {"note": 3}, {"note": "x" * 4001}, {"note": "\0"},
                                   {"rating": "circled", "note": None}, []])  # fmt: skip
def test_what_is_no_judgement_changes_nothing(ask, shot, wrong):
    before = ask("GET", f"/v1/takes/{shot[2]}").json
    told = ask("PATCH", f"/v1/takes/{shot[2]}", wrong)
    assert (told.status, told.code) == (422, "value.wrong")
    assert ask("GET", f"/v1/takes/{shot[2]}").json == before


def test_a_take_that_is_not_there(ask):
    for method, rest in (("GET", ""), ("PATCH", ""), ("GET", "/media"), ("GET", "/sheet"),
                         ("GET", "/preview")):  # fmt: skip
        body = {} if method == "PATCH" else None
        told = ask(method, f"/v1/takes/nobody-1{rest}", body)
        assert (told.status, told.code) == (404, "take.unknown")


def test_its_files_are_its_files(ask, shot):
    told = ask("GET", f"/v1/takes/{shot[0]}").json
    media = ask("GET", f"/v1/takes/{shot[0]}/media")
    assert media.body == Path(told["take"]["media"]).read_bytes()
    assert 'filename="shot_t001.mov"' in media.headers["content-disposition"]
    sheet = ask("GET", f"/v1/takes/{shot[0]}/sheet")
    assert sheet.headers["content-type"] == "image/png"
    assert sheet.body == Path(told["take"]["sheet"]).read_bytes()


def test_a_part_of_a_file_can_be_asked_for(ask, shot):
    whole = ask("GET", f"/v1/takes/{shot[0]}/media").body
    part = ask("GET", f"/v1/takes/{shot[0]}/media", Range="bytes=100-199")
    assert (part.status, part.body) == (206, whole[100:200])


def test_links_work_without_the_token_for_their_own_file_alone(ask, shot):
    links = ask("GET", f"/v1/takes/{shot[0]}").json["links"]
    assert set(links) == {"media", "sheet", "preview"}
    for link in links.values():
        assert ask("GET", link, token=None).status == 200
    other = links["media"].replace(shot[0], shot[1])
    assert ask("GET", other, token=None).status == 401
    assert ask("GET", links["media"].partition("?")[0], token=None).status == 401
    assert ask("PATCH", f"/v1/takes/{shot[0]}?{links['media'].partition('?')[2]}", {},
               token=None).status == 401  # fmt: skip


def frames_of(raw: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(raw)) as movie:
        [stream] = movie.streams.video
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == RATE.per_second
        return [frame.to_ndarray(format="rgb24") for frame in movie.decode(stream)]


def test_its_preview_shows_all_its_frames_as_they_are(ask, shot):
    made = ask("GET", f"/v1/takes/{shot[2]}/preview")
    assert made.headers["content-type"] == "video/mp4"
    frames = frames_of(made.body)
    assert len(frames) == FRAMES
    for number in (0, 11, 23):
        difference = np.abs(frames[number].astype(int) - picture(43, number))
        assert difference.mean() < 4
    assert np.abs(frames[0].astype(int) - picture(43, 23)).mean() > 4


def test_it_is_made_once(ask, shot, monkeypatch):
    ask("GET", f"/v1/takes/{shot[3]}/preview")

    def twice(*_):
        raise AssertionError

    monkeypatch.setattr("secondunit.service.previews.write_preview", twice)
    assert ask("GET", f"/v1/takes/{shot[3]}/preview").status == 200
    assert [p for p in (ask.service.data / "previews").iterdir() if p.suffix != ".mp4"] == []


def test_a_take_whose_file_is_gone(ask, tmp_path):
    job = ask.shot(tmp_path, id="gone")
    media = Path(ask("GET", f"/v1/takes/{job}-1").json["take"]["media"])
    media.unlink()
    for each in ("media", "preview"):
        told = ask("GET", f"/v1/takes/{job}-1/{each}")
        assert (told.status, told.code) == (404, "media.missing")


def test_a_take_that_has_become_a_link_to_elsewhere_is_not_given_out(ask, tmp_path):
    job = ask.shot(tmp_path, id="turned")
    media = Path(ask("GET", f"/v1/takes/{job}-1").json["take"]["media"])
    media.unlink()
    media.symlink_to("/etc/passwd")
    for each in ("media", "preview"):
        told = ask("GET", f"/v1/takes/{job}-1/{each}")
        assert (told.status, told.code) == (403, "path.outside")


def test_a_take_that_is_no_movie_any_more_has_no_preview(ask, tmp_path):
    job = ask.shot(tmp_path, id="spoilt")
    media = Path(ask("GET", f"/v1/takes/{job}-1").json["take"]["media"])
    media.write_bytes(b"not a movie" * 50)
    assert ask("GET", f"/v1/takes/{job}-1/preview").code.startswith("media.")
    assert ask("GET", "/v1/jobs").status == 200


def sequence(folder: Path, alpha: bool = False) -> TakeEntry:
    """A take of eight pictures from 1001 on, half of it transparent."""
    size = Size(96, 64)
    path = folder / "seq.####.png"
    with create(path, Format("png", size, RATE, Depth(8, False), alpha), 1001) as writer:
        for frame in range(8):
            shown = picture(1, frame, Size(320, 180))[: size.height, : size.width]
            if alpha:
                half = np.zeros((*shown.shape[:2], 1), np.uint8)
                half[:, : size.width // 2] = 255
                shown = np.concatenate([shown, half], axis=2)
            writer.write(np.ascontiguousarray(shown))
    take = Take("seq", 1, 1, str(path), FrameRange(1001, 1008), RATE, *size)
    return TakeEntry("seq-1", take)


def test_a_sequence_is_fetched_as_a_zip_of_its_pictures(ask, tmp_path, monkeypatch):
    entry = sequence(tmp_path)
    monkeypatch.setattr(ask.service.unit, "take", lambda id: entry)
    told = ask("GET", "/v1/takes/seq-1/media")
    assert told.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(told.body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"seq.{number}.png" for number in range(1001, 1009)]
        first = (tmp_path / "seq.1001.png").read_bytes()
        assert archive.read("seq.1001.png") == first
    assert len(frames_of(ask("GET", "/v1/takes/seq-1/preview").body)) == 8


def test_a_picture_that_claims_an_absurd_size_is_refused_and_not_made_room_for(
    ask, tmp_path, monkeypatch
):
    whole = b"IHDR" + struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + whole
    path = tmp_path / "absurd.png"
    path.write_bytes(head + struct.pack(">I", zlib.crc32(whole)) + b"\0" * 200)
    take = Take("a", 1, 1, str(path), FrameRange(1, 1), RATE, 2, 2)
    monkeypatch.setattr(ask.service.unit, "take", lambda id: TakeEntry("a-1", take))
    told = ask("GET", "/v1/takes/a-1/preview")
    assert (told.status, told.code) == (404, "media.unreadable")
    assert ask("GET", "/v1/jobs").status == 200


def test_what_is_transparent_shows_a_checkerboard(tmp_path):
    write_preview(sequence(tmp_path, alpha=True), tmp_path / "p.mp4")
    frame = frames_of((tmp_path / "p.mp4").read_bytes())[3].astype(int)
    assert np.ptp(frame[4:12, 4:12].mean(axis=2)) < 12
    clear = frame[:, 60:].mean(axis=2)
    assert 15 < clear.max() - clear.min() < 60


def test_previews_do_not_fill_the_disk(tmp_path, monkeypatch):
    import asyncio

    from secondunit.service import previews

    monkeypatch.setattr(previews, "KEPT", 2)
    monkeypatch.setattr(previews, "write_preview", lambda entry, path: path.write_bytes(b"x"))
    made = previews.Previews(tmp_path / "previews")
    (tmp_path / "t.mov").write_bytes(b"x")
    take = Take("j", 1, 1, str(tmp_path / "t.mov"), FrameRange(1, 2), RATE, 2, 2)
    for number in range(4):
        path = asyncio.run(made.of(TakeEntry(f"j-{number}", take)))
        os.utime(path, (number, number))
    made.close()
    assert len(list((tmp_path / "previews").iterdir())) == 2
