"""The ways to a matte: what a model is told by each, and how its answer is read."""

import numpy as np
import pytest

from secondunit.callsheet import Sight
from secondunit.matting.screen import GREEN, on_screen
from secondunit.matting.ways import Passage, Wish, carry, look, paint, tint
from secondunit.matting.ways.flat import COLOURS, farthest
from secondunit.matting.ways.likeness import likeness
from secondunit_contract.frames import Rate

ALL = frozenset({"plate", "paint", "edit", "words", "keys", "carry", "references", "strength"})


def plates(colour=(0.7, 0.2, 0.2)):
    """Four frames of a textured plate; a subject of that colour goes right by 3 pixels a frame."""
    random = np.random.default_rng(7)
    around = np.repeat(random.random((1, 24, 32, 3)).astype(np.float32) * 0.5, 4, 0)
    alpha = np.zeros((4, 24, 32), np.float32)
    for index in range(4):
        alpha[index, 6:18, 4 + 3 * index : 14 + 3 * index] = 1
    skin = np.asarray(colour, np.float32) + 0.2 * random.random((24, 32, 1)).astype(np.float32)
    return np.where(alpha[..., None] > 0, skin, around).astype(np.float32), alpha


def passage(honours=ALL, colour=(0.7, 0.2, 0.2), marked=(1,)):
    plate, alpha = plates(colour)
    return Passage(Rate.of(24), plate, {i: alpha[i] for i in marked}, frozenset(honours)), alpha


def isolated(plate, alpha, colour=GREEN):
    return np.stack([on_screen(p, a, colour) for p, a in zip(plate, alpha, strict=True)])


def test_carry_shows_the_marked_frame_on_the_screen_and_asks_for_the_others():
    shown, alpha = passage()
    (sheet,) = carry.write(shown, Wish())
    assert sheet.needs() == carry.needs(True, Wish())
    assert np.allclose(sheet.keys[1][alpha[1] == 0], GREEN)
    assert np.array_equal(sheet.keys[1][alpha[1] == 1], shown.plate[1][alpha[1] == 1])
    assert not sheet.paint[1].any()
    assert sheet.paint[[0, 2, 3]].all()


def test_carry_needs_a_mark_and_paint_needs_words_or_something_to_look_like():
    assert carry.needs(False, Wish("a cat")) is None
    assert tint.needs(False, Wish("a cat")) is None
    assert paint.needs(False, Wish()) is None
    assert "words" in paint.needs(False, Wish("a cat"))
    assert "references" in paint.needs(True, Wish())
    assert look.needs(False, Wish()) is None


@pytest.mark.parametrize("way", [carry, paint])
def test_an_answer_on_the_screen_is_read_as_the_subject(way):
    shown, alpha = passage()
    answers = [isolated(shown.plate, alpha)] * (3 if way is paint else 1)
    guess = way.read(shown, Wish("it"), answers)
    assert np.abs(guess.found - alpha).mean() < 0.02
    assert guess.alike.min() > 0.9


def test_the_votes_of_a_painting_are_averaged_and_an_answer_that_moved_has_none():
    shown, alpha = passage()
    right = isolated(shown.plate, alpha)
    moved = np.roll(right, 9, axis=2)
    with_stray = paint.read(shown, Wish("it"), [right, right, moved])
    assert np.abs(with_stray.found - alpha).mean() < 0.05
    half = isolated(shown.plate, alpha * (np.arange(32) > 13))
    torn = paint.read(shown, Wish("it"), [right, half])
    assert torn.spread[0].max() > 0.3
    assert paint.read(shown, Wish("it"), [right, right]).spread.max() == 0


def test_a_painting_is_asked_for_the_colour_farthest_from_the_subject():
    shown, _ = passage(colour=(0.05, 0.65, 0.1))
    (sheet,) = paint.write(shown, Wish("the leaf"))
    assert farthest(shown.plate, shown.marks) != "green"
    assert farthest(shown.plate, shown.marks) in sheet.prompt
    assert "the leaf" in sheet.prompt
    assert "green" in paint.write(passage()[0], Wish("the shoe"))[0].prompt


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("red ball", "the red ball"),
        ("  two dogs ", "the two dogs"),
        ("A red ball", "A red ball"),
        ("the red ball", "the red ball"),
        ("his hat", "his hat"),
        ("Anna's hat", "Anna's hat"),
        ("  ", ""),
    ],
)
def test_a_subject_is_spoken_of_with_an_article(typed: str, spoken: str) -> None:
    assert Wish(typed).spoken == spoken
    (sheet,) = paint.write(passage()[0], Wish(typed))
    assert ("isolate  on" in sheet.prompt, spoken in sheet.prompt) == (False, True)


def test_a_model_that_takes_references_is_shown_the_subject_on_white():
    shown, alpha = passage(honours={"plate", "paint", "edit", "references"})
    (sheet,) = paint.write(shown, Wish())
    (picture,) = sheet.references
    assert np.allclose(picture[alpha[1] == 0], 1)
    assert not sheet.keys
    assert sheet.needs() == paint.needs(True, Wish())


def test_tint_asks_twice_and_differs_in_the_tint_alone():
    shown, alpha = passage()
    tinted, plain = tint.write(shown, Wish())
    assert tinted.needs() == tint.needs(True, Wish())
    assert tinted.seeds == plain.seeds
    assert np.array_equal(plain.keys[1], shown.plate[1])
    assert np.array_equal(tinted.keys[1][alpha[1] == 0], shown.plate[1][alpha[1] == 0])
    assert np.abs(tinted.keys[1] - shown.plate[1])[alpha[1] == 1].mean() > 0.1


def test_what_takes_on_the_tint_is_the_subject_even_where_the_model_drifts():
    shown, alpha = passage()
    drifted = shown.plate * 0.9 + 0.05  # what re-making changes anyway, in both
    flat = COLOURS[farthest(shown.plate, shown.marks)]
    tinted = np.where(alpha[..., None] > 0, drifted * 0.4 + flat * 0.6, drifted)
    guess = tint.read(shown, Wish(), [tinted.astype(np.float32), drifted])
    assert ((guess.found > 0.5) == (alpha > 0.5)).mean() > 0.98
    nothing = tint.read(shown, Wish(), [drifted, drifted])
    assert nothing.found[[0, 2, 3]].max() == 0


def test_a_sight_keeps_what_was_marked_and_tells_how_sure_it_is():
    shown, alpha = passage()
    found = np.full_like(alpha, 0.4)
    guess = look.guess(shown, Sight(found, np.array([0.2, 1, 0.9, 0.5], np.float32)))
    assert np.array_equal(guess.found[1], alpha[1])
    assert np.allclose(guess.found[2], 0.4)
    assert guess.alike.tolist() == pytest.approx([0.2, 1, 0.9, 0.5])
    assert look.question(shown, Wish("the shoe")).words == ""
    assert look.question(passage(marked=())[0], Wish("the shoe")).words == "the shoe"


def test_likeness_falls_with_every_pixel_an_answer_moves():
    plate, alpha = plates()
    told = [likeness(plate, np.roll(plate, by, 2), alpha).mean() for by in (0, 1, 3)]
    assert told[0] > 0.99
    assert told[0] > told[1] > told[2]
    assert told[2] < 0.5
