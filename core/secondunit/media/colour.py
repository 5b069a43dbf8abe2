"""Footage's own colour to what a model looks at, and back."""

from __future__ import annotations

import os
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import numpy as np
import PyOpenColorIO

from secondunit.callsheet import Pixels
from secondunit.media.footage import Footage
from secondunit_contract.problem import BadValue

BUILT_IN = "ocio://studio-config-latest"
"""The ACES config that comes with OpenColorIO; it knows the cameras' logarithmic spaces too."""

# What configs call a picture as a screen shows it, without any film look; the exact names first.
_DISPLAY = (
    "sRGB Encoded Rec.709 (sRGB)",
    "sRGB - Texture",
    "srgb_tx",
    "Utility - sRGB - Texture",
    "Output - sRGB",
    "sRGB",
    "texture_paint",
    "color_picking",
)
_BY_PRIMARIES = frozenset({"ACES2065-1", "ACEScg"})
_LINEAR = ("Linear Rec.709 (sRGB)", "lin_rec709", "Utility - Linear - sRGB", "scene_linear")


class ColourPath:
    """The way from one colour space to display-referred pictures and back.

    `space` is an OCIO name or role; "" is display-referred already: nothing is changed then.
    Display-referred means sRGB as textures are: no film look, so the way back is exact. Raises
    BadValue for an unknown name.
    """

    def __init__(self, space: str = "") -> None:
        self.space = space
        self._there = self._back = None
        if not space:
            return
        config = current_config()
        own, display = _known(config, space), first_known(config, _DISPLAY)
        if own != display and not config.getColorSpace(own).isData():
            self._there = _processor(_config_name(), own, display)
            self._back = _processor(_config_name(), display, own)

    @property
    def identity(self) -> bool:
        """Whether pictures are display-referred as they are."""
        return self._there is None

    def unclipped(self, native: Pixels) -> Pixels:
        """(…,3) float32 display-referred, but beyond 0..1 where the scene is; NaN becomes 0."""
        picture = _applied(self._there, native)
        return np.nan_to_num(picture, copy=False, nan=0.0, posinf=np.inf, neginf=-np.inf)

    def to_display(self, native: Pixels) -> Pixels:
        """(…,3) float32 in 0..1: what a model is shown. What it clips, `remerge` puts back."""
        picture = self.unclipped(native)
        return np.clip(picture, 0, 1, out=picture)

    def from_display(self, picture: Pixels) -> Pixels:
        """(…,3) float32 in the footage's own space."""
        return _applied(self._back, picture)


class LinearPath:
    """The way from one colour space to linear light, where light adds up, and back.

    A space that is linear stays what it is; all others become linear Rec.709. `space` as for
    ColourPath.
    """

    def __init__(self, space: str = "") -> None:
        config = current_config()
        own = _known(config, space) if space else first_known(config, _DISPLAY)
        self.space = own
        self._there = self._back = None
        scene = PyOpenColorIO.REFERENCE_SPACE_SCENE
        if config.getColorSpace(own).isData() or config.isColorSpaceLinear(own, scene):
            return
        self.space = first_known(config, _LINEAR)
        self._there = _processor(_config_name(), own, self.space)
        self._back = _processor(_config_name(), self.space, own)

    def to_linear(self, native: Pixels) -> Pixels:
        """(…,3) float32 linear; values beyond 0..1 stay so."""
        return _applied(self._there, native)

    def from_linear(self, light: Pixels) -> Pixels:
        """(…,3) float32 in the footage's own space."""
        return _applied(self._back, light)


def space_of(footage: Footage) -> str:
    """The colour space of footage: what clip or file say, else by rule; "" where display-referred.

    Movies, PNG, JPEG, DPX and integer TIFF are display-referred. EXR and floating pictures are
    scene-linear: the file rules of the config in $OCIO decide; without one, linear Rec.709.
    """
    config, told = current_config(), footage.colour_space
    # An EXR may name an ACES space by its primaries, which a studio's config need not know.
    if told and (told not in _BY_PRIMARIES or config.getColorSpace(told) is not None):
        return told
    if footage.kind == "movie" or not footage.depth.floating:
        return ""
    if os.environ.get("OCIO"):
        return str(config.getColorSpaceFromFilepath(footage.path)[0])
    return first_known(config, _LINEAR)


def display_referred(space: str) -> bool:
    """Whether pictures in this space are what a screen shows. Raises BadValue."""
    return ColourPath(space).identity


def current_config() -> Any:
    """The OCIO config in force: $OCIO, else the built-in ACES one. Raises BadValue."""
    return _config(_config_name())


def first_known(config: Any, names: tuple[str, ...]) -> str:
    """The first of these names, aliases or roles that the config knows. Raises BadValue."""
    for name in names:
        space = config.getColorSpace(name)
        if space is not None:
            return str(space.getName())
    raise BadValue(
        f"The colour config has no space like {names[0]}",
        where=_config_name(),
        remedy="Give the config a texture_paint role, or leave $OCIO unset",
    )


def _config_name() -> str:
    return os.environ.get("OCIO") or BUILT_IN


@lru_cache(maxsize=4)
def _config(name: str) -> Any:
    try:
        return PyOpenColorIO.Config.CreateFromFile(name)
    except (PyOpenColorIO.Exception, PyOpenColorIO.ExceptionMissingFile) as error:
        raise BadValue(
            f"The colour config cannot be read ({str(error).splitlines()[0]})",
            where=name,
            remedy="Correct $OCIO, or unset it for the built-in ACES config",
        ) from error


@lru_cache(maxsize=32)
def _processor(config: str, source: str, target: str) -> Any:
    # LOSSLESS: the default takes shortcuts in powers that cost 4e-5 at white, and is no quicker
    # here.
    lossless = PyOpenColorIO.OPTIMIZATION_LOSSLESS
    return _config(config).getProcessor(source, target).getOptimizedCPUProcessor(lossless)


def _known(config: Any, space: str) -> str:
    found = config.getColorSpace(space)
    if found is not None:
        return str(found.getName())
    names = [str(known.getName()) for known in config.getColorSpaces()]
    folded = {name.casefold(): name for name in names}
    near = [folded[name] for name in get_close_matches(space.casefold(), folded, n=3, cutoff=0.4)]
    raise BadValue(
        f"The colour config knows no space called {space!r}",
        where=_config_name(),
        remedy=f"Near names: {', '.join(near)}" if near else "Pick one that the config lists",
    )


def _applied(processor: Any, picture: Pixels) -> Pixels:
    changed = np.array(picture, np.float32, order="C")
    if processor is not None and changed.size:
        processor.applyRGB(changed)
    return changed
