"""What all cards of checkpoints have in common: what card.toml says, and what a folder tells.

A card is read from configs and files' headers: nothing is loaded for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast, get_args

from secondunit.callsheet import Draft, FrameRule, KeyPlaces, ModelCard, Need, Reach
from secondunit.weights.checkpoint import CARD, Checkpoint
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, CheckpointInvalid

_NUMBERS_A_TOKEN = 12  # hidden states, queries, keys, values and the wide layer at once


def transformer_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """The config of its network; of one of them, where it has several."""
    return checkpoint.config("transformer") or checkpoint.config("transformer_2")


@contextmanager
def sizes_of(checkpoint: Checkpoint) -> Iterator[None]:
    """Around reading what a checkpoint's pipeline divides by: raises CheckpointInvalid where its
    configs do not say it.
    """
    try:
        yield
    except (TypeError, ValueError, LookupError) as error:
        raise CheckpointInvalid(
            f"Its configs do not say what sizes it can make: {error}",
            str(checkpoint.folder),
            "Fetch the checkpoint again, whole",
        ) from error


def latents_of(vae: dict[str, Any]) -> tuple[int, int]:
    """Pixels a latent and frames a latent, by the config of a VAE of Wan's."""
    return int(vae.get("scale_factor_spatial", 8)), int(vae.get("scale_factor_temporal", 4))


def longest_side(patch: list[int]) -> int:
    """Latents a token, each way: the patch of a network, without its frames."""
    return max(int(each) for each in patch[1:])


def card_with(
    checkpoint: Checkpoint, reach: Reach, steps: int = 30, guidance: float = 5.0
) -> ModelCard:
    """The card of a checkpoint of that reach; what its card.toml says of all else goes before what
    is given here. Raises CheckpointInvalid.
    """
    told = Told(checkpoint)
    name, revision = _name(checkpoint)
    return ModelCard(
        name=told.text("name", name),
        title=told.text("title", name),
        reach=reach,
        licence=told.text("licence", "unknown"),
        training_data=told.text("training_data", "unknown"),
        source=str(checkpoint.folder),
        revision=told.text("revision", revision),
        steps=told.whole("steps", steps),
        guidance=told.number("guidance", guidance),
        note=told.text("note", ""),
        size_mb=round(checkpoint.size() / 1e6, 1),
        sha256=told.text("sha256", ""),
        draft=told.draft(),
    )


def memory_gb(checkpoint: Checkpoint, tokens: int) -> float:
    """Gigabytes: two bytes a weight, and what one pass over so many tokens keeps."""
    a_pass = pass_bytes(tokens, transformer_of(checkpoint), 2)
    return round((2 * checkpoint.numbers() + a_pass) / 1e9, 2)


def pass_bytes(tokens: int, transformer: dict[str, Any], itemsize: int) -> int:
    """What one pass over so many tokens keeps, in numbers of so many bytes: an estimate."""
    heads, each = (transformer.get(key, 1) for key in ("num_attention_heads", "attention_head_dim"))
    return tokens * int(heads) * int(each) * _NUMBERS_A_TOKEN * itemsize


def _name(checkpoint: Checkpoint) -> tuple[str, str]:
    """The folder's name; of one in the download cache, the repository's, and its revision."""
    folder = checkpoint.folder.resolve()
    if folder.parent.name == "snapshots" and folder.parents[1].name.startswith("models--"):
        repository = folder.parents[1].name.removeprefix("models--").replace("--", "/")
        return repository, folder.name
    return folder.name, ""


class Told:
    """What a checkpoint's card.toml says, each value checked for its kind.

    Every verb takes what holds where card.toml says nothing, and raises CheckpointInvalid.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._path = str(checkpoint.folder / CARD)
        self._told = checkpoint.card()

    def wrong(self, key: str, why: str) -> CheckpointInvalid:
        """The fault of a value, to be raised."""
        return CheckpointInvalid(
            f"{key} in {CARD} {why}, not {self._told.get(key)!r}", self._path, "Put it right"
        )

    def text(self, key: str, otherwise: str) -> str:
        """Words."""
        value = self._told.get(key, otherwise)
        if not isinstance(value, str):
            raise self.wrong(key, "must be text")
        return value

    def whole(self, key: str, otherwise: int) -> int:
        """A whole number, 0 or more."""
        value = self._told.get(key, otherwise)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(key, "must be a whole number")
        return value

    def number(self, key: str, otherwise: float) -> float:
        """A number."""
        value = self._told.get(key, otherwise)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise self.wrong(key, "must be a number")
        return float(value)

    def rate(self, otherwise: Rate | None = None) -> Rate | None:
        """`native_rate`: frames a second it was trained at."""
        value = self._told.get("native_rate")
        try:
            return otherwise if value is None else Rate.of(value)
        except BadValue as error:
            raise self.wrong("native_rate", "must be a frame rate") from error

    def draft(self) -> Draft | None:
        """`draft`, `draft_steps`, `draft_guidance`: an adapter for few steps, and what it wants."""
        adapter = self.text("draft", "")
        usual = Draft(adapter)
        steps = self.whole("draft_steps", usual.steps)
        guidance = self.number("draft_guidance", usual.guidance)
        return Draft(adapter, steps, guidance) if adapter else None

    def holes(self) -> Literal["grey", "rough"]:
        """`holes`: how it likes pixels nobody knows."""
        value = self._told.get("holes", "grey")
        if value not in ("grey", "rough"):
            raise self.wrong("holes", "must be grey or rough")
        return cast(Literal["grey", "rough"], value)

    def key_places(self, possible: KeyPlaces) -> KeyPlaces:
        """`key_places`: where it takes keys, which may be less than its pipeline can."""
        value = self._told.get("key_places", possible)
        every = get_args(KeyPlaces)
        places = every if possible == "anywhere" else tuple(dict.fromkeys((possible, "first")))
        if value not in places:
            raise self.wrong("key_places", f"must be {' or '.join(places)}")
        return cast(KeyPlaces, value)

    def frames(self, base: int, step: int, longest: int) -> FrameRule:
        """`longest`, and the rule it must fit: base and some times step."""
        rule = FrameRule(base, step, self.whole("longest", longest))
        if rule.longest < base or (rule.longest - base) % step:
            raise self.wrong("longest", f"must be {base} and some times {step}")
        return rule

    def honours(
        self, possible: frozenset[Need], trained: frozenset[Need] | None = None
    ) -> frozenset[Need]:
        """`honours`, of what its pipeline can do: all of that where card.toml says nothing. What
        it can only do when `trained` for it must be said there.
        """
        return self._needs("honours", possible) & (possible | (trained or frozenset()))

    def stand_ins(self, served: frozenset[Need]) -> frozenset[Need]:
        """`stand_ins`: what there may be stand-ins for; all they can do where card.toml says
        nothing.
        """
        return self._needs("stand_ins", served) & served

    def drag(self) -> tuple[float, float]:
        """`drag`: two shares of the steps, as in `Reach`."""
        value = self._told.get("drag", list(Reach.drag))
        told = value if isinstance(value, list) else []
        shares = [each for each in told if isinstance(each, (int, float)) and 0 <= each <= 1]
        if len(told) != 2 or len(shares) != 2:
            raise self.wrong("drag", "must be two shares of the steps")
        return float(shares[0]), float(shares[1])

    def _needs(self, key: str, otherwise: frozenset[Need]) -> frozenset[Need]:
        value = self._told.get(key)
        if value is None:
            return otherwise
        needs = get_args(Need)
        if not isinstance(value, list) or any(each not in needs for each in value):
            raise self.wrong(key, f"must be a list of {', '.join(needs)}")
        return frozenset(value)
