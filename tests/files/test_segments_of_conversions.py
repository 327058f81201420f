"""Each segment that a conversion gives is what its SegmentInfo says, by ffprobe, piece by piece."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from convert_helpers import film
from segments import Looked, Segments

from ffwebcodecs import remux, transcode
from ffwebcodecs._ffi import version

TICK = 1_001  # Matroska counts milliseconds


BOTH, PICTURES, SOUND = ("video", "audio"), ("video",), ("audio",)


class Case(NamedTuple):
    """How segments are made of `film()`: 3 s, 25 frames a second, a key frame each second."""

    suffix: str
    call: Any
    options: dict[str, Any]
    count: int
    streams: tuple[str, ...] = BOTH
    keys: bool = True  # whether each begins with a key frame


ENCODE = {"encoder_options": {"preset": "ultrafast", "bf": "2"}}
WEBM = {"codec": "vp8", "encoder_options": {"cpu-used": "8", "deadline": "realtime"}}
CASES = {
    "groups": Case(".mp4", remux, {}, 3),
    "mov": Case(".mov", remux, {"fragment_duration": 1.0}, 3),
    "longer than a group": Case(".mp4", remux, {"fragment_duration": 1.5}, 2),
    "shorter than a group": Case(".mp4", remux, {"fragment_duration": 0.8}, 6, keys=False),
    "mkv": Case(".mkv", remux, {}, 3),
    "webm of sound": Case(".weba", transcode, {"fragment_duration": 1.0}, 4, SOUND),
    "ts": Case(".ts", remux, {}, 3),
    "no sound": Case(".mp4", remux, {"audio": False}, 3, PICTURES),
    "sound alone": Case(".m4a", remux, {"fragment_duration": 1.0}, 4, SOUND),
    "encoded": Case(".mp4", transcode, {"fragment_duration": 1.0, **ENCODE}, 3),
    "webm": Case(".webm", transcode, {"fragment_duration": 1.0, **WEBM}, 3),
}


def converted(case: Case, folder: Path) -> tuple[Segments, Path]:
    """Return the segments, and the file that was written beside."""
    got, whole = Segments(), folder / f"whole{case.suffix}"
    case.call(film(), whole, fragmented=True, on_segment=got.take, **case.options)
    return got, whole


@pytest.mark.divided
@pytest.mark.parametrize("name", CASES)
def test_each_segment_is_what_its_info_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    if name == "mkv" and version("avcodec") < (59,):
        pytest.skip("this FFmpeg leaves pictures that come before the first sound where they are")
    got, whole = converted(case, tmp_path)
    joined = got.init + b"".join(got.media)
    # MP4 ends with an index of its fragments, which is in none of them.
    ends = whole.read_bytes()[len(joined) :]
    assert whole.read_bytes()[: len(joined)] == joined
    assert ends[4:8] in (b"", b"mfra")
    assert len(got.media) == case.count
    assert len(got.mime_types) == 1
    pieces, everything = list(map(Looked, got.written(tmp_path, case.suffix))), Looked(whole)
    for kind in case.streams:
        # No packet is lost, none is there twice, each has its own time.
        found = [one[:3] for piece in pieces for one in piece.packets[kind]]
        assert found == [one[:3] for one in everything.packets[kind]]
    first = case.streams[0]
    # ffprobe does not always know how long the last packet of sound is.
    slack = 30_000 if first == "audio" else TICK
    # In a group, those that are decoded later may be shown earlier.
    late = TICK if case.keys else 3 * 40_000
    # MPEG-TS does not begin at 0.
    offset = pieces[0].heard(first)[0] - got.infos[0].timestamp
    assert abs(offset) <= TICK or case.suffix == ".ts"
    for piece, info in zip(pieces, got.infos, strict=True):
        begin, end = piece.heard(first)
        assert abs(info.timestamp + offset - begin) <= late
        assert abs(info.duration - (end - begin)) <= max(slack, late)
        assert info.key == piece.packets[first][0].key
        if info.key:  # it can be decoded without any other
            assert piece.decoded == len(piece.packets["video"])
            assert not piece.said
    assert all(info.key for info in got.infos) == case.keys
    assert [info.index for info in got.infos] == list(range(1, len(pieces) + 1))
    times = [(info.timestamp, info.timestamp + info.duration) for info in got.infos]
    for before, after in pairwise(times):
        assert before[1] == after[0]
    assert abs(times[-1][1] - times[0][0] - 3_000_000) <= slack
    if len(case.streams) == 2 and case.keys:
        check_meeting(pieces)


def check_meeting(pieces: list[Looked]) -> None:
    """Sound and picture of each begin and end together, and the sound goes on in the next one."""
    for piece in pieces:
        seen, heard = piece.span("video"), piece.span("audio")
        assert abs(seen[0] - heard[0]) < 50_000
        assert abs(seen[1] - heard[1]) < 50_000
    for before, after in pairwise(pieces):
        assert abs(before.span("audio")[1] - after.span("audio")[0]) <= 2 * TICK


def test_what_is_encoded_has_a_key_frame_at_each_fragment(tmp_path: Path) -> None:
    got, _ = converted(Case(".mp4", transcode, {"fragment_duration": 0.48, **ENCODE}, 7), tmp_path)
    assert [info.timestamp for info in got.infos] == list(range(0, 3_000_000, 480_000))
    assert all(info.key for info in got.infos)
