"""Every state with every act: what was written down comes of it, and nothing else can be."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from secondunit.ledger.states import ACTS, AT_WORK, ENDED, STATES, TABLE, after
from secondunit_contract.problem import StateUnfit
from secondunit_contract.queue import State

WRITTEN_DOWN = """
queued      start    running
queued      pause    paused
queued      cancel   cancelled
running     finish   done
running     fail     failed
running     pause    pausing
running     cancel   cancelling
running     lose     queued
pausing     yield    paused
pausing     finish   done
pausing     fail     failed
pausing     cancel   cancelling
pausing     lose     paused
cancelling  yield    cancelled
cancelling  finish   done
cancelling  fail     failed
cancelling  lose     cancelled
paused      resume   queued
paused      cancel   cancelled
failed      retry    queued
cancelled   retry    queued
"""
CAN_BE = {
    (state, act): then for state, act, then in map(str.split, WRITTEN_DOWN.strip().splitlines())
}


@pytest.mark.parametrize(("state", "act"), list(product(STATES, ACTS)))
def test_each_state_with_each_act(state, act):
    if (state, act) in CAN_BE:
        assert after(state, act) == CAN_BE[state, act]
        return
    with pytest.raises(StateUnfit) as refused:
        after(state, act)
    assert state in refused.value.what
    assert refused.value.remedy


def test_nothing_else_is_in_the_table():
    assert {(state, act) for state, acts in TABLE.items() for act in acts} == set(CAN_BE)
    assert set(TABLE) == set(STATES) == set(get_args(State))


def test_a_refusal_says_what_can_be_done_instead():
    with pytest.raises(StateUnfit, match=r"paused cannot be paused.*cancelled or resumed"):
        after("paused", "pause")
    with pytest.raises(StateUnfit, match=r"done cannot be cancelled\. Nothing is left"):
        after("done", "cancel")


def reach(start: State) -> set[State]:
    found, new = {start}, {start}
    while new:
        new = {then for state in new for then in TABLE[state].values()} - found
        found |= new
    return found


def test_every_state_can_come_about_and_every_job_can_end_well():
    assert reach("queued") == set(STATES)
    for state in STATES:
        assert "done" in reach(state)


def test_whoever_dies_a_job_in_hand_is_lost_to_where_it_can_be_taken_up():
    for state in STATES:
        assert ("lose" in TABLE[state]) == (state in AT_WORK)
        if state in AT_WORK:
            assert after(state, "lose") not in AT_WORK
            assert after(state, "finish") == "done"


def test_what_has_ended_goes_on_only_when_somebody_wants_it():
    for state in ENDED:
        assert set(TABLE[state]) <= {"retry"}
