"""Chunks outlive their encoder, and an encoder nobody closed leaves nothing."""

from __future__ import annotations

import gc
import warnings

import pytest
from decode_helpers import TIMEOUT, wait_until
from encode_helpers import (
    AVC,
    HEIGHT,
    VP8,
    WIDTH,
    Outputs,
    encode,
    frame_of,
    frames,
    need,
)
from handles import live_handles

from ffwebcodecs import (
    VideoFrame,
)


def test_chunks_outlive_the_encoder() -> None:
    need("libvpx")
    outputs = encode(VP8, frames(2))
    data = [bytes(output.chunk.data) for output in outputs]
    gc.collect()
    assert [bytes(output.chunk.data) for output in outputs] == data


def test_two_hundred_unclosed_encoders_leave_nothing() -> None:
    need("libx264", "libvpx")
    outputs = Outputs()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for number in range(200):
            encoder = outputs.encoder()
            encoder.configure(VP8 if number % 4 else {**AVC, "threads": 1})
            with frame_of(0, "I420") as frame:
                encoder.encode(frame)
            del encoder
    outputs.list.clear()
    gc.collect()

    def nothing_is_left() -> bool:
        outputs.list.clear()
        return not live_handles()

    wait_until(nothing_is_left, "all native objects are freed")


def test_unclosed_encoder_warns() -> None:
    need("libvpx")
    encoder = Outputs().encoder()
    encoder.configure(VP8)
    with pytest.warns(ResourceWarning, match="unclosed encoder"):
        del encoder
        gc.collect()


@pytest.mark.filterwarnings("error")
def test_closed_and_unconfigured_encoders_do_not_warn() -> None:
    encoder = Outputs().encoder()
    del encoder
    with Outputs().encoder() as other:
        other.configure(VP8)
    del other
    gc.collect()


def test_a_pending_encode_holds_the_pixels_of_lent_memory() -> None:
    need("libvpx")
    memory = bytearray(WIDTH * HEIGHT * 3 // 2)
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(VP8)
        frame = VideoFrame(
            memory,
            format="I420",
            coded_width=WIDTH,
            coded_height=HEIGHT,
            timestamp=0,
            transfer=True,
        )
        encoder.encode(frame)
        frame.close()
        encoder.flush().result(TIMEOUT)
    gc.collect()
    memory.clear()  # not exported any more
    assert len(outputs.list) == 1
