"""Which bytes of a header say how a stream is decoded (ITU-T H.264 7.3.1, H.262 6.2.2.1, AV1 5.5).

What is only words, such as the user data in which encoders tell their release, is left out.
"""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.codecs.parameter_sets import sets_of
from ffwebcodecs._spec.codecs.strings import parse_codec

START = b"\0\0\0\1"
SPS, PPS = b"\x67\x64\0\x0a\xac", b"\x68\xee\x3c"
WORDS, SLICE = b"\x06\x05\x04core", b"\x65\x88\x84"
AVCC = b"\1\x64\0\x0a\xff\xe1\0\5" + SPS + b"\1\0\3" + PPS
SEQUENCE = b"\0\0\1\xb3\x0a\0\x78\x13\xff\xff\xe0\x18\0\0\1\xb5\x14\x8a"
GROUP, PICTURE = b"\0\0\1\xb8\0\x08\0\x40", b"\0\0\1\0\0\x0f\xff"


@pytest.mark.parametrize(
    ("codec", "description", "data", "expected"),
    [
        ("avc1.64000a", AVCC, b"", (SPS, PPS)),
        ("avc3.64000a", None, START.join((b"", SPS, PPS, WORDS, SLICE)), (SPS, PPS)),
        ("ffmpeg:h264", START.join((b"", WORDS, SPS, PPS)), b"", (SPS, PPS)),
        ("ffmpeg:mpeg2video", None, SEQUENCE + GROUP + PICTURE, (SEQUENCE,)),
        ("ffmpeg:mpeg2video", None, SEQUENCE + PICTURE, (SEQUENCE,)),
        ("av01.0.00M.08", None, b"\x12\0\x0a\3abc\x32\1f", (b"abc",)),
        ("ffmpeg:ffv1", b"tables", b"", (b"tables",)),
        ("vp8", None, b"\x10\2\0", ()),
    ],
)
def test_sets_are_found(
    codec: str, description: bytes | None, data: bytes, expected: tuple[bytes, ...]
) -> None:
    assert sets_of(parse_codec(codec), description, data) == expected
