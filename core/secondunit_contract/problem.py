"""Problems, from outside in: each says what, where and what to do, by a code that never changes.

Problem                 problem              any of them
  BadInput              input                what we were given cannot be used
    BadValue            value.wrong          a value that cannot be meant
    TaskUnknown         task.unknown         no task of that name
    MarkMissing         task.mark_missing    nothing says where the work is to be done
    ScreenMissing       task.screen_missing  no screen to key from in this plate
    TakeThere           take.there           something lies already where the take should go
    TakeUnknown         take.unknown         no take of that name in the ledger
    JobUnknown          job.unknown          no job of that name in the ledger
    JobThere            job.there            another job has that name already
    StateUnfit          job.state            a job in this state cannot do that
    PathOutside         path.outside         a path leads out of the folders that may be used
    MediaProblem        media                a plate, a matte or a reference cannot be used
      MediaMissing      media.missing        no such file
      MediaUnreadable   media.unreadable     the file is not what its name says, or a codec we lack
      MediaTruncated    media.truncated      the file ends before its last frame
      MediaEmpty        media.empty          there is no frame in it
      FrameMissing      media.hole           a sequence lacks a frame
      RangeOutside      media.range          frames are asked for that the media does not hold
      RateDisagrees     media.rate           the rate given is not the file's
      SizeDisagrees     media.size           pictures that must match differ in size
      CodecUnfit        media.codec          the format asked for cannot hold these pixels
    CutProblem          cut                  a timeline cannot be used
      CutUnreadable     cut.unreadable       not a timeline
      CutTooNew         cut.too_new          a schema newer than we can read
      CutTooDeep        cut.too_deep         nested deeper than a cut can be, or in a circle
      RequestWrong      cut.request          a request whose values cannot be used
  ModelProblem          model                a model cannot do what is asked
    ModelUnknown        model.unknown        no model of that name
    ModelUnfit          model.unfit          no model here can do what the sheet asks
    SizeUnfit           model.size           a size the model cannot snap to
    LicenceRefused      model.licence        its licence is not accepted here, or forbidden
    CheckpointInvalid   model.checkpoint     the folder is no checkpoint we can drive
      CheckpointUnsafe  model.unsafe         the folder holds pickles; only safetensors are loaded
    EngineRefused       model.engine         an engine outside says no, or gives what was not asked
  MachineProblem        machine              the machine is short of something
    DiskFull            machine.disk_full    no room to write
    NotWritable         machine.not_writable the folder refuses us
    NotEnoughMemory     machine.memory       the job does not fit
    PartMissing         machine.part         a library or program is not installed
    LedgerUnreadable    ledger.unreadable    the ledger's book cannot be read
    WorkerLost          machine.worker       the process that shoots has died
    EngineAway          machine.engine       an engine outside does not answer, or no longer
    NetworkLost         machine.network      no way to where weights are fetched from
  ProgramFault          program.fault        we are wrong: report it
"""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """Something an artist can understand: what happened, where, and what to do about it."""

    code: str = "problem"

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.remedy = what, where, remedy
        self.extra: dict[str, Any] = {}

    def __str__(self) -> str:
        parts = (part.strip() for part in (self.what, self.where, self.remedy))
        return " ".join(part if part[-1] in ".!?…" else f"{part}." for part in parts if part)

    def to_json(self) -> dict[str, Any]:
        """The problem as it travels, with what was not understood of it when it was read."""
        told = {"code": self.code, "what": self.what, "where": self.where, "remedy": self.remedy}
        return {**self.extra, **told}


class BadInput(Problem):
    """What we were given cannot be used."""

    code = "input"


class BadValue(BadInput, ValueError):
    """A value that cannot be meant."""

    code = "value.wrong"


class TaskUnknown(BadInput, LookupError):
    """No task of that name."""

    code = "task.unknown"


class MarkMissing(BadInput):
    """Nothing says where the work is to be done."""

    code = "task.mark_missing"


class ScreenMissing(BadInput):
    """No screen to key from in this plate."""

    code = "task.screen_missing"


class TakeThere(BadInput):
    """Something lies already where the take should go."""

    code = "take.there"


class TakeUnknown(BadInput, LookupError):
    """No take of that name in the ledger."""

    code = "take.unknown"


class JobUnknown(BadInput, LookupError):
    """No job of that name in the ledger."""

    code = "job.unknown"


class JobThere(BadInput):
    """Another job has that name already."""

    code = "job.there"


class StateUnfit(BadInput):
    """A job in this state cannot do that."""

    code = "job.state"


class PathOutside(BadInput):
    """A path leads out of the folders that may be used."""

    code = "path.outside"


class MediaProblem(BadInput):
    """A plate, a matte or a reference cannot be used."""

    code = "media"


class MediaMissing(MediaProblem, FileNotFoundError):
    """No such file."""

    code = "media.missing"


class MediaUnreadable(MediaProblem, OSError):
    """The file is not what its name says, or its codec is one we lack."""

    code = "media.unreadable"


class MediaTruncated(MediaProblem, EOFError):
    """The file ends before its last frame."""

    code = "media.truncated"


class MediaEmpty(MediaProblem):
    """There is no frame in it."""

    code = "media.empty"


class FrameMissing(MediaProblem, FileNotFoundError):
    """A sequence lacks a frame."""

    code = "media.hole"


class RangeOutside(MediaProblem, IndexError):
    """Frames are asked for that the media does not hold."""

    code = "media.range"


class RateDisagrees(MediaProblem):
    """The rate given is not the file's."""

    code = "media.rate"


class SizeDisagrees(MediaProblem):
    """Pictures that must match differ in size."""

    code = "media.size"


class CodecUnfit(MediaProblem):
    """The format asked for cannot hold these pixels."""

    code = "media.codec"


class CutProblem(BadInput):
    """A timeline cannot be used."""

    code = "cut"


class CutUnreadable(CutProblem):
    """Not a timeline."""

    code = "cut.unreadable"


class CutTooNew(CutProblem):
    """A schema newer than we can read."""

    code = "cut.too_new"


class CutTooDeep(CutProblem):
    """Nested deeper than a cut can be, or in a circle."""

    code = "cut.too_deep"


class RequestWrong(CutProblem):
    """A request whose values cannot be used."""

    code = "cut.request"


class ModelProblem(Problem):
    """A model cannot do what is asked."""

    code = "model"


class ModelUnknown(ModelProblem, LookupError):
    """No model of that name."""

    code = "model.unknown"


class ModelUnfit(ModelProblem):
    """No model here can do what the sheet asks."""

    code = "model.unfit"


class SizeUnfit(ModelProblem, ValueError):
    """A size the model cannot snap to."""

    code = "model.size"


class LicenceRefused(ModelProblem):
    """Its licence has not been accepted here, or the studio forbids it."""

    code = "model.licence"


class CheckpointInvalid(ModelProblem):
    """The folder is no checkpoint we can drive."""

    code = "model.checkpoint"


class CheckpointUnsafe(CheckpointInvalid):
    """The folder holds pickles; only safetensors are loaded."""

    code = "model.unsafe"


class EngineRefused(ModelProblem):
    """An engine outside says no, or gives what it was not asked for."""

    code = "model.engine"


class MachineProblem(Problem):
    """The machine is short of something."""

    code = "machine"


class DiskFull(MachineProblem, OSError):
    """No room to write."""

    code = "machine.disk_full"


class NotWritable(MachineProblem, PermissionError):
    """The folder refuses us."""

    code = "machine.not_writable"


class NotEnoughMemory(MachineProblem, MemoryError):
    """The job does not fit."""

    code = "machine.memory"


class PartMissing(MachineProblem, ImportError):
    """A library or program is not installed."""

    code = "machine.part"


class LedgerUnreadable(MachineProblem, OSError):
    """The ledger's book cannot be read."""

    code = "ledger.unreadable"


class WorkerLost(MachineProblem):
    """The process that shoots has died."""

    code = "machine.worker"


class EngineAway(MachineProblem):
    """An engine outside does not answer, or does no longer."""

    code = "machine.engine"


class NetworkLost(MachineProblem, ConnectionError):
    """No way to where weights are fetched from."""

    code = "machine.network"


class ProgramFault(Problem):
    """We are wrong: a fault of the program, to be reported."""

    code = "program.fault"


def _kinds(root: type[Problem]) -> dict[str, type[Problem]]:
    found = {root.code: root}
    for kind in root.__subclasses__():
        found = _kinds(kind) | found  # no kind is found by the code of its parent
    return found


def problem_from_json(message: dict[str, Any]) -> Problem:
    """The problem that travelled.

    A code from a newer program keeps its code and its words, and takes the nearest class we know:
    "media.new" is a MediaProblem. What else the message says is kept in `extra`.
    """
    code = str(message.get("code") or Problem.code)
    kinds = _kinds(Problem)
    kind = kinds.get(code) or kinds.get(code.partition(".")[0], Problem)
    what, where, remedy = (str(message.get(key) or "") for key in ("what", "where", "remedy"))
    problem = kind(what or str(kind.__doc__).partition("\n")[0], where, remedy)
    problem.code = code
    told = ("code", "what", "where", "remedy")
    problem.extra = {key: item for key, item in message.items() if key not in told}
    return problem
