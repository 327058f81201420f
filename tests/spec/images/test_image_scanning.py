"""Tracks and pictures of image files, as Chromium tells them, and of what has not all arrived."""

from __future__ import annotations

import json
from typing import Any

import pytest
from image_files import MEDIA, TYPES, VECTORS, damaged

from ffwebcodecs._spec.images.facts import BadImage, ImageFacts
from ffwebcodecs._spec.images.kinds import kind_of, scan, scanner_of

KINDS = {
    name: kind for name, type in TYPES.items() if (kind := kind_of(type)) not in (None, "avif")
}

# One picture is no animation: the specification's word, where Chromium says that it is one.
ONE_PICTURE = {"gif_static", "gif_static_loop", "gif_transparent"}


def said(facts: ImageFacts) -> list[tuple[bool, int, float]]:
    return [(t.animated, len(t.frames), t.repetition_count) for t in facts.tracks]


def told(answer: dict[str, Any]) -> Any:
    """Return the tracks of an answer, or the name of an error."""
    if "rejects" in answer:
        return answer["rejects"]["name"]
    number = {"Infinity": float("inf")}
    return [
        (
            track["animated"],
            track["frameCount"],
            count
            if not isinstance(count := track["repetitionCount"], dict)
            else number[count["$"]],
        )
        for track in answer["value"]["tracks"]
    ]


def data_of(description: dict[str, Any]) -> bytes:
    data = MEDIA[description["media"]][: description.get("cut")]
    for at, patch in description.get("patch", ()):
        data = data[:at] + bytes.fromhex(patch) + data[at + len(patch) // 2 :]
    return data


def cases() -> dict[str, tuple[str, bytes, Any]]:
    """Return the kind, the data and the tracks of all files that Chromium was given whole."""
    found = {}
    for case in VECTORS["cases"]:
        steps = {
            step["op"]: answer for step, answer in zip(case["steps"], case["results"], strict=True)
        }
        made = case["steps"][0]
        media = made.get("data", {}).get("media")
        if media in KINDS and "image_ready" in steps and "init" in made and "stream" not in made:
            kind = kind_of(made["init"]["type"]) if len(made["init"]) == 1 else None
            if kind in KINDS.values() and "life" not in case["id"]:
                expected = told(steps["image_ready"])
                if media in ONE_PICTURE:
                    assert expected == [(True, 1, float("inf"))]
                    expected = [(False, 1, 0)]
                found[case["id"]] = kind, data_of(made["data"]), expected
    return found


CASES = cases()


@pytest.mark.parametrize("case", CASES)
def test_tracks_are_those_that_chromium_tells(case: str) -> None:
    kind, data, expected = CASES[case]
    if expected == "InvalidStateError":
        with pytest.raises(BadImage):
            scan(kind, data, True)
    else:
        facts = scan(kind, data, True)
        assert facts is not None
        assert said(facts) == expected


STREAMED = {
    case["id"].rpartition("/")[2]: case
    for case in VECTORS["cases"]
    if case["id"].startswith("stream/steps/")
}


@pytest.mark.parametrize("name", STREAMED)
def test_tracks_of_a_stream_are_known_when_chromium_knows_them(name: str) -> None:
    case = STREAMED[name]
    scanner, growing = scanner_of(KINDS[name]), bytearray()
    for step, answer in zip(case["steps"], case["results"], strict=True):
        if step["op"] == "stream_push":
            growing += MEDIA[name][step["data"]["from"] : step["data"]["to"]]
        elif step["op"] == "image_state":
            facts, expected = scanner.scan(growing, False), told(answer)
            assert (facts is None) == (not expected)
            # Its count is late; what it says of them is not.
            for ours, theirs in zip(said(facts) if facts else (), expected, strict=True):
                assert (ours[0], ours[2]) == (theirs[0], theirs[2])
                assert ours[1] >= theirs[1]


def pictures(facts: ImageFacts | None) -> str:
    return "" if facts is None else json.dumps([str(track.frames) for track in facts.tracks])


@pytest.mark.parametrize("name", KINDS)
def test_it_says_the_same_however_the_data_arrives(name: str) -> None:
    kind, data = KINDS[name], MEDIA[name]
    for step in (1, 7, 64):
        scanner, before = scanner_of(kind), 0
        growing = bytearray()
        for place in range(0, len(data), step):
            growing += data[place : place + step]
            facts = scanner.scan(growing, False)
            alone = scan(kind, bytes(growing), False)
            assert pictures(facts) == pictures(alone)
            if facts is not None:
                complete = sum(part.complete for track in facts.tracks for part in track.frames)
                assert complete >= before  # what is complete stays so
                before = complete
        assert pictures(scanner.scan(growing, True)) == pictures(scan(kind, data, True))


@pytest.mark.parametrize("name", KINDS)
def test_what_ends_early_or_is_damaged_is_a_bad_image_or_has_pictures(name: str) -> None:
    kind, data = KINDS[name], MEDIA[name]
    broken = [data[:size] for size in range(len(data))]
    for changed in (*broken, *damaged(data, 200, len(data))):
        for complete in (False, True):
            try:
                facts = scan(kind, changed, complete)
            except BadImage as error:
                assert str(error)
                continue
            assert facts is not None or not complete
            for track in facts.tracks if facts is not None else ():
                assert track.frames
                for part in track.frames:
                    assert 0 <= part.start < part.stop <= len(changed)
