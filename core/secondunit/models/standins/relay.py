"""Relay: an instruction followed by two models, where none does it alone: an editor of pictures
changes the first frame, and a video model carries the change through the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from secondunit.callsheet import (
    UNKNOWN,
    Answer,
    CallSheet,
    Estimate,
    ModelCard,
    Need,
    Pixels,
    Question,
    Reach,
    Sight,
    VideoModel,
    Watch,
)
from secondunit.models.fitness import check

_THEN = " then "
_FOLLOWED: frozenset[Need] = frozenset({"words", "plate", "paint", "edit"})
"""What a relay does of itself; the rest its video model does."""
_EDIT: frozenset[Need] = frozenset({"edit"})


def offered(cards: Sequence[ModelCard]) -> list[ModelCard]:
    """A relay of each editor with each video model that passes through pictures by itself."""
    editors = [card for card in cards if _edits(card)]
    return [
        card_of(editor, video)
        for editor in editors
        for video in cards
        if video.reach.frames.longest > 1 and "keys" in video.reach.honours - video.reach.stand_ins
    ]


def legs(source: str) -> tuple[str, str] | None:
    """The sources of a relay's two models; None where a source is no relay's."""
    first, then, second = source.partition(_THEN)
    return (first, second) if then and first and second else None


def card_of(editor: ModelCard, video: ModelCard) -> ModelCard:
    """The card of the two together. One is put aside while the other works, so that memory must
    hold the larger.
    """
    reach = video.reach
    return replace(
        video,
        name=f"{editor.name}+{video.name}",
        title=f"{editor.title}, then {video.title}",
        reach=replace(
            reach,
            honours=reach.honours | _FOLLOWED,
            stand_ins=reach.stand_ins | _EDIT | (_FOLLOWED - reach.honours),
            memory_gb=max(editor.reach.memory_gb, reach.memory_gb),
        ),
        licence=_both(editor.licence, video.licence),
        training_data=_both(editor.training_data, video.training_data),
        source=f"{editor.source}{_THEN}{video.source}",
        revision="",
        note="Its first frame is edited as a picture, and the edit carried through the shot.",
        size_mb=round(editor.size_mb + video.size_mb, 1),
        sha256="",
    )


class Relay:
    """Two models as one. A sheet that paints over nothing, or shows the edit already on its first
    frame, goes to the video model alone.
    """

    def __init__(self, card: ModelCard, editor: VideoModel, video: VideoModel) -> None:
        self.card = card
        self._editor, self._video = editor, video

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        """As all models do; each take has an edit of its own. Raises ModelUnfit, SizeUnfit and
        BadValue at once, and what the two models raise on the way.
        """
        check(sheet, self.card)
        if not sheet.paints_over() or 0 in sheet.keys:
            return self._video.shoot(self._without_edit(sheet), watch)
        return self._takes(sheet, watch)

    def look(self, footage: Pixels, question: Question, watch: Watch | None = None) -> Sight:
        """As the video model does."""
        return self._video.look(footage, question, watch)

    def provenance(self) -> dict[str, Any]:
        """What both say."""
        return {
            "model": self.card.name,
            "weights": f"{self._editor.provenance()['weights']} "
            f"{self._video.provenance()['weights']}",
            "licence": self.card.licence,
            "stand_ins": sorted(self.card.reach.stand_ins),
            "editor": self._editor.provenance(),
            "video": self._video.provenance(),
        }

    def _takes(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        for take, seed in enumerate(sheet.seeds):
            edited = self._edited(sheet, seed, watch)
            carried = replace(sheet, keys={**sheet.keys, 0: edited}, seeds=(seed,))
            leg = _Leg(watch, take)
            for answer in self._video.shoot(self._carried(carried), leg):
                yield answer._replace(take=take)

    def _edited(self, sheet: CallSheet, seed: int, watch: Watch) -> Pixels:
        """The first frame as the editor makes it; what is not to be painted stays."""
        first = np.asarray(sheet.plate)[0]
        multiple = self._editor.card.reach.multiple
        below, beside = (-side % multiple for side in first.shape[:2])
        shown = np.pad(first, ((0, below), (0, beside), (0, 0)), mode="edge")
        room = min(len(sheet.references), self._editor.card.reach.references)
        asked = CallSheet(
            shown.shape[1],
            shown.shape[0],
            1,
            sheet.rate,
            sheet.prompt,
            sheet.negative,
            plate=shown[None],
            references=sheet.references[:room],
            seeds=(seed,),
        )
        frames = [answer.frames for answer in self._editor.shoot(asked, _Leg(watch, None))]
        made = np.concatenate(frames)[0, : first.shape[0], : first.shape[1]]
        if sheet.paint is None:
            return made
        return np.where(sheet.paint[0][..., None], made, first)

    def _carried(self, sheet: CallSheet) -> CallSheet:
        """The sheet with its edit on the first frame, as the video model can carry it: as an edit,
        over the plate it is shown, or else from the first frame on with the plate in the noise, or
        forgotten.
        """
        paint = None if sheet.paint is None else sheet.paint.copy()
        if paint is not None:
            paint[0] = False
        own = self._video.card.reach.honours
        if "carry" in own:
            return replace(sheet, paint=paint, carry=True)
        if sheet.needs() - {"words"} <= own:
            return replace(sheet, paint=paint)
        if paint is None or not {"plate", "paint"} <= own:
            return replace(sheet, plate=None, paint=None, strength=1.0)
        hidden = np.where(paint[..., None], np.float32(UNKNOWN), np.asarray(sheet.plate))
        return replace(sheet, plate=hidden, paint=paint, strength=1.0)

    def _without_edit(self, sheet: CallSheet) -> CallSheet:
        return self._carried(sheet) if sheet.paints_over() else sheet


class _Leg:
    """What the caller hears of one of the two: its steps count where it is the one that shoots the
    take; stopping stops either.
    """

    def __init__(self, watch: Watch, take: int | None) -> None:
        self._watch, self._take = watch, take

    def check(self) -> None:
        """Whether to go on."""
        self._watch.check()

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        """Passed on for the take being shot."""
        if self._take is not None:
            self._watch.step(self._take, done, total, estimate)


def _edits(card: ModelCard) -> bool:
    reach: Reach = card.reach
    return reach.frames.longest == 1 and {"plate", "edit"} <= reach.honours


def _both(first: str, second: str) -> str:
    return first if first == second else f"{first}; {second}"
