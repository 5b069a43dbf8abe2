"""Places of the named world: what is behind the things, painted larger than the picture.

Two layers, so that near ground and far view move differently as the camera pans.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

Tint = tuple[float, float, float]

SKIES: dict[str, tuple[Tint, Tint, Tint]] = {
    "day": ((0.28, 0.54, 0.90), (0.78, 0.89, 0.97), (1.0, 1.0, 0.97)),
    "sunset": ((0.36, 0.25, 0.50), (0.99, 0.60, 0.32), (0.92, 0.62, 0.50)),
    "night": ((0.03, 0.04, 0.13), (0.13, 0.17, 0.36), (0.27, 0.31, 0.47)),
    "overcast": ((0.56, 0.60, 0.66), (0.80, 0.82, 0.84), (0.72, 0.75, 0.78)),
}
"""A light's sky at the top and above the horizon, and what it does to a white ground."""

TINTS: dict[str, Tint] = {
    "day": (1.0, 1.0, 1.0),
    "sunset": (1.0, 0.92, 0.85),
    "night": (0.76, 0.78, 0.90),
    "overcast": (0.90, 0.91, 0.93),
}
"""What a light does to the colour of things: never so much that a colour loses its name."""

WIDER, HIGHER = 1.6, 1.4
"""A layer's width and height in pictures."""


class Layer:
    """Pictures with coverage and depth, far to near: rgb (n,3,H,W), cover and depth (n,1,H,W)."""

    def __init__(self, like: Any) -> None:
        self.rgb = like.new_zeros(like.shape[0], 3, *like.shape[2:])
        self.cover = like.new_zeros(like.shape)
        self.depth = like.new_zeros(like.shape)

    def paint(self, cover: Any, colour: Any, depth: Any = None) -> None:
        """Colour over what is there; without a depth what is there keeps its own."""
        self.rgb = self.rgb * (1 - cover) + colour.clamp(0, 1) * cover
        self.cover = self.cover + cover * (1 - self.cover)
        if depth is not None:
            self.depth = self.depth * (1 - cover) + depth * cover

    def stacked(self) -> Any:
        """(n,5,H,W): colour and depth multiplied by coverage as painted, and coverage."""
        import torch

        return torch.cat([self.rgb, self.depth, self.cover], 1)


class Easel:
    """Paints one place for n clips at once.

    lights    the key of SKIES, one a clip
    horizon   where the ground begins, in shares of the layer's height (n,)
    traits    numbers in 0..1 in which two views of a place differ (n,8)
    """

    def __init__(
        self, lights: list[str], horizon: Any, traits: Any, generator: Any, height: int, width: int
    ) -> None:
        import torch

        device = traits.device
        self.count, self.height, self.width = len(lights), height, width
        skies = torch.tensor([SKIES[light] for light in lights], device=device)
        skies = (skies + (self._spread(traits) - 0.5) * 0.1).clamp(0, 1)
        self.top, self.low, self.sun = (skies[:, row].view(-1, 3, 1, 1) for row in range(3))
        self.dark = torch.tensor([light == "night" for light in lights], device=device).view(
            -1, 1, 1, 1
        )
        self.dull = torch.tensor([light == "overcast" for light in lights], device=device).view(
            -1, 1, 1, 1
        )
        self.horizon = horizon.view(-1, 1, 1, 1)
        self.traits = traits
        self.generator = generator
        self.v = ((torch.arange(height, device=device) + 0.5) / height).view(1, 1, height, 1)
        self.u = ((torch.arange(width, device=device) + 0.5) / height).view(1, 1, 1, width)
        self.long = width / height
        self.blank = torch.zeros(self.count, 1, height, width, device=device)

    def trait(self, which: int) -> Any:
        """One number in 0..1 a clip (n,1,1,1)."""
        return self.traits[:, which].view(-1, 1, 1, 1)

    def rand(self, *shape: int) -> Any:
        """Uniform numbers, made on the CPU whatever the device, so that the seed decides."""
        import torch

        made = torch.rand(self.count, *shape, generator=self.generator)
        return made.to(self.blank.device)

    def noise(self, across: float, down: float, octaves: int = 2) -> Any:
        """Smooth noise in 0..1 of about so many bumps in a height each way (n,1,H,W)."""
        return self._noise(across, down, octaves, self.height)

    def ridge(self, bumps: float, octaves: int = 3) -> Any:
        """Smooth noise in 0..1 along the width (n,1,1,W)."""
        return self._noise(bumps, 0.0, octaves, 1)

    def cells(self, across: int, down: int, steps: int = 1) -> Any:
        """A random number in each cell of a grid, (n,steps,H,W) with sharp borders."""
        from torch.nn.functional import interpolate

        return interpolate(
            self.rand(steps, down, across), (self.height, self.width), mode="nearest"
        )

    def below(self, line: Any, sharp: float = 1.2) -> Any:
        """Coverage of what lies below a line given in shares of the height."""
        return ((self.v - line) * self.height * sharp + 0.5).clamp(0, 1)

    def slab(self, u: Any, v: Any, width: Any, height: Any) -> Any:
        """Coverage of a rectangle: its middle and half sides in heights."""
        outside = ((self.u - u).abs() - width).maximum((self.v - v).abs() - height)
        return (0.5 - outside * self.height).clamp(0, 1)

    def disc(self, u: Any, v: Any, radius: Any, soft: float = 1.0) -> Any:
        """Coverage of a circle: middle and radius in heights, the edge `soft` pixels wide."""
        outside = ((self.u - u) ** 2 + (self.v - v) ** 2).sqrt() - radius
        return (0.5 - outside * self.height / soft).clamp(0, 1)

    def colour(self, tint: Tint, vary: float = 0.08, lit: bool = True) -> Any:
        """A colour of the ground in this light, a little different in each clip (n,3,1,1)."""
        albedo = self.blank.new_tensor(tint).view(1, 3, 1, 1)
        albedo = albedo + (self.rand(3, 1, 1) - 0.5) * 2 * vary
        return (albedo * self.sun if lit else albedo).clamp(0, 1)

    def sky(self, clouds: float = 0.5) -> Layer:
        """The sky with its sun, moon, stars and clouds; nothing of it is nearer than 0."""
        layer = Layer(self.blank)
        height = (self.v / self.horizon.clamp(max=1.0)).clamp(0, 1) ** 1.3
        layer.paint(self.blank + 1, self.top * (1 - height) + self.low * height)
        stars = (self.rand(1, self.height, self.width) > 0.994) * self.dark * (1 - height)
        layer.paint(stars * 0.9, self.low * 0 + 0.95)
        body = self.disc(
            (0.15 + 0.7 * self.trait(0)) * self.long,
            self.horizon * (0.25 + 0.6 * self.trait(1)),
            0.035 + 0.03 * self.trait(2),
        )
        shown = ~self.dull & (self.trait(3) < 0.6)
        layer.paint(
            body * shown, self.low * 0.25 + self.low.new_tensor((0.75, 0.72, 0.6)).view(1, 3, 1, 1)
        )
        cover = (
            self.noise(3.0, 6.0, 3) - 0.62 + 0.25 * clouds * (self.trait(4) + self.dull * 0.3)
        ) * 5
        white = self.low * 0.45 + 0.55 * self.low.mean(1, keepdim=True) + 0.08
        layer.paint(cover.clamp(0, 0.85), white)
        return layer

    def land(self, layer: Layer, line: Any, colour: Any, depth: tuple[float, float]) -> Any:
        """Ground below a line, its depth from the line to the bottom; its coverage."""
        cover = self.below(line)
        run = ((self.v - line) / (1 - line).clamp(min=0.05)).clamp(0, 1)
        layer.paint(cover, colour, depth[0] + (depth[1] - depth[0]) * run)
        return cover

    def _noise(self, across: float, down: float, octaves: int, height: int) -> Any:
        from torch.nn.functional import interpolate

        total: Any = 0.0
        weight, weights = 1.0, 0.0
        for octave in range(octaves):
            columns = max(2, ceil(across * self.long * 2**octave)) + 1
            rows = max(2, ceil(down * 2**octave)) + 1 if height > 1 else 1
            grid = self.rand(1, rows, columns)
            size = (height, self.width)
            smooth = "bilinear" if octave and height > 1 else "bicubic"
            total = total + weight * interpolate(grid, size, mode=smooth, align_corners=True)
            weights += weight
            weight *= 0.5
        return (total / weights).clamp(0, 1)

    @staticmethod
    def _spread(traits: Any) -> Any:
        """Six of the traits, three times over, for three colours (n,3,3)."""
        return traits[:, (0, 1, 2, 3, 4, 5, 6, 7, 0)].view(-1, 3, 3)


def hills(easel: Easel) -> tuple[Layer, Layer]:
    """Green hills one behind the other, hazy far away."""
    far, near = easel.sky(), Layer(easel.blank)
    grain = 0.85 + 0.3 * easel.noise(9, 9)
    for haze, up, depth in ((0.6, 0.16, 0.06), (0.32, 0.06, 0.12)):
        line = easel.horizon - up - (easel.ridge(1.6) - 0.5) * 0.3
        green = easel.colour((0.34, 0.46, 0.30)) * grain
        easel.land(far, line, green * (1 - haze) + easel.low * haze, (depth, depth + 0.05))
    line = easel.horizon - (easel.ridge(1.2) - 0.5) * 0.1
    easel.land(near, line, easel.colour((0.36, 0.50, 0.22)) * _turf(easel), (0.2, 0.9))
    return far, near


def clouds(easel: Easel) -> tuple[Layer, Layer]:
    """Nothing but sky and clouds."""
    far, near = easel.sky(1.0), Layer(easel.blank)
    puffs = easel.noise(2.0, 3.0, 4)
    shade = 0.75 + 0.35 * easel.noise(3.0, 4.0)
    white = (easel.low * 0.4 + 0.6 * easel.low.mean(1, keepdim=True) + 0.1) * shade
    near.paint(((puffs - 0.56) * 6).clamp(0, 0.9), white, easel.blank + 0.12)
    return far, near


def city(easel: Easel) -> tuple[Layer, Layer]:
    """A skyline with windows, behind a paved square."""
    far, near = easel.sky(), Layer(easel.blank)
    _blocks(easel, far, 16, (0.22, 0.34), 0.5, 0.08)
    _blocks(easel, far, 10, (0.08, 0.36), 0.12, 0.14)
    paved = easel.colour((0.46, 0.45, 0.44)) * (0.9 + 0.2 * easel.noise(14, 20))
    easel.land(near, easel.horizon, paved, (0.2, 0.9))
    return far, near


def _blocks(
    easel: Easel, layer: Layer, many: int, rise: tuple[float, float], haze: float, depth: float
) -> None:
    """A row of many buildings, `rise` high at least and at most above the horizon."""
    import torch

    tall = easel.cells(many, 1, 2)
    line = easel.horizon - rise[0] - (rise[1] - rise[0]) * tall[:, :1]
    wall = easel.colour((0.45, 0.44, 0.46)) * (0.6 + 0.6 * tall[:, 1:])
    columns, rows = many * 3, 26
    across = (easel.u / easel.long * columns) % 1
    down = (easel.v * rows) % 1
    pane = ((across - 0.5).abs() < 0.26) & ((down - 0.5).abs() < 0.27)
    lit = easel.cells(columns, rows) > torch.where(easel.dark, 0.45, 0.9)
    glow = easel.blank.new_tensor((1.0, 0.84, 0.48)).view(1, 3, 1, 1)
    glass = torch.where(lit, glow, wall * 0.55 + easel.low * 0.12)
    wall = torch.where(pane, glass, wall)
    layer.paint(easel.below(line), wall * (1 - haze) + easel.low * haze, easel.blank + depth)


def room(easel: Easel) -> tuple[Layer, Layer]:
    """A wall with a picture or a window, above a floor of boards."""
    import torch

    far, near = Layer(easel.blank), Layer(easel.blank)
    bright = 0.45 + 0.55 * easel.sun
    paper = (0.35 + 0.5 * easel.rand(3, 1, 1)) * 0.6 + 0.4 * easel.rand(1, 1, 1) * 0.6 + 0.12
    stripes = (torch.sin(easel.u * (30 + 30 * easel.trait(0))) > 0) * (easel.trait(1) < 0.4) * 0.07
    falloff = 1.08 - 0.5 * (easel.u / easel.long - 0.2 - 0.6 * easel.trait(2)) ** 2
    rough = 0.95 + 0.1 * easel.noise(10, 10)
    far.paint(easel.blank + 1, paper * bright * (falloff - stripes) * rough, easel.blank + 0.15)
    at = (0.2 + 0.6 * easel.trait(3)) * easel.long
    high = easel.horizon - 0.34
    frame = easel.slab(at, high, 0.17, 0.13)
    far.paint(frame, easel.colour((0.5, 0.38, 0.25)) * 0.6 + 0.15)
    inside = torch.where(
        easel.trait(4) < 0.5, easel.low, 0.2 + 0.6 * easel.noise(5, 5) * easel.rand(3, 1, 1)
    )
    far.paint(easel.slab(at, high, 0.15, 0.11), inside)
    depth = (easel.v - easel.horizon).clamp(min=0.01)
    boards = (easel.u - easel.long / 2) / (depth + 0.35) * 9
    seam = ((boards % 1 - 0.5).abs() > 0.45) * 0.25
    wood = (0.85 + 0.25 * easel.noise(3, 24)) * (1 - seam)
    floor = (easel.colour((0.52, 0.37, 0.24), 0.1, lit=False) * bright * wood).clamp(0, 1)
    easel.land(near, easel.horizon, floor, (0.2, 0.9))
    near.paint(
        easel.slab(easel.long / 2, easel.horizon, easel.long, 0.012),
        bright * 0.85,
        easel.blank + 0.18,
    )
    return far, near


def beach(easel: Easel) -> tuple[Layer, Layer]:
    """Sand, with the sea behind it."""
    far, near = easel.sky(), Layer(easel.blank)
    _water(easel, far, easel.horizon - 0.12, (0.05, 0.2))
    shore = easel.horizon + 0.03 * (easel.ridge(1.5) - 0.5)
    sand = easel.colour((0.84, 0.74, 0.54), 0.05) * (0.9 + 0.2 * easel.noise(16, 24, 3))
    easel.land(near, shore, sand, (0.2, 0.9))
    wet = easel.below(shore) * (1 - easel.below(shore + 0.06, 0.25))
    near.paint(wet * 0.35, sand * 0.6)
    foam = easel.below(shore - 0.012) * (1 - easel.below(shore + 0.014))
    near.paint(foam * 0.85, 0.25 + 0.7 * easel.sun, easel.blank + 0.2)
    return far, near


def sea(easel: Easel) -> tuple[Layer, Layer]:
    """Open water under the sky, at times with an island."""
    far, near = easel.sky(), Layer(easel.blank)
    island = easel.horizon + 0.04 - 0.14 * (easel.ridge(1.1) - 0.35) * (easel.trait(5) < 0.5)
    green = easel.colour((0.32, 0.38, 0.33)) * 0.6 + easel.low * 0.4
    easel.land(far, island, green, (0.05, 0.08))
    _water(easel, near, easel.horizon, (0.1, 0.9))
    return far, near


def _water(easel: Easel, layer: Layer, line: Any, depth: tuple[float, float]) -> None:
    """Water with waves that grow towards the camera, and the sky in it."""
    import torch

    run = (easel.v - line).clamp(min=0.0)
    swell = 3.5 * easel.noise(2.5, 5.0)
    waves = torch.sin(9.0 / (run + 0.09) + swell + 4 * easel.u) * (0.25 + run.clamp(max=0.75))
    flecks = easel.noise(7, 26)
    blue = easel.colour((0.12, 0.38, 0.54), 0.06, lit=False) * easel.sun.mean(1, keepdim=True)
    blue = blue * 0.8 + easel.low * 0.2
    shade = 1 + 0.22 * waves + 0.5 * (flecks - 0.5)
    easel.land(layer, line, blue * shade + 0.5 * easel.low * (flecks - 0.68).clamp(min=0), depth)


def forest(easel: Easel) -> tuple[Layer, Layer]:
    """Trunks before dark leaves, on a leafy floor."""
    far, near = Layer(easel.blank), Layer(easel.blank)
    leaves = easel.noise(7, 8, 3)
    gaps = ((leaves - 0.55) * 5).clamp(0, 1) * (1 - easel.v)
    green = easel.colour((0.22, 0.34, 0.18)) * (0.5 + 0.9 * leaves)
    far.paint(easel.blank + 1, green * (1 - gaps) + easel.low * gaps, easel.blank + 0.08)
    bark = 0.75 + 0.5 * easel.noise(40, 4)
    for many, wide, depth, dim in ((9, 0.018, 0.12, 0.75), (5, 0.034, 0.18, 1.0)):
        step = easel.long / many
        at = easel.cells(many, 1, 2)[:, :, :1]
        middle = ((easel.u / step).floor() + 0.25 + 0.5 * at[:, :1]) * step
        lean = 0.03 * (easel.v - 0.5) * (at[:, 1:] - 0.5)
        trunk = easel.slab(middle + lean, 0.5, wide * (0.6 + 0.8 * at[:, 1:]), 1.0)
        brown = easel.colour((0.34, 0.26, 0.20)) * bark * dim
        far.paint(trunk * (1 - easel.below(easel.horizon + 0.06)), brown, easel.blank + depth)
    floor = easel.colour((0.34, 0.34, 0.18)) * (0.6 + 0.8 * easel.noise(14, 18, 3))
    easel.land(near, easel.horizon + 0.04 * (easel.ridge(5) - 0.5), floor, (0.2, 0.9))
    return far, near


def desert(easel: Easel) -> tuple[Layer, Layer]:
    """Dunes, bright on one side and dark on the other."""
    import torch

    far, near = easel.sky(0.1), Layer(easel.blank)
    for layer, up, bumps, haze, depth in (
        (far, 0.13, 1.4, 0.4, (0.06, 0.1)),
        (far, 0.05, 1.1, 0.15, (0.12, 0.2)),
        (near, -0.03, 0.8, 0.0, (0.2, 0.9)),
    ):
        ridge = easel.ridge(bumps, 2)
        line = easel.horizon - up - (ridge - 0.5) * (0.26 if layer is far else 0.1)
        slope = torch.gradient(ridge, dim=3)[0] * easel.width
        ripples = torch.sin((easel.v - line) * 90 + 4 * easel.noise(3, 3)) * 0.05
        shade = (1 + 0.18 * (slope * 1.5).clamp(-1, 1)) * (1 + ripples)
        sand = easel.colour((0.86, 0.64, 0.38), 0.04) * shade
        easel.land(layer, line, sand * (1 - haze) + easel.low * haze, depth)
    return far, near


def street(easel: Easel) -> tuple[Layer, Layer]:
    """House fronts behind a pavement and a road."""
    import torch

    far, near = easel.sky(), Layer(easel.blank)
    many = 6
    front = easel.cells(many, 1, 5)
    line = easel.horizon - 0.3 - 0.28 * front[:, :1]
    wall = (0.3 + 0.5 * front[:, 1:4]) * 0.6 + 0.4 * front[:, 4:] * 0.7 + 0.05
    wall = wall * easel.sun * (0.92 + 0.16 * easel.noise(20, 20))
    across = (easel.u / easel.long * many * 2) % 1
    down = ((easel.horizon - easel.v) * 7.0) % 1
    pane = ((across - 0.5).abs() < 0.24) & ((down - 0.55).abs() < 0.27)
    lit = easel.cells(many * 2, 10) > torch.where(easel.dark, 0.4, 0.95)
    glow = easel.blank.new_tensor((1.0, 0.82, 0.46)).view(1, 3, 1, 1)
    wall = torch.where(pane, torch.where(lit, glow, wall * 0.4 + easel.low * 0.15), wall)
    edge = (easel.u / easel.long * many) % 1 < 0.03
    far.paint(easel.below(line), torch.where(edge, wall * 0.6, wall), easel.blank + 0.15)
    far.paint(easel.below(line) * (1 - easel.below(line + 0.025)), wall * 0.55)
    paved = easel.colour((0.60, 0.58, 0.55)) * (0.92 + 0.16 * easel.noise(16, 16))
    easel.land(near, easel.horizon, paved, (0.2, 0.9))
    kerb = easel.horizon + 0.09
    tar = easel.colour((0.28, 0.28, 0.30), 0.03) * (0.9 + 0.2 * easel.noise(24, 24))
    near.paint(easel.below(kerb), tar)
    near.paint(easel.below(kerb - 0.008) * (1 - easel.below(kerb + 0.01)), easel.sun * 0.7)
    dash = ((easel.u * 3 + easel.trait(5)) % 1 < 0.55) * easel.slab(
        easel.u, kerb + 0.12, 1.0, 0.012
    )
    near.paint(dash * 0.9, easel.sun * 0.9)
    return far, near


def snow(easel: Easel) -> tuple[Layer, Layer]:
    """Snow, with fir trees far away."""
    far, near = easel.sky(0.7), Layer(easel.blank)
    white = easel.colour((0.90, 0.93, 0.98), 0.03)
    line = easel.horizon - 0.08 - (easel.ridge(1.2) - 0.5) * 0.2
    easel.land(far, line, white * 0.8 + easel.low * 0.2, (0.06, 0.1))
    for many, tall, dim in ((22, 0.12, 0.3), (13, 0.2, 0.0)):
        firs = easel.cells(many, 1, 2)[:, :, :1]
        across = ((easel.u / easel.long * many) % 1 - 0.5).abs() * easel.long / many
        tip = easel.horizon - tall * (0.5 + 0.6 * firs[:, :1])
        down = easel.v - tip
        teeth = 0.75 + 0.35 * ((down * 22) % 1)
        tree = ((down * 0.3 * teeth - across) * easel.height + 0.5).clamp(0, 1) * (
            firs[:, 1:] < 0.7
        )
        fir = easel.colour((0.16, 0.28, 0.24), 0.03) * (1 - dim) + easel.low * dim
        far.paint(tree, fir * (0.8 + 0.4 * easel.noise(20, 20)), easel.blank + 0.14)
    drifts = 0.86 + 0.2 * easel.noise(3, 9, 3)
    easel.land(
        near, easel.horizon - 0.02 + 0.05 * (easel.ridge(1.5) - 0.5), white * drifts, (0.2, 0.9)
    )
    return far, near


def _turf(easel: Easel) -> Any:
    """Light and dark in grass, finer far away."""
    return 0.75 + 0.3 * easel.noise(5, 9) + 0.2 * easel.noise(22, 30)


PAINTED: dict[str, Callable[[Easel], tuple[Layer, Layer]]] = {
    "hills": hills,
    "sky": clouds,
    "city": city,
    "room": room,
    "beach": beach,
    "sea": sea,
    "forest": forest,
    "desert": desert,
    "street": street,
    "snow": snow,
}
