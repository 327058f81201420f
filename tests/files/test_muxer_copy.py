"""Demuxer to Muxer without decoding: nothing is lost, as ffprobe and the ffmpeg program see it."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from clips import B_FRAMES, Clip, clip, real_clip, run_ffmpeg
from mux_helpers import copy, need_container, packets, pictures, probe, start_step

from ffwebcodecs import remux

pytestmark = pytest.mark.divided(file=True)

MPEG4_B = Clip("mpeg4-bframes.mp4", "mpeg4", "-bf", "2")
PRORES = Clip("prores.mov", "prores_ks", pixel_format="yuv422p10le", frames=5)
FFV1 = Clip("ffv1.mkv", "ffv1", frames=5)
MJPEG = Clip("mjpeg.avi", "mjpeg", pixel_format="yuvj420p", frames=10)
OPEN_GOP = Clip("h264-open-gop.mp4", "libx264", *B_FRAMES, "-x264-params", "open-gop=1")

# The same container again: every packet, every time, every duration is the same.
SAME = [
    *("h264-bframes.mp4", "h264-bframes.mov", "h264-bframes.mkv", "h264-bframes.ts"),
    *("h264.avi", "h264-variable-rate.mp4", "h264-offset.mp4", "h264-offset.mkv"),
    *("h264-interlaced.mp4", "h264-rotated.mp4", "hevc-bframes.mp4", "hevc-bframes.mkv"),
    *("hevc-bframes.ts", "vp8.webm", "vp8.ivf", "vp9.webm", "vp9-hidden-frames.webm"),
    *("vp9-profile2.webm", "av1.mp4", "av1.webm", "av1.ivf", "av1-10bit.mkv"),
    *("mpeg2-interlaced.ts", "mpeg4.avi", "h264-bframes.h264", "hevc-bframes.hevc"),
]
# Another container with a clock that is fine enough, and the same form of data.
EXACT = [
    *(("h264-bframes.mp4", "mov"), ("h264-bframes.mov", "mp4"), ("h264-offset.mp4", "mov")),
    *(("vp8.ivf", "ivf"), ("mpeg4.avi", "mp4"), ("h264-variable-rate.mp4", "mov")),
]
# Whatever the container makes of times and data, the pictures are the same.
PICTURES = [
    *(("h264-bframes.mp4", suffix) for suffix in ("mkv", "ts", "avi", "h264")),
    *(("h264-bframes.ts", suffix) for suffix in ("mp4", "mkv", "avi", "h264")),
    *(("h264-bframes.h264", suffix) for suffix in ("mp4", "mkv", "ts")),
    *(("hevc-bframes.mp4", suffix) for suffix in ("mkv", "ts", "hevc")),
    *(("hevc-bframes.ts", suffix) for suffix in ("mp4", "mkv")),
    *(("vp8.webm", suffix) for suffix in ("mkv", "ivf")),
    *(("vp9.webm", suffix) for suffix in ("mp4", "mkv", "ivf")),
    *(("av1.ivf", suffix) for suffix in ("mp4", "webm", "mkv")),
    *(("av1.mp4", suffix) for suffix in ("webm", "ivf", "avif")),
    *(("mpeg2-interlaced.ts", suffix) for suffix in ("mp4", "mkv")),
]


@pytest.mark.parametrize("name", SAME)
def test_copy_into_the_same_container_changes_no_packet(name: str, tmp_path: Path) -> None:
    source = clip(name)
    copied = tmp_path / f"copy{source.suffix}"
    copy(source, copied)
    assert packets(copied) == packets(source)


@pytest.mark.parametrize(("name", "suffix"), EXACT)
def test_copy_into_another_container_keeps_all_times(
    name: str, suffix: str, tmp_path: Path
) -> None:
    source, copied = clip(name), tmp_path / f"copy.{suffix}"
    copy(source, copied)
    assert packets(copied) == packets(source)


@pytest.mark.slow
@pytest.mark.parametrize("item", [MPEG4_B, PRORES, FFV1, MJPEG, OPEN_GOP], ids=repr)
def test_copy_of_an_uncommon_codec_changes_no_packet(item: Clip, tmp_path: Path) -> None:
    source = item.path()
    copied = tmp_path / f"copy{source.suffix}"
    copy(source, copied)
    assert packets(copied) == packets(source)
    assert pictures(copied) == pictures(source)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "suffix"), PICTURES)
def test_copy_decodes_to_the_same_pictures(name: str, suffix: str, tmp_path: Path) -> None:
    need_container(suffix)
    source, copied = clip(name), tmp_path / f"copy.{suffix}"
    copy(source, copied)
    assert pictures(copied) == pictures(source)


@pytest.mark.slow
def test_copy_of_mpeg4_into_a_transport_stream_decodes(tmp_path: Path) -> None:
    # MPEG-TS has no place for the codec's header, so key frames must carry it.
    source, copied = MPEG4_B.path(), tmp_path / "copy.ts"
    copy(source, copied)
    assert pictures(copied) == pictures(source)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"faststart": False}, {"fragmented": True}], ids=repr)
def test_copy_of_real_footage_is_the_same(options: dict[str, bool], tmp_path: Path) -> None:
    source, copied = real_clip(), tmp_path / "copy.mp4"
    copy(source, copied, **options)
    assert packets(copied) == packets(source)
    assert pictures(copied) == pictures(source)


@pytest.mark.slow
def test_frames_hidden_by_an_edit_list_stay_hidden(tmp_path: Path) -> None:
    source, copied = tmp_path / "cut.mp4", tmp_path / "copy.mp4"
    run_ffmpeg("-ss", "0.7", "-i", clip("h264-bframes.mp4"), "-c", "copy", source)
    copy(source, copied)
    assert len(packets(source)) > len(pictures(source))
    assert packets(copied) == packets(source)
    assert pictures(copied) == pictures(source)


def with_all_streams(source: Path, destination: Path) -> list[str]:
    """Copy all that the container can hold; return the kinds of what it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about just that
        left = remux(source, destination).dropped_streams
    return [name.split()[0] for name in left]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    subtitles = folder / "words.srt"
    subtitles.write_text("1\n00:00:00,100 --> 00:00:00,900\nhello\n")
    options = ["-c", "copy", "-c:s", "mov_text", "-metadata:s:a:0", "language=fra"]
    inputs = ["-i", str(clip("h264-with-audio.mp4")), "-i", str(subtitles)]
    path = folder / "film.mp4"
    run_ffmpeg(*inputs, "-map", "0", "-map", "1", *options, "-metadata", "title=Film", path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_other_streams_are_copied_exactly(film: Path, suffix: str, tmp_path: Path) -> None:
    copied = tmp_path / f"copy.{suffix}"
    assert with_all_streams(film, copied) == []
    for stream in ("v:0", "a:0", "s:0"):
        found, expected = packets(copied, stream), packets(film, stream)
        # The film's edit list counts in milliseconds, and cuts the last packet to one.
        assert abs((found[-1].duration or 0) - (expected[-1].duration or 0)) < 1000
        assert [p._replace(duration=None) for p in found[-1:]] == [
            p._replace(duration=None) for p in expected[-1:]
        ]
        assert found[:-1] == expected[:-1]


def test_metadata_is_copied(film: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copy.mkv"
    assert with_all_streams(film, copied) == []
    found = probe(copied, "-show_format", "-show_streams")
    assert found["format"]["tags"]["title"] == "Film"
    assert [s["tags"].get("language") for s in found["streams"]] == [None, "fra", None]


@pytest.mark.slow
def test_audio_from_a_transport_stream_stays_in_step(film: Path, tmp_path: Path) -> None:
    stream, back = tmp_path / "film.ts", tmp_path / "back.mp4"
    assert with_all_streams(film, stream) == ["subtitle"]
    assert with_all_streams(stream, back) == []
    starts = []
    for path in (film, stream, back):
        audio, video = packets(path, "a:0")[0].pts, packets(path)[0].pts
        assert audio is not None
        assert video is not None
        starts.append(audio - video)
    # A tick of MPEG-TS and one of the audio's clock, and how MP4 rounds its starts.
    assert max(starts) - min(starts) <= 22 + start_step()
    assert [p.digest for p in packets(back, "a:0")] == [p.digest for p in packets(film, "a:0")]
