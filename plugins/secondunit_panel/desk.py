"""The desk: what is selected, the task chosen for it, and what the artist has said of it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from secondunit_contract.job import Job
from secondunit_contract.queue import TakeEntry
from secondunit_contract.task import TaskCard
from secondunit_panel import orders, slots
from secondunit_panel.drafts import Draft, Drafts, key_of, of_job, with_settings
from secondunit_panel.form import Fault, Field, Form, form_of
from secondunit_panel.host import Place, Selection, Shot
from secondunit_panel.marks import History, Marks
from secondunit_panel.orders import Order
from secondunit_panel.slots import Given, Slot

_EMPTY = Form(())

_MOST_TAKES = 100


class Desk:
    """A selection, the tasks that fit it, and a draft for each task and clip, with undo.

    For the main thread alone. What changes a draft tells whether it did; keeping it is the
    caller's.
    """

    def __init__(self, drafts: Drafts) -> None:
        self.selection = Selection()
        self.cards: list[TaskCard] = []
        self.tasks: list[TaskCard] = []
        self.everything = False
        self._drafts = drafts
        self._forms: dict[str, Form] = {}
        self._history: dict[str, History[Draft]] = {}
        self._task = ""
        self._last = Draft()

    # what is on it

    @property
    def task(self) -> TaskCard | None:
        """The task chosen; the likeliest where none of those that fit was."""
        named = [each for each in self.tasks if each.name == self._task]
        return next(iter(named or self.tasks), None)

    @property
    def broken(self) -> list[TaskCard]:
        """Tasks that were found and cannot be used, each with its fault."""
        return [each for each in self.cards if each.fault]

    @property
    def form(self) -> Form:
        """The form of the task chosen."""
        task = self.task
        return self._forms[task.name] if task else _EMPTY

    @property
    def shot(self) -> Shot | None:
        """The clip worked on: the first of those selected."""
        return self.selection.clips[0] if self.selection.clips else None

    @property
    def draft(self) -> Draft:
        """What has been said so far."""
        return self._hand.now

    @property
    def values(self) -> dict[str, Any]:
        """All values of the form as they are now."""
        return {**self.form.defaults(), **self.draft.values}

    @property
    def inputs(self) -> dict[str, Shot]:
        """The clips that are selected or marked, by the names the task gives them."""
        task = self.task
        given = orders.roles(self.selection)
        return {role: shot for role, shot in given.items() if task and role in task.inputs}

    @property
    def given(self) -> dict[str, Given]:
        """The clips given by hand, as far as the task takes them."""
        return slots.kept(self.task, self.draft.inputs) if self.task else {}

    @property
    def slots(self) -> list[Slot]:
        """The places for clips beside what is selected, and what is in them."""
        return slots.slots(self.task, self.given, self.inputs) if self.task else []

    @property
    def first_frame(self) -> int:
        """The first frame of the clip worked on, as its media counts."""
        shot = self.shot
        return shot.clip.range.first if shot and shot.clip.range else 0

    @property
    def marks(self) -> Marks:
        """What is drawn on the clip."""
        return Marks.read(self.draft.values, self.form.marks, self.first_frame)

    @property
    def beside(self) -> Shot | None:
        """The clip before a gap, where the task chosen takes paths: they begin on it, and lead on
        into the gap.
        """
        return self.inputs.get("before") if "paths" in self.form.marks else None

    @property
    def beyond(self) -> tuple[int, int]:
        """How many frames before its clip and after it paths may be drawn on."""
        return self.form.beyond(self.values)

    def shown(self) -> list[Field]:
        """The fields to draw now."""
        return self.form.shown(self.values, {*self.inputs, *self.given}, self.everything)

    def faults(self) -> list[Fault]:
        """What cannot be meant, or is still lacking."""
        found = self.form.faults(self.draft.values, {*self.inputs, *self.given})
        lacking = [each for each in self.slots if each.needed and not each.name]
        return found + [Fault(each.key, _lacks(self.task, each)) for each in lacking]

    # changing what is on it

    def select(self, selection: Selection, used: Mapping[str, int] | None = None) -> None:
        """Take another selection; the task stays where it fits."""
        self.selection = selection
        self._fit(used)

    def stock(self, cards: list[TaskCard], used: Mapping[str, int] | None = None) -> None:
        """Take the tasks there are."""
        self.cards = cards
        self._forms = {each.name: form_of(each.values_schema) for each in cards}
        self._fit(used)

    def _fit(self, used: Mapping[str, int] | None) -> None:
        self.tasks = orders.fitting(self.cards, self.selection, used)

    def unfit(self) -> list[tuple[TaskCard, str]]:
        """The tasks that cannot be done with what is selected, each with why."""
        told = [(each, orders.unfit(each, self.selection)) for each in self.cards]
        return [(each, why) for each, why in told if why]

    def choose(self, task: str) -> bool:
        """Choose a task."""
        before = self.task
        if any(each.name == task for each in self.tasks):
            self._task = task
        return self.task is not before

    def set(self, key: str, raw: Any) -> bool:
        """Say a value, as a control holds it."""
        value = self.form[key].read(raw) if key in self.form else raw
        values = {**self.draft.values, key: value}
        if key in self.form and value == self.form[key].default:
            values.pop(key)
        return self._put(replace(self.draft, values=values), key)

    def reset(self, key: str) -> bool:
        """Say nothing of a value: it is again what it is by itself."""
        return self.set(key, self.form[key].default) if key in self.form else False

    def draw(self, marks: Marks) -> bool:
        """Draw on the clip. Marks the task takes none of are left out."""
        drawn = {k: v for k, v in marks.values(self.form.marks).items() if v}
        keys = set(self.form.marks.values())
        kept = {key: value for key, value in self.draft.values.items() if key not in keys}
        return self._put(replace(self.draft, values={**kept, **drawn}))

    def give(self, slot: str, clips: Sequence[Given]) -> bool:
        """Put clips into a slot; of several those behind it take the others."""
        if self.task is None:
            return False
        return self._put(replace(self.draft, inputs=slots.put(self.task, self.given, slot, clips)))

    def take_away(self, slot: str) -> bool:
        """Empty a slot: what the host has marked counts again."""
        if self.task is None:
            return False
        return self._put(replace(self.draft, inputs=slots.without(self.task, self.given, slot)))

    def settle(self, **settings: Any) -> bool:
        """Say how many takes, which seed, model, steps or guidance."""
        draft = replace(self.draft, **settings)
        draft = replace(draft, takes=min(_MOST_TAKES, max(1, draft.takes)))
        return self._put(draft, next(iter(settings), ""))

    def undo(self) -> bool:
        """One change back."""
        return self._stepped(self._hand.undo)

    def redo(self) -> bool:
        """One change forth."""
        return self._stepped(self._hand.redo)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self._hand.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return self._hand.can_redo

    def branch(self, entry: TakeEntry, order: Order) -> bool:
        """Go on from a take: its clip, its task, its values and its seed are the draft now; what
        was there before is one undo away.
        """
        job_shot = next(iter(order.shots.values()), None)
        if self.shot is None or job_shot is None or self.shot.clip.media != job_shot.clip.media:
            clips = (order.shots["plate"],) if "plate" in order.shots else ()
            gap = None if clips else order.at
            self.select(
                Selection(
                    clips, gap, order.shots.get("before"), order.shots.get("after"),
                    order.shots.get("matte"), document=order.document, folder=order.folder,
                    guide=order.shots.get("guide"),
                )
            )  # fmt: skip
        self.choose(order.card.name)
        if self.task is None or self.task.name != order.card.name:
            return False
        return self._put(order.draft) or True

    def orders(self) -> list[Order]:
        """What would be asked for now: a job for each clip selected, or one for the gap.

        What is drawn is drawn on the first clip and goes with that one alone. What is given goes
        with each; a task that works on no clip of the document is asked for once.
        """
        task, chosen = self.task, self.selection
        if task is None:
            return []
        common = {"document": chosen.document, "folder": str(orders.output_folder(chosen) or "")}
        given = self.given
        if chosen.gap is not None:
            shots = {role: each for role, each in self.inputs.items() if role not in given}
            name = next((each.name for each in shots.values()), "gap")
            return [Order(task, self.draft, shots, chosen.gap, name, **common, given=given)]
        drawn = set(self.form.marks.values())
        bare = {k: v for k, v in self.draft.values.items() if k not in drawn}
        found = []
        each_alone = any(role in task.inputs for role in slots.WORKED_ON)
        for number, shot in enumerate(chosen.clips if each_alone else chosen.clips[:1]):
            marked = orders.roles(chosen, number).items()
            shots = {role: e for role, e in marked if role in task.inputs and role not in given}
            draft = self.draft if not number else replace(self.draft, values=bare)
            place, of = shot.place, shot.clip.media
            found.append(Order(task, draft, shots, place, shot.name, **common, given=given, of=of))
        return found

    # how

    @property
    def _key(self) -> str:
        task = self.task
        return key_of(task.name if task else "", self.shot, self.selection.gap)

    @property
    def _hand(self) -> History[Draft]:
        key = self.selection.document + "\n" + self._key
        if key not in self._history:
            kept = self._drafts.get(self._key)
            self._history[key] = History(kept or self._fresh())
        return self._history[key]

    def read_again(self) -> None:
        """Look at the drafts again, which have been read meanwhile: where nothing was said since,
        the one kept counts.
        """
        self._history = {
            key: each for key, each in self._history.items() if each.can_undo or each.can_redo
        }

    def _fresh(self) -> Draft:
        gap: Place | None = self.selection.gap
        draft = with_settings(Draft(), self._last)
        if self.task is not None and self.task.makes == "adapter":
            draft = replace(draft, takes=1)  # each takes hours
        if gap is not None and "frames" in self.form and self.form["frames"].kind == "whole":
            draft = replace(draft, values={"frames": len(gap.range)})
        return draft

    def _put(self, draft: Draft, hand: str = "") -> bool:
        if self.task is None or not self._hand.put(draft, hand):
            return False
        return self._keep()

    def _stepped(self, step: Any) -> bool:
        before = self.draft
        return step() != before and self._keep()

    def _keep(self) -> bool:
        if self.task is None or self.task.makes != "adapter":
            self._last = self.draft
        self._drafts.put(self._key, self.draft)
        return True


def order_of_take(entry: TakeEntry, desk: Desk, job: Job) -> Order | None:
    """The order a take came from, to branch from it; None where its task is not there any more."""
    card = next((each for each in desk.cards if each.name == job.task and not each.fault), None)
    at = orders.place_of(job)
    told = orders.made_for(job)
    if card is None or at is None:
        return None
    name = str(told.get("name") or "")
    shots = {role: Shot(name, clip, at) for role, clip in job.inputs.items()}
    draft = of_job(job, entry.id, entry.take.seed)
    return Order(card, draft, shots, at, name, str(told.get("document") or ""))


def _lacks(task: TaskCard | None, slot: Slot) -> str:
    return f"{task.title if task else 'This'} needs a {slot.title.lower()}: give one"
