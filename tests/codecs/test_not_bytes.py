"""Codecs whose packets are no bytes: wrapped_avframe's hold addresses of this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from decode_helpers import TIMEOUT
from encode_helpers import frame_of, frames

from ffwebcodecs import (
    EncodedVideoChunk,
    Muxer,
    NotSupportedError,
    VideoDecoder,
    VideoEncoder,
    ffmpeg_info,
    read_frames,
    transcode,
    write_frames,
)
from ffwebcodecs._av.codecs.decoder import has_decoder
from ffwebcodecs._av.codecs.encoder_formats import find_encoder

NAMES = ["wrapped_avframe", "vnull"]
REFUSAL = "packets are not bytes"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_neither_listed_nor_found_nor_supported(name: str) -> None:
    info = ffmpeg_info()
    assert name not in info.encoders
    assert name not in info.decoders
    assert find_encoder(name) is None
    assert not has_decoder(name)
    assert not VideoDecoder.is_config_supported({"codec": f"ffmpeg:{name}"}).supported
    config = {"codec": f"ffmpeg:{name}", "width": 16, "height": 16}
    assert not VideoEncoder.is_config_supported(config).supported


@pytest.mark.parametrize("name", NAMES)
def test_no_chunk_comes_out_and_none_goes_in(name: str) -> None:
    chunks: list[EncodedVideoChunk] = []
    errors: list[BaseException] = []
    encoder = VideoEncoder(lambda chunk, _: chunks.append(chunk), errors.append)
    encoder.configure({"codec": f"ffmpeg:{name}", "width": 16, "height": 16})
    with pytest.raises(NotSupportedError, match=REFUSAL):
        encoder.flush().result(TIMEOUT)
    decoder = VideoDecoder(print, errors.append)
    decoder.configure({"codec": f"ffmpeg:{name}", "coded_width": 16, "coded_height": 16})
    with pytest.raises(NotSupportedError, match=REFUSAL):
        decoder.flush().result(TIMEOUT)
    assert (chunks, encoder.state, decoder.state) == ([], "closed", "closed")


@pytest.mark.parametrize("name", NAMES)
def test_files_are_neither_written_nor_read_with_it(name: str, tmp_path: Path) -> None:
    codec, path = f"ffmpeg:{name}", tmp_path / "a.mkv"
    forged = EncodedVideoChunk(type="key", timestamp=0, data=b"\x41" * 512)
    config: Any = {"codec": codec, "coded_width": 16, "coded_height": 16}
    with pytest.raises(NotSupportedError, match=REFUSAL):
        write_frames([frame_of(0)], path, codec=codec)
    write_frames(frames(2), tmp_path / "source.mkv", codec="ffmpeg:ffv1")
    with pytest.raises(NotSupportedError, match=REFUSAL):
        transcode(tmp_path / "source.mkv", path, codec=codec)
    for format in ("mkv", "avi", "mov", "mpegts"):
        with Muxer(path, format=format) as muxer:
            with pytest.raises(NotSupportedError, match=f"cannot hold {name}|no codec"):
                muxer.add_chunk(forged, {"decoder_config": config})
            muxer.discard()
    with pytest.raises(NotSupportedError, match=REFUSAL):
        next(read_frames([forged], config))
    assert not path.exists()
