"""Whatever happens while a take is written, no half file stands under its name."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from secondunit.callsheet import Size
from secondunit.media.contact import Row, contact_sheet
from secondunit.media.depth import Depth
from secondunit.media.format import Codec, Format
from secondunit.media.read import open_media
from secondunit.media.write import Writer, create
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import DiskFull, NotWritable

SIZE = Size(320, 180)
KINDS: list[tuple[Codec, str]] = [
    ("ffv1", "take.mov"),
    ("prores4444", "take.mov"),
    ("h264", "take.mp4"),
    ("exr", "take.####.exr"),
    ("dpx", "take.####.dpx"),
    ("tiff", "take.####.tif"),
    ("png", "take.####.png"),
]


def wanted(codec: Codec) -> Format:
    depth = Depth(32, floating=True) if codec == "exr" else Depth(8)
    return Format(codec, SIZE, Rate.of(24), depth)


def snow(codec: Codec, seed: int) -> np.ndarray:
    """A frame that no codec makes small."""
    light = np.random.default_rng(seed).random((180, 320, 3), np.float32)
    return light if codec == "exr" else (light * 255).astype(np.uint8)


def shoot(writer: Writer, codec: Codec, frames: int = 120) -> None:
    """Write so many frames and commit them."""
    with writer:
        for seed in range(frames):
            writer.write(snow(codec, seed))


@pytest.fixture(params=["500k", "8k"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of that size, mounted for the test where that is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "small", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here; the limit on file sizes is tested in its stead")
    if done.returncode:
        pytest.skip("no disk may be mounted here; the limit on file sizes is tested in its stead")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(("codec", "name"), KINDS)
def test_a_full_disk(small_disk: Path, codec: Codec, name: str) -> None:
    writer = create(small_disk / "takes" / name, wanted(codec), 1)
    with pytest.raises(DiskFull, match="MB free") as caught:
        shoot(writer, codec)
    assert writer.written < 120
    assert Path(caught.value.where).name.startswith("take.")
    assert list((small_disk / "takes").iterdir()) == []


@pytest.mark.parametrize(("codec", "name"), KINDS)
def test_a_limit_on_file_sizes(tmp_path: Path, codec: Codec, name: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = create(tmp_path / name, wanted(codec), 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(DiskFull):
            shoot(writer, codec)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_take_of_before(small_disk: Path) -> None:
    path = small_disk / "take.mov"
    small = Format("ffv1", Size(16, 16), Rate.of(24), Depth(8))
    with create(path, small) as writer:
        writer.write(np.zeros((16, 16, 3), np.uint8))
    before = path.read_bytes()
    with pytest.raises(DiskFull):
        shoot(create(path, wanted("ffv1")), "ffv1")
    assert path.read_bytes() == before


def test_a_contact_sheet_on_a_full_disk(small_disk: Path) -> None:
    rows = [
        Row(f"row {row}", [snow("png", 9 * row + seed) for seed in range(9)]) for row in range(9)
    ]
    with pytest.raises(DiskFull):
        contact_sheet(rows, small_disk / "sheet.png")
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize(("codec", "name"), KINDS)
def test_an_error_while_shooting_leaves_nothing(tmp_path: Path, codec: Codec, name: str) -> None:
    class Burnt(BaseException):
        pass

    def burn() -> None:
        with create(tmp_path / name, wanted(codec), 1) as writer:
            writer.write(snow(codec, 1))
            raise Burnt

    with pytest.raises(Burnt):
        burn()
    assert list(tmp_path.iterdir()) == []


WRITE_UNTIL_KILLED = """
import sys
import numpy as np
from secondunit.callsheet import Size
from secondunit.media.depth import Depth
from secondunit.media.format import Format
from secondunit.media.write import Writer, create
from secondunit_contract.frames import Rate

codec, path = sys.argv[1:]
depth = Depth(32, floating=True) if codec == "exr" else Depth(8)
with create(path, Format(codec, Size(320, 180), Rate.of(24), depth), 1) as writer:
    for seed in range(100_000):
        writer.write((np.random.default_rng(seed).random((180, 320, 3)) * 255).astype(depth.dtype))
        if seed == 12:
            sys.stdout.write("under way\\n")
            sys.stdout.flush()
"""


@pytest.mark.parametrize(("codec", "name"), [KINDS[0], KINDS[3]])
def test_killed_while_writing(tmp_path: Path, codec: Codec, name: str) -> None:
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, codec, str(tmp_path / name)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "under way\n"
        os.kill(process.pid, signal.SIGKILL)
    left = os.listdir(tmp_path)
    assert left
    assert all(name.startswith(".") and str(process.pid) in name for name in left)
    # What is left over is in nobody's way.
    with create(tmp_path / name, wanted(codec), 1) as writer:
        writer.write(snow(codec, 1))
    with open_media(tmp_path / name) as reader:
        assert len(reader.footage.range) == 1


def test_interrupted_while_the_files_get_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Path] = []
    replace = Path.replace

    def stumble(self: Path, target: Path) -> Path:
        if len(given) == 2:
            raise PermissionError(13, "Permission denied")
        given.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stumble)
    with pytest.raises(NotWritable):
        shoot(create(tmp_path / "a.#.png", wanted("png"), 1), "png", 4)
    assert sorted(os.listdir(tmp_path)) == ["a.1.png", "a.2.png"]
    with open_media(tmp_path / "a.#.png") as reader:
        for seed, frame in enumerate(reader.frames(FrameRange(1, 2))):
            assert np.array_equal(frame, snow("png", seed))
