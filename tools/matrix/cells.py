"""Which FFmpeg is tested in which mode, and where its libraries come from."""

from __future__ import annotations

from typing import NamedTuple


class Suite(NamedTuple):
    """The FFmpeg of a Debian suite, with headers; the system's own where it is that suite."""

    name: str

    def __str__(self) -> str:
        return f"Debian {self.name}"


class Wheel(NamedTuple):
    """The libraries inside a release of PyAV's wheel on the package registry; no headers."""

    release: str
    python: str  # a Python that the release has wheels for: only the libraries are wanted

    def __str__(self) -> str:
        return f"PyPI av {self.release}"


class Cell(NamedTuple):
    """One FFmpeg in one mode."""

    mode: str
    series: str
    source: Suite | Wheel

    @property
    def name(self) -> str:
        return f"{self.mode}-{self.series}"


FFMPEG_4_3 = Suite("bullseye")
FFMPEG_5_1 = Suite("bookworm")
FFMPEG_7_1 = Suite("trixie")
FFMPEG_9_0 = Suite("forky")

CELLS = (
    Cell("abi", "4.3", FFMPEG_4_3),
    Cell("api", "4.3", FFMPEG_4_3),
    Cell("abi", "5.1", FFMPEG_5_1),
    Cell("api", "5.1", FFMPEG_5_1),
    Cell("abi", "6.1", Wheel("12.3.0", "3.11")),
    Cell("abi", "7.1", FFMPEG_7_1),
    Cell("api", "7.1", FFMPEG_7_1),
    Cell("abi", "8.1", Wheel("18.1.0", "3.12")),
    Cell("abi", "9.0", Wheel("19.0.2", "3.12")),
    Cell("api", "9.0", FFMPEG_9_0),
)

# The short form: the oldest and the newest FFmpeg that can be had without unpacking a suite.
QUICK = ("abi-6.1", "abi-9.0")
# All that touches the declarations and offsets (frames, contexts, packets, streams, buffers,
# libswscale) at least once, with every codec and with damaged input, in a minute. Left out: what
# tests Python alone, what takes a process for each case (fault injection, guard pages, memory over
# many cycles, packaging), and files through the command line.
QUICK_TESTS = tuple(
    f"tests/{name}.py"
    for name in (
        *("ffi/test_layouts", "ffi/test_loader"),
        *(
            "frames/test_video_frame",
            "frames/test_copy_to",
            "frames/test_planes",
            "frames/test_chromium_vectors",
        ),
        *(
            "frames/test_frame_lifetime",
            "codecs/test_frame_pool",
            "frames/test_frame_bounds",
            "process/test_interpreter_exit",
        ),
        *(
            "frames/test_scale_yuv",
            "frames/test_scale_rgb",
            "frames/test_image_bitmap",
            "frames/test_still",
        ),
        *(
            "files/test_demuxer",
            "files/test_demuxer_sources",
            "files/test_demuxer_seek",
            "files/test_demuxer_formats",
            "files/test_decode_framemd5",
            "files/test_every_frame",
            "codecs/test_codec_support",
        ),
        *("codecs/test_video_decoder", "codecs/test_decoder_outputs"),
        *("codecs/test_decoder_errors", "codecs/test_corrupt_input"),
        *(
            "codecs/test_video_encoder",
            "codecs/test_encoder_lifetime",
            "codecs/test_encoder_own_options",
            "codecs/test_video_encoder_options",
            "codecs/test_video_encoder_roundtrip",
        ),
        *("codecs/test_video_encoder_times", "codecs/test_alpha_roundtrip"),
        *(
            "files/test_muxer_files",
            "files/test_muxer_errors",
            "files/test_write_frames",
            "files/test_transcode",
            "files/test_transcode_streams",
            "files/test_transcode_map_frame",
            "files/test_transcode_arguments",
        ),
    )
)
