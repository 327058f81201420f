"""ImageDecoder answers as Chromium does, or as the specification where that differs."""

from __future__ import annotations

from typing import Any

import pytest
from image_files import MORE_VECTORS, VECTORS
from image_vectors import Case

from ffwebcodecs import ImageDecoder

LOSSY = "the values that are stored mean this colour: libyuv is one off"
STILL = "a GIF of one picture is no animation, as the specification has it"
ARRIVED = "pictures count when they arrive, not when somebody asks for one"
BROKEN = "why a stream broke off is told, as the specification has it"

DEVIATIONS = {
    "color_space_conversion/jpeg_444/default": LOSSY,
    "color_space_conversion/jpeg_444/none": LOSSY,
    "color_space_conversion/avif_444/default": LOSSY,
    "stream/whole/avif_444": LOSSY,
    "decode/gif_static": STILL,
    "all_frames/gif_static": STILL,
    "decode/gif_static_loop": STILL,
    "all_frames/gif_static_loop": STILL,
    "decode/gif_transparent": STILL,
    "stream/steps/gif_loop_0": ARRIVED,
    "stream/steps/webp_anim_loop0": ARRIVED,
    "stream/error": BROKEN,
}
"""Cases in which frames or tracks are others than Chromium's, as docs/images.md tells."""

CASES = [
    case for case in (*VECTORS["cases"], *MORE_VECTORS["cases"]) if "js_only" not in case["tags"]
]


@pytest.mark.divided
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_answers_are_those_of_browser_or_specification(case: dict[str, Any]) -> None:
    for type in ("image/avif", "image/jxl", "image/webp"):
        if type in str(case["steps"][0]).lower() and not ImageDecoder.is_type_supported(type):
            pytest.skip(f"this FFmpeg has no decoder for {type}")
    found = Case(case).run()
    if case["id"] not in DEVIATIONS:
        assert not found
        return
    assert found, f"it is as in Chromium: {DEVIATIONS[case['id']]}"
