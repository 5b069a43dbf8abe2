"""Under which licence a checkpoint's own README says it is."""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST = 20_000
_HEAD = re.compile(r"\A---\s*\n(.*?)\n---", re.DOTALL)
_LINE = re.compile(r"^(license|license_name):[ \t]*([\w .+-]{1,80}?)[ \t]*$", re.MULTILINE)


def licence_told(folder: Path) -> dict[str, str]:
    """The licence, as card.toml would say it; nothing where no README tells one."""
    try:
        with (folder / "README.md").open(encoding="utf-8", errors="replace") as file:
            head = _HEAD.match(file.read(_LONGEST))
    except OSError:
        return {}
    told = dict(_LINE.findall(head[1])) if head else {}
    licence = told.get("license_name") or told.get("license") or ""
    return {"licence": licence} if licence else {}
