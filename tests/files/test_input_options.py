"""What may be said about an input: checked before anything is opened, passed to FFmpeg."""

from __future__ import annotations

from typing import Any

import pytest
from clips import clip

import ffwebcodecs
from ffwebcodecs import Demuxer, InvalidArgumentError

NAME = "h264-bframes.mp4"


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": ""},
        {"format": 5},
        {"format": "a\0b"},
        {"format": "\ud800"},
        {"format": "no such format"},
        {"options": 5},
        {"options": {5: "x"}},
        {"options": {"probesize": None}},
        {"options": {"probesize": "\ud800"}},
        {"options": {"nosuchoption": 1}},
        {"playlists": "yes"},
        {"playlists": 1.0},
        {"max_pixels": 0},
        {"max_pixels": 1.5},
        {"max_pixels": "many"},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": "soon"},
    ],
    ids=str,
)
def test_a_wrong_value_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        Demuxer(clip(NAME), **wrong)
    with pytest.raises(InvalidArgumentError):
        ffwebcodecs.read_frames(clip(NAME), **wrong)


def test_format_and_options_reach_ffmpeg() -> None:
    with pytest.raises(ffwebcodecs.EncodingError):
        Demuxer(clip(NAME), format="matroska")
    with Demuxer(
        clip(NAME), format="mov", options={"ignore_editlist": True}, timeout=10**400
    ) as demuxer:
        assert demuxer.format_name.startswith("mov")
