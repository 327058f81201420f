"""Runs operations with an allocation of FFmpeg failing, at each allocation in turn.

``python fault_child.py OPERATION,... once|after|limit``: *once* fails the n-th allocation only,
*after* the n-th and all that follow (both need the shim of `fault_shim.c` in LD_PRELOAD), *limit*
fails all allocations above a number of bytes (``av_max_alloc``). Each attempt is a process of its
own, forked from one that has done the operation before. Of the points a sample is tried, or all in
a full sweep (suite.py). Each line of the output is the summary of an operation, as JSON.
"""

from __future__ import annotations

import faulthandler
import gc
import hashlib
import io
import json
import os
import pickle
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from audio_decode_helpers import chunks_of, media, samples_of
from decode_helpers import stream_of
from faults import Limit, Shim
from file_objects import Own, Stream
from scale_caches import clear_cache
from sound_frames import resampled, shape
from suite import part

from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    AudioEncoder,
    Demuxer,
    EncodedAudioChunk,
    EncodedVideoChunk,
    EncodingError,
    FrameCache,
    Muxer,
    VideoDecoder,
    VideoFrame,
    WebCodecsError,
    create_image_bitmap,
    ffmpeg_info,
    open_handles,
    read_audio,
    read_audio_data,
    read_frames,
    transcode,
)
from ffwebcodecs._av.codecs import packet
from ffwebcodecs._av.frames.channel_layout import Channels

# Each FFI mode has its own sample.
SAMPLE = 16
SMALL_SAMPLE = 10
SAMPLE_OF_SIZES = 8
TIMEOUT = 20
I420 = bytes(range(256)) * 24
CLIPS: list[Path] = []


def make(**options: Any) -> VideoFrame:
    given = {"source": I420, "format": "I420", "coded_width": 64, "coded_height": 64}
    return VideoFrame(**{**given, "timestamp": 0, **options})


def digest(data: Any) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def construct() -> Any:
    with make() as frame, make(visible_rect=(2, 2, 20, 20)) as part:
        # Not the views: what stands between the rows is not defined.
        return digest(frame.planes[0].to_ndarray().copy()), digest(
            part.planes[1].to_ndarray().copy()
        )


def transfer() -> Any:
    with make(source=bytearray(I420), transfer=True) as frame:
        return digest(frame.planes[0].to_ndarray().copy())


def clone() -> Any:
    with make() as frame, frame.clone() as other, VideoFrame(other, rotation=90) as third:
        frame.close()
        return digest(third.planes[0].data)


def copy_plain() -> Any:
    pixels = bytearray(len(I420))
    with make() as frame:
        frame.copy_to(pixels)
    return digest(pixels)


def copy_converting() -> Any:
    found = []
    with make() as frame:
        for format in ("RGBA", "NV12", "GRAY8"):
            pixels = bytearray(frame.allocation_size(format=format))
            frame.copy_to(pixels, format=format)
            found.append(digest(pixels))
    return found


def planes() -> Any:
    with make() as frame:
        arrays = [plane.to_ndarray() for plane in frame.planes]
    return [int(array.sum()) for array in arrays]


def bitmap() -> Any:
    with (
        make() as frame,
        create_image_bitmap(frame, resize_width=40) as small,
        create_image_bitmap(frame, format=None) as plain,
    ):
        return digest(small.to_ndarray().copy()), digest(plain.to_ndarray().copy())


def cache() -> Any:
    with FrameCache(max_frames=2) as kept:
        for key in range(4):
            frame = make()
            try:
                kept.put(key, frame)
            finally:
                assert frame.closed, "put left the frame open"
        found = kept.get(3)
        assert found is not None
        return digest(found.to_ndarray().copy())


def save() -> Any:
    with tempfile.TemporaryDirectory() as folder, make() as frame:
        path = Path(folder) / "frame.png"
        try:
            frame.save(path)
        except BaseException:
            assert not list(Path(folder).iterdir()), "something half-written is left"
            raise
        return digest(path.read_bytes() + frame.encode("jpeg"))


def chunk() -> Any:
    copied = EncodedVideoChunk(type="key", timestamp=0, data=I420)
    given = EncodedVideoChunk(type="key", timestamp=0, data=bytearray(I420), transfer=True)
    given._decodable()
    heard = EncodedAudioChunk(type="key", timestamp=0, data=I420)
    return digest(copied.data), digest(given.data), digest(heard.data)


def pickles() -> Any:
    with make() as frame, create_image_bitmap(frame) as bitmap, sounding() as data:
        things = frame, bitmap, data, EncodedVideoChunk(type="key", timestamp=0, data=I420)
        buffers: list[pickle.PickleBuffer] = []
        text = pickle.dumps(things, 5, buffer_callback=buffers.append)
        arrived = [bytearray(each.raw()) for each in buffers]
        found, failed = [], None
        try:
            for sent in (text, pickle.dumps(things, 4)):
                made = pickle.loads(sent, buffers=arrived)
                *closed, told = made
                found.append(digest(closed[0].planes[1].to_ndarray().copy()))
                found.append(packet.size_of(told._decodable()))
                for each in closed:
                    each.close()
        except Exception as error:
            failed = error.with_traceback(None)  # which has what was given to the last call
        made = closed = told = None
        for each in arrived:
            each.append(0)  # none is kept
        if failed is not None:
            raise failed
        return found


def sounding(**options: Any) -> AudioData:
    size = {"number_of_frames": 1000, "number_of_channels": 3, "sample_rate": 48000}
    given = {"data": I420, "format": "s16-planar", "timestamp": 0, **size}
    return AudioData(**{**given, **options})


def sound() -> Any:
    many = {"number_of_frames": 100, "number_of_channels": 12}
    with (
        sounding(channel_layout="2.1") as data,
        data.clone() as clone,
        sounding(data=bytearray(I420), transfer=True) as given,
        sounding(data=[bytearray(I420)] * 3, transfer=True) as pieces,
        sounding(**many) as wide,
    ):
        data.close()
        out = bytearray(clone.allocation_size(plane_index=0, format="f32"))
        clone.copy_to(out, plane_index=0, format="f32")
        each = (given.to_ndarray("s16"), pieces.to_ndarray(), wide.to_ndarray("u8"))
        other = pickle.loads(pickle.dumps(wide, 5))
        with other:
            return digest(out), [int(a.sum()) for a in each], digest(b"".join(other.planes))


def demux() -> Any:
    with Demuxer(CLIPS[0]) as demuxer:
        found = [digest(each.data) for each in demuxer.chunks()]
        demuxer.seek(0)
        return [*found, demuxer.video_config.codec]


def read() -> Any:
    found = []
    try:
        for path in CLIPS[:2]:
            for frame in read_frames(path, threads=1):
                with frame:
                    found.append(digest(frame.planes[0].to_ndarray().copy()))
    except UserWarning as told:  # FFmpeg took a failure for the end, and less came than is stated
        raise EncodingError(str(told)) from None
    return found


def read_object() -> Any:
    """Read file objects where they are, one that can seek and one that cannot."""
    found = []
    try:
        with Demuxer(Own(CLIPS[0].read_bytes(), most=2000)) as demuxer:
            found += [digest(each.data) for each in demuxer.chunks()]
            demuxer.seek(0)
            found.append(digest(next(demuxer.chunks()).data))
        for frame in read_frames(Stream(CLIPS[1].read_bytes()), threads=1):
            with frame:
                found.append(digest(frame.planes[0].to_ndarray().copy()))
    except UserWarning as told:  # FFmpeg took a failure for the end, and less came than is stated
        raise EncodingError(str(told)) from None
    return found


def write_object() -> Any:
    """Give fragments to an object, and segments to a function."""
    stream = stream_of(CLIPS[0])
    given: list[tuple[str, bytes]] = []
    for format in ("mp4", "mpegts"):  # Matroska's numbers are drawn by chance
        sink = io.BytesIO()
        options = {"format": format, "fragmented": True, "tracks": ["video"]}
        with Muxer(
            sink, on_segment=lambda data, info: given.append((info.kind, data)), **options
        ) as muxer:
            for number, record in enumerate(stream.records):
                muxer.add_chunk(record.chunk(), stream.config)
                if number == 5:
                    muxer.flush()
        given.append((format, sink.getvalue()))
    return [(kind, digest(data)) for kind, data in given]


def read_threaded() -> Any:
    return [
        digest(frame.planes[0].to_ndarray().copy()) for frame in read_frames(CLIPS[0], threads=2)
    ]


def decoder() -> Any:
    stream = stream_of(CLIPS[0])
    found: list[str] = []
    errors: list[BaseException] = []

    def output(frame: VideoFrame) -> None:
        with frame:
            found.append(digest(frame.planes[0].to_ndarray().copy()))

    with VideoDecoder(output, errors.append) as codec:
        codec.configure(stream.with_config(threads=1).config)
        try:
            for record in stream.records:
                codec.decode(record.chunk())
            codec.flush().result(TIMEOUT)
        except WebCodecsError:
            if not errors:  # the state can be seen before the callback comes
                time.sleep(0.01)
            if not errors:
                raise
        if errors:
            assert codec.state == "closed"
            raise errors[0]
    return found


def sound_decoder() -> Any:
    found: list[str] = []
    errors: list[BaseException] = []

    def output(data: AudioData) -> None:
        with data:
            found.append(digest(samples_of(data).tobytes()))

    with AudioDecoder(output, errors.append) as codec:
        try:
            for name in ("opus_stereo", "flac_s16"):
                config, packets = media(name)
                codec.configure(config)
                for chunk in chunks_of(packets[:3]):
                    codec.decode(chunk)
            codec.flush().result(TIMEOUT)
        except WebCodecsError:
            if not errors:  # the state can be seen before the callback comes
                time.sleep(0.01)
            if not errors:
                raise
        if errors:
            assert codec.state == "closed"
            raise errors[0]
    return found


def resample() -> Any:
    tone = np.sin(np.arange(600) / 9).reshape(-1, 1) / 2
    mono, surround = Channels(1, "mono"), Channels(6, "5.1")
    made = [
        resampled(tone, shape("flt", 44100, mono), shape("s16p", 48000, surround), [200]),
        resampled(tone[:20], shape("flt", 44100, mono), shape("u8", 8000, mono)),
    ]
    return [digest(each.tobytes()) for each in made]


def sound_encoder() -> Any:
    found: list[str] = []
    errors: list[BaseException] = []
    with AudioEncoder(
        lambda chunk, _: found.append(digest(bytes(chunk.data))), errors.append
    ) as codec:
        try:
            for name in ("flac", "alac"):  # the first one is opened anew: it is no f32
                codec.configure({"codec": name, "sample_rate": 48000, "number_of_channels": 3})
                with sounding() as data:
                    codec.encode(data)
                    codec.encode(data)
            codec.flush().result(TIMEOUT)
        except WebCodecsError:
            if not errors:  # the state can be seen before the callback comes
                time.sleep(0.01)
            if not errors:
                raise
        if errors:
            assert codec.state == "closed"
            raise errors[0]
    return found


def hear() -> Any:
    """Read a part of a file whole, converted, and in pieces."""
    try:
        whole = read_audio(CLIPS[2], 50_000, 150_000)
        mixed = read_audio(CLIPS[2], 50_000, 150_000, sample_rate=8000, channels=1)
        found = [digest(whole.data.tobytes()), digest(mixed.data.tobytes())]
        for data in read_audio_data(CLIPS[2], 100_000):
            with data:
                found.append(digest(samples_of(data).tobytes()))
    except UserWarning as told:  # FFmpeg took a failure for the end, or for damage
        raise EncodingError(str(told)) from None
    return found


def convert_sound() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.flac"
        try:
            transcode(CLIPS[2], path, start=50_000, sample_rate=44100)
        except UserWarning as told:
            raise EncodingError(str(told)) from None
        except BaseException:
            assert not list(Path(folder).iterdir()), "something half-written is left"
            raise
        return digest(path.read_bytes())


OPERATIONS: dict[str, Callable[[], Any]] = {
    each.__name__: each
    for each in (
        *(construct, transfer, clone, copy_plain, copy_converting, planes, bitmap, cache),
        *(save, pickles, sound, chunk, demux, read, read_threaded),
        *(decoder, sound_decoder, sound_encoder),
        *(resample, hear, convert_sound, read_object, write_object),
    )
}


def settle(what: str) -> None:
    """Wait until nothing native is left but what is cached."""
    clear_cache()
    deadline = time.monotonic() + 5
    while True:
        left = {kind: count for kind, count in open_handles().items() if count}
        if not left and threading.active_count() == 1:
            return
        assert time.monotonic() < deadline, f"{what}: left {left}, {threading.enumerate()}"
        gc.collect()
        time.sleep(0.001)


def attempt(operation: Callable[[], Any], expected: Any, fault: Shim | Limit, point: int) -> Any:
    """Let one allocation fail, in a child process; return what came of it and what is wrong."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        faulthandler.enable(os.fdopen(write_end, "w", closefd=False))
        try:
            answer = "\n".join(in_child(operation, expected, fault, point))
        except BaseException:
            answer = f"unexpected\n{traceback.format_exc(limit=-4)}"
        faulthandler.disable()
        os.write(write_end, answer.encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as file:
        answer = file.read()
    _, status = os.waitpid(child, 0)
    if status:
        return f"crash {os.waitstatus_to_exitcode(status)}", answer
    outcome, _, problem = answer.partition("\n")
    return outcome, problem


def in_child(
    operation: Callable[[], Any], expected: Any, fault: Shim | Limit, point: int
) -> tuple[str, str]:
    before = fault.live()
    outcome, result = "success", None
    fault.arm(point)
    try:
        result = operation()
    except (MemoryError, WebCodecsError) as error:
        outcome = type(error).__name__
    finally:
        hit = fault.disarm()
    if outcome == "success":
        if result != expected:
            outcome = "other result"
        elif not hit:
            outcome = "not reached"
    result = None
    settle(f"after point {point}")
    count = fault.live() - before
    if count:
        outcome += f", {count} allocations lost"
    again = operation()
    if again != expected:
        return outcome, f"the next call gives {again} instead of {expected}"
    settle("the call after it")
    return outcome, ""


def sweep(name: str, method: str, fault: Shim | Limit) -> dict[str, Any]:
    """Try the points of one operation; return what came of them."""
    operation = OPERATIONS[name]
    expected = operation()
    operation()
    settle("before anything failed")
    outcomes: Counter[str] = Counter()
    problems: list[str] = []
    points = list(fault.points(operation))
    settle("after counting")
    sample = SMALL_SAMPLE if name.endswith("_object") else SAMPLE
    sample = SAMPLE_OF_SIZES if method == "limit" else sample
    chosen = part(points, min(1, sample / len(points)), f"{name} {method}")
    gc.collect()
    gc.freeze()  # else every collection in a child copies the parent's memory, page by page
    for point in chosen:
        outcome, problem = attempt(operation, expected, fault, point)
        outcomes[outcome] += 1
        if problem:
            problems.append(f"point {point}: {outcome}\n{problem}")
    tried = {"operation": name, "points": len(chosen), "of": len(points)}
    return {**tried, "outcomes": outcomes, "problems": problems}


def main() -> int:
    names, method, *paths = sys.argv[1:]
    CLIPS.extend(map(Path, paths))
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ResourceWarning)  # a frame whose owner failed half-way
    ffmpeg_info()  # loads all libraries
    fault = Limit() if method == "limit" else Shim(method == "after")
    for name in names.split(","):
        print(json.dumps(sweep(name, method, fault)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
