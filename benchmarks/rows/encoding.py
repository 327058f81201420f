"""Rows: frames encoded, files made of files."""

from __future__ import annotations

from measuring import clips
from measuring.places import Command, case, program
from measuring.ratios import Limit

from .decoding import NOISE, THREADS, own
from .table import Line, Row

FILES = ("ffmpeg", "PyAV", "OpenCV")


def _tiny() -> dict[str, Command | None]:
    what = 64, 64, 2000
    return {
        "C": program("encode", *what),
        "PyAV": case("cases.encoding.pyav_encoder", *what),
        **own("VideoEncoder", "cases.encoding.video_encoder", *what, ways="API ABI beside"),
    }


def _transcode(kind: str) -> dict[str, Command | None]:
    what = clips.clip_1080p(100), kind, THREADS
    return {
        "ffmpeg": case("cases.transcoding.ffmpeg_transcode", *what),
        "PyAV": case("cases.transcoding.pyav_transcode", *what),
        **own("transcode", "cases.transcoding.transcode", *what),
    }


def _remux() -> dict[str, Command | None]:
    path = clips.clip_long()
    return {
        "ffmpeg": case("cases.transcoding.ffmpeg_remux", path),
        "PyAV": case("cases.transcoding.pyav_remux", path),
        **own("remux", "cases.transcoding.remux", path),
    }


def _files(name: str, title: str, what: str, bound: float, unit: str) -> Row:
    limits = Limit("API", "ffmpeg", bound), Limit("beside", "PyAV", NOISE)
    kind = name.split()[-1].lower()
    commands = _remux if what == "remux" else lambda: _transcode(kind)
    line = Line(title, what, limits)
    return Row(
        name,
        commands,
        (line,),
        unit={"ms": 1e-3, "s": 1}[unit],
        called=unit,
        bases=FILES,
        fresh=True,
    )


ROWS = (
    Row(
        "encode 64x64",
        _tiny,
        (
            Line(
                "VideoEncoder, 64x64, libx264 ultrafast",
                "VideoEncoder",
                (Limit("beside", "PyAV", 1.1),),
            ),
        ),
        unit=1e-6,
        called="µs",
    ),
    _files("transcode h264", "1080p H.264 to H.264 (libx264 veryfast)", "transcode", 1.0, "ms"),
    _files("transcode mjpeg", "1080p H.264 through RGBA to MJPEG", "transcode", 1.0, "ms"),
    _files("remux", "remux: 20 minutes of 720p, 350 MB, to Matroska", "remux", 1.05, "s"),
)
