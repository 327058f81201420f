"""Pictures of animations, composed of their parts: what Pillow and Chromium show, in any order."""

from __future__ import annotations

from typing import Any

import pytest
from image_files import MEDIA, TYPES, VECTORS

from ffwebcodecs._spec.images.facts import ImageFacts
from ffwebcodecs._spec.images.kinds import kind_of, scan
from ffwebcodecs.files._animation import COMPOSED, Animation

KINDS = {"gif": "GIF", "png": "PNG", "webp": "WEBP"}


def facts_of(kind: str, data: bytes) -> ImageFacts:
    facts = scan(kind, data, True)
    assert facts is not None
    return facts


def pixels_of(animation: Animation, facts: ImageFacts, index: int, data: bytes) -> Any:
    with animation.frame(facts, 0, index, data) as frame:
        return frame.to_ndarray("RGBA")


def answers() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Return what Chromium showed of each animation, picture for picture."""
    found = {}
    for case in VECTORS["cases"]:
        media = case["steps"][0].get("data", {}).get("media")
        if case["id"].startswith("all_frames/") and kind_of(TYPES[media]) in COMPOSED:
            step = [one["op"] for one in case["steps"]].index("image_decode_all")
            found[media] = [one for one in case["results"][step]["value"] if "rejects" not in one]
    return found


ANSWERS = {
    name: pictures for name, pictures in answers().items() if pictures[0]["duration"] is not None
}


@pytest.mark.parametrize("name", ANSWERS)
def test_pictures_are_those_that_chromium_shows(name: str) -> None:
    kind, data = kind_of(TYPES[name]), MEDIA[name]
    facts, animation = facts_of(kind, data), Animation()
    assert len(ANSWERS[name]) == len(facts.tracks[0].frames)
    for index, expected in enumerate(ANSWERS[name]):
        with animation.frame(facts, 0, index, data) as frame:
            assert (frame.timestamp, frame.duration) == (
                expected["timestamp"],
                expected["duration"],
            )
            pixels = frame.to_ndarray("RGBA")
        assert pixels.shape == (expected["height"], expected["width"], 4)
        for x, y, color in expected["pixels"]:
            assert color is None or bytes(pixels[y, x]).hex() == color
