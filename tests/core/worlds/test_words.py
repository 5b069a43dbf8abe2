"""What is said of a clip: words the model knows, and enough of them to mean one thing."""

from __future__ import annotations

from random import Random

import pytest

from secondunit.worlds import words
from secondunit.worlds.words import Shot, Thing

TABLES = (
    words.COLOURS,
    words.SHAPES,
    words.PLACES,
    words.LIGHTS,
    words.CAMERAS,
    words.MOTIONS,
)


def shots(count: int, seed: int = 5) -> list[Shot]:
    rng = Random(seed)

    def thing() -> Thing:
        return Thing(*(rng.choice(list(table)) for table in (TABLES[0], TABLES[1], TABLES[5])))

    return [
        Shot(
            thing(),
            tuple(thing() for _ in range(rng.choice((0, 1, 2)))),
            *(rng.choice(list(table)) for table in TABLES[2:5]),
        )
        for _ in range(count)
    ]


def strangers(sentence: str) -> list[str]:
    return [word for word in words.split(sentence) if word not in words.VOCABULARY]


def sayings(shot: Shot, rng: Random) -> list[str]:
    told = words.told(shot, rng)
    return [
        told.caption,
        words.named(told.subject, rng),
        words.isolate(told.subject, rng),
        words.remove(told.subject, rng),
    ]


def test_the_vocabulary_is_a_sorted_list_of_single_words():
    assert list(words.VOCABULARY) == sorted(set(words.VOCABULARY))
    assert all(words.split(word) == [word] for word in words.VOCABULARY)
    assert 200 < len(words.VOCABULARY) <= 400


@pytest.mark.parametrize("table", TABLES)
def test_every_label_is_made_of_known_words(table):
    assert not [key for key in table if strangers(key)]


def test_sentences_keep_to_the_vocabulary_but_for_a_few_strange_words():
    rng = Random(2)
    said = [saying for shot in shots(1500) for saying in sayings(shot, rng)]
    strange = [strangers(saying) for saying in said]
    assert max(map(len, strange)) == 1
    assert 0.01 < sum(map(bool, strange)) / len(said) < 0.08
    assert max(len(words.split(saying)) for saying in said) <= words.LONGEST


@pytest.mark.parametrize("call", [words.isolate, words.remove])
def test_a_prompt_keeps_what_tells_the_subject_apart(call):
    rng = Random(3)
    for _ in range(300):
        colour, shape = rng.choice(list(words.COLOURS)), rng.choice(list(words.SHAPES))
        said = f" {' '.join(words.split(call(f'{colour} {shape}', rng)))} "
        if said == " clean plate ":
            continue
        nouns = (*words.SHAPES[shape], words.family(shape))
        assert any(f" {word} " in said for word in words.COLOURS[colour]), said
        assert any(f" {noun} " in said for noun in nouns), said


def test_the_colour_is_left_out_only_where_the_shape_alone_means_one_thing():
    bare = 0
    for seed, shot in enumerate(shots(2000)):
        told = words.told(shot, Random(seed))
        if shot.subject.colour in told.subject:
            continue
        bare += 1
        families = [words.family(other.shape) for other in shot.others]
        assert words.family(told.shape) not in families
        assert (told.shape, shot.place) not in (("tree", "forest"), ("house", "street"))
    assert bare > 100


def test_one_shot_is_told_in_many_ways_and_always_with_its_subject():
    shot = Shot(Thing("red", "ball", "moves left"), (Thing("blue", "dog", "runs right"),), *KEYS)
    rng = Random(4)
    said = [words.caption(shot, rng) for _ in range(400)]
    assert len(set(said)) > 200
    assert all(set(words.split(each)) & set(words.SHAPES["ball"]) for each in said)
    for part in ("hills", "sunset", "pans", "left", "red"):
        share = sum(part in words.split(each) for each in said) / len(said)
        assert 0.1 < share < 0.99, part


KEYS = ("hills", "sunset", "pans right")


def test_chance_alone_decides_what_is_said():
    shot = shots(1)[0]
    first, again = (sayings(shot, Random(9)) for _ in range(2))
    assert first == again
    assert sayings(shot, Random(10)) != first


def test_a_clip_without_a_name_is_still_asked_for():
    rng = Random(1)
    said = {words.isolate("", rng) for _ in range(100)}
    assert "isolate on green" in said
    assert len(said) > 10
    assert not any("  " in each or strangers(each) for each in said)
