"""The clips of the every-frame tests: each container and each kind of stream, with bar codes.

A row is a name and the ffmpeg program's arguments. A clip is made when it is first asked for, and
kept under the cache folder.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import attack
import pytest
from barcodes import SIZE, raw_video, shown
from clips import CACHE, encoders, ffmpeg_program, ffmpeg_version

import ffwebcodecs
from ffwebcodecs._ffi import avformat

FRAMES = 75
RATE = 25
STEP = 1_000_000 // RATE  # microseconds


def steady(number: int) -> int:
    return number * STEP


class BarClip:
    """How to make a clip, and what is true of it.

    `times` gives the distance from picture 0, in microseconds; `first` the time of the first frame
    that is shown, where it is known. `size` is that of the decoded picture. `edit` changes the
    bytes of the made file. `lost` is how many of the first pictures that the ffmpeg program shows
    have no key frame before them, `torn` how many of the last are damaged: those need not come.
    `coded` tells whether the encoder kept all bar codes: else a place, not a code, has a time.
    `since` is the FFmpeg of the library that can decode it. `jumps` tells whether times go back.
    """

    def __init__(
        self,
        name: str,
        *arguments: str,
        of: str = "",
        before: Iterable[str] = (),
        frames: int = FRAMES,
        size: tuple[int, int] = SIZE,
        times: Callable[[int], int] = steady,
        first: int | None = None,
        slack: int = 1000,
        piped: bool = False,
        sound: bool = False,
        edit: Callable[[bytes], bytes] | None = None,
        lost: int = 0,
        torn: int = 0,
        codes: Iterable[int] | None = None,
        coded: bool = True,
        since: int = 4,
        jumps: bool = False,
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.of = of
        self.before = tuple(before)
        self.frames = frames
        self.size = size
        self.times = times
        self.first = first
        self.slack = slack
        self.piped = piped
        self.sound = sound
        self.edit = edit
        self.lost = lost
        self.torn = torn
        self.coded = coded
        self.since = since
        self.jumps = jumps
        self.codes = None if codes is None else list(codes)

    def __repr__(self) -> str:
        return self.name

    @property
    def options(self) -> dict[str, Any]:
        """What it takes to open it: lists of other files are not opened unasked."""
        return {"playlists": True} if self.name.endswith((".m3u8", ".mpd")) else {}

    def path(self) -> Path:
        """Return the file, making it first if need be."""
        if not self.can_be_made:
            pytest.skip(f"the ffmpeg program lacks the encoder of {self.name}")
        return made(self)

    @property
    def can_be_made(self) -> bool:
        if self.of:
            return BY_NAME[self.of].can_be_made
        return self.arguments[self.arguments.index("-c:v") + 1] in encoders()

    def place_of(self, place: int, code: int) -> int:
        """Return which picture of the source is at a place, by which its time goes."""
        return code if self.coded else place

    @property
    def can_be_read(self) -> bool:
        """Tell whether the library's FFmpeg has the format and the decoder."""
        demuxer = {".m3u8": "hls", ".mpd": "dash"}.get(Path(self.name).suffix)
        if demuxer and not avformat.av_find_input_format(demuxer.encode()):
            return False
        return int(ffwebcodecs.ffmpeg_info().release.split(".")[0]) >= self.since

    @property
    def is_whole(self) -> bool:
        """Tell whether all pictures that were encoded must come out again."""
        return not (self.edit or "-ss" in self.before) and self.coded

    def shown(self) -> list[int]:
        """Return the numbers of the frames that the ffmpeg program shows, in order.

        Of whole clips it is asked about some only in the suite: they have all numbers.
        """
        asked = attack.LONG or not self.is_whole or zlib.crc32(self.name.encode()) % 5 == 0
        if asked and self.codes is None:
            return shown(self.path(), self.size)[self.lost :]
        return list(range(self.frames)) if self.codes is None else self.codes


def _recipe(clip: BarClip) -> tuple[object, ...]:
    source = _recipe(BY_NAME[clip.of]) if clip.of else ()
    edit = (clip.edit.__qualname__, clip.edit.__code__.co_code) if clip.edit else ()
    said = (clip.name, clip.arguments, clip.before, clip.frames, clip.size, clip.piped, clip.sound)
    return (*said, source, edit, ffmpeg_version())


@functools.cache
def _place_of(clip: BarClip) -> Path:
    digest = hashlib.sha256(repr(_recipe(clip)).encode()).hexdigest()[:10]
    return CACHE / "bars" / f"{Path(clip.name).stem}-{digest}" / clip.name


def made(clip: BarClip) -> Path:
    """Return the file of a clip, making it first if need be."""
    path = _place_of(clip)
    if not path.exists():
        if clip.of:
            made(BY_NAME[clip.of])
        _make([clip])
    return path


def prepare(clips: Iterable[BarClip]) -> None:
    """Make those that are not there, with few runs of the ffmpeg program.

    What cannot be made together is left to `made`, which says why it cannot.
    """
    wanted = [clip for clip in clips if not _place_of(clip).exists() and clip.can_be_made]
    wanted += [BY_NAME[clip.of] for clip in wanted if clip.of]
    depth = {clip: _depth(clip) for clip in wanted if not _place_of(clip).exists()}
    for level in range(max(depth.values(), default=-1) + 1):
        level_clips = [clip for clip in depth if depth[clip] == level]
        # Two at a time: a run of the program encodes in one thread.
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(_try_to_make, (level_clips[::2], level_clips[1::2])))


def _depth(clip: BarClip) -> int:
    return _depth(BY_NAME[clip.of]) + 1 if clip.of else 0


def _try_to_make(clips: Sequence[BarClip]) -> None:
    with suppress(RuntimeError):
        _make(clips)


def _make(clips: Sequence[BarClip]) -> None:
    """Make clips with one run of the ffmpeg program; all copy, or all encode."""
    if not clips:
        return
    folder = CACHE / "bars" / f"making-{os.getpid()}-{threading.get_ident()}"
    shutil.rmtree(folder, ignore_errors=True)
    inputs, outputs, pictures = [], [], b""
    if not clips[0].of:
        layout = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "x".join(map(str, SIZE))]
        inputs = [*layout, "-r", str(RATE), "-i", "-"]
        inputs += ["-f", "lavfi", "-i", f"sine=duration={FRAMES / RATE}"]
        pictures = raw_video(max(clip.frames for clip in clips))
    for number, clip in enumerate(clips):
        target = folder / str(number) / clip.name
        target.parent.mkdir(parents=True)
        if clip.of:
            inputs += [*clip.before, "-i", str(_place_of(BY_NAME[clip.of]))]
            outputs += ["-map", str(number), "-c", "copy"]
        else:
            outputs += ["-map", "0:v", "-frames:v", str(clip.frames)]
            outputs += ["-map", "1:a"] if clip.sound else []
            if clip.size != SIZE:
                outputs += ["-vf", f"scale={clip.size[0]}:{clip.size[1]}:flags=neighbor"]
        # As to a pipe: nothing that was written can be completed later.
        outputs += [*clip.arguments, *(("-seekable", "0") if clip.piped else ()), str(target)]
    done = subprocess.run(
        [ffmpeg_program(), "-hide_banner", "-v", "error", "-y", *inputs, *outputs],
        input=pictures,
        capture_output=True,
    )
    if done.returncode:
        raise RuntimeError(f"{clips}: {done.stderr.decode(errors='replace')}")
    for number, clip in enumerate(clips):
        target = folder / str(number) / clip.name
        if clip.edit:
            target.write_bytes(clip.edit(target.read_bytes()))
        with suppress(OSError):  # another run was faster
            target.parent.rename(_place_of(clip).parent)
    shutil.rmtree(folder)


# How streams are encoded. Threads would change the bytes from one machine to the next.

X264 = ("-c:v", "libx264", "-preset", "fast", "-crf", "12", "-threads", "1")
CLOSED = (*X264, "-x264-params", "keyint=15:min-keyint=15:scenecut=0:bframes=3")
OPEN = (*X264, "-x264-params", "open-gop=1:keyint=15:min-keyint=15:scenecut=0:bframes=3")
DIRECT = (*X264, "-g", "15", "-bf", "0")
REFRESH = (*X264, "-x264-params", "intra-refresh=1:keyint=15:scenecut=0:bframes=0")
ONE_GROUP = (*X264, "-g", "999", "-bf", "3")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "12", "-tag:v", "hvc1")
GROUPS = "log-level=none:pools=1:frame-threads=1:keyint=15:min-keyint=15:scenecut=0:bframes=4"
HEVC = (*X265, "-x265-params", f"{GROUPS}:open-gop=0")
HEVC_OPEN = (*X265, "-x265-params", f"{GROUPS}:open-gop=1")
HEVC_OPEN_PLAIN = ("-c:v", "libx265", *HEVC_OPEN[2:6], *HEVC_OPEN[8:])
MPEG4 = ("-c:v", "mpeg4", "-q:v", "2", "-g", "15")
MPEG4_B = (*MPEG4, "-bf", "2")
XVID = ("-c:v", "libxvid", "-q:v", "2", "-g", "15", "-bf", "2")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-g", "15")
MPEG2_B = (*MPEG2, "-bf", "2")
MPEG1_B = ("-c:v", "mpeg1video", "-q:v", "2", "-g", "15", "-bf", "2")
FAST = ("-threads", "1", "-deadline", "realtime", "-g", "15", "-b:v", "800k")
VP8 = ("-c:v", "libvpx", *FAST, "-cpu-used", "8")
ALT_REF = ("-auto-alt-ref", "1", "-lag-in-frames", "12")
VP8_ALT = ("-c:v", "libvpx", *FAST, "-deadline", "good", "-cpu-used", "4", *ALT_REF)
VP9 = ("-c:v", "libvpx-vp9", *FAST, "-cpu-used", "8")
VP9_ALT = ("-c:v", "libvpx-vp9", *FAST, "-deadline", "good", "-cpu-used", "6", *ALT_REF)
AV1 = ("-c:v", "libaom-av1", "-cpu-used", "8", "-g", "15", "-threads", "1", "-crf", "20")
AOM = (*AV1, "-row-mt", "0")
THEORA = ("-c:v", "libtheora", "-q:v", "10", "-g", "15")
MJPEG = ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")
AAC = ("-c:a", "aac", "-b:a", "64k")

HLS = ("-f", "hls", "-hls_time", "1", "-hls_list_size", "0")

PAL = (720, 576)
CIF = (176, 144)


def move(*flags: str) -> tuple[str, ...]:
    return ("-movflags", "+".join(("", *flags)))


def variable(number: int) -> int:
    """Return the times of VARIABLE, in microseconds."""
    return (number * 40 + 10 * (number * 7 % 5)) * 1000


VARIABLE = ("-vf", "settb=1/1000,setpts=N*40+10*mod(N*7\\,5)", "-enc_time_base", "1/1000")
KEPT = ("-vsync", "passthrough")
PAIRS = ("-bsf:v", "setts=ts=floor(N/2)*80")


def in_pairs(number: int) -> int:
    return number // 2 * 2 * STEP


def after_a_gap(place: int) -> int:
    """Return the times of XVID in AVI: the encoder leaves out two pictures after the first."""
    return (place + 2) * STEP if place else 0


GAP: dict[str, Any] = {"times": after_a_gap, "first": 0, "coded": False}


def share(part: float) -> Callable[[bytes], bytes]:
    """Return what cuts off the end of a file."""

    def cut(data: bytes) -> bytes:
        return data[: int(len(data) * part)]

    return cut


def from_the_middle(data: bytes) -> bytes:
    """Cut off the first packets of a transport stream, so that it starts inside a group."""
    return data[len(data) // 188 * 2 // 5 * 188 :]


def tail(part: float) -> Callable[[bytes], bytes]:
    """Return what cuts off the beginning of a file."""

    def cut(data: bytes) -> bytes:
        return data[int(len(data) * part) :]

    return cut


def twice(data: bytes) -> bytes:
    return data + data


def without_cues(data: bytes) -> bytes:
    return data[: data.rindex(b"\x1c\x53\xbb\x6b")]


CLIPS = [
    # The cases the issue began with
    BarClip("closed.mp4", *CLOSED, first=0),
    BarClip("open.mp4", *OPEN, first=0),
    BarClip("open.mkv", *OPEN, first=0),
    BarClip("open.ts", *OPEN),
    BarClip("hevc-open.mp4", *HEVC_OPEN, first=0),
    BarClip("raw.h264", *CLOSED, first=0),
    BarClip("b-frames.avi", *X264, "-g", "15", "-bf", "2", first=0),
    BarClip("vp9.webm", *VP9_ALT, first=0),
    BarClip("mpeg2.ts", *MPEG2_B),
    BarClip("vfr.mp4", *VARIABLE, *CLOSED, *KEPT, times=variable, first=0),
    BarClip("vfr.mkv", *VARIABLE, *CLOSED, *KEPT, times=variable, first=0),
    BarClip("cut.mp4", of="closed.mp4", before=("-ss", "1.5")),
    BarClip("cut-open.mp4", of="open.mp4", before=("-ss", "1.45")),
    BarClip("offset.mkv", of="closed.mp4", before=("-itsoffset", "5"), first=5_000_000),
    BarClip("fragments.mp4", *move("frag_keyframe", "empty_moov"), of="closed.mp4"),
    # Transport and program streams
    BarClip("closed.ts", *CLOSED),
    BarClip("one-group.ts", *ONE_GROUP),
    BarClip("mid-group.ts", of="closed.ts", edit=from_the_middle),
    BarClip("mid-group-open.ts", of="open.ts", edit=from_the_middle),
    BarClip("mid-group-mpeg2.ts", of="mpeg2.ts", edit=from_the_middle),
    BarClip("hevc.ts", *HEVC),
    BarClip("hevc-open.ts", *HEVC_OPEN),
    BarClip("hevc-mid-group.ts", of="hevc-open.ts", edit=from_the_middle, lost=10),
    BarClip("refresh.ts", *REFRESH),
    BarClip("mpeg4.ts", *MPEG4_B),
    BarClip("mpeg1.ts", *MPEG1_B),
    BarClip("mpeg2-closed.ts", *MPEG2_B, "-flags", "+cgop", "-sc_threshold", "1000000000"),
    BarClip("mpeg2-fields.ts", *MPEG2_B, "-flags", "+ilme+ildct"),
    BarClip("sound.ts", *CLOSED, *AAC, sound=True),
    BarClip("disc.m2ts", "-mpegts_m2ts_mode", "1", of="closed.mp4"),
    BarClip("offset.ts", "-output_ts_offset", "5", of="closed.mp4"),
    BarClip("late.ts", "-output_ts_offset", "10000", of="closed.mp4"),
    BarClip("wrap.ts", "-output_ts_offset", "95440.5", of="closed.mp4"),
    BarClip("wrap-open.ts", "-output_ts_offset", "95440.5", of="open.mp4"),
    BarClip("mpeg1.mpg", *MPEG1_B),
    BarClip("mpeg2.mpg", *MPEG2_B),
    BarClip("mpeg2-sound.mpg", *MPEG2_B, "-c:a", "mp2", sound=True),
    BarClip("disc.vob", *MPEG2_B, "-f", "vob"),
    # MP4 and its kin
    BarClip("no-edit-list.mp4", "-use_editlist", "0", of="closed.mp4"),
    BarClip("no-edit-list-open.mp4", "-use_editlist", "0", of="open.mp4"),
    BarClip("negative-offsets.mp4", *move("negative_cts_offsets"), of="closed.mp4"),
    BarClip("every-frame.mp4", *move("frag_every_frame", "empty_moov"), of="closed.mp4"),
    BarClip("every-frame-open.mp4", *move("frag_every_frame", "empty_moov"), of="open.mp4"),
    BarClip("base-moof.mp4", *move("frag_keyframe", "default_base_moof"), of="closed.mp4"),
    BarClip("dash.mp4", *move("dash", "frag_keyframe"), of="open.mp4"),
    BarClip("sidx.mp4", *move("dash", "frag_keyframe", "global_sidx"), of="closed.mp4"),
    BarClip("delay.mp4", *move("delay_moov", "frag_keyframe"), of="open.mp4"),
    BarClip("fragments.ismv", of="closed.mp4"),
    BarClip("delayed.mp4", of="closed.mp4", before=("-itsoffset", "2"), first=2_000_000),
    BarClip("cut-sound.mp4", of="sound.mp4", before=("-ss", "1.5")),
    BarClip("no-frame-index.mp4", *move("frag_keyframe", "skip_trailer"), of="open.mp4"),
    BarClip("late.mp4", "-output_ts_offset", "10000", of="closed.mp4"),
    BarClip("sound.mp4", *CLOSED, *AAC, sound=True, first=0),
    BarClip("hevc.mp4", *HEVC, first=0),
    BarClip("refresh.mp4", *REFRESH, first=0),
    BarClip("open.mov", of="open.mp4"),
    BarClip("mpeg4.mp4", *MPEG4_B),
    BarClip("mpeg4.mov", *MPEG4_B),
    BarClip("mpeg2.mp4", *MPEG2_B),
    BarClip("mpeg2.mov", *MPEG2_B),
    BarClip("vp9.mp4", *VP9_ALT, first=0),
    BarClip("av1.mp4", *AOM, first=0),
    BarClip("h263.3gp", "-c:v", "h263", "-q:v", "2", "-g", "15", size=CIF),
    BarClip("closed.3gp", of="closed.mp4"),
    BarClip("png.mov", "-c:v", "png", "-pix_fmt", "rgb24", frames=30, first=0),
    # Matroska, WebM, FLV
    BarClip("closed.mkv", of="closed.mp4"),
    BarClip("piped.mkv", *OPEN, "-f", "matroska", piped=True, first=0),
    BarClip("live.mkv", *CLOSED, "-live", "1", "-cluster_time_limit", "400", first=0),
    BarClip("no-cues.mkv", of="open.mkv", edit=without_cues, first=0),
    BarClip("late.mkv", "-output_ts_offset", "10000", of="closed.mp4"),
    BarClip("hevc-open.mkv", of="hevc-open.mp4"),
    BarClip("refresh.mkv", *REFRESH, first=0),
    BarClip("mpeg4.mkv", *MPEG4_B),
    BarClip("mpeg2.mkv", *MPEG2_B),
    BarClip("av1.mkv", of="av1.mp4"),
    BarClip("ffv1.mkv", "-c:v", "ffv1", "-level", "1", "-g", "12", first=0),
    BarClip("pairs.mkv", *DIRECT, *PAIRS, times=in_pairs, first=0),
    BarClip("cut-open.mkv", of="open.mkv", before=("-ss", "1.45")),
    BarClip("vp8.webm", *VP8, first=0),
    BarClip("vp8-alt-ref.webm", *VP8_ALT, first=0),
    BarClip("vp9-piped.webm", *VP9_ALT, "-f", "webm", piped=True, first=0),
    BarClip("av1.webm", of="av1.mp4", first=0),
    BarClip("closed.flv", of="closed.mp4"),
    BarClip("open.flv", of="open.mp4"),
    BarClip("flv1.flv", "-c:v", "flv", "-q:v", "2", "-g", "15", first=0),
    # AVI
    BarClip("direct.avi", *DIRECT, first=0),
    BarClip("piped.avi", *DIRECT, "-f", "avi", piped=True, first=0),
    BarClip("piped-b-frames.avi", *CLOSED, "-f", "avi", piped=True, first=0),
    BarClip("cut.avi", of="direct.avi", edit=share(0.8), torn=1, first=0),
    BarClip("mpeg4.avi", *MPEG4_B, first=0),
    BarClip("packed.avi", *XVID, **GAP),
    BarClip("piped-mpeg4.avi", *MPEG4_B, "-f", "avi", piped=True, first=0),
    BarClip("cut-mpeg4.avi", of="mpeg4.avi", edit=share(0.8), torn=1, first=0),
    BarClip("cut-packed.avi", of="packed.avi", edit=share(0.8), torn=1, **GAP),
    BarClip("msmpeg4.avi", "-c:v", "msmpeg4", "-q:v", "2", "-g", "15", first=0),
    BarClip("mpeg2.avi", *MPEG2_B, first=0),
    BarClip("jpeg.avi", *MJPEG, first=0),
    # Raw streams
    BarClip("open.h264", *OPEN, first=0),
    BarClip("refresh.h264", *REFRESH, first=0),
    BarClip("open.hevc", *HEVC_OPEN, first=0),
    BarClip("raw.m4v", *MPEG4_B, first=0),
    BarClip("raw.m2v", *MPEG2_B, first=0),
    BarClip("raw.m1v", *MPEG1_B, first=0),
    BarClip("raw.mjpeg", *MJPEG, first=0),
    BarClip("raw.obu", of="av1.mp4", first=0),
    BarClip("vp8.ivf", *VP8, first=0),
    BarClip("vp8-alt-ref.ivf", *VP8_ALT, first=0),
    BarClip("vp9.ivf", *VP9_ALT, first=0),
    BarClip("av1.ivf", of="av1.mp4", first=0),
    BarClip("mid-group.h264", of="raw.h264", edit=tail(0.4)),
    BarClip("mid-group.m2v", of="raw.m2v", edit=tail(0.4)),
    # Others
    BarClip("hls-ts.m3u8", *HLS, of="open.mp4"),
    BarClip("hls-fmp4.m3u8", *HLS, "-hls_segment_type", "fmp4", of="open.mp4"),
    BarClip("dash-list.mpd", "-f", "dash", "-seg_duration", "1", of="closed.mp4"),
    BarClip("mpeg2.mxf", *MPEG2_B, first=0),
    BarClip("closed.mxf", *CLOSED, first=0),
    BarClip("wmv1.mkv", "-c:v", "wmv1", "-q:v", "2", "-g", "15", first=0),
    BarClip("flv1.swf", "-c:v", "flv", "-q:v", "2", "-g", "15", first=0),
    BarClip("snow.nut", "-c:v", "snow", "-strict", "-2", "-g", "15", "-pred", "1"),
    BarClip("refresh.flv", of="refresh.mp4"),
    BarClip(
        "hevc-refresh.mp4",
        *HEVC[:-2],
        "-x265-params",
        f"{GROUPS}:intra-refresh=1".replace("=15", "=30"),
    ),
    BarClip("hevc-radl.mp4", *HEVC[:-2], "-x265-params", f"{GROUPS}:open-gop=0:radl=2"),
    BarClip("svt.mp4", "-c:v", "libsvtav1", "-g", "15", "-crf", "20", "-preset", "10"),
    BarClip("rav1e.mp4", "-c:v", "librav1e", "-g", "15", "-speed", "10"),
    BarClip("rle.mov", "-c:v", "qtrle", "-g", "15", "-pix_fmt", "rgb24"),
    BarClip("cinepak.avi", "-c:v", "cinepak", "-g", "15"),
    BarClip("flash.flv", "-c:v", "flashsv", "-g", "15"),
    BarClip("zmbv.avi", "-c:v", "zmbv", "-g", "15", "-pix_fmt", "bgr0"),
    BarClip("huff.avi", "-c:v", "ffvhuff", "-context", "1"),
    BarClip("h263.mkv", "-c:v", "h263p", "-q:v", "2", "-g", "15", coded=False),
    BarClip("joined.ts", of="closed.ts", edit=twice, jumps=True),
    BarClip("mpeg2.gxf", *MPEG2_B, size=PAL, frames=40, first=0),
    BarClip("open.nut", *OPEN),
    BarClip("wmv2.asf", "-c:v", "wmv2", "-q:v", "2", "-g", "15"),
    BarClip("closed.asf", of="closed.mp4"),
    BarClip("mpeg2.wtv", *MPEG2_B),
    BarClip("rv20.rm", "-c:v", "rv20", "-q:v", "2", "-g", "15", coded=False),
    BarClip("theora.ogv", *THEORA, first=0),
    BarClip("vp8.ogv", "-f", "ogg", of="vp8.webm", first=0),
    BarClip("video.dv", "-c:v", "dvvideo", "-pix_fmt", "yuv420p", size=PAL, frames=12, first=0),
    BarClip("loop.gif", "-c:v", "gif", first=0),
    BarClip("loop.apng", "-c:v", "apng", "-pix_fmt", "rgb24", frames=30, first=0),
    BarClip(
        "loop.webp", "-c:v", "libwebp_anim", "-quality", "95", frames=30, codes=range(30), since=9
    ),
    BarClip("video.y4m", "-c:v", "wrapped_avframe", frames=30, first=0),
    # Very short ones
    BarClip("one.mp4", *CLOSED, frames=1, first=0),
    BarClip("one.ts", *CLOSED, frames=1),
    BarClip("one.mkv", *CLOSED, frames=1, first=0),
    BarClip("one.mpg", *MPEG2_B, frames=1),
    BarClip("one.avi", *MPEG4_B, frames=1, first=0),
    BarClip("one.m2v", *MPEG2_B, frames=1, first=0),
    BarClip("two.mp4", *CLOSED, frames=2, first=0),
    BarClip("two.ts", *CLOSED, frames=2),
    BarClip("two.mpg", *MPEG2_B, frames=2),
    BarClip("two.avi", *MPEG4_B, frames=2, first=0),
    BarClip("two.h264", *CLOSED, frames=2, first=0),
]
BY_NAME = {clip.name: clip for clip in CLIPS}


def bar_clip(name: str) -> BarClip:
    return BY_NAME[name]
