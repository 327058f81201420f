"""Convert videos: another codec, size, rate, part or container.

Sound is copied where OUT's container holds it, else encoded; subtitles are copied. The codecs are
what is usual for OUT's suffix: H.264 in .mp4, .mov and .mkv, VP9 and Opus in .webm ... An OUT for
sound (.mp3, .m4a, .opus, .ogg, .flac, .wav ...) gets the sound alone. For example:
  ffwebcodecs transcode clip.mov small.mp4 --size -1x360
  ffwebcodecs transcode *.mov "web/{stem}.webm" --bitrate 1M --jobs 2
  ffwebcodecs transcode film.mkv sound.mp3 --audio-bitrate 192k
  ffwebcodecs transcode film.mkv film.webm --quantizer 32 --workers 8
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import ffwebcodecs

from ._colors import add_color_space
from ._input import (
    add_damage,
    add_input,
    add_keep_start,
    add_require_all,
    damage_arguments,
    input_arguments,
    input_name,
)
from ._jobs import add_jobs, estimate_frames, merged, run_jobs
from ._output import (
    UsageError,
    add_force,
    add_fragments,
    add_quiet,
    add_several,
    fragment_arguments,
)
from ._parts import add_parts, parts_arguments
from ._tags import add_metadata, changed_tags
from ._values import parse_bitrate, parse_crop, parse_option, parse_rate, parse_scale, parse_time

HELP = "convert videos: codec, size, rate, part, container"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_jobs(parser)
    add_parts(parser)
    add_encoding(parser)
    parser.add_argument(
        "--fps", metavar="RATE", type=parse_rate, help="frames per second, evenly: 25, 30000/1001"
    )
    parser.add_argument(
        "--start", metavar="TIME", type=parse_time, help="begin there: 1.5, or 00:01:02.5"
    )
    parser.add_argument("--stop", metavar="TIME", type=parse_time, help="end before that time")
    add_keep_start(parser)
    add_deinterlace(parser)
    add_sound(parser)
    parser.add_argument(
        "--no-subtitles", action="store_true", help="leave the subtitle streams out"
    )
    add_metadata(parser)
    add_several(parser)
    add_fragments(parser)
    add_force(parser)
    add_quiet(parser)
    add_require_all(parser)
    add_damage(parser)
    add_input(parser)
    add_color_space(parser)


def add_encoding(parser: argparse.ArgumentParser) -> None:
    """Add what says how to encode."""
    parser.add_argument(
        "--codec",
        metavar="NAME",
        help="h264, hevc, vp8, vp9, av1, ffmpeg:NAME or a codec string; default: by OUT's suffix",
    )
    parser.add_argument(
        "--bitrate", metavar="BITS", type=parse_bitrate, help="per second: 2M, 800k"
    )
    parser.add_argument(
        "--quantizer", "--crf", metavar="N", type=int, help="constant quality, no bitrate"
    )
    parser.add_argument(
        "--size",
        metavar="WxH",
        type=parse_scale,
        help="scale what is shown; -1 keeps the shape: 640x-1",
    )
    add_crop(parser)
    parser.add_argument(
        "--alpha",
        choices=("keep", "discard"),
        help="keep transparency, also without a value, or take colours as they are; default: GIF, "
        "APNG, WebP and codecs for pictures keep it, others put pictures on --background",
    )
    parser.add_argument(
        "--background", metavar="COLOR", help="behind transparent parts: #RRGGBB or a name; white"
    )
    parser.add_argument(
        "--hw", action="store_true", help="decode and encode on a device where one can"
    )
    parser.add_argument(
        "--format", metavar="NAME", help="container: mp4, mkv ...; default: by OUT's suffix"
    )
    parser.add_argument("--preset", metavar="NAME", help="of the encoder: veryfast, slow ...")
    parser.add_argument(
        "--option",
        dest="options",
        metavar="KEY=VALUE",
        type=parse_option,
        action="append",
        default=[],
        help="FFmpeg's option of the encoder; may be repeated",
    )


def add_sound(parser: argparse.ArgumentParser) -> None:
    """Add what says what becomes of sound."""
    parser.add_argument(
        "--no-audio", action="store_true", help="video only, neither audio nor subtitles"
    )
    parser.add_argument(
        "--audio-codec",
        metavar="NAME",
        help="copy, aac, opus, flac, mp3, vorbis, alac, ac3, pcm, ffmpeg:NAME or a codec string; "
        "default: copy what OUT's container holds, encode the rest",
    )
    parser.add_argument(
        "--audio-bitrate", metavar="BITS", type=parse_bitrate, help="of sound, per second: 128k"
    )
    parser.add_argument("--sample-rate", metavar="HZ", type=int, help="of sound: 48000")
    parser.add_argument(
        "--channels", metavar="N", type=int, help="of sound: 1 mono, 2 stereo; more are mixed"
    )
    parser.add_argument(
        "--audio-stream",
        metavar="N",
        type=int,
        help="only this stream of sound, as probe lists them; default: all",
    )


def check_sound(options: argparse.Namespace) -> bool | str:
    """Return what `transcode` takes as audio; raise UsageError for what excludes each other."""
    if not options.no_audio:
        codec: str | None = options.audio_codec
        return "auto" if codec is None else codec
    for name in ("audio_codec", "audio_bitrate", "sample_rate", "channels", "audio_stream"):
        if getattr(options, name) is not None:
            raise UsageError(f"--no-audio and --{name.replace('_', '-')} exclude each other")
    return False


def add_crop(parser: argparse.ArgumentParser) -> None:
    """Add ``--crop``."""
    parser.add_argument(
        "--crop",
        metavar="WxH+X+Y",
        type=parse_crop,
        help="only this part of the picture as it is shown, before it is scaled: 640x360+0+60",
    )


def add_deinterlace(parser: argparse.ArgumentParser) -> None:
    """Add ``--deinterlace``."""
    parser.add_argument(
        "--deinterlace",
        action=argparse.BooleanOptionalAction,
        help="make whole pictures of interlaced ones; --no-deinterlace: take them as they are, "
        "which is the default, without a warning",
    )


def check_encoding(options: argparse.Namespace) -> None:
    """Raise UsageError for what excludes each other."""
    if options.bitrate is not None and options.quantizer is not None:
        raise UsageError("--bitrate and --quantizer exclude each other")
    if options.alpha == "keep" and options.background is not None:
        raise UsageError("--alpha keep and --background exclude each other")


def sides(size: tuple[int, int] | None) -> tuple[int | None, int | None]:
    """Return width and height as `transcode` takes them."""
    width, height = size or (-1, -1)
    return (None if width == -1 else width), (None if height == -1 else height)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    check_encoding(options)
    audio = check_sound(options)
    fragments = fragment_arguments(options)
    start, stop = options.start, options.stop
    if stop is not None and stop <= (start or 0):
        raise UsageError("--stop must be after --start")
    with parts_arguments(options) as parts:
        return _run_jobs(options, parts, audio=audio, **fragments)


def _run_jobs(options: argparse.Namespace, parts: dict[str, Any], **given: Any) -> int:
    """Convert all files with what was `given`, each in `parts`."""
    start, stop = options.start, options.stop
    width, height = sides(options.size)

    def convert(
        source: str, target: str, threads: int | None, on_progress: Callable[[object], object]
    ) -> ffwebcodecs.TranscodeResult:
        return ffwebcodecs.transcode(
            input_name(source),
            target,
            codec=options.codec,
            bitrate=options.bitrate,
            quantizer=options.quantizer,
            width=width,
            height=height,
            crop=options.crop,
            deinterlace=options.deinterlace,
            framerate=options.fps,
            start=start,
            stop=stop,
            keep_start=options.keep_start,
            audio_bitrate=options.audio_bitrate,
            sample_rate=options.sample_rate,
            channels=options.channels,
            audio_stream=options.audio_stream,
            subtitles=not options.no_subtitles,
            metadata=changed_tags(options.metadata),
            format=options.format,
            alpha=options.alpha,
            background=options.background,
            hardware_acceleration="prefer-hardware" if options.hw else "no-preference",
            encoder_options=merged(options.preset, options.options),
            threads=threads,
            on_progress=on_progress,
            several_files=options.several_files,
            require_all=options.require_all,
            **given,
            **parts,
            **damage_arguments(options),
            **input_arguments(options, "input_"),
        )

    return run_jobs(
        options,
        convert,
        lambda source: estimate_frames(
            source, start, stop, options.fps, **input_arguments(options)
        ),
    )
