"""Where a background picture lies in a camera's frame, and how a camera takes in more.

All is counted in the camera's own measure: the longer side that its sensor fits is 1 (what an
orthographic camera sees, its scale), the frame's middle 0, y up. What Blender draws: its
`overlay_image`, from 2.90 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from secondunit_panel.host import HostCannot

from .shapes import curves_of


@dataclass(frozen=True)
class Rect:
    """A rectangle by its middle and its size."""

    x: float
    y: float
    width: float
    height: float

    def grown(self, left: float, right: float, top: float, bottom: float) -> Rect:
        """With so much more on each side."""
        return Rect(
            self.x + (right - left) / 2,
            self.y + (top - bottom) / 2,
            self.width + left + right,
            self.height + top + bottom,
        )


@dataclass(frozen=True)
class Margins:
    """How many pixels of a wider picture lie beyond its plate on each side."""

    left: int
    right: int
    top: int
    bottom: int


def margins(
    plate: tuple[int, int], take: tuple[int, int], values: dict[str, Any]
) -> Margins | None:
    """What a take has more than its plate, by what its job was told; None where it is no wider,
    or not just wider.
    """
    more = take[0] - plate[0], take[1] - plate[1]
    if min(more) < 0 or max(more) == 0:
        return None
    sides = {key: int(values.get(key) or 0) for key in ("left", "right", "top", "bottom")}
    if (sides["left"] + sides["right"], sides["top"] + sides["bottom"]) == more:
        return Margins(**sides)
    left, top = more[0] // 2, more[1] // 2
    return Margins(left, more[0] - left, top, more[1] - top)


def frame(scene: Any, data: Any) -> Rect:
    """A camera's frame."""
    corners = data.view_frame(scene=scene)
    across, up = [each[0] for each in corners], [each[1] for each in corners]
    return Rect(0.0, 0.0, max(across) - min(across), max(up) - min(up))


def pixels(scene: Any, data: Any) -> float:
    """How many pixels of the frame are 1 in the camera's measure."""
    return float(scene.render.resolution_x / frame(scene, data).width)


def lies(scene: Any, data: Any, shown: Any, size: tuple[int, int]) -> Rect:
    """Where a background picture of so many pixels lies. Raises HostCannot where it is turned."""
    if shown.rotation or shown.use_flip_x or shown.use_flip_y:
        raise HostCannot(
            "The background is turned or mirrored", data.name, "Turn it back, then try again"
        )
    full, aspect = frame(scene, data), size[0] / size[1]
    own = full.width / full.height
    if shown.frame_method == "STRETCH" and abs(aspect / own - 1) > 1e-3:
        raise HostCannot(
            "The background is stretched in the camera's frame", data.name,
            "Choose Fit as its frame method",
        )  # fmt: skip
    width, height = _fitted(full, aspect, shown.frame_method == "CROP")
    across, up = _measure(full, aspect, data)
    return Rect(
        shown.offset[0] * across,
        shown.offset[1] * up,
        width * shown.scale,
        height * shown.scale,
    )


def lay(scene: Any, data: Any, shown: Any, size: tuple[int, int], to: Rect) -> None:
    """Have a background picture lie there, as it is: never squashed."""
    full, aspect = frame(scene, data), size[0] / size[1]
    width, _ = _fitted(full, aspect, crop=False)
    across, up = _measure(full, aspect, data)
    shown.frame_method = "FIT"
    shown.scale = to.width / width
    shown.offset = (to.x / across, to.y / up)


def widen(scene: Any, data: Any, to: Rect) -> tuple[float, float]:
    """Have a camera see this much, all that it saw before where it was; its new frame's middle.

    Resolution, sensor and shift change, the lens stays. Whole pixels are taken in: what they are
    too many or too few lies to the right and below. Raises HostCannot.
    """
    _refuse(data)
    full, render = frame(scene, data), scene.render
    before = int(render.resolution_x), int(render.resolution_y)
    across, up = before[0] / full.width, before[1] / full.height  # pixels in the camera's measure
    left = (full.width / 2 - (to.x - to.width / 2) - full.width) * across
    top = (to.y + to.height / 2 - full.height / 2) * up
    after = max(4, round(to.width * across)), max(4, round(to.height * up))
    right, bottom = after[0] - before[0] - left, after[1] - before[1] - top
    aspect = render.pixel_aspect_y / render.pixel_aspect_x
    old, new = (_view(data, each, aspect) for each in (before, after))
    shift = (
        (data.shift_x * old + (right - left) / 2) / new,
        (data.shift_y * old + aspect * (top - bottom) / 2) / new,
    )
    key = _sensor(data)
    setattr(data, key, getattr(data, key) * new / old)
    data.shift_x, data.shift_y = shift
    render.resolution_x, render.resolution_y = after
    return (right - left) / 2 / across, (top - bottom) / 2 / up


def _sensor(data: Any) -> str:
    """What says how much a camera sees."""
    if data.type == "ORTHO":
        return "ortho_scale"
    return "sensor_height" if data.sensor_fit == "VERTICAL" else "sensor_width"


def _view(data: Any, size: tuple[int, int], aspect: float) -> float:
    """The pixels across the side that a sensor fits (BKE_camera_params_compute_viewplane)."""
    upright = data.sensor_fit == "VERTICAL" or (
        data.sensor_fit == "AUTO" and size[0] < size[1] * aspect
    )
    return size[1] * aspect if upright else float(size[0])


def _refuse(data: Any) -> None:
    moved = data.animation_data
    curves = list(moved.drivers) if moved else []
    paths = {str(each.data_path) for each in curves}
    if moved is not None and moved.action is not None:
        paths |= {str(each.data_path) for each in curves_of(data)}
    held = sorted(paths & {_sensor(data), "shift_x", "shift_y"})
    why = ""
    if data.library is not None:
        why = "The camera comes from another file"
    elif data.type not in ("PERSP", "ORTHO"):
        why = "Such a lens cannot be widened"
    elif held:
        why = f"The camera's {held[0].replace('_', ' ')} is animated"
    if why:
        raise HostCannot(why, data.name, "Widen it by hand in Blender")


def _fitted(full: Rect, aspect: float, crop: bool) -> tuple[float, float]:
    """The size of a picture that fits a frame, or fills it."""
    wide = aspect > full.width / full.height
    if wide != crop:
        return full.width, full.width / aspect
    return full.height * aspect, full.height


def _measure(full: Rect, aspect: float, data: Any) -> tuple[float, float]:
    """How far an offset of 1 moves a background, across and up."""
    own = full.width / full.height
    unit = data.ortho_scale if data.type == "ORTHO" else 1.0
    return unit * min(1.0, own), unit / (max(1.0, own) * (aspect / own))
