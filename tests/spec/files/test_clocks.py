"""Which of FFmpeg's demuxers have a clock that began before the film."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.files.clocks import begins_anywhere


@pytest.mark.parametrize("name", ["mpegts", "mpeg", "flv", "live_flv", "rtp", "sdp", "hls", "dhav"])
def test_what_is_transmitted_or_recorded_begins_anywhere(name: str) -> None:
    assert begins_anywhere(name)


@pytest.mark.parametrize("name", ["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "ogg", "h264"])
def test_what_is_written_begins_at_zero(name: str) -> None:
    assert not begins_anywhere(name)


def test_older_names_of_a_demuxer_follow_its_first() -> None:
    assert begins_anywhere("hls,applehttp")
