"""What is seen in a node of the fake Nuke: pixels (H,W,4), of files as they lie on the disk."""

from __future__ import annotations

import fake_media
import numpy as np

_CHANNELS = ["rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"]


def picture(node, frame: int) -> np.ndarray:
    """The pixels at a frame of the script."""
    made = _SOURCES.get(node.Class())
    return made(node, frame) if made else _processed(node, frame)


def _read(node, frame: int) -> np.ndarray:
    number, path = node._number(frame), node["file"].value()
    index = 0 if fake_media.numbered(path) else number - int(node["origfirst"].value())
    return fake_media.read(node._file(number), index)


def _constant(node, frame: int) -> np.ndarray:
    return np.full((node.format().height(), node.format().width(), 4), 0.5, np.float32)


def _roto(node, frame: int) -> np.ndarray:
    """Shapes fill all there is, once they are seen."""
    drawn = np.zeros_like(_constant(node, frame))
    drawn[..., 3] = 1.0 if node["curves"].seen else 0.0
    return drawn


def _group(node, frame: int) -> np.ndarray:
    [output] = [each for each in node._app.nodes_in(node._id) if each.Class() == "Output"]
    return picture(output, frame)


def _input(node, frame: int) -> np.ndarray:
    beside = node._app.nodes_in(node._data.parent)
    number = [each for each in beside if each.Class() == "Input"].index(node)
    plugged = node.outside().input(number)
    return picture(plugged, frame) if plugged else np.zeros_like(_constant(node, frame))


def _switch(node, frame: int) -> np.ndarray:
    which = node._data.knobs["which"]
    knob = which.expression.removeprefix("parent.")
    chosen = node.outside()[knob].value() if knob else which.value
    return picture(node.input(int(chosen)), frame)


_SOURCES = {"Read": _read, "Constant": _constant, "Roto": _roto, "Group": _group, "Input": _input,
            "Switch": _switch}  # fmt: skip


def _processed(node, frame: int) -> np.ndarray:
    kind, off = node.Class(), node.knob("disable")
    if kind == "TimeOffset":
        frame -= int(node["time_offset"].value())
    pixels = picture(node.input(0), frame)
    if off is not None and off.value():
        return pixels
    if kind == "Grade":
        return pixels * np.float32(node["multiply"].value())
    if kind == "Copy":
        pixels = pixels.copy()
        channel = _CHANNELS.index(node["from0"].value())
        pixels[..., 3] = picture(node.input(1), frame)[..., channel]
    if kind == "Premult":
        return np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], 2)
    return pixels
