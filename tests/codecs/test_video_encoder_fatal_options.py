"""Options that FFmpeg takes, and then ends the process or never comes back, are refused."""

from __future__ import annotations

import numpy as np
import pytest
from encode_helpers import HEIGHT, WIDTH, Outputs, encode, frames, need, refusal, settings

from ffwebcodecs import EncodingError, NotSupportedError, VideoFrame

# Each ended the process, or never came back, with FFmpeg 5.1.
FATAL = [
    ("mpeg4", {"me_range": "-2147483648"}),
    ("rv10", {"me_range": "-1000"}),
    ("mpeg4", {"b": "200k", "lmin": "3659"}),
    ("mjpeg", {"b": "200k", "lmax": "0"}),
    ("mpeg2video", {"b": "200k", "qcomp": "3e38"}),
    ("mjpeg", {"b": "200k", "qblur": "-0.5"}),
    ("mjpeg", {"b": "200k", "qdiff": "-2"}),
    ("mpeg4", {"b": "200k", "rc_eq": "1/0"}),
    ("snow", {"dia_size": "-65"}),
    ("snow", {"precmp": "16"}),
    ("snow", {"cmp": "260"}),
    ("svq1", {"cmp": "256"}),
    ("svq1", {"mbcmp": "-1"}),
    ("svq1", {"flags": "+mv4+qpel"}),
    ("svq1", {"flags": "+ilme"}),
    ("vc2", {"wavelet_type": "7"}),
    ("libopenjpeg", {"disto_alloc": "0"}),
    ("libxvid", {"bf": "2147483647"}),
    ("libjxl", {"threads": "2147483647"}),
    ("libaom-av1", {"use-intra-default-tx-only": "1"}),
    ("libaom-av1", {"aom-params": "row-mt=1:min-partition-size=7"}),
    ("libaom-av1", {"aom-params": "num-tile-groups=0"}),
    ("libsvtav1", {"svtav1-params": "hierarchical-levels=1000"}),
    ("libsvtav1", {"svtav1-params": "preset=1000"}),
    ("libsvtav1", {"svtav1-params": "resize-mode=2"}),
    ("libx265", {"x265-params": "analysis-load=nothing"}),
    ("libx265", {"x265-params": "ref=1:copy_pic=0"}),
    ("libx265", {"x265-params": "no-copy-pic=1"}),
    ("libx265", {"x265-params": "lookahead-threads=-2147483648"}),
]


@pytest.mark.parametrize(("encoder", "options"), FATAL)
def test_options_that_end_the_process_are_refused(encoder: str, options: dict[str, str]) -> None:
    need(encoder)
    error = refusal(settings(f"ffmpeg:{encoder}", encoder_options=options))
    assert isinstance(error, NotSupportedError)
    assert next(reversed(options)) in str(error)


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        ("mpeg4", {"b": "200k", "lmin": "1", "lmax": "1"}),
        ("mpeg4", {"b": "200k", "qcomp": "1", "qblur": "0", "qdiff": "1024", "me_range": "0"}),
        ("mpeg4", {"cmp": "rd+chroma", "mbcmp": "satd", "flags": "+mv4+qpel", "dia_size": "-64"}),
        ("svq1", {"cmp": "15", "flags": "+mv4"}),
        ("vc2", {"wavelet_type": "haar"}),
        ("libx264", {"me_range": "-1", "threads": "2"}),
        ("libaom-av1", {"aom-params": "min-partition-size=8:num-tile-groups=2"}),
        ("libx265", {"x265-params": "lookahead-threads=1:copy-pic=1"}),
    ],
)
def test_options_beside_the_fatal_ones_are_taken(encoder: str, options: dict[str, str]) -> None:
    need(encoder)
    assert len(encode(settings(f"ffmpeg:{encoder}", encoder_options=options), frames(6))) == 6


@pytest.mark.slow
def test_no_picture_is_lost_in_silence() -> None:
    """libaom 3.6 ends after the first picture where it codes RGB without loss on many threads."""
    need("libaom-av1")
    noise = np.random.default_rng(1).integers(0, 255, (12, HEIGHT, WIDTH, 3), dtype=np.uint8)
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(settings("ffmpeg:libaom-av1", threads=2, encoder_options={"crf": "0"}))
        for index, pixels in enumerate(noise):
            with VideoFrame.from_ndarray(pixels, timestamp=index) as frame:
                encoder.encode(frame)
        try:
            encoder.flush().result(20)
        except EncodingError as error:
            assert f"without {12 - len(outputs.list)} of its pictures" in str(error)
        else:
            assert len(outputs.list) == 12
