"""demuxer.streams and stream=: what there is in a file, and which of it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mux_helpers
import pytest
from clips import passthrough, run_ffmpeg, said_of
from convert_helpers import made, streams
from demux_helpers import described, packets
from mux_helpers import probe
from playlist_helpers import need_format

from ffwebcodecs import (
    Demuxer,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    StreamDescription,
    read_frames,
    remux,
    transcode,
)

pytestmark = pytest.mark.divided

SOURCES = (
    "-f",
    "lavfi",
    "-i",
    "testsrc2=s=64x48:r=25",
    "-f",
    "lavfi",
    "-i",
    "testsrc=s=96x64:r=25",
)
SOUND = ("-f", "lavfi", "-i", "sine=duration=0.4")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-threads", "1")
COUNTS = ("-frames:v:0", "10", "-frames:v:1", "10", "-pix_fmt", "yuv420p")
LANGUAGES = ("-metadata:s:v:1", "title=Angle 2", "-metadata:s:a:0", "language=fra")


def picture() -> Path:
    return made("cover.png", "-f", "lavfi", "-i", "color=red:size=64x48", "-frames:v", "1")


def many() -> Path:
    """Two videos, sound, subtitles, a cover."""
    return made(
        *("streams.mkv", *SOURCES, *SOUND, "-i", "SRT", "-map", "0", "-map", "1", "-map", "2"),
        *("-map", "3", "-c:a", "aac", "-c:s", "srt", *X264, *COUNTS, *LANGUAGES),
        *("-disposition:v:0", "0", "-disposition:v:1", "default", "-disposition:s:0", "forced"),
        *("-attach", str(picture()), "-metadata:s:t", "mimetype=image/png"),
        *("-metadata:s:t", "filename=cover.png", "-t", "0.4"),
    )


def two(name: str, *options: str) -> Path:
    """Two videos, the larger one second, which is the one that FFmpeg takes to be the best."""
    return made(name, *SOURCES, "-map", "0", "-map", "1", *X264, *COUNTS, *options)


def programs() -> Path:
    programs = ("-program", "title=one:st=0", "-program", "title=two:st=1")
    return two("programs.ts", *programs)


FILES = {
    "mkv": many,
    "mp4": lambda: two("streams.mp4", "-metadata:s:v:1", "language=deu"),
    "ts": programs,
    "mpg": lambda: two("streams.mpg", "-c:v", "mpeg2video"),
}


@pytest.fixture(params=FILES, ids=str)
def path(request: pytest.FixtureRequest) -> Path:
    return FILES[request.param]()


def said(stream: StreamDescription) -> dict[str, Any]:
    return {
        "index": stream.index,
        "kind": stream.kind,
        "codec": stream.codec_name,
        "language": stream.language,
        "title": stream.title,
        "disposition": set(stream.disposition),
        "size": (stream.width, stream.height),
        "cover": stream.is_cover,
    }


def ffprobes(found: dict[str, Any]) -> dict[str, Any]:
    tags, flags = found.get("tags", {}), found["disposition"]
    is_video = found["codec_type"] == "video"
    return {
        "index": found["index"],
        "kind": found["codec_type"],
        "codec": found["codec_name"],
        "language": tags.get("language"),
        "title": tags.get("title"),
        "disposition": {name for name, value in flags.items() if value},
        "size": (found["width"], found["height"]) if is_video else (None, None),
        "cover": bool(flags["attached_pic"]),
    }


def test_streams_are_ffprobes(path: Path) -> None:
    with Demuxer(path) as demuxer:
        have = demuxer.streams
        assert have[demuxer.stream].codec == demuxer.video_config.codec
    assert [said(stream) for stream in have] == [
        ffprobes(found) for found in probe(path, "-show_streams")["streams"]
    ]


def test_a_stream_says_all_that_a_program_asks() -> None:
    with Demuxer(many()) as demuxer:
        first, second, sound, words, cover = demuxer.streams
        assert demuxer.stream == 1  # it is the default one
    assert (first.kind, first.codec[:5]) == ("video", "avc1.")
    assert second.title == "Angle 2"
    assert repr(second).startswith("<StreamDescription 1: video avc1.")
    assert repr(second).endswith("96x64, 'Angle 2', default>")
    assert (sound.codec, sound.language, sound.width) == ("mp4a.40.2", "fra", None)
    assert (words.codec, words.disposition) == ("subrip", {"forced"})
    assert cover.is_cover and not first.is_cover
    assert demuxer.streams[1] == second  # known, so also when it is closed


def test_streams_of_a_closed_demuxer_are_not_guessed() -> None:
    demuxer = Demuxer(many())
    demuxer.close()
    with pytest.raises(InvalidStateError):
        _ = demuxer.streams


def test_side_data_is_named() -> None:
    turned = made(
        *("turned.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", *X264, "-frames:v", "2"),
        *("-metadata:s:v:0", "rotate=90"),
    )
    found = probe(turned, "-show_streams")["streams"][0].get("side_data_list", [])
    with Demuxer(turned) as demuxer:
        assert demuxer.streams[0].side_data == tuple(one["side_data_type"] for one in found)


def counted(path: Path, stream: int) -> int:
    """Return how many frames the ffmpeg program decodes (of HLS it may lose the last one)."""
    options = ("-map", f"0:{stream}", *passthrough(), "-f", "framemd5", "-")
    lines = said_of(path, run_ffmpeg, "-i", path, *options).decode().splitlines()
    return sum(not line.startswith("#") for line in lines)


@pytest.mark.parametrize("stream", [0, 1])
def test_each_video_can_be_read(path: Path, stream: int) -> None:
    want = counted(path, stream)
    with Demuxer(path, stream=stream) as demuxer:
        assert demuxer.stream == stream
        assert (demuxer.video_config.coded_width == 64) == (stream == 0)
        have = list(map(described, demuxer.chunks()))
    if path.suffix != ".mpg":  # where not every packet has a time
        assert have == packets(path, str(stream))
    with_frames = list(read_frames(path, stream=stream))
    assert len(with_frames) == want
    assert {frame.coded_width for frame in with_frames} == {64 if stream == 0 else 96}
    for frame in with_frames:
        frame.close()
    with Demuxer(path, stream=stream) as demuxer:
        list(demuxer.chunks())
        demuxer.seek(0)
        assert next(demuxer.chunks()).type == "key"


def test_a_cover_is_read_if_it_is_asked_for() -> None:
    [frame] = read_frames(many(), stream=4)
    with frame:
        assert frame.to_ndarray(format="RGB")[24, 32][0] > 250


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (
            2,
            r"stream 2 of .* is audio \(aac\), and only video streams are read: ",
        ),
        (3, r"stream 3 of .* is subtitle \(subrip\)"),
        (5, r"has 5 streams and no stream 5: .* 0 \(h264 64x48\), 1 \(h264 96x64\), 4 \(png"),
        (-1, r"no stream -1: the video streams are 0 \(h264 64x48\)"),
        (2**70, "no stream"),
        (True, "stream must be an integer"),
        ("1", "stream must be an integer"),
    ],
)
def test_what_is_no_video_is_refused_with_those_that_are(stream: Any, message: str) -> None:
    for reader in (Demuxer, read_frames):
        with pytest.raises(InvalidArgumentError, match=message):
            reader(many(), stream=stream)


def test_frames_of_a_demuxer_are_of_its_stream() -> None:
    with Demuxer(many(), stream=0) as demuxer:
        for frame in read_frames(demuxer, stream=0, stop=1):
            frame.close()
        with pytest.raises(InvalidArgumentError, match="the Demuxer reads stream 0"):
            read_frames(demuxer, stream=1)


# ---- whole files


@pytest.mark.parametrize("convert", [remux, transcode])
def test_the_stream_that_is_chosen_comes_first_and_the_others_with_it(
    tmp_path: Path, convert: Any
) -> None:
    result = convert(many(), tmp_path / "a.mkv", stream=0)
    others = ["video h264", "audio aac", "subtitle subrip", "video png"]
    assert (result.copied_streams, result.dropped_streams) == (others, [])
    found = probe(tmp_path / "a.mkv", "-show_streams")["streams"]
    assert [one.get("width") for one in found if one["codec_type"] == "video"][:2] == [64, 96]
    assert result.frames_written == 10


@pytest.mark.parametrize("convert", [remux, transcode])
def test_other_videos_are_not_lost_in_silence(tmp_path: Path, convert: Any) -> None:
    result = convert(many(), tmp_path / "a.mkv", stream=1, audio=False)
    assert result.dropped_streams == ["video h264"]
    assert streams(tmp_path / "a.mkv") == ["video h264"]


# ---- playlists, and streams that begin late


def renditions(kind: str, folder: Path) -> Path:
    need_format(kind)
    options = {
        "hls": ("-hls_time", "1", "-var_stream_map", "v:0 v:1", "-master_pl_name", "all.m3u8"),
        "dash": ("-seg_duration", "1"),
    }
    name = {"hls": "v%v.m3u8", "dash": "all.mpd"}[kind]
    copied = ("-i", two("streams.mp4"), "-map", "0", "-c", "copy")
    run_ffmpeg(*copied, "-f", kind, *options[kind], folder / name)
    return folder / {"hls": "all.m3u8", "dash": "all.mpd"}[kind]


@pytest.mark.parametrize("kind", ["hls", "dash"])
def test_renditions_of_a_playlist_are_streams(kind: str, tmp_path: Path) -> None:
    path = renditions(kind, tmp_path)
    with Demuxer(path, playlists=True) as demuxer:
        sizes = [(stream.width, stream.height) for stream in demuxer.streams]
    assert sorted(sizes) == [(64, 48), (96, 64)]
    for stream, size in enumerate(sizes):
        frames = list(read_frames(path, stream=stream, playlists=True))
        assert [(frame.coded_width, frame.coded_height) for frame in frames] == [size] * counted(
            path, stream
        )
        for frame in frames:
            frame.close()


def late() -> Path:
    """A second video, of which nothing is known before the first one's end."""
    first = made(
        *("late-first.ts", *SOURCES[:3], "testsrc2=s=320x240:r=25", *X264, "-frames:v", "25"),
        *("-pix_fmt", "yuv420p"),
    )
    both = two("late-second.ts", "-output_ts_offset", "1")
    path = both.with_name("late.ts")
    path.write_bytes(first.read_bytes() + both.read_bytes())
    return path


SHORT = {"probesize": "4096", "analyzeduration": "1"}
# Else the end of the file is read for its duration, and the stream is met there.
SHORTER = {**SHORT, "skip_estimate_duration_from_pts": "1"}


def test_a_stream_that_begins_late_is_listed_when_it_was_met() -> None:
    with Demuxer(late(), options=SHORTER) as demuxer:
        assert [stream.index for stream in demuxer.streams] == [0]
        for _ in demuxer.chunks():
            pass
        assert [stream.index for stream in demuxer.streams] == [0, 1]
    with Demuxer(late()) as demuxer:
        assert [stream.index for stream in demuxer.streams] == [0, 1]
    with pytest.raises(InvalidArgumentError, match="probesize"):
        Demuxer(late(), options=SHORTER, stream=1)


def test_a_file_whose_video_begins_late_says_how_to_find_it() -> None:
    sound = made(
        *("late-sound.ts", "-f", "lavfi", "-i", "sine=duration=3", "-c:a", "aac"),
        *("-mpegts_start_pid", "0x200"),
    )
    data = sound.read_bytes() + two("late-second.ts", "-output_ts_offset", "1").read_bytes()
    with (
        Demuxer(data, options=SHORTER) as demuxer,
        pytest.raises(NotSupportedError, match=r"it has: audio\); options=.*probesize"),
    ):
        _ = demuxer.video_config
    with pytest.raises(NotSupportedError, match=r"it has: audio\); options=.*probesize"):
        next(read_frames(data, options=SHORTER))
    with Demuxer(data) as demuxer:
        assert [stream.kind for stream in demuxer.streams] == ["audio", "video", "video"]


# Where the two files were joined, MPEG-TS counts packets that are missing.
@pytest.mark.filterwarnings("ignore:.*some of 1 packet of video:UserWarning")
@pytest.mark.parametrize("options", [SHORT, SHORTER], ids=["unknown", "unseen"])
@pytest.mark.parametrize("convert", [remux, transcode])
def test_a_stream_that_begins_late_is_not_lost_in_silence(
    tmp_path: Path, convert: Any, options: dict[str, str]
) -> None:
    with pytest.warns(UserWarning, match="video h264 stream of .* begins late: .*it is left out"):
        result = convert(late(), tmp_path / "a.mkv", input_options=options)
    assert result.dropped_streams == ["video h264"]


def test_other_video_of_a_program_stream_is_copied_with_its_times(tmp_path: Path) -> None:
    # Not every packet has a presentation time there; nothing is reordered, so it is the decoding
    # time and a constant.
    source = FILES["mpg"]()
    decoded = [int(one["dts"]) for one in probe(source, "-show_packets")["packets"]
               if one["stream_index"] == 1]  # fmt: skip
    for convert in (remux, transcode):
        result = convert(source, tmp_path / "a.mkv", stream=0)
        assert (result.copied_streams, result.dropped_streams) == (["video mpeg2video"], [])
        times = [one.pts for one in mux_helpers.packets(tmp_path / "a.mkv", "v:1")]
        first = times[0] or 0
        assert [(time or 0) - first for time in times] == [
            round((time - decoded[0]) / 90) * 1000 for time in decoded
        ]
        (tmp_path / "a.mkv").unlink()


@pytest.mark.parametrize("stream", [0, 1])
@pytest.mark.parametrize("suffix", ["ts", "mpg"])
def test_two_videos_with_sound_are_copied_in_their_order(
    suffix: str, stream: int, tmp_path: Path
) -> None:
    """The first packets are looked at to find out about their times, and are then read."""
    mpeg2 = ("-c:v", "mpeg2video", "-g", "5", "-bf", "0", "-c:a", "mp2")
    maps = ("-map", "0", "-map", "1", "-map", "2")
    source = made(f"sound-and-two.{suffix}", *SOURCES, *SOUND, *maps, *mpeg2, "-t", "1")
    out = tmp_path / "a.mkv"
    result = remux(source, out, stream=stream)
    assert result.copied_streams == ["video mpeg2video", "audio mp2"]
    shown = [frame.timestamp for frame in read_frames(source, stream=1 - stream)]
    copied = [packet.pts or 0 for packet in mux_helpers.packets(out, "v:1")]
    assert [time - copied[0] for time in copied] == [time - shown[0] for time in shown]
    assert len(shown) == 25


def test_a_stream_says_its_rate_channels_and_words() -> None:
    surround = ("-f", "lavfi", "-i", "anullsrc=channel_layout=5.1(side):r=44100:d=0.4")
    path = made(
        *("surround.mkv", *SOURCES, *surround, "-map", "0:v", "-map", "2:a", *X264, *COUNTS),
        *("-c:a", "ac3", "-attach", str(picture()), "-metadata:s:t", "mimetype=image/png"),
        *("-metadata:s:t", "filename=cover.png", "-metadata:s:a", "title=Six", "-t", "0.4"),
    )
    with Demuxer(path) as demuxer:
        streams = demuxer.streams
    for have, found in zip(streams, probe(path, "-show_streams")["streams"], strict=True):
        is_sound = found["codec_type"] == "audio"
        rate = int(found["sample_rate"]) if is_sound else None
        wanted = (rate, found.get("channels"), found.get("channel_layout"))
        assert (have.sample_rate, have.channels, have.channel_layout) == wanted
        assert have.tags == found.get("tags", {})
        assert not have.duration_is_estimated
    assert streams[1].channel_layout == "5.1(side)"
    assert hash(streams[1]) == hash(streams[1])
