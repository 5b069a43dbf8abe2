import pytest

from secondunit.callsheet import Size
from secondunit.engine.slate import slated
from secondunit.media.depth import Depth
from secondunit.media.format import Format
from secondunit_contract.frames import Rate
from secondunit_contract.job import Job
from secondunit_contract.problem import CodecUnfit

MOVIE = Format("ffv1", Size(64, 36), Rate.of(24), Depth(8, False))
EXR = Format("exr", Size(64, 36), None, Depth(16, True))


@pytest.mark.parametrize(
    ("output", "like", "takes", "frames", "path", "codec"),
    [
        ("out/a.mov", MOVIE, 1, 9, "out/a.mov", "ffv1"),
        ("out/a", MOVIE, 1, 9, "out/a.mov", "ffv1"),
        ("out/a", EXR, 1, 9, "out/a.####.exr", "exr"),
        ("out/a", EXR, 1, 1, "out/a.exr", "exr"),
        ("out/a.%05d.exr", EXR, 1, 9, "out/a.%05d.exr", "exr"),
        ("out/a_{take}", MOVIE, 3, 9, "out/a_002.mov", "ffv1"),
        ("out/a.mov", MOVIE, 3, 9, "out/a_t002.mov", "ffv1"),
        ("out/a.####.exr", EXR, 3, 9, "out/a_t002.####.exr", "exr"),
        ("out/sc010.v2", MOVIE, 1, 9, "out/sc010.v2.mov", "ffv1"),
    ],
)
def test_takes_are_named_as_a_person_would_expect(output, like, takes, frames, path, codec):
    found, wanted = slated(Job("extend", output, takes=takes), 2, like, frames)
    assert (str(found), wanted.codec) == (path, codec)


@pytest.mark.parametrize("job", [Job("extend", "a.gif"), Job("extend", "a.mov", codec="cinepak")])
def test_a_kind_of_file_we_cannot_write_is_refused_with_those_we_can(job):
    with pytest.raises(CodecUnfit) as told:
        slated(job, 1, MOVIE, 9)
    assert "mov" in told.value.remedy or "ffv1" in told.value.remedy
