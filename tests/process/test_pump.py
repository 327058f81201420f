"""The pump gives what the loops of Python give, keeps what it is asked of, and is asked of nothing
that could crash.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy
import pytest
from sound_clips import film, sound

from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    Demuxer,
    InvalidArgumentError,
    ffmpeg_info,
    memory_report,
    open_handles,
    read_audio,
    read_audio_data,
)
from ffwebcodecs._av import pump
from ffwebcodecs._av.codecs import encoder_run
from ffwebcodecs._av.files import remux_run
from ffwebcodecs._av.frames import samples

Found = list[tuple[object, ...]]

needs_pump = pytest.mark.skipif(pump.get() is None, reason="the pump was not built here")
NAMES = ("aac.m4a", "flac.flac", "mp3.mp3", "vorbis.ogg", "opus.webm", "pcm24.wav")


def said(data: AudioData) -> tuple[object, ...]:
    with data:
        digest = hashlib.md5(data.to_ndarray().tobytes()).hexdigest()
        return data.timestamp, data.format, data.sample_rate, data.number_of_frames, digest


def decoded(source: object) -> Found:
    found: Found = []
    with (
        Demuxer(source) as demuxer,
        AudioDecoder(lambda data: found.append(said(data)), print) as decoder,
    ):
        decoder.configure(demuxer.audio_config)
        for chunk in demuxer.audio_chunks():
            decoder.decode(chunk)
        decoder.flush().result(30)
    return found


def pieces(source: object) -> Found:
    return [said(data) for data in read_audio_data(source)]


def window(source: object) -> Found:
    return [said(data) for data in read_audio_data(source, 200_000, 700_000)]


def whole(source: object) -> Found:
    samples = read_audio(source)
    return [(samples.timestamp, samples.data.shape, samples.data.tobytes())]


@pytest.fixture
def without_pump(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    def leave_out() -> None:
        monkeypatch.setattr(pump._known, "module", None)

    yield leave_out
    monkeypatch.undo()


@needs_pump
@pytest.mark.parametrize("work", [decoded, pieces, window, whole])
@pytest.mark.parametrize("name", NAMES)
def test_python_does_the_same(
    work: Callable[[object], Found], name: str, without_pump: Callable[[], None]
) -> None:
    path = sound(name)
    found = work(path)
    assert found
    without_pump()
    assert work(path) == found


@needs_pump
def test_a_file_object_is_read_from_within_the_pump() -> None:
    path = sound("aac.m4a")
    content = path.read_bytes()
    for work in (decoded, pieces, whole):
        assert work(io.BytesIO(content)) == work(path)


@needs_pump
def test_what_the_pump_has_made_is_counted_and_freed() -> None:
    gc.collect()
    with Demuxer(film()) as demuxer:
        chunks = list(demuxer.audio_chunks())
        assert open_handles()["packet"] >= len(chunks)
    kept = [chunk.data for chunk in chunks]
    before = [bytes(view) for view in kept]
    del chunks
    assert [bytes(view) for view in kept] == before
    data = next(read_audio_data(film()))
    planes, array = data.planes, data.to_ndarray()
    expected = [plane.tobytes() for plane in planes]
    data.close()
    assert open_handles()["frame"] >= 1  # the planes keep it
    assert [plane.tobytes() for plane in planes] == expected
    assert len(array)
    del planes, kept, data
    gc.collect()
    assert open_handles()["packet"] == open_handles()["frame"] == 0


@needs_pump
def test_what_the_pump_has_made_is_reported_but_not_what_a_child_inherits() -> None:
    with Demuxer(sound("aac.m4a")) as demuxer:
        chunks = list(demuxer.audio_chunks())
    pieces = list(read_audio_data(sound("aac.m4a")))
    report = memory_report()
    assert report.counts["chunks"] == len(chunks)
    assert report.bytes["chunks"] == sum(chunk.byte_length for chunk in chunks)
    assert report.bytes["frames"] >= sum(8 * data.number_of_frames for data in pieces)
    if hasattr(os, "fork"):
        child = os.fork()
        if not child:
            inherited = memory_report()
            os._exit(inherited.counts["chunks"] + inherited.counts["frames"])
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for data in pieces:
        data.close()


@needs_pump
@pytest.mark.parametrize("frames", [1, 1024, 48000])
@pytest.mark.parametrize("format", ["s16", "f32-planar"])
def test_python_copies_the_same(frames: int, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * (8 * frames // 256 + 1)
    with AudioData(
        format=format,
        sample_rate=48000,
        number_of_frames=frames,
        number_of_channels=2,
        timestamp=0,
        data=content,
    ) as data:
        plane = int(format.endswith("planar"))
        size = data.allocation_size(plane_index=plane)
        found = [bytearray(b"\xee" * (size + 8)) for _ in range(2)]
        data.copy_to(found[0], plane_index=plane)
        monkeypatch.setattr(samples, "_pump", None)
        monkeypatch.setattr(pump._known, "module", None)
        data.copy_to(found[1], plane_index=plane)
    assert found[0] == found[1] == content[plane * size :][:size] + b"\xee" * 8


@needs_pump
@pytest.mark.parametrize(
    "destination",
    [bytes(64), bytearray(7), numpy.zeros(16, object), numpy.zeros((8, 8))[::2], None],
    ids=["read-only", "short", "objects", "gaps", "no buffer"],
)
def test_the_pump_copies_nothing_where_it_must_not(destination: object) -> None:
    with AudioData(
        format="f32",
        sample_rate=8000,
        number_of_frames=2,
        number_of_channels=1,
        timestamp=0,
        data=b"\1" * 8,
    ) as data:
        frame = data._picture.frame  # type: ignore[union-attr]
        assert pump.get().copy(destination, frame, 0, 0, 8) is False
        with pytest.raises((IndexError, InvalidArgumentError)):
            data.copy_to(destination, plane_index=0)


@needs_pump
def test_the_pump_refuses_what_it_cannot_use() -> None:
    module = pump.get()
    for kind in (module.Frame, module.Picture, module.Packet):
        with pytest.raises(TypeError):
            kind()
    for address, spans in ((0, ()), (1, ((0, 4),) * 17), (1, ((0, 99),)), (1, ((-1, 4),))):
        with pytest.raises(ValueError, match=r"."):
            module.Decoder(None, address, spans)
    for arguments in ((0, 0, 1, 1, 1, None), (1, 0, 257, 1, 1, None), (1, 0, -1, 1, 1, None)):
        with pytest.raises(ValueError, match="nothing can be read"):
            module.read(*arguments)
    with pytest.raises(ValueError, match="so many numbers"):
        module.sound(1, 1, 1, (1, 2), 0, 0, 1)
    with pytest.raises(RuntimeError, match="another FFmpeg"):
        module.setup({"av_frame_alloc": 1}, print, print)


@needs_pump
def test_all_that_the_pump_is_to_be_told_is_told() -> None:
    pump.for_files()
    told = {*pump._numbers(), *encoder_run.numbers(), *remux_run.numbers(), "av_read_frame"}
    assert set(pump.get().names()) == told


@pytest.mark.parametrize(("value", "wanted"), [("0", False), ("1", None)])
def test_the_environment_can_leave_it_out(value: str, wanted: bool | None) -> None:
    code = "import ffwebcodecs; print(ffwebcodecs.ffmpeg_info().pump)"
    environment = {**os.environ, "FFWEBCODECS_PUMP": value}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    expected = ffmpeg_info().pump if wanted is None else wanted
    assert done.stdout.strip() == str(expected), done.stderr
