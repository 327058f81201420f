"""What goes wrong while decoding: what is delivered, what is reported, what is left."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from decode_helpers import DIRECT, TIMEOUT, Sink, Stream, feed, stream, stream_of, tiny

from ffwebcodecs import (
    DataError,
    EncodedVideoChunk,
    EncodingError,
    InvalidStateError,
    NotSupportedError,
    VideoDecoder,
)

BAD = 20  # the chunk that is damaged
# What these decoders refuse for certain, whatever they conceal elsewhere.
DAMAGE = {
    "h264-bframes.mp4": b"\x7f\xff\xff\xff\x41",
    "hevc-bframes.mp4": b"\x7f\xff\xff\xff\x02\x01",
    "vp8.webm": b"\x01\x00\x00",
    "vp9.webm": b"\x00" * 8,
    "av1.mp4": b"\xff" * 16,
}


def damaged(name: str, at: int = BAD) -> Stream:
    data = stream(name)
    records = list(data.records)
    records[at] = records[at]._replace(data=DAMAGE[name])
    return data._replace(records=tuple(records))


def run(config: Any, records: Any) -> tuple[Sink, VideoDecoder, BaseException | None]:
    sink = Sink()
    decoder = sink.decoder()
    decoder.configure(config)
    flush = None
    try:
        feed(decoder, records)
        flush = decoder.flush()
        flush.result(TIMEOUT)
    except (EncodingError, NotSupportedError, InvalidStateError):
        pass
    assert sink.failed.wait(TIMEOUT)
    return sink, decoder, flush and flush.exception()


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", DAMAGE)
def test_everything_before_the_damage_is_delivered_then_one_error(name: str, threads: int) -> None:
    data = damaged(name)
    sink, decoder, _ = run(replace(data.config, threads=threads), data.records)
    assert decoder.state == "closed"
    assert [type(error) for error in sink.errors] == [EncodingError]
    error = sink.errors[0]
    assert error.timestamp == data.records[BAD].timestamp  # type: ignore[attr-defined]
    assert error.code is not None and error.code < 0  # type: ignore[attr-defined]
    assert str(data.records[BAD].timestamp) in str(error)
    before = sorted(record.timestamp for record in data.records[:BAD])
    assert sink.frames[: len(before)] == before
    assert sink.events[-1] == "error"


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", ["h264-bframes.mp4", "hevc-bframes.mp4", "vp9.webm"])
def test_damage_of_the_last_chunk_is_found_by_flush(name: str, threads: int) -> None:
    data = damaged(name)
    sink, _, failure = run(replace(data.config, threads=threads), data.records[: BAD + 1])
    assert [type(error) for error in sink.errors] == [EncodingError]
    assert failure is None or isinstance(failure, (EncodingError, InvalidStateError))
    assert sink.frames == sorted(record.timestamp for record in data.records[:BAD])


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", ["h264-bframes.mp4", "hevc-bframes.mp4", "vp9.webm"])
def test_damage_of_the_last_chunk_is_found_by_reconfigure(name: str, threads: int) -> None:
    data, sink = damaged(name), Sink()
    decoder = sink.decoder()
    decoder.configure(replace(data.config, threads=threads))
    try:
        feed(decoder, data.records[: BAD + 1])
        decoder.configure(data.config)
        feed(decoder, data.records[:5])
    except InvalidStateError:
        pass
    assert sink.failed.wait(TIMEOUT)
    assert [type(error) for error in sink.errors] == [EncodingError]
    assert sink.frames == sorted(record.timestamp for record in data.records[:BAD])


def test_pending_flushes_are_rejected_with_the_error_after_the_callback_without_a_loop() -> None:
    data, seen = damaged("h264-bframes.mp4"), []

    def error(failure: BaseException) -> None:
        seen.append((decoder.state, [flush.done() for flush in flushes]))
        sink.error(failure)

    sink = Sink()
    decoder = VideoDecoder(sink.output, error)
    flushes: list[Any] = []
    decoder.configure(data.config)
    feed(decoder, data.records[: BAD - 5])
    ready = decoder.flush()
    ready.result(TIMEOUT)
    # A decoder that is busy with an empty queue before it: nothing runs until we let it.
    feed(decoder, [r for r in data.records if r.timestamp == 0])
    with decoder._engine._core:  # the worker waits here
        feed(decoder, data.records[1 : BAD + 1])
        flushes += [decoder.flush(), decoder.flush()]
    assert sink.failed.wait(TIMEOUT)
    for flush in flushes:
        with pytest.raises(EncodingError) as caught:
            flush.result(TIMEOUT)
        assert caught.value is sink.errors[0]
    assert seen == [("closed", [False, False])]


def test_error_callback_comes_before_the_rejection_is_seen_on_a_loop() -> None:
    data = damaged("h264-bframes.mp4")

    async def main() -> None:
        sink = Sink()
        decoder = sink.decoder()
        decoder.configure(data.config)
        feed(decoder, data.records)
        with pytest.raises(EncodingError) as caught:
            await asyncio.wait_for(decoder.flush(), TIMEOUT)
        assert decoder.state == "closed"
        assert sink.errors == [caught.value]
        assert len(sink.frames) >= BAD

    asyncio.run(main())


def test_everything_after_the_error_is_an_invalid_state() -> None:
    data = damaged("h264-bframes.mp4")
    sink, decoder, _ = run(data.config, data.records)
    for _ in range(2):
        with pytest.raises(InvalidStateError):
            decoder.decode(data.records[0].chunk())
        with pytest.raises(InvalidStateError):
            decoder.configure(data.config)
        with pytest.raises(InvalidStateError):
            decoder.flush().result()
        with pytest.raises(InvalidStateError):
            decoder.reset()
        decoder.close()
    assert len(sink.errors) == 1


def test_error_after_reset_is_not_reported() -> None:
    data, sink = damaged("h264-bframes.mp4"), Sink()
    good = tiny()
    with sink.decoder() as decoder:
        for _ in range(10):
            decoder.configure(data.config)
            with decoder._engine._core:  # the worker finds the damage after the reset only
                feed(decoder, data.records)
                decoder.reset()
        decoder.configure(good.config)
        feed(decoder, good.records)
        decoder.flush().result(TIMEOUT)
    assert not sink.errors
    assert sink.frames == good.times()


@pytest.mark.parametrize("name", ["h264-bframes.mp4", "hevc-bframes.mp4"])
@pytest.mark.parametrize("description", [b"", b"\1", b"junk", b"\1" * 10, b"\0\0\0\1\x67"])
def test_unusable_description_is_not_supported(name: str, description: bytes) -> None:
    data = stream(name)
    sink, decoder, _ = run(replace(data.config, description=description), [])
    assert [type(error) for error in sink.errors] == [NotSupportedError]
    assert "description" in str(sink.errors[0])
    assert decoder.state == "closed"


@pytest.mark.parametrize("size", [1, 7, 8, 20])
def test_truncated_description_is_an_error_or_decodes(size: int) -> None:
    data = stream("h264-bframes.mp4")
    description = bytes(data.config.description)[:size]  # type: ignore[call-overload]
    sink, _, _ = run(replace(data.config, description=description), data.records)
    assert len(sink.errors) == 1
    assert isinstance(sink.errors[0], (NotSupportedError, EncodingError))


def test_length_prefixed_chunks_without_their_description_never_pass_for_key_chunks() -> None:
    data = stream("h264-bframes.mp4")
    with Sink().decoder() as decoder:
        decoder.configure(replace(data.config, description=None))
        with pytest.raises(DataError):
            decoder.decode(data.records[0].chunk())


def test_chunks_of_another_codec_are_refused_or_reported() -> None:
    names = ("vp8.webm", "vp9.webm", "av1.mp4", "h264-bframes.ts", "hevc-bframes.ts")
    for name in names:
        for other in names:
            if name == other:
                continue
            sink = Sink()
            with sink.decoder() as decoder:
                decoder.configure(replace(stream(name).config, coded_width=None, coded_height=None))
                try:
                    decoder.decode(stream(other).records[0].chunk())
                    decoder.flush().result(TIMEOUT)
                except (DataError, EncodingError):
                    assert not sink.frames


@pytest.mark.parametrize("name", ["mpeg2-interlaced.ts", "mpeg4.avi"])
def test_codecs_that_webcodecs_does_not_name_decode_by_ffmpegs_names(name: str) -> None:
    data, sink = stream(name), Sink()
    assert data.config.codec.startswith("ffmpeg:")
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
    assert not sink.errors
    assert len(sink.frames) >= len(data.records) - 1


def test_ffmpegs_own_name_of_a_named_codec_works_as_well() -> None:
    data, sink = stream("h264-bframes.ts"), Sink()
    with sink.decoder() as decoder:
        decoder.configure({"codec": "ffmpeg:h264"})
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
    assert sink.frames == data.times()


def test_change_of_size_within_a_stream_shows_in_the_frames() -> None:
    large, small, sizes = stream_of(DIRECT["vp8"].path()), tiny(), []
    sink = Sink(lambda frame: sizes.append((frame.coded_width, frame.display_width)))
    with sink.decoder() as decoder:
        decoder.configure({"codec": "vp8"})
        feed(decoder, large.records[:3] + small.records[:3] + large.records[:3])
        decoder.flush().result(TIMEOUT)
    assert sizes == [(160, 160)] * 3 + [(32, 32)] * 3 + [(160, 160)] * 3


def test_error_holds_neither_chunks_nor_frames() -> None:
    # conftest counts native objects while the errors are still here.
    KEPT.clear()
    for name in DAMAGE:
        data = damaged(name)
        sink, decoder, _ = run(data.config, data.records)
        KEPT.append(sink.errors[0])
        del sink, decoder
    assert len(KEPT) == len(DAMAGE)


KEPT: list[BaseException] = []


def test_empty_delta_chunk_never_hangs() -> None:
    for name in DAMAGE:
        data, sink = stream(name), Sink()
        with sink.decoder() as decoder:
            decoder.configure(data.config)
            feed(decoder, data.records[:3])
            try:
                decoder.decode(EncodedVideoChunk(type="delta", timestamp=1, data=b""))
                feed(decoder, data.records[3:6])
                decoder.flush().result(TIMEOUT)
            except (EncodingError, InvalidStateError):
                assert sink.failed.wait(TIMEOUT)
            else:
                assert not sink.errors
