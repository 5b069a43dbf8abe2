"""Fetching: what is taken, what is left, and what happens when it breaks off."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
from fake_hub import NEWER, REVISION, Hub, checkpoint_files, written

from secondunit.weights import pull
from secondunit.weights.checkpoint import Checkpoint, find
from secondunit.weights.pins import Pin
from secondunit.weights.sources import Hub as Source
from secondunit.weights.sources import Shelf
from secondunit_contract.problem import (
    CheckpointInvalid,
    CheckpointUnsafe,
    DiskFull,
    ModelUnknown,
    NetworkLost,
)

BIG = "transformer/diffusion_pytorch_model.safetensors"


def silent(*told: Any) -> None:
    pass


def fetched(hub: Hub, **more: Any) -> pull.Plan:
    plan = pull.planned("someone/tiny", Source(hub.url), **more)
    pull.fetched(plan, Source(hub.url), silent)
    return plan


def test_a_model_comes_whole_into_the_shared_cache_and_is_found_there(hub: Hub) -> None:
    plan = fetched(hub)
    assert plan.snapshot == find("someone/tiny") == find("someone/tiny", REVISION)
    assert Checkpoint.open(plan.snapshot).class_name == "WanPipeline"
    for path, content in checkpoint_files().items():
        assert (plan.snapshot / path).read_bytes() == content
    assert plan.licence == "apache-2.0"


def test_nobody_but_the_mirror_is_asked_and_it_is_told_nothing_of_us(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetched(hub)
    asked = {path for _, path, _ in hub.asked}
    assert asked == {"list someone/tiny", *checkpoint_files()}
    assert hub.told["authorization"] == ""
    assert "torch" not in hub.told["user-agent"]


def test_a_second_time_fetches_nothing(hub: Hub) -> None:
    fetched(hub)
    hub.asked.clear()
    plan = pull.planned("someone/tiny", Source(hub.url))
    assert (plan.missing, plan.here) == (0, plan.size)
    pull.fetched(plan, Source(hub.url), silent)
    assert hub.got(BIG) == []


def test_progress_ends_at_the_whole(hub: Hub) -> None:
    heard: list[tuple[int, int, str]] = []
    plan = pull.planned("someone/tiny", Source(hub.url))
    pull.fetched(plan, Source(hub.url), lambda *told: heard.append(told))
    assert [done for done, _, _ in heard] == sorted(done for done, _, _ in heard)
    assert heard[-1][:2] == (plan.size, plan.size)
    assert len([each for each in heard if each[2] == BIG]) > 10


def test_a_line_that_breaks_is_taken_up_where_it_was(hub: Hub) -> None:
    hub.cut[BIG] = 300_000
    fetched(hub)
    first, second = hub.got(BIG)
    assert first == ""
    start = int(second.removeprefix("bytes=").rstrip("-"))
    assert 200_000 < start <= 300_000


def test_a_pull_that_was_broken_off_goes_on_from_there(hub: Hub) -> None:
    hub.cut[BIG] = 300_000
    hub.dead.add(BIG)
    with pytest.raises(NetworkLost, match="broke off") as lost:
        fetched(hub)
    assert "goes on where it was" in lost.value.remedy
    with pytest.raises(ModelUnknown):
        find("someone/tiny")  # half a model is none
    hub.cut.clear()
    hub.asked.clear()
    plan = pull.planned("someone/tiny", Source(hub.url))
    assert 200_000 < plan.here < plan.size
    pull.fetched(plan, Source(hub.url), silent)
    (span,) = hub.got(BIG)
    assert int(span.removeprefix("bytes=").rstrip("-")) > 200_000
    assert (plan.snapshot / BIG).read_bytes() == checkpoint_files()[BIG]


def test_ctrl_c_leaves_what_is_there(hub: Hub) -> None:
    def stop(done: int, total: int, path: str) -> None:
        if path == BIG and done > 400_000:
            raise KeyboardInterrupt

    plan = pull.planned("someone/tiny", Source(hub.url))
    with pytest.raises(KeyboardInterrupt):
        pull.fetched(plan, Source(hub.url), stop)
    again = pull.planned("someone/tiny", Source(hub.url))
    assert again.here > 350_000
    hub.asked.clear()
    pull.fetched(again, Source(hub.url), silent)
    assert hub.got(BIG)[0].startswith("bytes=")
    assert Checkpoint.open(again.snapshot)


def test_other_bytes_than_were_told_are_not_kept(hub: Hub) -> None:
    right = checkpoint_files()[BIG]
    hub.spoilt[BIG] = right[:-1] + bytes([right[-1] ^ 1])
    with pytest.raises(CheckpointInvalid, match="hash") as wrong:
        fetched(hub)
    assert BIG in wrong.value.what
    with pytest.raises(ModelUnknown):
        find("someone/tiny")
    hub.spoilt.clear()
    fetched(hub)  # nothing of it was left to go on from
    assert hub.got(BIG)[-1] == ""


def test_a_small_file_with_other_bytes_is_noticed_too(hub: Hub) -> None:
    hub.spoilt["vae/config.json"] = b'{"z_dim": 8}'
    with pytest.raises(CheckpointInvalid, match="hash"):
        fetched(hub)


def test_pickles_code_and_pictures_stay_where_they_are(hub: Hub) -> None:
    strangers = {
        "transformer/diffusion_pytorch_model.bin": b"\x80\x04.",
        "vae/modeling_own.py": b"boom()",
        "assets/teaser.mp4": b"0" * 100,
        "Wan2.1_VAE.pth": b"\x80\x04.",
        "original.safetensors": b"0" * 100,
        "transformer/diffusion_pytorch_model.fp16.safetensors": b"0" * 100,
        "transformer/../../../up.safetensors": b"0" * 100,
        "vae\\..\\..\\up.json": b"{}",
    }
    hub.holds("someone/tiny", REVISION, checkpoint_files() | strangers)
    plan = fetched(hub)
    assert set(plan.left) == set(strangers)
    there = {each.relative_to(plan.snapshot).as_posix() for each in plan.snapshot.rglob("*.*")}
    assert not there & set(strangers)
    assert not [path for path in strangers if hub.got(path)]


def test_weights_that_are_only_pickles_are_refused_before_anything_is_fetched(hub: Hub) -> None:
    files = checkpoint_files()
    files["transformer/pytorch_model.bin"] = files.pop(BIG)
    hub.holds("someone/tiny", REVISION, files)
    with pytest.raises(CheckpointUnsafe, match=r"pytorch_model\.bin"):
        pull.planned("someone/tiny", Source(hub.url))
    assert {path for method, path, _ in hub.asked if method == "GET"} == {
        "list someone/tiny",
        "model_index.json",
    }


def test_parts_that_bring_code_are_refused_before_anything_is_fetched(hub: Hub) -> None:
    index = {"_class_name": "WanPipeline", "transformer": ["own_code", "Net"]}
    hub.holds("someone/tiny", REVISION, {"model_index.json": json.dumps(index).encode()})
    with pytest.raises(CheckpointUnsafe, match="own_code"):
        pull.planned("someone/tiny", Source(hub.url))


@pytest.mark.parametrize("content", [None, b"[", b"[]", b"{}"])
def test_a_repository_without_an_index_is_no_checkpoint(hub: Hub, content: bytes | None) -> None:
    hub.holds("someone/odd", REVISION, {} if content is None else {"model_index.json": content})
    with pytest.raises(CheckpointInvalid, match=r"model_index\.json"):
        pull.planned("someone/odd", Source(hub.url))


def test_a_mirror_that_lists_names_alone_is_asked_for_the_rest(hub: Hub) -> None:
    hub.bare = True
    plan = fetched(hub)
    assert plan.size == sum(map(len, checkpoint_files().values()))
    assert all(ware.digest for ware in plan.wares)
    assert ("HEAD", BIG, "") in hub.asked


def test_no_room_is_said_before_anything_is_fetched(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_500_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    plan = pull.planned("someone/tiny", Source(hub.url))
    with pytest.raises(DiskFull, match="still to be fetched"):
        plan.refuse_without_room()
    fetched(hub)
    pull.planned("someone/tiny", Source(hub.url)).refuse_without_room()  # it is here


def test_a_disk_that_fills_up_on_the_way_is_said(hub: Hub) -> None:
    def full(done: int, total: int, path: str) -> None:
        if path == BIG:
            raise OSError(28, "No space left on device")

    plan = pull.planned("someone/tiny", Source(hub.url))
    with pytest.raises(DiskFull, match="kept"):
        pull.fetched(plan, Source(hub.url), full)


@pytest.mark.parametrize("repository", ["someone/none", "no name", "../../etc"])
def test_what_is_not_there_is_unknown(hub: Hub, repository: str) -> None:
    with pytest.raises(ModelUnknown):
        pull.planned(repository, Source(hub.url))
    with pytest.raises(ModelUnknown):
        pull.planned("someone/tiny", Source(hub.url), "c" * 40)


def test_offline_means_offline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(NetworkLost, match="HF_HUB_OFFLINE") as lost:
        pull.planned("someone/tiny", Source(hub.url))
    assert "--from" in lost.value.remedy
    assert hub.asked == []


def test_nobody_there_is_a_problem(hub: Hub) -> None:
    with pytest.raises(NetworkLost, match="broke off"):
        pull.planned("someone/tiny", Source("http://127.0.0.1:9"))


# ---- pins


def pinned(hub: Hub) -> Pin:
    plan = pull.planned("someone/tiny", Source(hub.url))
    digests = pull.fetched(plan, Source(hub.url), silent)
    return Pin("someone/tiny", plan.revision, "tiny", "now", digests)


def test_a_pinned_model_is_fetched_at_its_pin_whatever_is_newer(hub: Hub) -> None:
    pin = pinned(hub)
    hub.holds("someone/tiny", NEWER, checkpoint_files(10))
    assert pull.planned("someone/tiny", Source(hub.url), pin=pin).revision == REVISION
    assert pull.planned("someone/tiny", Source(hub.url)).revision == NEWER


def test_another_revision_than_the_pin_is_refused(hub: Hub) -> None:
    pin = pinned(hub)
    with pytest.raises(CheckpointInvalid, match="pinned") as refused:
        pull.planned("someone/tiny", Source(hub.url), NEWER, pin)
    assert "models remove tiny" in refused.value.remedy


def test_other_files_under_the_pinned_revision_are_refused(hub: Hub) -> None:
    pin = pinned(hub)
    hub.holds("someone/tiny", REVISION, checkpoint_files(10))
    with pytest.raises(CheckpointInvalid, match="not the file that was fetched"):
        pull.planned("someone/tiny", Source(hub.url), pin=pin)


# ---- folders


def carried(folder: Path, files: dict[str, bytes], etags: bool = True) -> Path:
    """As `hf download --local-dir` leaves a folder."""
    written(folder, files)
    for path, content in files.items():
        note = folder / ".cache/huggingface/download" / f"{path}.metadata"
        note.parent.mkdir(parents=True, exist_ok=True)
        etag = hashlib.sha256(content).hexdigest() if etags else "x"
        note.write_text(f"{REVISION}\n{etag}\n1700000000.0\n")
    return folder


def test_a_carried_folder_is_a_source(hub: Hub, tmp_path: Path) -> None:
    shelf = Shelf(carried(tmp_path / "usb" / "someone" / "tiny", checkpoint_files()).parents[1])
    plan = pull.planned("someone/tiny", shelf)
    pull.fetched(plan, shelf, silent)
    assert find("someone/tiny", REVISION) == plan.snapshot
    assert (plan.snapshot / BIG).read_bytes() == checkpoint_files()[BIG]
    assert hub.asked == []


def test_a_carried_download_cache_is_a_source(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched(hub)
    (tmp_path / "cache").rename(tmp_path / "usb")
    hub.asked.clear()
    plan = pull.planned("someone/tiny", Shelf(tmp_path / "usb"))
    assert plan.missing == plan.size
    pull.fetched(plan, Shelf(tmp_path / "usb"), silent)
    assert find("someone/tiny", REVISION) == plan.snapshot
    assert hub.asked == []


def test_a_carried_file_that_was_changed_is_noticed(hub: Hub, tmp_path: Path) -> None:
    folder = carried(tmp_path / "usb", checkpoint_files())
    whole = bytearray((folder / BIG).read_bytes())
    whole[-1] ^= 1
    (folder / BIG).write_bytes(whole)
    plan = pull.planned("someone/tiny", Shelf(folder))
    with pytest.raises(CheckpointInvalid, match="hash"):
        pull.fetched(plan, Shelf(folder), silent)


def test_a_folder_that_does_not_tell_its_revision_is_to_be_imported(tmp_path: Path) -> None:
    folder = written(tmp_path / "usb", checkpoint_files())
    with pytest.raises(ModelUnknown) as unknown:
        pull.planned("someone/tiny", Shelf(folder))
    assert "models import" in unknown.value.remedy
