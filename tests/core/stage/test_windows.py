from hypothesis import given
from hypothesis import strategies as st

from secondunit.callsheet import FrameRule
from secondunit.stage.windows import runs

RULES = st.builds(
    FrameRule, st.just(1), st.sampled_from([1, 4, 8]), st.sampled_from([9, 17, 33, 81])
)
ANCHORS = st.sampled_from([0, 0, 1, 2, 5])


@given(st.lists(st.booleans(), min_size=1, max_size=200), RULES, st.integers(1, 9), ANCHORS)
def test_every_painted_frame_is_fresh_in_exactly_one_window(painted, rule, context, anchors):
    fresh = [
        index
        for run in runs(painted, rule, context, anchors)
        for window in run.windows
        for index in window.fresh
    ]
    assert sorted(fresh) == [index for index, paint in enumerate(painted) if paint]


@given(st.lists(st.booleans(), min_size=1, max_size=200), RULES, st.integers(1, 9), ANCHORS)
def test_no_window_is_longer_than_the_model_can_make_or_leaves_the_shot(
    painted, rule, context, anchors
):
    for run in runs(painted, rule, context, anchors):
        for window in run.windows:
            assert len(window.shown) <= rule.longest
            assert set(window.shown) <= set(range(len(painted)))
            assert set(window.fresh) <= set(window.shown)
            assert list(window.shown) == sorted(set(window.shown))


@given(st.integers(10, 300), RULES, st.integers(1, 4))
def test_each_window_but_the_first_sees_what_the_one_before_made(length, rule, context):
    (run,) = runs([True] * length, rule, context)
    made: set[int] = set()
    for window in run.windows:
        if made:
            assert len(made.intersection(window.shown)) >= min(context, rule.longest // 2)
        made.update(window.fresh)


def test_a_head_is_shot_backwards_from_the_plate():
    (run,) = runs([True] * 20 + [False] * 10, FrameRule(1, 4, 9), 4)
    assert not run.in_order
    assert run.windows[0].fresh[-1] == 19
    assert run.windows[-1].fresh[0] == 0


def test_known_frames_need_no_window():
    assert runs([False] * 1000, FrameRule(1, 4, 81), 5) == []


def test_a_gap_between_two_known_sides_is_seen_with_both():
    (run,) = runs([False] * 9 + [True] * 5 + [False] * 9, FrameRule(1, 1, 9), 4)
    (window,) = run.windows
    assert window.shown[0] < 9
    assert window.shown[-1] >= 14


@given(st.integers(2, 300), RULES, st.integers(1, 9))
def test_a_bridge_never_paints_a_frame_without_a_known_one_on_each_side(length, rule, context):
    painted = [False] * 5 + [True] * length + [False] * 5
    (run,) = runs(painted, rule, context)
    known = {index for index, paint in enumerate(painted) if not paint}
    for window in run.windows:
        seen = known.intersection(window.shown)
        assert min(seen) < min(window.fresh)
        assert max(seen) > max(window.fresh)
        assert known.issuperset(set(window.shown) - set(window.fresh))
        known.update(window.fresh)


def test_no_frame_of_a_bridge_is_many_calls_away_from_a_real_one():
    painted = [False] * 9 + [True] * 200 + [False] * 9
    (run,) = runs(painted, FrameRule(1, 4, 9), 4)
    calls = dict.fromkeys(range(len(painted)), 0)
    for window in run.windows:
        seen = [index for index in window.shown if index not in window.fresh]
        for index in window.fresh:
            nearest = max(i for i in seen if i < index), min(i for i in seen if i > index)
            calls[index] = 1 + max(calls[each] for each in nearest)
    assert max(calls.values()) <= 4


def test_every_window_is_shown_the_anchors_of_its_run():
    rule = FrameRule(1, 4, 9)
    (run,) = runs([False] * 3 + [True] * 30, rule, 3, 2)
    assert len(run.windows) > 4
    assert all({1, 2} <= set(window.shown) for window in run.windows)
    (run,) = runs([True] * 30 + [False] * 3, rule, 3, 1)
    assert all(30 in window.shown for window in run.windows)


def test_without_known_frames_there_is_nothing_to_anchor_to():
    rule = FrameRule(1, 4, 9)
    assert runs([True] * 40, rule, 3, 2) == runs([True] * 40, rule, 3, 0)
