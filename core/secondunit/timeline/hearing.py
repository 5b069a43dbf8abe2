"""Hearing: what is heard of a take, as its own file tells it, for the cut it is to stand in."""

from __future__ import annotations

import ntpath
from collections.abc import Iterable
from pathlib import Path

import av

from secondunit.media.refusals import reading
from secondunit_contract.job import Take
from secondunit_contract.problem import MediaEmpty, MediaProblem
from secondunit_otio import Cut, Result, TakeSound
from secondunit_otio.sound.pictures import soundings
from secondunit_otio.sound.tracks import astray, in_step, standing_sound

# A take of ours is heard from one of these, and never from anywhere but the disk.
_SAFE = {"format_whitelist": "mov,mp4,matroska,wav", "protocol_whitelist": "file"}


def sound_of(take: Take) -> TakeSound | None:
    """The sound a take has, in its movie or beside its pictures; None for one without.

    How long it is, is read from the file. Raises MediaMissing, MediaUnreadable, MediaEmpty.
    """
    told = take.extra.get("sound")
    if not isinstance(told, str) or not told:
        return None
    path = str(Path(take.media).with_name(ntpath.basename(told)))  # wherever its folder is now
    with reading(path), av.open(path, options=dict(_SAFE)) as container:
        stream = next(iter(container.streams.audio), None)
        if stream is None or not stream.duration or stream.time_base is None:
            raise MediaEmpty("There is no sound in the file", path, "Shoot the take again")
        samples = round(stream.duration * stream.time_base * stream.rate)
        origin = container.metadata.get("time_reference", "")
        begins = int(origin) if path != take.media and origin.isdecimal() else None
        return TakeSound(path, samples, stream.rate, stream.channels, begins)


def heard_of(take: Take, notes: list[str]) -> TakeSound | None:
    """As sound_of; one that cannot be read is noted, and the pictures stand without it."""
    try:
        return sound_of(take)
    except MediaProblem as problem:
        notes.append(f"take {take.number}: its sound is left out: {problem}")
        return None


def unplaced_sound(text: str, cut: Cut, results: Iterable[Result]) -> list[str]:
    """Which of these takes, grafted into a cut, are heard nowhere in its new text, and why."""
    heard = [each for each in results if any(take.sound for take in each.takes)]
    where = {each.request.id: each.request.where for each in heard}
    if not where:
        return []
    shown = soundings(Cut.parse(text, cut.name, cut.folder), where)
    nowhere = [each for each in shown if each.spot is None]
    return [f"{where[each.id]}: its sound has no place: {each.why}" for each in nowhere]


def in_tune(text: str, cut: Cut, notes: list[str]) -> str:
    """A cut's new text, where sound that stood in the cut and goes with no picture now is put in
    step again or taken out. What was done is noted.
    """
    if not standing_sound(cut):
        return text
    now = cut if text == cut.text else Cut.parse(text, cut.name, cut.folder)
    ids = astray(now)
    if not ids:
        return text
    settled = in_step(now, ids)
    left = standing_sound(Cut.parse(settled, cut.name, cut.folder))
    for id in sorted(ids):
        what = "is in step with its picture again" if id in left else "is gone with its picture"
        notes.append(f"su-{id}: its sound {what}")
    return settled
