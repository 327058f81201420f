"""Damaged subtitles become subtitles or an error, never a crash."""

from __future__ import annotations

from collections import Counter

import attack
import pytest

from ffwebcodecs import EncodingError
from ffwebcodecs._av.codecs import packet, parameters
from ffwebcodecs._av.codecs.subtitles import SubtitleConversion, can_convert
from ffwebcodecs._av.files.containers import codec_id
from ffwebcodecs._ffi import avutil, ffi

pytestmark = pytest.mark.divided

# Text of 12 bytes, then boxes of styles, of a highlight, and of the place of the text.
MOV_TEXT = (
    b"\0\x0cplain & bold"
    b"\0\0\0\x22styl\0\x02\0\0\0\x05\0\x01\x01\x12\xff\xff\xff\xff\0\x05\0\x09\0\x01\x03\x20\xff\0\0\x80"
    b"\0\0\0\x0chlit\0\x01\0\x04\0\0\0\x0chclr\xff\0\0\xff\0\0\0\x10tbox\0\0\0\0\0\x20\0\x40"
)
TEXTS = {
    "mov_text": MOV_TEXT,
    "subrip": b'<b>a</b> <font color="#ff0000" size=3 face="X">{\\an8}b</font>\r\n<i>c',
    "webvtt": b"<v Mary>a <b.loud>b</b> <00:01.000>&lt;c&amp; <ruby>d<rt>e</rt></ruby>\nf",
    "ass": rb"0,0,Default,,0,0,0,,{\pos(1,2)\b1\fnArial\c&H0000FF&\t(1,2,\fs9)}a\Nb{\r}\hc",
    "text": b"a\nb",
    "sami": b"<P Class=ENCC>a<br>b &nbsp;",
    "realtext": b'<time begin="1"/>a<br/>b',
    "microdvd": b"{10}{20}{y:i}{c:$0000ff}a|b",
    "jacosub": b"0:00:01.00 0:00:02.00 D a\\Bb\\b {c} ~d",
    "stl": b"^Ba^B|^Ib^I",
    "mpl2": b"[10][20]/a|b",
}
SCRIPT = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Underline, Alignment
Style: Default,Arial,16,&Hffffff,0,0,0,2

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
TARGETS = "ass", "mov_text", "webvtt", "subrip"


@pytest.mark.attack
@pytest.mark.parametrize("name", TEXTS)
def test_damaged_subtitles_do_no_harm(name: str) -> None:
    dice = attack.dice(f"subtitles {name}")
    par = parameters.allocate()
    par.codec_type = avutil.AVMEDIA_TYPE_SUBTITLE
    par.codec_id = codec_id(name)
    if name == "ass":
        par.extradata = avutil.av_mallocz(len(SCRIPT) + 64)
        par.extradata_size = len(SCRIPT)
        ffi.memmove(par.extradata, SCRIPT, len(SCRIPT))
    targets = [each for each in TARGETS if can_convert(par, name, each)]
    if not targets:
        pytest.skip(f"this FFmpeg does not read {name}")
    conversions = [SubtitleConversion(par, name, (1, 1000), each) for each in targets]
    tries, became = attack.rounds(100, 20_000), Counter[str]()
    for number in range(tries):
        data = bytearray(TEXTS[name])
        for _ in range(dice.choice((0, 1, 1, 2, 5, 20))):
            place = dice.randrange(len(data) + 1)
            if dice.random() < 0.5 and place < len(data):
                data[place] = dice.randrange(256)
            elif dice.random() < 0.5:
                data[place:place] = dice.choice((b"<", b"{", b"\\", b"}", b">", b"\xff" * 4, b"\0"))
            else:
                del data[place : place + dice.randrange(9)]
            if not data:
                data = bytearray(b"a")
        ptr = packet.of_bytes(bytes(data))
        packet.show(ptr, number * 10, number * 10 + 9)
        for conversion in conversions:
            try:
                became["subtitles" if conversion.convert(ptr) else "nothing"] += 1
            except EncodingError:  # noqa: PERF203
                became["an error"] += 1
    attack.report("damaged subtitles", tries * len(targets), 0, "crashes")
    assert became["subtitles"]
