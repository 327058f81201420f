"""Measures how exact conversions are; `make colours` writes the table into docs/colour.md with it.

usage: conversion_table.py [--write]

8-bit 4:2:0 with all 2**24 combinations of Y, U and V, everything else with two million random ones
of the whole range of codes; each with three matrices. The error is the largest difference of a
channel from exact arithmetic that is not rounded: perfect is 0.5.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from scale_reference import WEIGHTS, Pixels, full_chroma, image, normalized, to_yuv

from ffwebcodecs import ffmpeg_info
from ffwebcodecs._av.scale.cache import convert

PAGE = Path(__file__).resolve().parents[2] / "docs" / "colour.md"
BEGIN, END = "<!-- exact: begin -->", "<!-- exact: end -->"
ROWS = (
    ("I420", "yuv420p"),
    ("I422", "yuv422p"),
    ("I444", "yuv444p"),
    ("NV12", "nv12"),
    ("I420A", "yuva420p"),
    ("I420P10", "yuv420p10le"),
    ("I422P10", "yuv422p10le"),
    ("I444P10", "yuv444p10le"),
    ("I420P12", "yuv420p12le"),
    ("GRAY8", "gray"),
)
RGB_ROWS = (("I420", "yuv420p"), ("NV12", "nv12"), ("I444", "yuv444p"))
SIZE = 1920, 1088
STRIP = 512


def every_triple() -> Pixels:
    """All Y, U, V: four Y share one U and V."""
    pixels = Pixels("yuv420p", 4096, 4096)
    number = np.arange(1 << 22).reshape(2048, 2048)
    pixels.set(1, number >> 14)
    pixels.set(2, number >> 6 & 255)
    luma = np.empty((4096, 4096), np.uint8)
    for row in (0, 1):
        for column in (0, 1):
            luma[row::2, column::2] = (number & 63) * 4 + 2 * row + column
    pixels.set(0, luma)
    return pixels


def error_of_rgb(pixels: Pixels, out: Pixels, matrix: str, full: bool) -> float:
    """The largest difference from exact R'G'B', strip by strip."""
    red, blue = WEIGHTS[matrix]
    sub, worst = pixels.shape.sub, 0.0
    planes, got = pixels.yuv(), out.rgb()
    for top in range(0, pixels.height, STRIP):
        rows = min(STRIP, pixels.height - top)
        y = planes[0][top : top + rows]
        u, v = (
            full_chroma(each[top // sub[1] :], sub, pixels.width, rows)
            if each.shape != planes[0].shape
            else each[top : top + rows]
            for each in planes[1:]
        )
        luma, cb, cr = normalized(y, u, v, pixels.shape.depth, full)
        r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
        g = (luma - red * r - blue * b) / (1 - red - blue)
        exact = np.clip(np.stack([r, g, b], -1) * 255, 0, 255)
        worst = max(worst, float(np.abs(got[top : top + rows] - exact).max()))
    return worst


def to_rgb_errors(name: str, full: bool) -> tuple[float, float]:
    """By default, and exact."""
    pixels = every_triple() if name == "yuv420p" else Pixels(name, *SIZE).fill("random")
    found = []
    for exact in (False, True):
        out = Pixels("rgba", pixels.width, pixels.height)
        worst = 0.0
        for matrix in WEIGHTS:
            convert(image(pixels, matrix=matrix, full_range=full), image(out, exact=exact))
            worst = max(worst, error_of_rgb(pixels, out, matrix, full))
        found.append(worst)
    return found[0], found[1]


def to_yuv_errors(name: str, full: bool) -> tuple[float, float]:
    """By default, and exact."""
    pixels, found = Pixels("rgba", *SIZE).fill("random"), []
    rgb = pixels.rgb().astype(float)
    for exact in (False, True):
        worst = 0.0
        for matrix in WEIGHTS:
            out = Pixels(name, *SIZE)
            convert(image(pixels), image(out, matrix=matrix, full_range=full, exact=exact))
            wanted = to_yuv(rgb, matrix, full, 8, out.shape.sub)
            pairs = zip(out.yuv(), wanted, strict=True)
            worst = max(worst, *(float(np.abs(got - each).max()) for got, each in pairs))
        found.append(worst)
    return found[0], found[1]


def main() -> None:
    lines = [
        "| from | to | range | error by default | `exact=True` |",
        "| --- | --- | --- | --- | --- |",
    ]
    jobs = [(label, "RGBA", name, to_rgb_errors) for label, name in ROWS]
    jobs += [("RGBA", label, name, to_yuv_errors) for label, name in RGB_ROWS]
    for source, target, name, measure in jobs:
        for full in (False, True):
            default, exact = measure(name, full)
            said = "full" if full else "limited"
            lines.append(f"| {source} | {target} | {said} | {default:.2f} | {exact:.2f} |")
            print(lines[-1], flush=True)
    if "--write" in sys.argv:
        text = PAGE.read_text()
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        said = f"Measured with FFmpeg {ffmpeg_info().release}:"
        table = "\n".join(lines)
        PAGE.write_text(f"{before}{BEGIN}\n{said}\n\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()
