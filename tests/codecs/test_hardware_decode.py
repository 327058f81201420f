"""Hardware is a wish: what comes of it is said, and the pictures are the same."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
from typing import Any

import pytest
from clips import ROOT, clip
from decode_helpers import TIMEOUT, Sink, Stream, feed, stream, wait_until
from frame_helpers import content
from hardware_helpers import (
    KINDS,
    decode_to_device,
    device_of,
    exact_device_of,
    is_on_device,
    pretend_to_offer,
)

import ffwebcodecs
from ffwebcodecs import EncodingError, VideoDecoder, VideoFrame, read_frames
from ffwebcodecs._av.codecs import hardware_decoder as hwdecode
from ffwebcodecs._av.frames import hardware
from ffwebcodecs._av.frames.hardware import avutil

WISH = "prefer-hardware"
CLIPS = ("h264-bframes.mp4", "hevc-main10.mp4", "vp8.webm", "vp9-hidden-frames.webm", "av1.mp4")
every_kind = pytest.mark.parametrize("kind", KINDS)


def wishing(name: str) -> Stream:
    return stream(name).with_config(hardware_acceleration=WISH)


def pixels_of(
    source: Stream, decoder_options: dict[str, Any] | None = None
) -> tuple[list[tuple[int, bytes]], str | None, str | None]:
    """Decode; return times and pixels, the device, and the problem."""
    found: list[tuple[int, bytes]] = []
    sink = Sink(lambda frame: found.append((frame.timestamp, content(frame))))
    with sink.decoder(**(decoder_options or {})) as decoder:
        decoder.configure(source.config)
        feed(decoder, source.records)
        decoder.flush().result(TIMEOUT)
        device, problem = decoder.hardware_device, decoder.hardware_problem
    assert not sink.errors
    return found, device, problem


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "ffwebcodecs"]


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("kinds", [(), ("drm",), ("vulkan", "opencl")], ids=str)
def test_without_a_device_software_gives_the_same_and_it_is_said(
    name: str,
    kinds: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No decoder knows a device; none opens ("drm" wants a path); two open that cannot decode."""
    for kind in set(kinds) & set(KINDS):
        device_of(kind)
    pretend_to_offer(monkeypatch, *kinds)
    found, device, problem = pixels_of(wishing(name))
    assert device is None
    assert problem is not None
    for kind in kinds:
        assert f"{kind}: " in problem
    assert len(lines(caplog)) == 1
    assert problem in lines(caplog)[0]
    caplog.clear()
    expected = pixels_of(stream(name))
    assert expected == (found, None, None)
    assert not lines(caplog)


@pytest.mark.parametrize("name", CLIPS)
def test_this_machine_decodes_or_says_why_not(name: str) -> None:
    _, device, problem = pixels_of(wishing(name))
    assert (device is None) == bool(problem)


def test_preference_for_software_and_none_never_ask_for_a_device(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hardware, "open_device", pytest.fail)
    for preference in ("prefer-software", "no-preference"):
        source = stream("h264-bframes.mp4").with_config(hardware_acceleration=preference)
        assert pixels_of(source)[1:] == (None, None)
    assert not lines(caplog)


def test_all_of_avcodecs_decoders_are_asked() -> None:
    """AV1's first decoder, libdav1d, knows no device; the native one does."""
    offered = hwdecode.offers("av1")
    names = {hardware.ffi.string(codec.name).decode() for _, codec in offered}
    assert "libdav1d" not in names
    kinds = [kind for kind, _ in offered]
    assert kinds == sorted(kinds, key=hardware.DECODING.index)
    assert not hwdecode.offers("libdav1d")  # asked for by its own name
    assert not hwdecode.offers("nothing")


def test_support_does_not_depend_on_the_preference() -> None:
    for preference in ("prefer-hardware", "prefer-software", "no-preference"):
        config = {"codec": "avc1.42E01E", "hardware_acceleration": preference}
        support = VideoDecoder.is_config_supported(config)
        assert support.supported
        assert support.config.hardware_acceleration == preference
        config["codec"] = "ffmpeg:nothing"
        assert not VideoDecoder.is_config_supported(config).supported


def test_problem_belongs_to_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_to_offer(monkeypatch)
    source = wishing("vp8.webm")
    sink = Sink()
    with sink.decoder() as decoder:
        assert (decoder.hardware_device, decoder.hardware_problem) == (None, None)
        for expected in (True, False):
            config = source.config if expected else stream("vp8.webm").config
            decoder.configure(config)
            feed(decoder, source.records[:3])
            decoder.flush().result(TIMEOUT)
            assert (decoder.hardware_problem is not None) == expected
    assert not sink.errors


def test_flush_before_the_first_picture_replays_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device_of("vulkan")
    pretend_to_offer(monkeypatch, "vulkan")
    source = wishing("h264-bframes.mp4")
    sink = Sink()
    with sink.decoder() as decoder:
        decoder.configure(source.config)
        for _ in range(3):
            feed(decoder, source.records[:2])
            decoder.flush().result(TIMEOUT)
        decoder.reset()
        decoder.configure(source.config)
        feed(decoder, source.records)
        decoder.flush().result(TIMEOUT)
    assert sink.frames == sorted(r.timestamp for r in source.records[:2]) * 3 + source.times()


@pytest.mark.parametrize("kind", ["drm", "vulkan"])
@pytest.mark.parametrize("damaged", [0, 10])
def test_damage_is_reported_as_software_reports_it(
    kind: str, damaged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "vulkan":
        device_of(kind)
    pretend_to_offer(monkeypatch, kind)
    outcomes = []
    for preference in ("no-preference", WISH):
        source = stream("vp9.webm").with_config(hardware_acceleration=preference)
        sink = Sink()
        with sink.decoder() as decoder:
            decoder.configure(source.config)
            feed(decoder, source.records[:damaged])
            record = source.records[damaged]
            decoder.decode(record.chunk(data=record.data[:12]))
            completion = decoder.flush()
            assert sink.failed.wait(TIMEOUT)
            with pytest.raises(EncodingError):
                completion.result(TIMEOUT)
        outcomes.append((sink.frames, [str(error) for error in sink.errors]))
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0][0]) == damaged
    assert len(outcomes[0][1]) == 1


def test_stderr_gets_one_line_and_no_other_noise() -> None:
    script = (
        "from ffwebcodecs import read_frames\n"
        f"for frame in read_frames({str(clip('h264-bframes.mp4'))!r}, "
        f"hardware_acceleration={WISH!r}): frame.close()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    if "preferred" not in done.stderr:
        pytest.skip("a device of this machine decodes: there is nothing to say")
    assert done.stderr.startswith("hardware decoding of h264 was preferred, but")
    assert done.stderr.count("\n") == 1


# ---- decoders that give pictures on a device -----------------------------------------------------


@every_kind
def test_device_frames_reach_the_program_bit_for_bit(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = pixels_of(stream("h264-cropped.mp4"))[0]
    decode_to_device(monkeypatch, kind)
    assert pixels_of(wishing("h264-cropped.mp4")) == (expected, kind, None)
    path = clip("h264-cropped.mp4")
    read = []
    for frame in read_frames(path, hardware_acceleration=WISH):
        assert is_on_device(frame)
        read.append((frame.timestamp, content(frame)))
    assert read == expected
    assert not lines(caplog)


@every_kind
@pytest.mark.parametrize("pool_size", [4, 16, None])
def test_held_frames_never_hold_more_surfaces_than_the_device_was_asked_for(
    kind: str, pool_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = wishing("vp8.webm")
    expected = pixels_of(stream("vp8.webm"))[0]
    decode_to_device(monkeypatch, kind)
    held: list[VideoFrame] = []
    count = pool_size or len(source.records)
    with VideoDecoder(held.append, pytest.fail, frame_pool_size=pool_size) as decoder:
        decoder.configure(source.config)
        feed(decoder, source.records[:count])
        decoder.flush().result(TIMEOUT)
        assert decoder.pool.in_use == len(held) == count
        on_device = [is_on_device(frame) for frame in held]
        budget = min(count, hwdecode.MAX_HELD)
        assert on_device == [True] * budget + [False] * (count - budget)
        # A surface that came back is used again.
        held[0].close()
        content(held[1])
        assert not is_on_device(held[1])
        assert decoder.pool.in_use == count - 1
        assert decoder.hardware_device == kind
    assert decoder.hardware_device is None
    # Frames outlive the decoder.
    assert [content(frame) for frame in held[1:]] == [pixels for _, pixels in expected[1:count]]
    for frame in held:
        frame.close()


@every_kind
def test_list_of_frames_from_a_device_is_complete(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [pixels for _, pixels in pixels_of(stream("vp8.webm"))[0]]
    decode_to_device(monkeypatch, kind)
    frames = list(read_frames(clip("vp8.webm"), hardware_acceleration=WISH))
    assert sum(is_on_device(frame) for frame in frames) == hwdecode.MAX_HELD
    assert [content(frame) for frame in frames] == expected


@every_kind
def test_stream_that_leaves_the_device_goes_on_and_it_is_said(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = pixels_of(stream("vp8.webm"))[0]
    decode_to_device(monkeypatch, kind, until=20)
    found, device, problem = pixels_of(wishing("vp8.webm"))
    assert found == expected
    assert device is None
    assert problem is not None and problem.startswith(f"{kind}: the stream changed")
    assert len(lines(caplog)) == 1


@every_kind
def test_decoders_give_all_references_to_the_device_back(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = exact_device_of(kind)
    name = "vp8.webm"
    source = wishing(name)
    short = source._replace(records=source.records[:4])
    for _ in range(3):
        pretend_to_offer(monkeypatch, kind)
        pixels_of(short)  # opened, given up
        with monkeypatch.context() as patch:
            decode_to_device(patch, kind)
            pixels_of(short)
            for frame in read_frames(clip(name), hardware_acceleration=WISH):
                frame.close()
                break
            sink = Sink()
            with sink.decoder() as decoder:  # closed in mid-stream
                decoder.configure(source.config)
                feed(decoder, source.records)
                decoder.close()
    gc.collect()
    # a decoder's worker ends a moment after `close`
    wait_until(lambda: avutil.av_buffer_get_ref_count(device.ptr) == 1, "all references given back")


def test_device_that_fails_to_give_a_frame_back_closes_the_decoder(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Beyond the budget the decoder itself downloads."""
    caplog.set_level(logging.CRITICAL)
    decode_to_device(monkeypatch, "vulkan")

    def fail(_ptr: object) -> object:
        raise ffwebcodecs.OperationError("the device is lost")

    monkeypatch.setattr(hardware, "download", fail)
    source = wishing("vp8.webm")
    frames: list[VideoFrame] = []
    sink = Sink()
    with VideoDecoder(frames.append, sink.error) as decoder:
        decoder.configure(source.config)
        feed(decoder, source.records)
        assert sink.failed.wait(TIMEOUT)
    assert [type(error) for error in sink.errors] == [ffwebcodecs.OperationError]
    assert len(frames) == hwdecode.MAX_HELD
    for frame in frames:
        frame.close()
