"""What the formats of subtitles cannot say of each other, and the text of WebVTT."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.files.subtitles import escaped, lacks, without_fonts


@pytest.mark.parametrize(
    ("codec", "data", "target", "want"),
    [
        ("subrip", b"<b>bold</b> <i>and</i>", "mov_text", False),
        ("subrip", b'<font color="#ff0000">red</font>', "mov_text", False),
        ("subrip", b'<font color="#ff0000">red</font>', "webvtt", True),
        ("subrip", rb"{\an8}above", "mov_text", True),
        ("ass", rb"0,0,Default,,0,0,0,,{\an8}above", "subrip", False),
        ("ass", rb"0,0,Default,,0,0,0,,{\i1\b1}words{\r} {\fs20}large", "mov_text", False),
        ("ass", rb"0,0,Default,,0,0,0,,{\i1\fs20}large", "webvtt", True),
        ("ass", rb"0,0,Default,,0,0,0,,{\pos(10,20)}here", "subrip", True),
        ("ass", rb"0,0,Default,,0,0,0,,{\fad(10,20)}slowly", "mov_text", True),
        ("ass", rb"0,0,Default,,0,0,0,,\pos stands in no block", "webvtt", False),
        ("webvtt", b"<v Mary>words", "mov_text", True),
        ("webvtt", b"<i>words</i>", "mov_text", False),
    ],
)
def test_styles_that_cannot_be_said_are_known(
    codec: str, data: bytes, target: str, want: bool
) -> None:
    assert lacks(codec, data, target) is want


def test_text_of_webvtt_is_escaped_and_its_tags_are_not() -> None:
    assert escaped(b"1 < 2 & <b>3</b> --> &amp; <c>") == (
        b"1 &lt; 2 &amp; <b>3</b> --&gt; &amp; &lt;c&gt;"
    )


def test_names_of_fonts_are_left_out() -> None:
    html = b'<b>face</b> <FONT size=3 Face="X">a</font> <font face=>b'
    assert b"X" in without_fonts(html) and without_fonts(html).lower().count(b"face") == 1
    assert without_fonts(rb"{\b1\fnArial Black\fs9}a{\fn}b") == rb"{\b1\fs9}a{}b"
