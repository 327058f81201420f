"""Names of dispositions, codec strings of sound: FFmpeg's headers and the WebCodecs registry."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.files.stream_names import dispositions, sound_string


def test_dispositions_have_ffmpegs_names() -> None:
    # AV_DISPOSITION_* of libavformat/avformat.h
    assert dispositions(0) == frozenset()
    assert dispositions(0x1 | 0x40 | 0x400) == {"default", "forced", "attached_pic"}
    assert dispositions(0x10000 | 0x80000) == {"captions", "dependent"}
    assert dispositions(0x100000 | 0x200000 | 0x1000) == {
        *("still_image", "multilayer", "non_diegetic")
    }
    assert dispositions(0x2000 | 1 << 30) == frozenset()


@pytest.mark.parametrize(
    ("codec", "extradata", "profile", "string"),
    [
        ("aac", b"\x12\x10", 1, "mp4a.40.2"),
        ("aac", b"\x2b\x92", 4, "mp4a.40.5"),
        ("aac", b"\xf9\x40", -99, "mp4a.40.42"),  # escaped: 32 + 10
        ("aac", b"", 28, "mp4a.40.29"),
        ("aac", b"", -99, None),
        ("opus", b"", -99, "opus"),
        ("mp3", b"", -99, "mp3"),
        ("pcm_s16le", b"", -99, "pcm-s16"),
        ("pcm_s16be", b"", -99, None),
        ("pcm_mulaw", b"", -99, "ulaw"),
        ("ac3", b"", -99, None),
    ],
)
def test_sound_has_the_string_of_the_registry(
    codec: str, extradata: bytes, profile: int, string: str | None
) -> None:
    assert sound_string(codec, extradata, profile) == string
