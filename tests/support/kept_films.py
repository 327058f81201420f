"""Films that hold all that a film can hold, made with the ffmpeg program and by ISO/IEC 14496-12;
animations made with Pillow. What they hold is for `kept_table` to see.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from clips import CACHE, ffmpeg_version, passthrough, rotation_options, run_ffmpeg
from iso_boxes import (
    box,
    clli,
    dolby_vision,
    equirectangular,
    mdcv,
    side_by_side,
    with_boxes,
)
from PIL import Image, ImageCms, ImageDraw

PRIMARIES = [(34000, 16000), (13250, 34500), (7500, 3000)]  # DCI-P3 in units of 0.00002
WHITE = (15635, 16450)
LIGHT = (1000, 400)  # cd/m2
LOOPS, DELAY, LAST_DELAY = 3, 100, 700  # of animations; milliseconds

# Five pictures at uneven times, from 1 s of the file's clock on.
_UNEVEN = "noise=alls=40:allf=t:all_seed=1,settb=1/1000,setpts=1000+N*40+gt(N\\,2)*80"
_HELD = "setts=duration=if(eq(N\\,4)\\,0.4\\,0.04)/TB"  # the last one for 400 ms
_PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=0.2")
_SOUND = ("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=0.6")
_CODERS = {
    "h264": ("libx264", "-preset", "ultrafast", "-bf", "0", "-threads", "1"),
    "vp9": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "0"),
    "av1": ("libaom-av1", "-cpu-used", "8", "-usage", "realtime"),
    "theora": ("libtheora", "-q:v", "6"),
}
_AUDIO = {"h264": ("aac",), "vp9": ("libopus",), "av1": ("libopus",), "theora": ("libvorbis",)}
_PROFILE = {"h264": 9, "vp9": 8, "av1": 10}
_HDR = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
_CHAPTERS = """;FFMETADATA1
title=A film
artist=Nobody
comment=Made for a test
inner=of no container's list
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1100
title=First
[CHAPTER]
TIMEBASE=1/1000
START=1100
END=1700
title=Second
"""
_SUBTITLES = "1\n00:00:01,050 --> 00:00:01,150\nfirst\n\n2\n00:00:01,200 --> 00:00:01,500\nsecond\n"
_APPLE = {
    "com.apple.quicktime.make": "Camera",
    "com.apple.quicktime.location.ISO6709": "+48.2-16.4/",
}


def _cached(name: str, make: Callable[[Path], object]) -> Path:
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:10]
    version = "".join(map(str, ffmpeg_version()))
    path = CACHE / "clips" / f"{version}-kept-{recipe}-{name}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"making-{os.getpid()}-{path.name}")
        make(made)
        made.rename(path)
    return path


def _texts() -> tuple[Path, Path, Path]:
    """Return files with subtitles, with chapters and tags, and with a picture for a cover."""
    return (
        _cached("a.srt", lambda path: path.write_text(_SUBTITLES)),
        _cached("a.txt", lambda path: path.write_text(_CHAPTERS)),
        _cached("a.png", lambda path: Image.new("RGB", (16, 16), "red").save(path)),
    )


def _inputs(codec: str) -> list[str]:
    srt, texts, _ = map(str, _texts())
    return [
        *(*_PICTURES, *_SOUND, "-i", srt, "-f", "ffmetadata", "-i", texts),
        *("-map", "0:v", "-map", "1:a", "-map", "2:s", "-map_metadata", "3"),
        *("-map_chapters", "3", *passthrough(), "-c:a", *_AUDIO[codec]),
        *("-af", "asetpts=PTS+1/TB", "-metadata:s:a", "language=deu"),
        *("-metadata:s:s", "language=fra", "-metadata:s:v", "language=eng"),
        *("-disposition:s", "forced", "-disposition:a", "default"),
    ]


def iso_film(codec: str) -> Path:
    """Return an MP4 of H.264, VP9 or AV1: turned by 90 degrees, with HDR10, Dolby Vision, stereo
    and spherical mapping, an ICC profile, oblong pixels, a timecode and a phone's tags.
    """

    def make(path: Path) -> None:
        plain, turned = path.with_suffix(".plain.mp4"), path.with_suffix(".turned.mp4")
        keys = [word for item in _APPLE.items() for word in ("-metadata", "=".join(item))]
        run_ffmpeg(
            *("-y", *_inputs(codec), "-filter:v:0", f"{_UNEVEN},setsar=3/2"),
            *("-c:v:0", *_CODERS[codec], "-pix_fmt:v:0", "yuv420p", *_HDR),
            *("-enc_time_base:v:0", "1:1000", "-video_track_timescale", "16000"),
            *("-c:s", "mov_text", "-timecode", "01:00:00:00", "-metadata:s:v:0", "title=Main"),
            *(*keys, "-movflags", "use_metadata_tags+write_colr", "-strict", "-2", plain),
        )
        before, after = rotation_options()[:-1], ()
        if "-metadata:s:v:0" in rotation_options():
            before, after = [], rotation_options()[1:]
        run_ffmpeg(
            *("-y", *before, "-i", plain, "-map", "0", "-map", "-0:d", "-c", "copy", *after),
            *("-copyts", "-bsf:v:0", _HELD),
            *("-movflags", "use_metadata_tags+write_colr", "-strict", "-2", turned),
        )
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        boxes = [
            mdcv(PRIMARIES, WHITE, 10_000_000, 50),
            clli(*LIGHT),
            dolby_vision(_PROFILE[codec], 1),
            side_by_side(),
            equirectangular(30),
            box("colr", b"prof" + profile),
        ]
        with_boxes(turned, path, b"".join(boxes))
        plain.unlink()
        turned.unlink()

    return _cached(f"{codec}.mp4", make)


def matroska_film(codec: str, *, alpha: bool = False) -> Path:
    """Return a Matroska file of H.264, VP9, perhaps with an alpha channel, or Theora: with titles
    of streams, dispositions, a cover, an attachment and a tag that few containers know.
    """

    def make(path: Path) -> None:
        shape = "format=yuva420p,colorchannelmixer=aa=0.5," if alpha else ""
        _, attached, cover = map(str, _texts())
        plain = path.with_suffix(".plain.mkv")
        clock = "1:25" if codec == "theora" else "1:1000"  # Theora has its own
        subtitles = "webvtt" if codec == "vp9" else "srt"
        run_ffmpeg(
            *("-y", *_inputs(codec), "-attach", attached, "-metadata:s:t:0", "mimetype=text/plain"),
            *("-metadata:s:t:0", "filename=notes.txt"),
            *("-filter:v", f"{shape}{_UNEVEN},setsar=3/2"),
            *("-c:v", *_CODERS[codec], "-pix_fmt", "yuva420p" if alpha else "yuv420p"),
            *(*_HDR, "-enc_time_base:v", clock, "-c:s", subtitles),
            *("-metadata:s:v", "title=Main", "-metadata:s:a", "title=Speech"),
            *("-metadata:s:v", "timecode=01:00:00:00", "-disposition:a", "default+comment"),
            plain,
        )
        run_ffmpeg(
            *("-y", "-i", plain, "-map", "0", "-c", "copy", "-copyts", "-bsf:v:0", _HELD),
            *("-attach", cover, "-metadata:s:t:1", "mimetype=image/png"),
            *("-metadata:s:t:1", "filename=cover.png", path),
        )
        plain.unlink()

    return _cached(f"{codec}{'-alpha' * alpha}.mkv", make)


def animation(suffix: str) -> Path:
    """Return a GIF, APNG or WebP with transparent parts, played three times, that holds its last
    picture.
    """

    def make(path: Path) -> None:
        pictures = []
        for index in range(4):
            picture = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
            ImageDraw.Draw(picture).ellipse((8 * index, 8, 8 * index + 20, 40), (250, 20, 60, 255))
            pictures.append(picture)
        options = {"duration": [DELAY] * 3 + [LAST_DELAY], "loop": LOOPS}
        kind = {"apng": "PNG"}.get(suffix, suffix.upper())
        if suffix != "apng":
            options |= {"disposal": 2} if suffix == "gif" else {"lossless": True}
        with path.open("wb") as file:
            first, *others = pictures
            first.save(file, kind, save_all=True, append_images=others, **options)

    return _cached(f"loop.{suffix}", make)
