"""Bundles are taken apart with care: nothing in them is believed."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from secondunit.service import bundle as module
from secondunit.service.bundle import unpacked
from secondunit_contract.problem import CutUnreadable, DiskFull

CUT = b'{"OTIO_SCHEMA": "Timeline.1"}'


def bundle(path: Path, members: dict[str, bytes] | None = None, **info) -> Path:
    """A zip with a cut and these files in it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.otio", CUT)
        archive.writestr("version.txt", b"1.0.0")
        for name, content in (members or {}).items():
            told = zipfile.ZipInfo(name)
            for key, value in info.items():
                setattr(told, key, value)
            archive.writestr(told, content)
    return path


def refused(path: Path, folder: Path, kind: type[Exception] = CutUnreadable) -> str:
    """What is said of a bundle that is refused; nothing of it stays."""
    around = sorted(each.name for each in folder.parent.iterdir())
    with pytest.raises(kind) as told:
        unpacked(path, folder)
    assert sorted(each.name for each in folder.parent.iterdir()) == around
    return str(told.value)


def test_a_good_bundle_is_taken_apart(tmp_path):
    media = bytes(range(256)) * 40
    cut = unpacked(bundle(tmp_path / "a.otioz", {"media/a.mov": media}), tmp_path / "out")
    assert cut.read_bytes() == CUT
    assert (tmp_path / "out" / "media" / "a.mov").read_bytes() == media


@pytest.mark.parametrize(
    "name",
    ["../evil.mov", "media/../../evil.mov", "/etc/evil", "media\\..\\..\\evil", "C:/evil.mov",
     "media/a:stream", "evil.mov", "media/\n.mov", "media/" + "a" * 1000, "//host/evil"],
)  # fmt: skip
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    assert refused(bundle(tmp_path / "a.otioz", {name: b"x"}), tmp_path / "out")


def test_a_link_is_refused(tmp_path):
    path = bundle(
        tmp_path / "a.otioz", {"media/a": b"/etc/passwd"},
        external_attr=(stat.S_IFLNK | 0o777) << 16,
    )  # fmt: skip
    assert "link" in refused(path, tmp_path / "out")


def test_two_of_one_name_are_refused(tmp_path):
    assert refused(bundle(tmp_path / "a.otioz", {"media/A": b"1", "media/a": b"2"}), tmp_path / "o")


def test_no_cut_no_bundle(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.otioz", "w") as archive:
        archive.writestr("media/a.mov", b"x")
    assert "no cut" in refused(tmp_path / "a.otioz", tmp_path / "out")


@pytest.mark.parametrize("raw", [b"", b"PK", b"x" * 5000, b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_zip_is_refused(tmp_path, raw):
    (tmp_path / "a.otioz").write_bytes(raw)
    assert refused(tmp_path / "a.otioz", tmp_path / "out")


def test_a_bomb_is_refused_before_it_goes_off(tmp_path):
    path = bundle(
        tmp_path / "a.otioz",
        {"media/a.mov": b"\0" * 50_000_000},
        compress_type=zipfile.ZIP_DEFLATED,
    )
    assert path.stat().st_size < 200_000
    assert "measure" in refused(path, tmp_path / "out")


def lying(path: Path, size: int) -> Path:
    """A bundle whose last file says it is of another size, in both places."""
    raw = bytearray(bundle(path, {"media/a.mov": b"x" * 3000}).read_bytes())
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.rfind(signature)
        raw[at + place : at + place + 4] = struct.pack("<I", size)
    path.write_bytes(bytes(raw))
    return path


@pytest.mark.parametrize("size", [0, 10, 2999, 3001, 600_000])
def test_one_that_lies_about_a_size_is_refused(tmp_path, size):
    assert refused(lying(tmp_path / "a.otioz", size), tmp_path / "out")


def test_more_than_fits_is_refused_before_it_is_written(tmp_path, monkeypatch):
    path = bundle(tmp_path / "a.otioz", {"media/a.mov": b"x" * 3000})
    usage = shutil.disk_usage(tmp_path)._replace(free=1024**3 + 100)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert "GB" in refused(path, tmp_path / "out", DiskFull)


def test_files_that_lie_over_each_other_are_refused(tmp_path):
    big = b"".join(bytes([n % 251]) * 7 for n in range(3000))
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("content.otio", CUT)
        archive.writestr("media/a.mov", big)
        info = archive.getinfo("media/a.mov")
        for number in range(30):
            twin = zipfile.ZipInfo(f"media/{number}.mov")
            for key in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(twin, key, getattr(info, key))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
    (tmp_path / "a.otioz").write_bytes(raw.getvalue())
    assert "over each other" in refused(tmp_path / "a.otioz", tmp_path / "out")


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_FILES", 2), ("LARGEST", 1000), ("LARGEST_CUT", 10)]
)
def test_what_is_beyond_any_bundle_is_refused(tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(module, limit, value)
    assert refused(bundle(tmp_path / "a.otioz", {"media/a.mov": b"x" * 3000}), tmp_path / "out")


def test_a_locked_one_is_refused(tmp_path):
    raw = bytearray(bundle(tmp_path / "a.otioz", {"media/a.mov": b"x"}).read_bytes())
    at = raw.rfind(b"PK\x01\x02")
    raw[at + 8] |= 1
    (tmp_path / "a.otioz").write_bytes(bytes(raw))
    assert "password" in refused(tmp_path / "a.otioz", tmp_path / "out")


def test_a_damaged_one_leaves_nothing(tmp_path):
    raw = bytearray(
        bundle(tmp_path / "a.otioz", {"media/a.mov": bytes(range(256)) * 9}).read_bytes()
    )
    at = raw.index(b"media/a.mov") + 40
    raw[at] ^= 0xFF
    (tmp_path / "a.otioz").write_bytes(bytes(raw))
    assert refused(tmp_path / "a.otioz", tmp_path / "out")
