"""What a picture says besides its pixels travels with it: HDR metadata, captions, fields."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convert_helpers import made
from encode_helpers import need
from frame_helpers import make
from mux_helpers import probe

import ffwebcodecs as w
from ffwebcodecs._av.frames import carried
from ffwebcodecs._av.frames import frame as native

# By types since FFmpeg 5.0: captions, stereo, matrix, light, profile, time code, user data.
TEXT, STEREO, MATRIX, LEVEL, PROFILE, USER = 1, 2, 6, 14, 15, 20
ENTRIES = (
    (STEREO, bytes(range(12))),
    (LEVEL, (1000).to_bytes(4, "little") + (400).to_bytes(4, "little")),
    (TEXT, b"\xfc\x94\x2c" * 5),
    (PROFILE, bytes(300)),
    (USER, b"u" * 40),
)


def said_by(frame: w.VideoFrame) -> tuple[carried.Entry, ...]:
    return carried.entries_of(frame._open_picture().ptr)


def through_pickle(protocol: int) -> Callable[[w.VideoFrame], w.VideoFrame]:
    return lambda frame: pickle.loads(pickle.dumps(frame, protocol))


def beside(frame: w.VideoFrame) -> Any:
    buffers: list[Any] = []
    text = pickle.dumps(frame, 5, buffer_callback=buffers.append)
    return pickle.loads(text, buffers=buffers)


def through_memory(frame: w.VideoFrame) -> w.VideoFrame:
    if not sys.platform.startswith("linux"):
        pytest.skip("SharedFrames needs Linux")
    size = frame.coded_width, frame.coded_height
    assert frame.format is not None
    with w.SharedFrames(1, *size, frame.format) as shared:
        return w.open_shared(shared.put(frame))


WAYS = [through_pickle(2), through_pickle(5), beside, copy.deepcopy, through_memory]


@pytest.fixture
def frame() -> Iterator[w.VideoFrame]:
    with make("I420", 18, 12) as made:
        carried.give(made._open_picture().ptr, ENTRIES)
        yield made


@pytest.mark.parametrize("travel", WAYS)
def test_all_of_it_arrives(frame: w.VideoFrame, travel: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with travel(frame) as other, travel(other) as third:
            assert said_by(third) == said_by(other) == said_by(frame) == ENTRIES


@pytest.mark.parametrize("travel", WAYS)
def test_interlaced_frames_stay_so(frame: w.VideoFrame, travel: Any) -> None:
    for first in (1, 2):
        with make("I420", 18, 12) as one:
            native.set_first_field(one._open_picture().ptr, first)
            with travel(one) as other:
                assert native.first_field(other._open_picture().ptr) == first


def test_light_reaches_the_encoder_of_another_process(tmp_path: Path) -> None:
    need("libx265")
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    path = made(
        *("hdr-sei.mkv", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25", "-frames:v", "5"),
        *("-c:v", "libx265", "-x265-params"),
        f"log-level=none:master-display={display}:max-cll=1000,400",
        *("-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-colorspace", "bt2020nc"),
        *("-color_trc", "smpte2084"),
    )
    outputs = {}
    for name, travel in (("own", w.VideoFrame.clone), ("pickled", beside), ("put", through_memory)):
        frames = (travel(frame) for frame in w.read_frames(path, stop=2))
        w.write_frames(frames, tmp_path / f"{name}.mkv", codec="hevc")
        outputs[name] = probe(tmp_path / f"{name}.mkv", "-show_streams")["streams"][0]
    told = [one.get("side_data_list") for one in outputs.values()]
    assert "Mastering display metadata" in str(told[0])
    assert told[0] == told[1] == told[2]


def test_what_another_release_would_not_understand_is_said(frame: w.VideoFrame) -> None:
    version, maker, said, pieces = frame.__reduce_ex__(4)[2]
    theirs, entries, checksum = said["beside"]
    other = {**said, "beside": ((theirs[0] + 1, 0, 0), entries, checksum)}
    again = w.VideoFrame.__new__(w.VideoFrame)
    with pytest.warns(UserWarning, match="only that one understands: stereo mode; use") as caught:
        again.__setstate__((version, maker, other, pieces))
    assert [each.filename for each in caught] == [__file__]
    with again:
        assert said_by(again) == ENTRIES[1:]
    for wrong in (1, (), (theirs, entries, checksum + 1), (theirs, ((2, b"a"),), 0)):
        again = w.VideoFrame.__new__(w.VideoFrame)
        with pytest.raises(w.DataError, match="besides its pixels"):
            again.__setstate__((version, maker, {**said, "beside": wrong}, pieces))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="SharedFrames needs Linux")
def test_what_a_slot_has_no_room_for_is_said_once() -> None:
    large = (PROFILE, np.random.default_rng(1).bytes(9000))
    with make("I420", 18, 12) as frame, w.SharedFrames(1, 18, 12, "I420") as shared:
        carried.give(frame._open_picture().ptr, (large, *ENTRIES))
        with pytest.warns(UserWarning, match="leaves behind: ICC profile; raise metadata_size"):
            ticket = shared.put(frame)
        with w.open_shared(ticket) as opened:
            assert said_by(opened) == ENTRIES
        with w.open_shared(shared.put(frame)) as opened:  # warnings are errors here
            assert said_by(opened) == ENTRIES
        # A full room for metadata leaves what is said of all pictures its own.
    metadata = {"a": bytes(4080)}  # leaves the room that is of what all pictures say
    with (
        make("I420", 18, 12, metadata=metadata) as frame,
        w.SharedFrames(1, 18, 12, "I420") as shared,
    ):
        carried.give(frame._open_picture().ptr, ENTRIES)
        with w.open_shared(shared.put(frame)) as opened:
            assert said_by(opened) == ENTRIES


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="SharedFrames needs Linux")
def test_light_is_not_said_of_pixels_with_another_curve() -> None:
    colors = w.VideoColorSpace(primaries="bt2020", transfer="pq", matrix="bt2020-ncl")
    with make("I420", 18, 12, color_space=colors) as frame:
        carried.give(frame._open_picture().ptr, ENTRIES)
        for format, wanted in (("I420", ENTRIES), ("RGB", (ENTRIES[0], *ENTRIES[2:]))):
            with (
                w.SharedFrames(1, 18, 12, format) as shared,
                w.open_shared(shared.put(frame)) as opened,
            ):
                assert said_by(opened) == wanted
