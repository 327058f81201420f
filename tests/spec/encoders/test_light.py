"""Mastering display and light level: what x265, x264 and SVT-AV1 are told, by their manuals."""

from __future__ import annotations

from fractions import Fraction

from ffwebcodecs._spec.codecs.light_messages import DISPLAY, LEVEL, said
from ffwebcodecs._spec.encoders.light import Light

# x265's own example: DCI-P3, 1000 cd/m2 at most, 0.0001 at least.
POINTS = [
    *((Fraction(34000, 50000), Fraction(16000, 50000)), (Fraction(53, 200), Fraction(69, 100))),
    *((Fraction(3, 20), Fraction(3, 50)), (Fraction(15635, 50000), Fraction(16450, 50000))),
]
LIGHT = Light(POINTS, (Fraction(1, 10000), Fraction(1000)), (1000, 400))
X265 = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"


def test_each_encoder_has_its_own_words() -> None:
    assert LIGHT.in_units() == [f"master-display={X265}", "max-cll=1000,400"]
    assert LIGHT.x264() == [f"mastering-display={X265}", "cll=1000,400"]
    assert LIGHT.svt() == [
        "mastering-display=G(0.26500,0.69000)B(0.15000,0.06000)R(0.68000,0.32000)"
        "WP(0.31270,0.32900)L(1000.0000,0.0001)",
        "content-light=1000,400",
    ]


def test_what_is_not_known_is_not_said() -> None:
    assert Light(levels=(600, 0)).in_units() == ["max-cll=600,0"]
    assert Light(POINTS).in_units() == []  # without a luminance no encoder takes it
    assert Light().svt() == []


# H.274: payload type and size, then 24 and 4 bytes.
MESSAGES = bytes([DISPLAY, 24]) + bytes(range(1, 25)) + bytes([LEVEL, 4, 3, 232, 1, 144, 128])


def test_messages_are_found_in_a_bitstream() -> None:
    start = b"\0\0\0\1"
    hevc = start + b"\x4e\1" + MESSAGES + start + b"\x26\1picture"
    assert said("hevc", b"", hevc) == {DISPLAY, LEVEL}
    assert said("h264", b"", start + b"\6" + MESSAGES + start + b"\x65picture") == {DISPLAY, LEVEL}
    assert said("hevc", b"", start + b"\x26\1picture") == frozenset()
    # A long message of another kind before it: 255 + 1 bytes.
    other = b"\5\xff\1" + b"x" * 256
    assert said("hevc", b"", start + b"\x4e\1" + other + MESSAGES) == {DISPLAY, LEVEL}


def test_metadata_units_are_found() -> None:
    """AV1 5.8: type 5 with a size, then metadata_type: 1 is the level, 2 the display."""
    level, display = b"\1" + bytes(4) + b"\x80", b"\2" + bytes(24) + b"\x80"
    units = b"".join(bytes([5 << 3 | 2, len(each)]) + each for each in (level, display))
    assert said("av1", b"\x81\0\0\0" + units, b"\x12\0") == {DISPLAY, LEVEL}
    assert said("av1", b"", b"\x12\0" + units) == {DISPLAY, LEVEL}


def test_nonsense_says_nothing() -> None:
    for codec in ("hevc", "h264", "av1", "vp9"):
        for data in (b"", b"\0\0\1", b"\0\0\1\x4e", b"\0\0\1\x4e\1\xff\xff", b"\1" * 40):
            assert said(codec, data, data) == frozenset()
