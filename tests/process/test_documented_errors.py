"""Whatever a program gives, what comes out is an error that is documented."""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attack
import pytest
from clips import clip

import ffwebcodecs as fw

DOCUMENTED = (fw.WebCodecsError, OSError, MemoryError, TimeoutError)
PATHS = ["\ud800", "a\ud800b.mp4", "a\0b.mp4", "\0", "x/\udfff\0.mkv"]


def frame() -> fw.VideoFrame:
    return fw.VideoFrame(bytes(1024), format="RGBA", coded_width=16, coded_height=16, timestamp=0)


def sound(**options: Any) -> fw.AudioData:
    size = {"number_of_frames": 4, "number_of_channels": 2, "sample_rate": 48000}
    return fw.AudioData(**{"format": "u8", "data": bytes(8), "timestamp": 0, **size, **options})


def close(made: Any) -> None:
    if hasattr(made, "close"):
        made.close()


def save(path: Any) -> None:
    with frame() as made:
        made.save(path)


class PathLike:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __fspath__(self) -> Any:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Raising:
    """An object of which nothing can be asked."""

    def __init__(self, error: Exception) -> None:
        object.__setattr__(self, "error", error)

    def __getattr__(self, name: str) -> Any:
        raise object.__getattribute__(self, "error")

    def __repr__(self) -> str:
        raise RuntimeError("repr")


class RaisingMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("item")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("iter")

    def __len__(self) -> int:
        raise RuntimeError("len")


SOURCE = "h264-bframes.mp4"
WITH_PATH: dict[str, Callable[[Any], Any]] = {
    "Demuxer": fw.Demuxer,
    "read_frames": lambda path: next(fw.read_frames(path)),
    "read_audio": fw.read_audio,
    "Muxer": fw.Muxer,
    "Muxer with format": lambda path: fw.Muxer(path, format="mp4"),
    "save": save,
    "remux from": lambda path: fw.remux(path, "never.mp4"),
    "remux to": lambda path: fw.remux(clip(SOURCE), path),
    "transcode from": lambda path: fw.transcode(path, "never.mp4"),
    "transcode to": lambda path: fw.transcode(clip(SOURCE), path),
    "transcode to, codec": lambda path: fw.transcode(clip(SOURCE), path, codec="vp8"),
    "write_frames": lambda path: fw.write_frames([frame()], path),
}


@pytest.mark.parametrize("what", WITH_PATH)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # frames that nobody takes
def test_paths_that_are_no_text(what: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    call = WITH_PATH[what]
    errors = [RuntimeError("no"), ValueError("no"), KeyError("no")]
    for path in [*PATHS, *map(PathLike, [*PATHS, b"a\0", 5, None, *errors])]:
        for suffix in ("", ".png"):
            given = path + suffix if isinstance(path, str) and what == "save" else path
            with pytest.raises(fw.InvalidArgumentError):
                call(given)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("what", [name for name in WITH_PATH if name != "save"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_objects_that_raise_when_asked(what: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for error in (RuntimeError("no"), ValueError("no"), KeyError("no"), AttributeError("no")):
        with pytest.raises(fw.InvalidArgumentError):
            WITH_PATH[what](Raising(error))
    assert os.listdir(tmp_path) == []


def dead_buffers() -> list[Any]:
    released = memoryview(bytearray(5))
    released.release()
    closed = mmap.mmap(-1, 100)
    closed.close()
    return [released, closed]


@pytest.mark.parametrize("index", [0, 1])
def test_buffers_that_are_released_or_closed(index: int) -> None:
    dead = dead_buffers()[index]
    config = {"codec": "vp8", "description": dead}
    calls: list[Callable[[], Any]] = [
        lambda: fw.Demuxer(dead),
        lambda: next(fw.read_frames(dead)),
        lambda: fw.remux(dead, "never.mp4"),
        lambda: fw.transcode(dead, "never.mp4"),
        lambda: fw.EncodedVideoChunk(type="key", timestamp=0, data=dead),
        lambda: fw.EncodedVideoChunk(type="key", timestamp=0, data=dead, transfer=True),
        lambda: fw.EncodedVideoChunk(type="key", timestamp=0, data=b"a").copy_to(dead),
        lambda: fw.VideoDecoderConfig.parse(config),
        lambda: fw.VideoFrame(dead, format="RGBA", coded_width=1, coded_height=1, timestamp=0),
        lambda: fw.VideoFrame.from_ndarray(dead, timestamp=0),
        lambda: sound(data=dead),
        lambda: sound(data=dead, transfer=True),
        lambda: sound(data=[bytes(4), dead], format="u8-planar", transfer=True),
        lambda: fw.AudioData.from_ndarray(dead, sample_rate=48000, timestamp=0),
        lambda: fw.EncodedAudioChunk(type="key", timestamp=0, data=dead),
    ]
    for call in calls:
        with pytest.raises(fw.InvalidArgumentError):
            call()
    with frame() as made, pytest.raises(fw.InvalidArgumentError):
        made.copy_to(dead)
    with sound() as data, pytest.raises(fw.InvalidArgumentError):
        data.copy_to(dead, plane_index=0)


NO_TEXT = ["\ud800", "a\udc80", "a\0b", "\0"]


@pytest.mark.parametrize("text", NO_TEXT)
def test_texts_that_are_none(text: str, tmp_path: Path) -> None:
    small = {"codec": "vp8", "width": 16, "height": 16}
    path = tmp_path / "a.mp4"
    calls: list[Callable[[], Any]] = [
        lambda: fw.Muxer(path, format=text),
        lambda: fw.Muxer(path, metadata={"title": text}),
        lambda: fw.Muxer(path, metadata={text: "title"}),
        lambda: fw.Muxer(path, options={"movflags": text}),
        lambda: fw.Muxer(path, options={text: "1"}),
        lambda: fw.Demuxer(path, format=text),
        lambda: fw.Demuxer(path, options={text: "1"}),
        lambda: fw.VideoEncoderConfig.parse({**small, "encoder_options": {"a": text}}),
        lambda: fw.VideoEncoderConfig.parse({**small, "encoder_options": {text: "a"}}),
        lambda: fw.VideoEncoder.is_config_supported({**small, "encoder_options": {text: 1}}),
        lambda: fw.VideoEncoderConfig.parse({**small, text: 1}),
        lambda: fw.set_log_level(text),
        lambda: sound(channel_layout=text),
        lambda: sound(channel_layout=f"stereo{text}"),
        lambda: sound(format=text),
        lambda: fw.remux(clip(SOURCE), path, metadata={"title": text}),
        lambda: fw.remux(clip(SOURCE), path, format=text),
        lambda: fw.transcode(clip(SOURCE), path, encoder_options={text: "1"}),
    ]
    for call in calls:
        with pytest.raises(fw.InvalidArgumentError):
            call()
    assert os.listdir(tmp_path) == []
    for codec in (text, f"ffmpeg:{text}", f"ffmpeg:h264{text}", f"avc1.{text}", f"vp8{text}"):
        assert not fw.VideoDecoder.is_config_supported({"codec": codec}).supported
        assert not fw.VideoEncoder.is_config_supported({**small, "codec": codec}).supported


def test_file_object_with_a_name_that_is_no_text() -> None:
    class Named(io.BytesIO):
        name = "a\ud800.mp4"

    with pytest.raises(fw.InvalidArgumentError, match="no suffix"):
        fw.Muxer(Named())
    fw.Muxer(Named(), format="mp4").close()


def test_mappings_that_raise() -> None:
    broken: Any = RaisingMapping()
    small = {"codec": "vp8", "width": 16, "height": 16}
    calls: list[Callable[[], Any]] = [
        lambda: fw.VideoDecoderConfig.parse(broken),
        lambda: fw.VideoEncoderConfig.parse(broken),
        lambda: fw.VideoDecoder.is_config_supported(broken),
        lambda: fw.VideoEncoder.is_config_supported(broken),
        lambda: fw.VideoEncoderConfig.parse({**small, "avc": broken}),
        lambda: fw.VideoEncoderConfig.parse({**small, "av1": broken}),
        lambda: fw.VideoEncoderConfig.parse({**small, "encoder_options": broken}),
        lambda: fw.VideoDecoderConfig.parse({"codec": "vp8", "color_space": broken}),
        lambda: fw.Muxer(io.BytesIO(), format="mp4", metadata=broken),
        lambda: fw.Muxer(io.BytesIO(), format="mp4", options=broken),
    ]
    for call in calls:
        with pytest.raises(fw.InvalidArgumentError):
            call()
    chunk = fw.EncodedVideoChunk(type="key", timestamp=0, data=b"a")
    with fw.Muxer(io.BytesIO(), format="mp4") as muxer:
        for metadata in (broken, Raising(RuntimeError("no")), Raising(AttributeError("no"))):
            with pytest.raises(fw.InvalidArgumentError):
                muxer.add_chunk(chunk, metadata)


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), float("inf"), "1", None, 0])
def test_stall_timeouts_that_are_none(value: Any) -> None:
    with pytest.raises(fw.InvalidArgumentError):
        fw.VideoDecoder(print, print, stall_timeout=value)


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), float("nan"), float("inf"), "x", b"1", True, object()]
)
def test_flush_timeouts_that_are_none(value: Any) -> None:
    with fw.VideoDecoder(print, print) as decoder:
        decoder.configure({"codec": "vp8"})
        flush = decoder.flush()
        for _ in range(2):  # pending perhaps, and over
            with pytest.raises(fw.InvalidArgumentError, match="timeout"):
                flush.result(value)
            flush.result()
        with pytest.raises((fw.InvalidArgumentError, fw.InvalidStateError)):
            fw.VideoDecoder(print, print).flush().result(value)


@pytest.mark.parametrize("value", [1e30, 2**63, 1e300, 10**100, 10.5, None])
def test_flush_timeouts_of_any_size(value: Any) -> None:
    with fw.VideoDecoder(print, print, stall_timeout=value or 1) as decoder:
        decoder.configure({"codec": "vp8"})
        decoder.flush().result(value)


def test_numbers_too_long_for_their_place(tmp_path: Path) -> None:
    large = 10**400
    small = {"codec": "vp8", "width": 16, "height": 16}
    calls: list[Callable[[], Any]] = [
        lambda: fw.VideoEncoderConfig.parse({**small, "framerate": large}),
        lambda: fw.VideoEncoderConfig.parse({**small, "encoder_options": {"g": large}}),
        lambda: fw.Muxer(tmp_path / "a.mp4", options={"loop": large}),  # type: ignore[dict-item]
        lambda: fw.transcode(clip(SOURCE), tmp_path / "a.mp4", framerate=large),
        lambda: fw.write_frames([], tmp_path / "a.mp4", framerate=large),
        lambda: fw.set_log_level(10**30),  # type: ignore[arg-type]
        lambda: fw.set_log_level(Raising(RuntimeError("no"))),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(fw.InvalidArgumentError):
            call()


def test_strides_longer_than_ffmpegs() -> None:
    """Of single rows, so nothing is there: converted as any other."""
    stride = 2**31 + 64
    target = mmap.mmap(-1, 2**32 - 1)
    layouts = {
        "RGB": [(0, stride)],
        "BGRA": [(7, stride)],
        "GRAY8": [(0, stride)],
        "I420": [(0, stride + 2), (stride + 2, 16), (stride + 100, 16)],
        "NV12": [(0, stride), (stride, 2**31 - 100)],
        "I444": [(0, 20), (20, 30), (60, stride)],
    }
    pixels = bytes(range(64))
    for format, layout in layouts.items():
        for source, size in (("RGBA", 64), ("I420", 32), ("NV12", 32)):
            with fw.VideoFrame(
                pixels[:size], format=source, coded_width=16, coded_height=1, timestamp=0
            ) as made:
                plain = bytearray(made.allocation_size(format=format))
                tight = made.copy_to(plain, format=format)
                made.copy_to(target, format=format, layout=layout)
            for (start, _), plane in zip(layout, tight, strict=True):
                wanted = plain[plane.offset : plane.offset + plane.stride]
                assert target[start : start + plane.stride] == wanted
    target.close()


ODD_VALUES: list[Callable[[Any], Any]] = [
    lambda dice: dice.choice([0, 1, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400]),
    lambda dice: dice.choice([float("nan"), float("inf"), -0.0, 1.5, 1e300]),
    lambda dice: dice.choice(["", "\0", "\ud800", "x" * 5000, "vp8", "RGBA", "%d", "/"]),
    lambda dice: dice.choice([None, True, [], {}, (), object(), b"", b"\0", b"\xff"]),
    lambda dice: Raising(dice.choice([ValueError("a"), RuntimeError("b"), AttributeError("c")])),
    lambda dice: PathLike(dice.choice(["\ud800", b"\xff", 5, RuntimeError("no")])),
    lambda dice: RaisingMapping(),
    lambda dice: dice.choice(dead_buffers()),
]
CALLS: list[Callable[..., Any]] = [
    lambda a, b, c: fw.Demuxer(a, format=b, timeout=c),
    lambda a, b, c: fw.Muxer(a, format=b, metadata=c),
    lambda a, b, c: fw.Muxer(io.BytesIO(), format="mkv", options={"x": a, repr(type(b)): c}),
    lambda a, b, c: fw.read_frames(a, b, step=c),
    lambda a, b, c: fw.read_audio(a, b, channels=c),
    lambda a, b, c: fw.read_audio_data(a, stream=b, sample_rate=c),
    lambda a, b, c: fw.remux(a, b, format=c),
    lambda a, b, c: fw.transcode(clip(SOURCE), a, framerate=b, codec=c),
    lambda a, b, c: fw.write_frames(a, b, bitrate=c),
    lambda a, b, c: fw.VideoDecoderConfig.parse({"codec": a, "coded_width": b, "rotation": c}),
    lambda a, b, c: fw.VideoEncoderConfig.parse(
        {"codec": "vp8", "width": 2, "height": 2, "framerate": a, "encoder_options": {"b": b}}
    ),
    lambda a, b, c: fw.VideoEncoder.is_config_supported({a: b} if isinstance(a, str) else c),
    lambda a, b, c: fw.VideoDecoder(print, print, stall_timeout=a, frame_pool_size=b),
    lambda a, b, c: fw.EncodedVideoChunk(type=a, timestamp=b, data=c),
    lambda a, b, c: fw.VideoColorSpace.parse({"primaries": a, "matrix": b, "fullRange": c}),
    lambda a, b, c: fw.set_log_level(a),
    lambda a, b, c: save(a),
]


@pytest.mark.attack
@pytest.mark.filterwarnings("ignore")
def test_anything_at_all(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    dice, odd = attack.dice("documented errors"), []
    tries = attack.rounds(1500, 100_000)
    for _ in range(tries):
        call = dice.choice(CALLS)
        values = [dice.choice(ODD_VALUES)(dice) for _ in range(3)]
        try:
            close(call(*values))
        except DOCUMENTED:
            pass
        except Exception as error:
            odd.append((CALLS.index(call), [type(value) for value in values], repr(error)[:200]))
    attack.report("values of any kind", tries, len(odd), "exceptions that are not documented")
    assert not odd, "\n".join(map(str, odd[:5]))
