"""What colours are taken for where nobody says them: Chromium's rule, and specifications."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.codecs.untagged import Untagged, complete, guessed_members
from ffwebcodecs._spec.encoders.file_colors import written_matrix

NOTHING = (None, None, None, None)
SD = ("smpte170m", "smpte170m", "smpte170m", False)
HD = ("bt709", "bt709", "bt709", False)
STILL = ("bt709", "iec61966-2-1", "smpte170m", False)


@pytest.mark.parametrize("codec", ["h264", "vp8", "hevc", "av1", "mpeg2video", "prores", "dvvideo"])
def test_720_lines_are_where_bt709_begins(codec: str) -> None:
    assert complete(NOTHING, Untagged(codec, 719)) == SD
    assert complete(NOTHING, Untagged(codec, 576)) == SD
    assert complete(NOTHING, Untagged(codec, 720)) == HD


@pytest.mark.parametrize("codec", ["vp9", "mpeg4", "h263", "flv1", "theora", "mpeg1video"])
def test_some_codecs_are_bt601_at_every_size(codec: str) -> None:
    assert complete(NOTHING, Untagged(codec, 120)) == SD
    assert complete(NOTHING, Untagged(codec, 2160)) == SD


def test_stills_have_their_own_specification() -> None:
    for codec in ("tiff", "jpeg2000", "webp"):
        assert complete(NOTHING, Untagged(codec, 4000)) == STILL
    assert complete(NOTHING, Untagged("mjpeg", 4000)) == (*STILL[:3], True)


def test_rgb_is_srgb_and_gray_has_the_full_range() -> None:
    srgb = ("bt709", "iec61966-2-1", "rgb", True)
    assert complete(NOTHING, Untagged("png", 64), "rgb24", True) == srgb
    assert complete(NOTHING, Untagged("h264", 64), "gray") == (*SD[:3], True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((None, None, "bt709", None), HD),
        (("bt709", None, None, True), ("bt709", "smpte170m", "smpte170m", True)),
        ((None, None, "bt2020-ncl", None), ("bt2020", "bt709", "bt2020-ncl", False)),
        ((None, "pq", None, None), ("bt2020", "pq", "bt2020-ncl", False)),
        (("bt2020", None, None, None), ("bt2020", "bt709", "bt2020-ncl", False)),
        ((None, None, "bt470bg", None), ("smpte170m", "smpte170m", "bt470bg", False)),
    ],
)
def test_what_is_missing_goes_with_what_is_said(said: tuple, expected: tuple) -> None:
    assert complete(said, Untagged("h264", 480)) == expected


def test_members_that_nobody_says_have_names() -> None:
    assert guessed_members((None, "pq", None, False)) == ("primaries", "matrix")


@pytest.mark.parametrize(
    ("codec", "height", "holds", "matrix", "written"),
    [
        ("vp8", 180, True, "bt709", "smpte170m"),
        ("vp8", 720, True, "bt709", "smpte170m"),
        ("vp8", 180, False, "bt709", "smpte170m"),
        ("vp8", 720, False, "smpte170m", "bt709"),
        ("mpeg4", 720, False, "bt709", "smpte170m"),
        ("mpeg4", 720, None, "bt709", "smpte170m"),
        ("vp8", 180, None, "bt709", "bt709"),
        ("ffv1", 180, None, "bt709", "bt709"),
        ("theora", 720, True, "bt709", "smpte170m"),
        ("theora", 720, True, "bt470bg", "bt470bg"),
        ("dirac", 180, True, "smpte170m", "bt709"),
        ("speedhq", 720, True, "bt709", "smpte170m"),
        ("h264", 180, False, "bt709", "bt709"),
        ("vp9", 180, False, "bt709", "bt709"),
        ("vp9", 720, False, "fcc", "smpte170m"),
        ("ffv1", 180, False, "bt709", "smpte170m"),
        ("ffv1", 180, True, "bt709", "bt709"),
        ("ffv1", 720, False, None, None),
    ],
)
def test_matrix_is_one_that_readers_know(
    codec: str, height: int, holds: bool | None, matrix: str | None, written: str | None
) -> None:
    assert written_matrix(codec, height, holds, matrix) == written
