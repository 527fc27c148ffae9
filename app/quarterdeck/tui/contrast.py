"""Arithmetic on `#RRGGBB`: contrast, and the nearest shade that can be read."""

from __future__ import annotations

import colorsys
from functools import lru_cache
from itertools import product

READABLE_CONTRAST = 4.5
"""The least contrast of text that anybody should have to read."""
_STEPS = 16
_CUBE = (0, 95, 135, 175, 215, 255)
_PALETTE = [*product(_CUBE, _CUBE, _CUBE), *((grey, grey, grey) for grey in range(8, 248, 10))]
"""The colours that a terminal of 256 has beside the sixteen of its own."""
_HUES = ((0.0, "red"), (1 / 6, "yellow"), (2 / 6, "green"), (3 / 6, "cyan"), (4 / 6, "blue"), (5 / 6, "magenta"))


def rgb(colour: str) -> tuple[float, float, float]:
    """The three parts of `#RRGGBB`, each from 0 to 1."""
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def luminance(colour: str) -> float:
    """How bright a colour looks, from 0 to 1 (WCAG)."""
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@lru_cache(maxsize=1024)
def readable(colour: str, *grounds: str) -> str:
    """The colour, moved towards white or black until it can be read on every ground."""
    towards = 1.0 if luminance(grounds[0]) < 0.18 else 0.0
    for step in range(_STEPS + 1):
        share = step / _STEPS
        parts = (part + (towards - part) * share for part in rgb(colour))
        shade = "#" + "".join(f"{round(part * 255):02x}" for part in parts)
        if all(contrast(shade, ground) >= READABLE_CONTRAST for ground in grounds):
            return shade
    return "#ffffff" if towards else "#000000"


@lru_cache(maxsize=1024)
def nearest_named(colour: str) -> str:
    """The terminal's colour that comes nearest in hue; `default` for a grey."""
    hue, _, saturation = colorsys.rgb_to_hls(*rgb(colour))
    if saturation < 0.12:
        return "default"
    return min(_HUES, key=lambda named: min(abs(hue - named[0]), 1 - abs(hue - named[0])))[1]


@lru_cache(maxsize=1024)
def nearest_of_256(colour: str) -> str:
    """The colour of a terminal of 256 that looks most like this one.

    Rich's own choice knows dark colours only as black or as a pure hue.
    """
    red, green, blue = (part * 255 for part in rgb(colour))

    def distance(other: tuple[int, int, int]) -> float:
        mean = (red + other[0]) / 2
        squares = (red - other[0]) ** 2, (green - other[1]) ** 2, (blue - other[2]) ** 2
        return (2 + mean / 256) * squares[0] + 4 * squares[1] + (2 + (255 - mean) / 256) * squares[2]

    return "#" + "".join(f"{part:02x}" for part in min(_PALETTE, key=distance))
