"""MPEG program streams, whose PES packets may hold several pictures and one time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from convert_helpers import FAST, made, times

from ffwebcodecs import TranscodeResult, Video, remux, transcode

pytestmark = pytest.mark.divided

FRAMES = 50
STEP = 40_000


def program_stream(codec: str, between: str) -> bytearray:
    path = made(
        *(f"last-time-{codec}-{between}.mpg", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25"),
        *("-frames:v", str(FRAMES), "-c:v", codec, "-bf", between, "-b:v", "2M"),
        *("-threads", "1", "-f", "mpeg"),
    )
    return bytearray(path.read_bytes())


def without_last_times(data: bytearray, count: int) -> bytes:
    """Take the times out of the last PES packets of video: MPEG-1 has them in its own way."""
    at, found = 0, []
    while at + 6 < len(data) and data[at : at + 3] == b"\0\0\1" and data[at + 3] != 0xB9:
        if data[at + 3] == 0xBA:
            at += 14 + (data[at + 13] & 7) if data[at + 4] >> 6 == 1 else 12
            continue
        if data[at + 3] == 0xE0:
            found.append(at)
        at += 6 + int.from_bytes(data[at + 4 : at + 6], "big")
    for packet in found[-count:]:
        fields = packet + 6
        while data[fields] == 0xFF:
            fields += 1
        fields += 2 * (data[fields] >> 6 == 1)
        size = {2: 5, 3: 10}.get(data[fields] >> 4, 0)
        data[fields : fields + size] = b"\xff" * (size - 1) + b"\x0f" if size else b""
    return bytes(data)


@pytest.mark.parametrize("between", ["0", "2"])
@pytest.mark.parametrize(
    ("codec", "conversion"),
    [
        ("mpeg1video", remux),
        ("mpeg2video", lambda *given: transcode(*given, encoder_options=FAST)),
    ],
    ids=["remux", "transcode"],
)
@pytest.mark.parametrize("lacking", [1, 3])
def test_missing_last_times_follow_from_the_pictures(
    lacking: int,
    codec: str,
    conversion: Callable[..., TranscodeResult],
    between: str,
    tmp_path: Path,
) -> None:
    data = program_stream(codec, between)
    source = without_last_times(data, lacking)
    with Video(source) as video:
        found = video.timestamps.tolist()
    assert [time - found[0] for time in found] == [STEP * number for number in range(FRAMES)]
    result = conversion(source, tmp_path / "o.mp4")
    shown = times(tmp_path / "o.mp4")
    assert result.frames_written == FRAMES
    assert [round((time - shown[0]) / STEP, 3) for time in shown] == list(range(FRAMES))
