"""Every owner ends alike: by `close`, by ``with``, or by the garbage collector, which warns."""

from __future__ import annotations

import copy
import gc
import pickle
import re
import sys
import threading
import warnings
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from audio_decode_helpers import chunks_of, media
from clips import clip
from decode_helpers import feed, stream, wait_until
from encode_helpers import frame_of, need, settings
from handles import live_handles
from sound_helpers import make as make_sound

import ffwebcodecs
from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    AudioEncoder,
    Demuxer,
    FrameCache,
    InvalidStateError,
    Muxer,
    VideoDecoder,
    VideoEncoder,
    VideoFrame,
    create_image_bitmap,
    read_frames,
)
from ffwebcodecs._runtime.closing import Closable, end_generator

CLIP = "vp9.webm"


class Owner(NamedTuple):
    """How one is made, used, and what is said when it is dropped open; None: nothing."""

    make: Callable[[Path], Any]
    use: Callable[[Any], object]
    warning: str | None
    is_pickled: bool = False

    @property
    def name(self) -> str:
        return self.make.__name__.strip("_")


def frame(path: Path) -> VideoFrame:
    return frame_of(0)


def frame_of_a_clip(path: Path) -> VideoFrame:
    return next(read_frames(clip(CLIP)))


def sound(path: Path) -> AudioData:
    return make_sound()


def bitmap(path: Path) -> ffwebcodecs.ImageBitmap:
    with frame_of(0) as source:
        return create_image_bitmap(source)


def cache(path: Path) -> FrameCache:
    made = FrameCache()
    made.put(0, frame_of(0))
    return made


def borrowed_bitmap(path: Path) -> ffwebcodecs.ImageBitmap:
    borrowed = cache(path).get(0)
    assert borrowed is not None
    return borrowed


def taken(codec: Any) -> Any:
    """Wait until the codec has taken its input: to leave it in the queue is a warning."""
    wait_until(lambda: codec._engine.queue_size == 0, "the queue is empty")
    return codec


def refused_flush(path: Path) -> ffwebcodecs.Completion[None]:
    flush = VideoDecoder(print, print).flush()
    assert isinstance(flush.exception(), InvalidStateError)
    return flush


def decoder(path: Path) -> VideoDecoder:
    made = VideoDecoder(lambda frame: frame.close(), print)
    made.configure(stream(CLIP).config)
    feed(made, stream(CLIP).records[:3])
    return taken(made)


def sound_decoder(path: Path) -> AudioDecoder:
    config, packets = media("aac_stereo")
    made = AudioDecoder(lambda data: data.close(), print)
    made.configure(config)
    for chunk in chunks_of(packets[:3]):
        made.decode(chunk)
    return taken(made)


def idle_decoder(path: Path) -> VideoDecoder:
    return VideoDecoder(print, print)


def encoder(path: Path) -> VideoEncoder:
    need("libvpx")
    made = VideoEncoder(lambda *output: None, print)
    made.configure(settings("vp8"))
    with frame_of(0) as source:
        made.encode(source)
    return taken(made)


def sound_encoder(path: Path) -> AudioEncoder:
    made = AudioEncoder(lambda *output: None, print)
    made.configure({"codec": "flac", "sample_rate": 48000, "number_of_channels": 2})
    size = {"sample_rate": 48000, "number_of_frames": 64, "number_of_channels": 2}
    with ffwebcodecs.AudioData(format="s16", timestamp=0, data=bytes(256), **size) as data:
        made.encode(data)
    return taken(made)


def idle_encoder(path: Path) -> VideoEncoder:
    return VideoEncoder(lambda *output: None, print)


def demuxer(path: Path) -> Demuxer:
    return Demuxer(clip(CLIP))


def muxer(path: Path) -> Muxer:
    made = Muxer(path / "made.webm")
    made.add_chunk(stream(CLIP).chunks()[0], stream(CLIP).config)
    return made


def flush(codec: Any) -> None:
    codec.flush().result(10)


OWNERS = [
    Owner(frame, VideoFrame.allocation_size, "unclosed frame <VideoFrame I420 ", True),
    Owner(frame_of_a_clip, VideoFrame.allocation_size, None, True),
    Owner(sound, AudioData.to_ndarray, "unclosed audio data <AudioData f32 ", True),
    Owner(bitmap, ffwebcodecs.ImageBitmap.to_ndarray, "unclosed bitmap <ImageBitmap RGBA ", True),
    Owner(borrowed_bitmap, ffwebcodecs.ImageBitmap.to_ndarray, None, True),
    Owner(cache, FrameCache.keys, None),
    Owner(decoder, flush, "unclosed decoder <VideoDecoder configured"),
    Owner(sound_decoder, flush, "unclosed decoder <AudioDecoder configured"),
    Owner(idle_decoder, flush, None),
    Owner(encoder, flush, "unclosed encoder <VideoEncoder configured"),
    Owner(sound_encoder, flush, "unclosed encoder <AudioEncoder configured"),
    Owner(idle_encoder, flush, None),
    Owner(demuxer, lambda demuxer: next(demuxer.chunks()), r"unclosed demuxer of '.*\.webm'"),
    Owner(
        muxer,
        lambda muxer: muxer.add_chunk(stream(CLIP).chunks()[0], stream(CLIP).config),
        r"the muxer of .*made\.webm.* was never closed: its file is discarded",
    ),
]
every_owner = pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.name)


@every_owner
def test_with_closes_and_close_twice_is_fine(owner: Owner, tmp_path: Path) -> None:
    with owner.make(tmp_path) as made:
        assert not is_closed(made)
    assert is_closed(made)
    made.close()
    assert is_closed(made)
    wait_until(lambda: not live_handles(), "everything is freed")


@every_owner
def test_use_after_close_is_an_invalid_state(owner: Owner, tmp_path: Path) -> None:
    made = owner.make(tmp_path)
    made.close()
    with pytest.raises(InvalidStateError):
        owner.use(made)


@every_owner
def test_dropped_open_it_is_freed_although_the_warning_is_kept(
    owner: Owner, tmp_path: Path
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = owner.make(tmp_path)
        kind = type(made)
        del made
        gc.collect()
        # A codec's worker frees its context itself, a moment later.
        wait_until(lambda: not live_handles(), "everything is freed")
    assert [each.category for each in caught] == [ResourceWarning] * (owner.warning is not None)
    for each in caught:
        assert re.match(owner.warning or "", str(each.message))
        assert isinstance(each.source, kind)
        assert is_closed(each.source)


@every_owner
def test_it_is_neither_pickled_nor_copied_unless_its_class_says_how(
    owner: Owner, tmp_path: Path
) -> None:
    with owner.make(tmp_path) as made:
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            if owner.is_pickled:
                close(duplicate(made))
                continue
            with pytest.raises(TypeError, match=rf"^an? {type(made).__name__} cannot be pickled"):
                duplicate(made)


@every_owner
def test_it_has_slots_only(owner: Owner, tmp_path: Path) -> None:
    with owner.make(tmp_path) as made:
        assert isinstance(made, Closable)
        assert not hasattr(made, "__dict__")


def test_what_cannot_say_what_it_is_is_closed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute(Closable):
        __slots__ = ("_log",)

        def __init__(self, log: list[str]) -> None:
            self._log = log

        @property
        def closed(self) -> bool:
            return bool(self._log)

        def close(self) -> None:
            self._log.append("closed")

        def __repr__(self) -> str:
            raise ZeroDivisionError

    problems: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda problem: problems.append(problem.exc_type))
    log: list[str] = []
    Mute(log)
    gc.collect()
    assert log == ["closed"]
    assert problems == [ZeroDivisionError]


def close(duplicate: Any) -> None:
    if not isinstance(duplicate, bytes):
        duplicate.close()


def is_closed(owner: Any) -> bool:
    state = getattr(owner, "state", None)
    return bool(owner.closed) if state is None else state == "closed"


def again(thing: Any, path: Path) -> None:
    """Call ``__init__`` as it may be called for such an object."""
    if isinstance(thing, VideoFrame):
        size = {"format": "RGBA", "coded_width": 4, "coded_height": 4}
        thing.__init__(bytes(64), timestamp=0, **size)  # type: ignore[misc]
    elif isinstance(thing, ffwebcodecs.EncodedVideoChunk):
        thing.__init__(type="key", timestamp=0, data=b"1")  # type: ignore[misc]
    elif isinstance(thing, (AudioDecoder, AudioEncoder, VideoDecoder, VideoEncoder)):
        thing.__init__(print, print)  # type: ignore[misc]
    elif isinstance(thing, Demuxer):
        thing.__init__(clip(CLIP))  # type: ignore[misc]
    elif isinstance(thing, Muxer):
        thing.__init__(path / "another.mp4")  # type: ignore[misc]
    else:
        thing.__init__()


@pytest.mark.parametrize(
    "make",
    [
        frame,
        frame_of_a_clip,
        lambda path: ffwebcodecs.EncodedVideoChunk(type="key", timestamp=7, data=b"abc"),
        lambda path: VideoDecoder(print, print),
        lambda path: AudioEncoder(print, print),
        lambda path: VideoEncoder(print, print),
        lambda path: Demuxer(clip(CLIP)),
        lambda path: Muxer(path / "a.mp4"),
        lambda path: FrameCache(max_frames=1),
        refused_flush,
    ],
)
def test_what_is_made_cannot_be_made_anew(make: Callable[[Path], Any], tmp_path: Path) -> None:
    thing = make(tmp_path)
    before = repr(thing)
    with pytest.raises(InvalidStateError, match="is made already"):
        again(thing, tmp_path)
    assert repr(thing) == before
    if hasattr(thing, "discard"):
        thing.discard()
    elif hasattr(thing, "close"):
        thing.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.once
def test_a_generator_that_is_being_executed_is_not_closed() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def steps() -> Generator[int, None, None]:
        try:
            yield 0
            inside.set()
            go_on.wait()
            yield 1
        finally:
            ends.append(True)

    ends: list[bool] = []
    running = steps()
    next(running)
    thread = threading.Thread(target=next, args=(running,))
    thread.start()
    inside.wait()
    assert not end_generator(running)
    go_on.set()
    thread.join()
    assert not ends
    assert end_generator(running) and ends
    assert end_generator(running)
