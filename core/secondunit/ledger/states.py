"""What can become of a job: its states, and which act leads from one to another."""

from __future__ import annotations

from typing import Literal, get_args

from secondunit_contract.problem import StateUnfit
from secondunit_contract.queue import State

Act = Literal["start", "finish", "fail", "yield", "lose", "pause", "cancel", "resume", "retry"]
"""start, finish, fail: what a worker does with a job; yield: it stops because someone wished it;
lose: it died, or its owner; pause, cancel, resume, retry: what people want.
"""

TABLE: dict[State, dict[Act, State]] = {
    "queued": {"start": "running", "pause": "paused", "cancel": "cancelled"},
    "running": {
        "finish": "done",
        "fail": "failed",
        "pause": "pausing",
        "cancel": "cancelling",
        "lose": "queued",
    },
    "pausing": {
        "yield": "paused",
        "finish": "done",
        "fail": "failed",
        "cancel": "cancelling",
        "lose": "paused",
    },
    "cancelling": {
        "yield": "cancelled",
        "finish": "done",
        "fail": "failed",
        "lose": "cancelled",
    },
    "paused": {"resume": "queued", "cancel": "cancelled"},
    "failed": {"retry": "queued"},
    "cancelled": {"retry": "queued"},
    "done": {},
}
"""From each state, what each act leads to. What is not here cannot be."""

STATES: tuple[State, ...] = get_args(State)
ACTS: tuple[Act, ...] = get_args(Act)

ENDED: frozenset[State] = frozenset({"cancelled", "failed", "done"})
"""Nothing more happens to such a job of itself."""

OPEN: tuple[State, ...] = tuple(state for state in STATES if state not in ENDED)
"""All others."""

AT_WORK: frozenset[State] = frozenset({"running", "pausing", "cancelling"})
"""A worker has such a job in hand."""

_WISHES: dict[Act, str] = {
    "pause": "paused",
    "cancel": "cancelled",
    "resume": "resumed",
    "retry": "tried again",
}


def after(state: State, act: Act) -> State:
    """The state an act leads to. Raises StateUnfit where it cannot be."""
    try:
        return TABLE[state][act]
    except KeyError:
        wish = _WISHES.get(act, f"made to {act}")
        able = sorted({_WISHES[each] for each in TABLE[state] if each in _WISHES})
        raise StateUnfit(
            f"A job that is {state} cannot be {wish}",
            remedy=f"It can be {' or '.join(able)}" if able else "Nothing is left to be done",
        ) from None
