"""The models as an artist is told of them: what each is for, whether it fits here, on which terms.

Read from what the service lists; a toolkit draws it and calls the session's `fetching`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from secondunit_panel import words
from secondunit_panel.fetching import Fetch

Group = Literal["way", "here", "fits", "tight", "large"]

GROUPS: dict[Group, str] = {
    "way": "On its way",
    "here": "On this machine",
    "fits": "Fit this machine",
    "tight": "Fit block by block, which takes longer",
    "large": "Too large for this machine",
}
"""The groups in their order, each with its heading."""

Deed = Literal["", "use", "fetch", "agree", "stop", "again"]
"""What can be done with a model now: shoot with it, fetch it, agree to its licence and fetch it,
stop fetching it, fetch it again after it broke off."""

_HUB = "https://huggingface.co/"

_DOES = {
    "words": "shoots from words alone",
    "paint": "fills what is missing in a plate",
    "edit": "changes what is in a plate",
    "keys": "passes through pictures you give",
    "guide": "follows a guide",
    "references": "keeps to references",
    "tracks": "moves things along drawn paths",
    "look": "finds a subject for a matte",
    "sound": "makes sound",
}  # in the order told; needs that follow from these, or say nothing to an artist, are left out


@dataclass(frozen=True)
class Room:
    """Gigabytes this machine has: of its largest graphics card, of its own, free on the disk that
    models are fetched to. None where nothing is known.
    """

    gpu: float | None = None
    memory: float | None = None
    disk: float | None = None

    @classmethod
    def of(cls, system: Mapping[str, Any]) -> Room:
        """What the service tells of the machine."""
        machine, room = system.get("machine") or {}, system.get("room") or {}
        cards = [_giga(each.get("memory")) for each in machine.get("gpus") or []]
        gpu = max((each for each in cards if each), default=None)
        return cls(gpu, _giga(machine.get("memory")), _giga(room.get("fetched")))

    @property
    def most(self) -> float | None:
        """What a model can have."""
        return self.gpu if self.gpu is not None else self.memory


@dataclass(frozen=True)
class Model:
    """One model in words.

    `state` is how it stands, in a few words; `facts` are disk, memory and licence as sentences;
    `terms` what its licence says; `fetch` how far its fetch is. `aside` is what keeps it from being
    used, with what helps.
    """

    name: str
    title: str
    group: Group
    state: str = ""
    use: str = ""
    does: str = ""
    disk: str = ""
    memory: str = ""
    licence: str = ""
    terms: tuple[str, ...] = ()
    note: str = ""
    aside: str = ""
    page: str = ""
    deed: Deed = ""
    fetch: Fetch | None = None

    def holds(self, text: str) -> bool:
        """Whether all words of a search are in it."""
        told = " ".join((self.title, self.name, self.use, self.does, self.licence)).lower()
        return all(word in told for word in text.lower().split())


def shelf(
    models: Iterable[Mapping[str, Any]],
    system: Mapping[str, Any],
    fetches: Mapping[str, Fetch] | None = None,
) -> list[Model]:
    """Every model, group by group; within one in the service's own order."""
    room = Room.of(system)
    told = [read(each, room, (fetches or {}).get(str(each.get("name")))) for each in models]
    order = list(GROUPS)
    return sorted(told, key=lambda each: order.index(each.group))


def read(model: Mapping[str, Any], room: Room, fetch: Fetch | None = None) -> Model:
    """A model of the service's list, on a machine with that room."""
    name = str(model.get("name") or "")
    title = str(model.get("title") or name)
    here = bool(model.get("installed"))
    fault = str(model.get("fault") or "")
    standing = str(model.get("standing") or "")
    fit = _fit(model, room)
    group: Group = "way" if fetch is not None else "here" if here else fit
    return Model(
        name,
        title,
        group,
        state=_state(model, fit, fetch),
        use=_sentence(str(model.get("use") or "")),
        does=_does(model),
        disk=_disk(model, room),
        memory=_memory(model, room),
        licence=str((model.get("terms") or {}).get("title") or model.get("licence") or ""),
        terms=_terms(model),
        note=str(model.get("note") or ""),
        aside=_aside(model, here, fault, standing),
        page=page_of(model),
        deed=_deed(here, fault, standing, fetch),
        fetch=fetch,
    )


def page_of(model: Mapping[str, Any]) -> str:
    """Where a model can be read about; empty where nothing says."""
    source = str(model.get("source") or "")
    if source.startswith(("http://", "https://")):
        return source
    local = source.count("/") != 1 or source.startswith((".", "/", "~"))
    return "" if local else _HUB + source


def _state(model: Mapping[str, Any], fit: Group, fetch: Fetch | None) -> str:
    if fetch is not None:
        return fetch.told
    if model.get("installed"):
        if model.get("fault"):
            return "Cannot be used"
        standing = {"asks": "Its licence is not agreed to", "forbidden": "Forbidden in this studio"}
        told = standing.get(str(model.get("standing") or ""))
        return told or ("Too large for this machine" if fit == "large" else "Ready")
    size = model.get("size_mb")
    much = words.size(size) if isinstance(size, (int, float)) and size else ""
    asks = "licence to agree to" if model.get("standing") == "asks" else ""
    return " · ".join(filter(None, (much, asks)))


def _deed(here: bool, fault: str, standing: str, fetch: Fetch | None) -> Deed:
    if fetch is not None:
        return "agree" if fetch.words else "again" if fetch.problem is not None else "stop"
    if standing == "forbidden":
        return ""
    if not here:
        return "fetch"
    return "" if fault or standing == "asks" else "use"


def _aside(model: Mapping[str, Any], here: bool, fault: str, standing: str) -> str:
    if fault:
        return fault
    if standing == "forbidden":
        return "The studio's policy forbids it: ask whoever keeps it"
    if here and standing == "asks":
        return f"Read its licence and agree: {model.get('command') or 'secondunit models allow'}"
    return ""


def _does(model: Mapping[str, Any]) -> str:
    honours = (model.get("reach") or {}).get("honours") or ()
    told = [words_ for need, words_ in _DOES.items() if need in honours]
    return _sentence(", ".join(told))


def _needs(model: Mapping[str, Any]) -> tuple[float, float] | None:
    """Gigabytes with all of it on the card, and block by block; None where nothing says."""
    listed = model.get("memory")
    tiers = [each for each in listed if _is_number(each)] if isinstance(listed, list) else []
    whole = (model.get("reach") or {}).get("memory_gb")
    if not tiers and _is_number(whole):
        tiers = [whole]
    return (float(tiers[0]), float(min(tiers))) if tiers else None


def _fit(model: Mapping[str, Any], room: Room) -> Group:
    needs = _needs(model)
    if needs is None or room.most is None:
        return "large" if model.get("fits") is False else "fits"
    whole, least = needs
    if whole <= room.most:
        return "fits"
    # Without a card the rest of the model waits in the same memory: nothing is saved by blocks.
    return "tight" if room.gpu is not None and least <= room.gpu else "large"


def _memory(model: Mapping[str, Any], room: Room) -> str:
    needs = _needs(model)
    if needs is None:
        return ""
    whole, least = needs
    where = "GPU memory" if room.gpu is not None else "memory"
    if room.most is None:
        return f"{_gb(whole)} GB of GPU memory"
    has = _gb(room.most)
    fit = _fit(model, room)
    if fit == "fits":
        slow = "" if room.gpu is not None else "; there is no graphics card here, so it is slow"
        return f"{_gb(whole)} of {has} GB {where}{slow}"
    if fit == "tight":
        return f"{_gb(least)} of {has} GB {where} block by block; {_gb(whole)} GB all at once"
    lacking = least if room.gpu is not None else whole
    return f"{_gb(lacking)} GB of {where}; this machine has {has}"


def _disk(model: Mapping[str, Any], room: Room) -> str:
    size = model.get("size_mb")
    if not _is_number(size) or not size:
        return ""
    much = words.size(float(size))
    if model.get("installed"):
        return f"{much} on the disk"
    if room.disk is None:
        return f"{much} to fetch"
    enough = size / 1000 <= room.disk
    free = f"{room.disk:.0f} GB are free"
    return f"{much} to fetch; {free}" if enough else f"{much} to fetch, but {free}: make room first"


def _terms(model: Mapping[str, Any]) -> tuple[str, ...]:
    terms = model.get("terms") or {}
    excluded = ", ".join(map(str, terms.get("excluded") or ()))
    unread = ", ".join(_UNREAD.get(each, str(each)) for each in terms.get("unverified") or ())
    outputs, use = (str(terms.get(each) or "") for each in ("outputs", "use"))
    told = (
        f"It grants nothing in: {excluded}" if excluded else "",
        f"Revenue: {terms['revenue']}" if terms.get("revenue") else "",
        f"Pictures: {outputs}" if outputs and outputs != "none" else "",
        f"Use: {use}" if use and use != "none" else "",
        f"Not read by us: {unread}. Its text comes with it, and binds you" if unread else "",
    )
    return tuple(each for each in told if each)


_UNREAD = {
    "excluded": "where it does not hold",
    "outputs": "rules about pictures made with it",
    "revenue": "limits of revenue",
    "use": "rules of use",
}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _gb(figure: float) -> str:
    return f"{figure:.0f}" if figure >= 1 else "under 1"


def _giga(size: Any) -> float | None:
    return size / 1e9 if _is_number(size) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
