"""Which sound is copied into a container, and which is encoded though the container holds it."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.encoders.sound_choice import is_played, most_channels


@pytest.mark.parametrize(
    ("container", "codec", "rate", "expected"),
    [
        ("mp4", "aac", 44100, True),
        ("mp4", "opus", 48000, True),
        ("mp4", "pcm_s16le", 48000, False),
        ("mp4", "vorbis", 48000, False),
        ("mov", "pcm_s24le", 48000, True),
        ("matroska", "vorbis", 48000, True),
        # FLV's tag has two bits for the rate (Video File Format Specification 10.1, E.4.2.1).
        ("flv", "mp3", 22050, True),
        ("flv", "mp3", 32000, False),
        ("flv", "pcm_s16le", 44100, False),
    ],
)
def test_it_is_copied_or_not(container: str, codec: str, rate: int, expected: bool) -> None:
    assert is_played(container, codec, rate) is expected


def test_ffmpegs_own_encoder_of_vorbis_takes_two_channels() -> None:
    assert (most_channels("vorbis", "vorbis"), most_channels("vorbis", "libvorbis")) == (2, 8)
