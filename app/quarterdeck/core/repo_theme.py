"""The colours of a repository: kept ones read, and others made from its path, apart from their neighbours'."""

from __future__ import annotations

import colorsys
import re
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import astuple

if TYPE_CHECKING:
    from collections.abc import Collection


class RepoTheme(Struct, frozen=True):
    """Colours as `#RRGGBB`, upper case."""

    body: str
    outline: str
    accent: str
    shirt: str
    sprite: str | None = None


COLOUR_ATTEMPTS = 2048
LAST_RESORT = 4096
"""The candidate to take when none of the attempts is free."""
CHOOSY_ATTEMPTS = 256
"""Attempts that also ask for a hue of its own, not only for other colours."""
WIDEST_GAP = 40.0
"""Degrees between two hues that nobody mixes up."""

SPRITES = frozenset({"fish", "balls", "jelly"})
MOTIFS = ("spark", "terminal", "hammer", "wave", "comet", "gear", "leaf", "bolt")

_GOLDEN_ANGLE = 137.507764
_GOLDEN_RATIO = 0.6180339887498949
_COLOUR = re.compile(r"#[0-9A-F]{6}")


def parse_theme(content: object) -> RepoTheme | None:
    """The theme a decoded `colors.json` holds; None when a colour is missing or none."""
    match content:
        case {"palette": dict(palette), **rest}:
            colours = [str(palette.get(name)).strip().upper() for name in ("body", "outline", "accent", "shirt")]
            sprite = str(rest.get("sprite")).strip().lower()
            if all(map(_COLOUR.fullmatch, colours)):
                body, outline, accent, shirt = colours
                return RepoTheme(body, outline, accent, shirt, sprite if sprite in SPRITES else None)
    return None


def generate_theme(path: str, siblings: Collection[RepoTheme] = ()) -> RepoTheme:
    """The colours of a repository: always the same for one path among the same neighbours, and none of theirs."""
    taken = {colour for sibling in siblings for colour in colours_of(sibling)}
    hues = [_hue(sibling.body) for sibling in siblings]
    gap = min(WIDEST_GAP, 180 / (len(hues) + 1))
    for attempt in range(COLOUR_ATTEMPTS):
        theme = candidate(path, attempt)
        colours = colours_of(theme)
        if len(set(colours)) < len(colours) or not taken.isdisjoint(colours):
            continue
        # Degrees to each other hue, the shorter way round.
        apart = [abs((_hue(theme.body) - hue + 180) % 360 - 180) for hue in hues]
        if attempt >= CHOOSY_ATTEMPTS or min(apart, default=gap) >= gap:
            return theme
    return candidate(path, LAST_RESORT)


def candidate(path: str, attempt: int) -> RepoTheme:
    """The colours a path has at one attempt: the next ones lie as far off the earlier ones as they can."""
    seeds = [seed / 255 for seed in _digest(path, 6)]
    at = [(seed + attempt * _GOLDEN_RATIO) % 1 for seed in seeds]
    hue = (seeds[0] * 360 + attempt * _GOLDEN_ANGLE) % 360
    saturation, lightness = _between(at[1], 0.52, 0.68), _between(at[2], 0.44, 0.60)
    return RepoTheme(
        body=_hsl(hue, saturation, lightness),
        outline=_hsl(hue + 6, _clamp(0.58 * saturation, 0.22, 0.52), _clamp(0.36 * lightness, 0.14, 0.26)),
        accent=_hsl(hue - 10, _clamp(0.72 * saturation, 0.30, 0.62), _clamp(0.22 * lightness, 0.08, 0.18)),
        shirt=_hsl(hue + _between(at[3], 40, 150), _between(at[4], 0.28, 0.46), _between(at[5], 0.50, 0.64)),
    )


def motif_for(path: str) -> str:
    """The ornament of a repository."""
    return MOTIFS[_digest(path, 7)[6] % len(MOTIFS)]


def colours_of(theme: RepoTheme) -> tuple[str, str, str, str]:
    """Its four colours."""
    body, outline, accent, shirt, _ = astuple(theme)
    return body, outline, accent, shirt


def _digest(text: str, size: int) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()[:size]


def _hsl(hue: float, saturation: float, lightness: float) -> str:
    channels = colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)
    return "#" + "".join(f"{round(255 * channel):02X}" for channel in channels)


def _hue(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return colorsys.rgb_to_hls(red, green, blue)[0] * 360


def _between(share: float, low: float, high: float) -> float:
    return low + share * (high - low)


def _clamp(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))
