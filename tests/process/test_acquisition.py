"""An interrupt at any moment loses nothing: no memory, no descriptor, no file, no lock."""

from __future__ import annotations

import gc
import io
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import attack
import numpy as np
import pytest
from clips import clip
from handles import live_handles
from interlaced_clips import cropped, need_filters
from interrupts import Interrupted, interrupt_at, silence_alarm, steps_of
from sound_clips import sound
from sound_frames import resampled, shape

import ffwebcodecs as w
from ffwebcodecs._av import forked
from ffwebcodecs._av.frames.channel_layout import Channels

pytestmark = pytest.mark.attack

ROOM = 64 * 48 * 4


class Stage:
    """What the calls work on, alive all the time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = str(clip("h264-bframes.mp4"))
        self.song = str(sound("aac.m4a"))
        self.data = Path(self.path).read_bytes()
        with w.Demuxer(self.path) as demuxer:
            self.config = demuxer.video_config
            self.chunks = [chunk for chunk, _ in zip(demuxer.chunks(), range(5), strict=False)]
        self.buffer = bytearray(ROOM)
        self.frame = self.make()
        self.sound = self.sounding()

    def make(self, **options: Any) -> w.VideoFrame:
        size = {"format": "RGBA", "coded_width": 64, "coded_height": 48}
        return w.VideoFrame(self.buffer, timestamp=0, **size, **options)

    def sounding(self, **options: Any) -> w.AudioData:
        size = {"number_of_frames": 512, "number_of_channels": 2, "sample_rate": 48000}
        given = {"format": "s16-planar", "data": self.buffer, "timestamp": 0, **size, **options}
        return w.AudioData(**given)

    def mux(self, target: Any, **options: Any) -> None:
        with w.Muxer(target, metadata={"title": "a"}, **options) as muxer:
            for chunk in self.chunks:
                muxer.add_chunk(chunk, self.config)

    def mux_sound(self) -> None:
        given = {"type": "key", "data": bytes(400), "duration": 2_083}
        with w.Muxer(self.out("m.mkv"), tracks={"audio": {"title": "a"}, 2: {}}) as muxer:
            for time in (0, 2_083, 504_166):
                chunk = w.EncodedAudioChunk(timestamp=time, **given)  # type: ignore[arg-type]
                for track in (None, 2):
                    muxer.add_chunk(chunk, {"decoder_config": PCM}, track=track)

    def read(self) -> None:
        for index, frame in enumerate(w.read_frames(self.path, threads=1)):
            frame.close()
            if index == 3:
                break

    def read_fields(self) -> None:
        need_filters()
        for index, frame in enumerate(w.read_frames(cropped(), deinterlace=True, threads=1)):
            frame.close()
            if index == 2:
                break

    def resample(self) -> None:
        mono, stereo = Channels(1, "mono"), Channels(2, "stereo")
        target = shape("s16p", 44100, stereo)
        resampled(np.zeros((90, 1)), shape("flt", 48000, mono), target, [40])

    def read_sound(self) -> None:
        w.read_audio(self.song, 1_500_000, 1_600_000, sample_rate=16000, channels=1)
        for index, data in enumerate(w.read_audio_data(self.song)):
            data.close()
            if index == 2:
                break

    def chunks_of(self) -> None:
        with w.Demuxer(self.song) as demuxer:
            demuxer.audio_config
            next(demuxer.chunks_of([0], 1_000_000))

    def seek(self) -> None:
        with w.Demuxer(self.path) as demuxer:
            demuxer.seek(100_000)
            next(demuxer.chunks())

    def cache(self) -> None:
        with w.FrameCache(2) as cache:
            for key in range(3):
                cache.put(key, self.frame.clone())
            bitmap = cache.pop(2)
            assert bitmap is not None
            bitmap.close()

    def share(self) -> None:
        with (
            w.SharedFrames(1, 64, 48, "RGBA", ticket_timeout=0.5) as shared,
            w.open_shared(shared.put(self.frame)) as opened,
        ):
            assert opened.timestamp == 0

    def write(self) -> None:
        frames = (self.frame.clone() for _ in range(2))
        w.write_frames(frames, self.out("w.mp4"), codec="ffmpeg:mpeg4", alpha="discard")

    def out(self, name: str) -> str:
        return str(self.folder / name)


CHUNK = {"type": "key", "timestamp": 0}
PCM = {"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2}
AVC = {"codec": "avc1.42001E"}
CALLS: dict[str, Callable[[Stage], object]] = {
    "Demuxer of a path": lambda on: w.Demuxer(on.path).close(),
    "Demuxer of bytes": lambda on: w.Demuxer(on.data).close(),
    "Demuxer of a file": lambda on: w.Demuxer(io.BytesIO(on.data)).close(),
    "seek": Stage.seek,
    "read_frames": Stage.read,
    "read_frames, deinterlaced": Stage.read_fields,
    "resample": Stage.resample,
    "read_audio": Stage.read_sound,
    "chunks_of": Stage.chunks_of,
    "VideoFrame": lambda on: on.make().close(),
    "VideoFrame, lent": lambda on: on.make(transfer=True).close(),
    "from_ndarray": lambda on: w.VideoFrame.from_ndarray(
        np.zeros((48, 64, 3), np.uint8), timestamp=0, transfer=True
    ).close(),
    "from_dlpack": lambda on: w.VideoFrame.from_dlpack(
        np.frombuffer(on.buffer, np.uint8).reshape(48, 64, 4)[1:, 1:], timestamp=0
    ).close(),
    "arrays of a plane": lambda on: (
        np.asarray(on.frame.planes[0]),
        np.from_dlpack(on.frame.planes[0]),
        on.frame.planes[0].__dlpack__(max_version=(1, 0)),
    ),
    "clone": lambda on: on.frame.clone().close(),
    "planes": lambda on: on.frame.planes[0].data,
    "copy_to": lambda on: on.frame.copy_to(bytearray(ROOM), format="BGRA"),
    "to_ndarray": lambda on: on.frame.to_ndarray("RGB"),
    "create_image_bitmap": lambda on: w.create_image_bitmap(on.frame, resize_width=20).close(),
    "save": lambda on: on.frame.save(on.out("s.png")),
    "encode": lambda on: (
        on.frame.encode("jpeg"),
        on.frame.save(io.BytesIO(), format="png"),
        on.frame._repr_png_(),
    ),
    "FrameCache": Stage.cache,
    "SharedFrames": Stage.share,
    "EncodedVideoChunk": lambda on: w.EncodedVideoChunk(**CHUNK, data=bytes(99)),
    "EncodedVideoChunk, lent": lambda on: w.EncodedVideoChunk(
        **CHUNK, data=on.buffer, transfer=True
    ),
    "AudioData": lambda on: on.sounding().close(),
    "AudioData, lent": lambda on: on.sounding(transfer=True).close(),
    "AudioData of planes, lent": lambda on: on.sounding(
        data=[on.buffer, bytearray(1024)], transfer=True
    ).close(),
    "AudioData of an array": lambda on: w.AudioData.from_ndarray(
        np.zeros((64, 2), np.float32), sample_rate=8000, timestamp=0, transfer=True
    ).close(),
    "clone of sound": lambda on: on.sound.clone().close(),
    "copy_to of sound": lambda on: on.sound.copy_to(bytearray(ROOM), plane_index=0, format="f32"),
    "arrays and planes of sound": lambda on: (
        on.sound.to_ndarray(),
        on.sound.to_ndarray("s16"),
        on.sound.planes,
    ),
    "pickle of sound": lambda on: pickle.loads(pickle.dumps(on.sound, 5)).close(),
    "pickle of a frame": lambda on: pickle.loads(pickle.dumps(on.frame, 5)).close(),
    "EncodedAudioChunk, lent": lambda on: w.EncodedAudioChunk(
        **CHUNK, data=on.buffer, transfer=True
    ),
    "pickle": lambda on: pickle.loads(pickle.dumps(on.chunks[0])),
    "Muxer of a path": lambda on: on.mux(on.out("m.mp4")),
    "Muxer of sound": Stage.mux_sound,
    "Muxer of a file": lambda on: on.mux(io.BytesIO(), format="mkv"),
    "remux": lambda on: w.remux(on.path, on.out("r.mkv")),
    "write_frames": Stage.write,
    "transcode": lambda on: w.transcode(on.path, on.out("t.mp4"), codec="ffmpeg:mpeg4"),
    "AudioEncoder.is_config_supported": lambda on: w.AudioEncoder.is_config_supported(
        {**PCM, "codec": "flac"}
    ),
    "AudioDecoder.is_config_supported": lambda on: w.AudioDecoder.is_config_supported(PCM),
    "VideoDecoder.is_config_supported": lambda on: w.VideoDecoder.is_config_supported(AVC),
    "VideoEncoder.is_config_supported": lambda on: w.VideoEncoder.is_config_supported(
        {**AVC, "width": 64, "height": 48}
    ),
}


def state(folder: Path) -> tuple[object, ...]:
    """Return what is open, alive and unfinished now."""
    handles = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    unfinished = sorted(path.name for path in folder.glob(".*"))
    return handles, live_handles(), unfinished, threading.active_count()


def settled(folder: Path, wanted: tuple[object, ...]) -> bool:
    """Return whether all is as it was, as soon as threads that end have ended."""
    stop = time.monotonic() + 1
    while state(folder) != wanted and time.monotonic() < stop:
        gc.collect()  # what hangs on a traceback
        time.sleep(0.001)
    return state(folder) == wanted


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    # A destructor drops what comes in the middle of it, and what is dropped open warns.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        stage = Stage(tmp_path)
        yield stage
        stage.frame.close()
        stage.sound.close()
        stage.chunks.clear()


def unharmed(stage: Stage, before: tuple[object, ...]) -> bool:
    if not settled(stage.folder, before):
        return False
    try:
        stage.buffer.append(1)  # while it is lent, it cannot grow
    except BufferError:
        return False
    stage.buffer.pop()
    return True


@pytest.mark.parametrize("name", CALLS)
def test_an_interrupt_at_any_bytecode_leaves_nothing(name: str, stage: Stage) -> None:
    def call() -> object:
        return CALLS[name](stage)

    call()
    steps = steps_of(call, opcodes=True)
    before = state(stage.folder)
    tries = min(attack.rounds(4 if name == "transcode" else 8, 2000), steps)
    chosen = attack.dice(f"bytecode {name}").sample(range(steps), tries)
    failed = []
    for step in chosen:
        interrupt_at(step, call, opcodes=True)
        if not unharmed(stage, before):
            failed.append(step)
            before = state(stage.folder)
    attack.report(f"interrupt at a bytecode: {name}", tries, len(failed), "something is left")
    assert failed == []


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer on Windows")
@pytest.mark.parametrize("name", CALLS)
def test_a_signal_at_any_moment_leaves_nothing(name: str, stage: Stage) -> None:
    def attempt() -> None:
        CALLS[name](stage)

    def ring(_: int, frame: FrameType | None) -> None:
        while frame is not None and frame.f_code is not attempt.__code__:
            frame = frame.f_back
        # Only now: a timer that repeats itself would ring on here, on a machine that has no time.
        signal.setitimer(signal.ITIMER_REAL, again)
        if frame is not None:  # not in the test itself
            raise Interrupted

    again = 0.0
    CALLS[name](stage)
    began = time.perf_counter()
    CALLS[name](stage)
    lasts = time.perf_counter() - began
    before = state(stage.folder)
    tries, dice, failed = attack.rounds(5, 1000), attack.dice(f"signal {name}"), 0
    signal.signal(signal.SIGALRM, ring)
    try:
        for _ in range(tries):
            again = dice.choice([0, 0, 5e-5, 1e-3])  # the cleaning up is interrupted as well
            signal.setitimer(signal.ITIMER_REAL, dice.uniform(5e-6, lasts))
            with suppress(Interrupted):
                attempt()
            again = 0.0
            signal.setitimer(signal.ITIMER_REAL, 0)
            failed += not unharmed(stage, before)
    finally:
        silence_alarm()
    attack.report(f"signal: {name}", tries, failed, "something is left")
    assert not failed


def test_an_interrupted_cache_keeps_its_sums(stage: Stage) -> None:
    def use() -> None:
        for key in range(3):
            cache.put(key, stage.frame.clone())
        cache.pop(2)

    cache = w.FrameCache(max_bytes=3 * ROOM)
    steps = steps_of(use, opcodes=True)
    tries = attack.rounds(60, steps)
    wrong = 0
    for step in attack.dice("cache").sample(range(steps), tries):
        interrupt_at(step, use, opcodes=True)
        copies = [cache.get(key) for key in cache.keys()]  # noqa: SIM118
        held = sum(copy.to_ndarray().nbytes for copy in copies if copy is not None)
        wrong += held != cache.stats.bytes or held > 3 * ROOM
    cache.close()
    attack.report("interrupted FrameCache", tries, wrong, "its sum of bytes is wrong")
    assert not wrong


def test_an_interrupted_gate_of_forks_opens_again() -> None:
    def enter() -> None:
        with forked.opening, forked.opening:
            pass

    # Between the lines of Python only: the lock's own functions are C.
    for step in range(steps_of(enter)):
        interrupt_at(step, enter)
        thread = threading.Thread(target=enter, daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        began = time.monotonic()
        forked.opening.close()
        forked.opening.open()
        assert time.monotonic() - began < 1  # nobody is inside


def test_the_release_of_lent_memory_is_no_function_of_python() -> None:
    """Else a signal that comes while FFmpeg calls it would leave the memory locked for ever."""
    buffer = bytearray(16 * 16 * 4)
    frame = w.VideoFrame(
        buffer, format="RGBA", coded_width=16, coded_height=16, timestamp=0, transfer=True
    )
    seen: list[object] = []
    sys.setprofile(lambda frame, event, _: seen.append((event, frame.f_code.co_name)))
    try:
        frame._picture = None
    finally:
        sys.setprofile(None)
    assert [name for event, name in seen if event == "call"] == []
    buffer.append(1)
    frame.close()


def test_many_lent_buffers_leave_no_places_behind() -> None:
    from ffwebcodecs._av.frames import buffers

    for _ in range(500):
        w.EncodedVideoChunk(type="key", timestamp=0, data=bytearray(8), transfer=True)
    assert len(buffers._lent._kept) < 200


def test_the_collector_is_not_kept_off_by_an_interrupted_load() -> None:
    from ffwebcodecs._pause import Pause

    assert gc.isenabled()
    pause = Pause()
    assert not gc.isenabled()
    inner = Pause()
    del inner
    assert not gc.isenabled()
    del pause
    assert gc.isenabled()
