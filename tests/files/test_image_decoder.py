"""ImageDecoder: what it takes, how it is waited for, and how it ends."""

from __future__ import annotations

import gc
import io
import math
import os
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from image_files import MEDIA
from image_helpers import LAST, PNG, WAIT, first, holds_png, of, pieces
from image_vectors import Pushed, settle

from ffwebcodecs import (
    AbortError,
    EncodingError,
    ImageDecoder,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    open_handles,
    read_frames,
)


def _doubled(byte: int) -> bytes:
    return bytes((byte, 0))


# ---- what it takes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        bytes,
        bytearray,
        memoryview,
        pytest.param(lambda data: memoryview(data + b"more")[: len(data)], id="part"),
        pytest.param(lambda data: memoryview(b"".join(map(_doubled, data)))[::2], id="gaps"),
        io.BytesIO,
        pytest.param(lambda data: io.BufferedReader(io.BytesIO(data)), id="reader"),
        pytest.param(pieces, id="generator"),
        pytest.param(lambda data: [data[:20], memoryview(data)[20:], b""], id="list"),
    ],
)
def test_data_may_be_given_as(make: Callable[[bytes], Any]) -> None:
    with of(make(PNG)) as decoder:
        assert holds_png(first(decoder))
        decoder.completed.result(timeout=WAIT)
        assert decoder.complete


def test_data_may_be_an_array_of_numpys() -> None:
    numpy = pytest.importorskip("numpy")
    with of(numpy.frombuffer(PNG, numpy.uint8)) as decoder:
        assert holds_png(first(decoder))


def test_path_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    for name in (path, str(path)):
        with of(name) as decoder:
            path.unlink(missing_ok=True)
            assert decoder.complete and holds_png(first(decoder))
            path.write_bytes(PNG)
    with pytest.raises(FileNotFoundError):
        of(tmp_path / "none.png")
    with pytest.raises((InvalidArgumentError, IsADirectoryError)):
        of(tmp_path)


def test_file_object_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"before" + PNG)
    file.seek(6)
    with of(file) as decoder:
        assert holds_png(first(decoder))


def test_pipe_gives_its_picture_before_it_is_closed() -> None:
    near, far = os.pipe()
    writer = open(far, "wb", buffering=0)  # noqa: SIM115
    with open(near, "rb") as reader, of(reader) as decoder:
        writer.write(PNG)
        assert holds_png(first(decoder))
        assert not decoder.complete and not decoder.completed.done()
        writer.close()
        decoder.completed.result(timeout=WAIT)


def test_bytes_are_copied() -> None:
    data = bytearray(PNG)
    with of(data) as decoder:
        data[:] = bytes(len(data))
        data.clear()
        assert holds_png(first(decoder))


def test_transferred_buffer_is_not_copied() -> None:
    data = bytearray(PNG)
    with of(data, transfer=True) as decoder:
        with pytest.raises(BufferError):
            data.clear()
        assert holds_png(first(decoder))
    settle(decoder)
    gc.collect()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"data": None}, "data"),
        ({"type": None}, "type"),
        ({"type": 5}, "5"),
        ({"data": b""}, "empty"),
        ({"data": 7}, "7"),
        ({"color_space_conversion": "bad"}, "'bad'"),
        ({"desired_width": 3}, "desired_height"),
        ({"desired_height": 3}, "desired_width"),
        ({"desired_width": -1, "desired_height": 2}, "-1"),
        ({"desired_width": 2**32, "desired_height": 2}, str(2**32)),
        ({"prefer_animation": "yes"}, "'yes'"),
        ({"transfer": 2}, "transfer"),
        ({"data": [PNG], "transfer": True}, "transfer"),
        ({"max_pixels": 0}, "max_pixels"),
    ],
)
def test_bad_argument_is_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        ImageDecoder(**({"data": PNG, "type": "image/png"} | options))


@pytest.mark.parametrize("index", [-1, 2**32, 0.5, "0", None])
def test_bad_frame_index_is_refused_and_nothing_changes(index: Any) -> None:
    with of(PNG) as decoder:
        with pytest.raises(InvalidArgumentError):
            decoder.decode(index)
        assert holds_png(first(decoder))


# ---- types ---------------------------------------------------------------------------------------


def test_unsupported_type_is_told_by_whoever_is_waited_for() -> None:
    with of(PNG, "Image/Nothing") as decoder:
        assert decoder.type == "Image/Nothing" and not decoder.complete
        with pytest.raises(NotSupportedError, match="Image/Nothing"):
            decoder.tracks.ready.result(timeout=WAIT)
        with pytest.raises(NotSupportedError):
            first(decoder)
        assert not decoder.completed.done()
        with pytest.raises(InvalidStateError, match="nothing is read"):
            decoder.completed.result()
        with pytest.raises(TimeoutError):
            decoder.completed.result(timeout=0.01)
    assert decoder.type == ""
    with pytest.raises(AbortError):
        decoder.completed.result(timeout=WAIT)


def test_case_of_a_type_does_not_count() -> None:
    assert ImageDecoder.is_type_supported("IMAGE/PNG")
    with of(PNG, "IMAGE/Png") as decoder:
        assert decoder.type == "image/png" and holds_png(first(decoder))
    with pytest.raises(InvalidArgumentError):
        ImageDecoder.is_type_supported(None)  # type: ignore[arg-type]


def test_avif_is_supported_where_its_stills_are_read() -> None:
    try:
        frames = list(read_frames(MEDIA["avif_444"]))
    except (EncodingError, NotSupportedError):
        frames = []
    for frame in frames:
        frame.close()
    assert ImageDecoder.is_type_supported("image/avif") == (len(frames) == 1)


# ---- tracks --------------------------------------------------------------------------------------


def test_tracks_are_there_when_they_are_ready() -> None:
    with of(PNG) as decoder:
        tracks = decoder.tracks
        assert (len(tracks), tracks.selected_index, tracks.selected_track) == (0, -1, None)
        tracks.ready.result(timeout=WAIT)
        assert (len(tracks), tracks.length, tracks.selected_index) == (1, 1, 0)
        (track,) = tracks
        assert tracks[0] is tracks[-1] is tracks.selected_track is track
        assert (track.animated, track.frame_count, track.repetition_count) == (False, 1, 0)
        with pytest.raises(IndexError):
            tracks[1]
        assert "still" in repr(track)
    assert len(tracks) == 0 and tracks.selected_track is None


def test_whoever_looks_again_and_again_sees_the_tracks_too() -> None:
    with of(PNG) as decoder:
        patience = threading.Event()
        while not len(decoder.tracks):
            patience.wait(0.001)
        assert decoder.tracks.selected_index == 0


def test_what_is_asked_for_is_aborted_when_its_track_is_not_selected_any_more() -> None:
    pushed = Pushed()
    with of(pushed) as decoder:
        pushed.push(decoder, PNG[:60])
        track = decoder.tracks[0]
        waiting = decoder.decode()
        track.selected = True  # it is
        assert not waiting.done()
        track.selected = False
        with pytest.raises(AbortError):
            waiting.result(timeout=WAIT)
        assert (decoder.tracks.selected_index, decoder.tracks.selected_track) == (-1, None)
        with pytest.raises(InvalidStateError, match="no track"):
            first(decoder)
        track.selected = True
        again = decoder.decode()
        pushed.push(decoder, PNG[60:])
        assert holds_png(again.result(timeout=WAIT).image)
        with pytest.raises(InvalidArgumentError):
            track.selected = "yes"  # type: ignore[assignment]
    pushed._pieces.put(None)


# ---- ends ----------------------------------------------------------------------------------------


def test_close_ends_what_waits() -> None:
    pushed = Pushed()
    decoder = of(pushed)
    pushed.push(decoder, PNG[:20])
    waiting = [decoder.decode(), decoder.tracks.ready, decoder.completed]
    decoder.close()
    decoder.close()
    decoder.reset()
    for each in waiting:
        with pytest.raises(AbortError):
            each.result(timeout=WAIT)
    with pytest.raises(InvalidStateError, match="closed"):
        first(decoder)
    assert decoder.closed and decoder.type == "" and not decoder.complete
    pushed._pieces.put(PNG)  # what comes later is nobody's


def test_frames_live_on_after_close() -> None:
    with of(PNG) as decoder:
        image = first(decoder)
    assert holds_png(image)


def test_reset_lets_go_of_requests_and_data_still_arrives() -> None:
    pushed = Pushed()
    with of(pushed) as decoder:
        waiting = decoder.decode()
        decoder.reset()
        with pytest.raises(AbortError):
            waiting.result(timeout=WAIT)
        pushed.push(decoder, PNG)
        assert holds_png(first(decoder))
    pushed._pieces.put(None)


def test_close_by_another_thread_wakes_who_waits() -> None:
    pushed = Pushed()
    decoder = of(pushed)
    waiting = decoder.decode()
    closer = threading.Timer(0.02, decoder.close)
    closer.start()
    with pytest.raises(AbortError):
        waiting.result(timeout=WAIT)
    closer.join()
    pushed._pieces.put(None)


def test_frame_that_nobody_takes_is_freed_without_a_warning() -> None:
    before = open_handles()
    with of(PNG) as decoder, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        wanted = decoder.decode()
        settle(decoder)
        assert wanted.done()
        del wanted
        gc.collect()
        assert open_handles() == before and not told


def test_decoder_dropped_open_warns_and_ends() -> None:
    decoder = of(PNG)
    decoder.tracks.ready.result(timeout=WAIT)
    with pytest.warns(ResourceWarning, match="unclosed <ImageDecoder"):
        del decoder
        gc.collect()


def test_decoder_dropped_while_its_frame_is_made_gives_it() -> None:
    wanted = of(PNG).decode()
    with pytest.warns(ResourceWarning, match="unclosed"):
        assert holds_png(wanted.result(timeout=WAIT).image)
        gc.collect()


def test_too_many_pixels_are_refused() -> None:
    with of(PNG, max_pixels=24) as decoder:
        assert holds_png(first(decoder))
    with of(PNG, max_pixels=23) as decoder:
        with pytest.raises(EncodingError, match="max_pixels=23"):
            first(decoder)
        assert decoder.closed


def test_frame_says_nothing_of_colors_if_that_is_wanted() -> None:
    with of(PNG, color_space_conversion="none") as decoder, first(decoder) as image:
        assert set(image.color_space.to_json().values()) == {None}
        assert tuple(image.to_ndarray(format="RGB")[3, 5]) == LAST


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_decoder_is_of_no_use_in_a_fork_and_waits_for_nothing() -> None:
    pushed = Pushed()
    with of(pushed) as decoder:
        pushed.push(decoder, PNG[:60])
        waiting = decoder.decode()
        child = os.fork()
        if not child:
            code = 1
            try:
                refused = [waiting.exception(), decoder.decode().exception()]
                decoder.close()
                code = 0 if all(isinstance(e, InvalidStateError) for e in refused) else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        pushed.push(decoder, PNG[60:])
        assert holds_png(waiting.result(timeout=WAIT).image)
    pushed._pieces.put(None)


def test_repetition_without_end_is_infinite() -> None:
    with of(MEDIA["apng_plays0"]) as decoder:
        decoder.tracks.ready.result(timeout=WAIT)
        assert decoder.tracks[0].repetition_count == math.inf
