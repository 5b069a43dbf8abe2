"""Which files a job may read or write: resolved first, through every link, then judged."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from secondunit.media.pattern import PICTURES, pattern_of
from secondunit.weights.adapters import is_path, parted
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, PathOutside

_SYSTEM = (
    ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/run",
     "/sbin", "/sys", "/usr", "/var", "/System", "/Library", "/private/etc", "/private/var")
    if sys.platform != "win32"
    else tuple(
        os.environ[name]
        for name in ("SystemRoot", "ProgramFiles", "ProgramFiles(x86)", "ProgramData")
        if name in os.environ
    )
)  # fmt: skip
_MOUNTED = ("/run/media", "/private/var/folders", "/var/tmp", "/var/folders")


@dataclass(frozen=True)
class Roots:
    """Folders that may be used, and folders in them that may not.

    `opened` none means every folder that is not `closed`; a folder of `kept_open` may be used
    wherever it lies. All are resolved. Hidden folders of the home folder hold keys and settings,
    never footage: they are closed too.
    """

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    kept_open: tuple[str, ...] = ()

    @classmethod
    def usual(cls, opened: Iterable[Path] = (), data: Path | None = None) -> Roots:
        """All but the system's own folders, the home folder's hidden ones and our data folder; or
        only the folders named.
        """
        named = tuple(os.path.realpath(each) for each in opened)
        closed = [*_SYSTEM]
        open_in_it = [*_MOUNTED, tempfile.gettempdir()]
        if data is not None:
            closed.append(str(data))
            open_in_it.append(str(data / "timelines"))
        if named:
            open_in_it = open_in_it[-1:] if data is not None else []
        return cls(
            named,
            tuple(os.path.realpath(each) for each in closed),
            tuple(os.path.realpath(each) for each in open_in_it),
        )

    def check(self, path: str, what: str) -> str:
        """The path with every link in it resolved.

        Raises BadValue for one that is relative or cannot be a path, PathOutside for one that leads
        where nothing may be read or written.
        """
        if "\0" in path or not os.path.isabs(path):
            raise BadValue(
                f"The {what} is no whole path",
                path[:300].replace("\0", "\\0"),
                "Write it from the root on: the service stands in another folder",
            )
        try:
            resolved = os.path.realpath(path)
        except (OSError, ValueError) as error:
            raise BadValue(f"The {what} is no path: {error}", path[:300]) from error
        if not self.allow(resolved):
            raise PathOutside(
                f"The {what} leads to {resolved}, which may not be used",
                path,
                "Put it into a folder of your own, or start the service with --root FOLDER",
            )
        return resolved

    def allow(self, resolved: str) -> bool:
        """Whether a resolved path may be used. The innermost folder that says anything decides."""
        opened = max((len(each) for each in self.opened if _within(resolved, each)), default=-1)
        opened = 0 if not self.opened else opened
        kept = max((len(each) for each in self.kept_open if _within(resolved, each)), default=-1)
        closed = max((len(each) for each in self.closed if _within(resolved, each)), default=-1)
        if closed > max(opened, kept) or max(opened, kept) < 0:
            return False
        return not _hidden_at_home(resolved, (*self.opened, *self.kept_open))

    def check_job(self, job: Job) -> None:
        """Raise a Problem for a job with a path in it that may not be used."""
        for name, clip in job.inputs.items():
            self.check_clip(clip, name)
        if not job.output:
            raise BadValue("No place for the take was given", remedy="Name the file of the take")
        numbers = range(job.first_take, job.first_take + job.takes)
        outputs = {job.output.replace("{take}", f"{number:03d}") for number in numbers}
        for output in outputs if "{take}" in os.path.dirname(job.output) else [job.output]:
            self.check(output, "place for the take")
        if os.path.isabs(job.model) or "\0" in job.model or ".." in job.model.split("/"):
            self.check(job.model, "model")
        for told in job.adapters:
            name, _ = parted(told)
            if is_path(name) or "\0" in name:
                self.check(name, "adapter")

    def check_clip(self, clip: Clip, name: str) -> None:
        """Raise a Problem for a clip that leads outside, or has a picture that does."""
        resolved = self.check(clip.media, name)
        path = Path(clip.media)
        if path.is_dir():
            self._check_links(path, name)
        elif not os.path.lexists(resolved) and pattern_of(path) is not None:
            self._check_links(path.parent, name)

    def _check_links(self, folder: Path, name: str) -> None:
        try:
            with os.scandir(folder) as entries:
                links = [each.path for each in entries if each.is_symlink()]
        except OSError:
            return  # a folder that cannot be read is told of when it is
        for each in links:
            if Path(each).suffix.lower() in PICTURES:
                self.check(each, name)


def _within(path: str, folder: str) -> bool:
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _hidden_at_home(resolved: str, opened: tuple[str, ...]) -> bool:
    home = os.path.realpath(Path.home())
    if not _within(resolved, home) or resolved == home:
        return False
    first = os.path.join(home, os.path.relpath(resolved, home).split(os.sep)[0])
    named = any(_within(each, first) for each in opened)
    return os.path.basename(first).startswith(".") and not named
