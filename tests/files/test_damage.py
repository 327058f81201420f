"""Damage in files and chunks: what comes out, what is skipped, and what is said of it."""

from __future__ import annotations

import re
import warnings
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bar_clips import bar_clip
from clips import clip, run_ffmpeg
from decode_helpers import Record, Sink, stream
from encode_helpers import need

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    EncodingError,
    InvalidArgumentError,
    VideoDecoderConfig,
    read_frames,
    remux,
    transcode,
)
from ffwebcodecs.cli import main

pytestmark = pytest.mark.divided

# What these decoders refuse for certain, whatever they conceal elsewhere.
DAMAGE = {
    "h264-bframes.mp4": b"\x7f\xff\xff\xff\x41",
    "hevc-bframes.mp4": b"\x7f\xff\xff\xff\x02\x01",
    "vp8.webm": b"\x01\x00\x00",
    "vp9.webm": b"\x00" * 8,
    "av1.mp4": b"\xff" * 16,
    "mpeg4.avi": b"\xff" * 50,
}


class Read(NamedTuple):
    times: list[int]
    said: str
    error: EncodingError | None


def read(source: Any, config: Any = None, **options: Any) -> Read:
    times: list[int] = []
    failure = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            times.extend(frame.timestamp for frame in read_frames(source, config, **options))
        except EncodingError as error:
            failure = error.with_traceback(None)
    return Read(times, " ".join(str(each.message) for each in caught), failure)


def damaged(name: str, *places: int) -> tuple[VideoDecoderConfig, list[Record]]:
    data = stream(name)
    records = list(data.records)
    for at in places:
        records[at] = records[at]._replace(data=DAMAGE[name])
    return data.config, records


def left(records: list[Record], *places: int) -> list[int]:
    """Return the times of what can be decoded: up to a damaged chunk, and from the next key on,
    without the leading pictures of an open group, which refer to what is missing.
    """
    found, sound, begin = [], True, 0
    for at, record in enumerate(records):
        if not sound and record.type == "key":
            begin = record.timestamp
        sound = at not in places and (sound or record.type == "key")
        if sound and record.timestamp >= begin:
            found.append(record.timestamp)
    return sorted(found)


# ---- what comes before damage --------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("name", ["h264-bframes.mp4", "hevc-bframes.mp4", "vp9.webm", "av1.mp4"])
def test_all_frames_of_chunks_before_the_last_come_out_if_that_is_damaged(
    name: str, threads: int
) -> None:
    """The error comes while the decoder is emptied: it still holds frames."""
    config, records = damaged(name, 25)
    records = records[:26]
    found = read((record.chunk() for record in records), config, threads=threads)
    assert found.error is not None
    assert found.error.timestamp == records[25].timestamp
    assert found.times == sorted(record.timestamp for record in records[:25])


def test_read_frames_gives_what_the_worker_gives_and_ffmpeg_whatever_the_threads(
    tmp_path: Path,
) -> None:
    whole, cut = tmp_path / "a.flv", tmp_path / "cut.flv"
    run_ffmpeg("-i", clip("h264-bframes.mp4"), "-c", "copy", whole)
    data = whole.read_bytes()
    for part in (0.55, 0.6):
        cut.write_bytes(data[: int(len(data) * part)])
        lines = run_ffmpeg("-i", cut, "-f", "framemd5", "-").decode().splitlines()
        want = sum(not line.startswith("#") for line in lines)
        sink = Sink()
        with Demuxer(cut) as demuxer, sink.decoder() as decoder:
            decoder.configure(demuxer.video_config)
            try:
                for chunk in demuxer.chunks():
                    decoder.decode(chunk)
                decoder.flush().result(20)
            except EncodingError:
                pass
        for threads in (1, 2, 4):
            found = read(cut, threads=threads)
            assert found.times == sink.frames
            assert len(found.times) >= want - 1  # the last one may be what is cut off
            assert f"states {len(data)} bytes" in found.said
            assert f"has {int(len(data) * part)}" in found.said


# ---- going on behind it --------------------------------------------------------------------------


@pytest.mark.parametrize("places", [(0,), (20,), (44,), (3, 15, 16, 33), tuple(range(45))], ids=str)
@pytest.mark.parametrize("name", DAMAGE)
def test_skip_goes_on_at_the_next_key_frame_and_says_so(name: str, places: tuple[int, ...]) -> None:
    config, records = damaged(name, *places)
    want = left(records, *places)
    for threads in (1, 4):
        found = read((record.chunk() for record in records), config, threads=threads, errors="skip")
        assert found.times == want
        if not want:
            assert "gave no frame" in str(found.error)
            continue
        assert found.error is None
        assert f"{len(records) - len(want)} chunk" in found.said
        missing = {record.timestamp for record in records} - set(want)
        assert f"{min(missing) / 1e6:.3f} to " in found.said


@pytest.mark.parametrize("name", ["h264-bframes.mp4", "vp9.webm"])
def test_frames_behind_damage_are_those_of_the_sound_file(name: str) -> None:
    config, records = damaged(name, 7, 20)

    def look(items: Any) -> dict[int, bytes]:
        frames = read_frames((each.chunk() for each in items), config, errors="skip")
        return {frame.timestamp: frame.to_ndarray().tobytes() for frame in frames}

    sound = look(stream(name).records)
    with pytest.warns(UserWarning, match="skipped"):
        found = look(records)
    assert len(found) == 45 - 8 - 10
    assert all(sound[time] == pixels for time, pixels in found.items())


def test_leading_pictures_behind_damage_are_not_given(tmp_path: Path) -> None:
    """Those of an open group refer to what is missing; x264 also counts on their being there."""
    need("libx264")
    path = tmp_path / "a.mp4"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2", "-c:v", "libx264", "-g", "10"),
        *("-bf", "2", "-x264-params", "open-gop=1:threads=1", path),
    )
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
        chunks = list(demuxer.chunks())
    records = [Record(c.type, c.timestamp, c.duration, bytes(c.data)) for c in chunks]
    keys = [at for at, record in enumerate(records) if record.type == "key"]
    at = keys[2] - 3
    records[at] = records[at]._replace(data=b"\x7f\xff\xff\xff\x41")
    found = read((record.chunk() for record in records), config, errors="skip")
    key = records[keys[2]].timestamp
    before = {record.timestamp for record in records[:at]}
    assert set(found.times) == before | {r.timestamp for r in records[at:] if r.timestamp >= key}
    assert found.times == sorted(found.times)


def test_key_flags_of_a_file_that_lie_are_not_believed(tmp_path: Path) -> None:
    """Matroska from the ffmpeg program calls each picture of H.263 a key frame."""
    path = tmp_path / "a.mkv"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=1.2", "-c:v", "h263", "-g", "10", path)
    )
    sound = {frame.timestamp: frame.to_ndarray().tobytes() for frame in read_frames(path)}
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
        chunks = [Record(c.type, c.timestamp, c.duration, bytes(c.data)) for c in demuxer.chunks()]
    chunks[4] = chunks[4]._replace(data=b"\xff" * 20)
    with pytest.warns(UserWarning, match="6 chunks skipped"):
        found = {
            frame.timestamp: frame.to_ndarray().tobytes()
            for frame in read_frames((c.chunk() for c in chunks), config, errors="skip")
        }
    assert list(found) == [time for at, time in enumerate(sound) if not 4 <= at < 10]
    assert all(sound[time] == pixels for time, pixels in found.items())


@pytest.mark.parametrize("threads", [1, 3])
def test_mpeg4_with_threads_survives_damage_inside_a_picture(threads: int) -> None:
    """FFmpeg's frame threads end the process if damage is an error there."""
    data = stream("mpeg4.avi")
    records = list(data.records)
    records[5] = records[5]._replace(data=records[5].data[: len(records[5].data) // 2])
    chunks = (record.chunk() for record in records)
    found = read(chunks, data.config, threads=threads, errors="skip")
    assert found.times == left(records, 5)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_a_damaged_header_of_a_sequence_holds_no_reading_up(threads: int) -> None:
    """dav1d waits for ever for what comes after the error, unless it is opened anew."""
    with Demuxer(bar_clip("av1.mp4").path()) as demuxer:
        config, chunks = demuxer.video_config, list(demuxer.chunks())
    data = bytearray(chunks[30].byte_length)
    chunks[30].copy_to(data)
    data[9] = 0x42
    chunks[30] = EncodedVideoChunk(type="key", timestamp=chunks[30].timestamp, data=bytes(data))
    found = read(chunks, config, threads=threads, errors="skip")
    assert found.times[:30] == [chunk.timestamp for chunk in sorted(chunks, key=when)[:30]]
    assert found.times[-1] == max(chunk.timestamp for chunk in chunks)
    assert found.error is None


def when(chunk: EncodedVideoChunk) -> int:
    return chunk.timestamp


# ---- files that end early ------------------------------------------------------------------------


def cut_mp4(tmp_path: Path, codec: str = "h264") -> Path:
    """Return an MP4 with its index in front that ends in the middle of a picture."""
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    name = {"h264": "h264-bframes.mp4", "mpeg4": "mpeg4.avi"}[codec]
    run_ffmpeg("-y", "-i", clip(name), "-c", "copy", "-movflags", "+faststart", whole)
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) * 8 // 10])
    return cut


@pytest.mark.parametrize("codec", ["h264", "mpeg4"])
def test_a_file_that_ends_before_its_index_does_warns_with_both_numbers(
    codec: str, tmp_path: Path
) -> None:
    path = cut_mp4(tmp_path, codec)
    found = [read(path, threads=threads) for threads in (1, 4)]
    for each in found:
        assert each.error is None
        assert f"states 45 frames, {len(each.times)} came" in each.said
        assert each.times == found[0].times
    strict = read(path, strict=True)
    assert strict.error is not None
    assert "states 45 frames" in str(strict.error)
    assert not strict.said
    with Demuxer(path) as demuxer:
        assert "states 45 frames" in read(demuxer, start=500_000).said
    assert not read(path, stop=300_000).said  # what is not wanted is not missing


@pytest.mark.parametrize("suffix", ["mkv", "webm", "flv", "avi", "gif", "mov", "asf", "frag.mp4"])
def test_every_container_that_says_how_much_it_holds_is_asked(suffix: str, tmp_path: Path) -> None:
    name = "vp9.webm" if suffix == "webm" else "mpeg4.avi"
    options = ["-c", "copy"]
    if suffix in ("flv", "frag.mp4", "mkv"):
        name = "h264-bframes.mp4"
    if suffix == "gif":
        options = ["-s", "32x32"]
    if suffix == "frag.mp4":
        options += ["-movflags", "frag_keyframe+empty_moov"]
    if suffix == "mov":
        options += ["-movflags", "+faststart"]
    path = tmp_path / f"a.{suffix}"
    run_ffmpeg("-i", clip(name), *options, path)
    data = path.read_bytes()
    whole = read(data)
    assert not whole.said
    assert whole.error is None
    assert not read(data, strict=True, errors="skip").said
    found = read(data[: len(data) * 8 // 10])
    if suffix == "gif" and not found.said:
        pytest.skip("this FFmpeg gives the rest of a picture for a whole one, so none is missing")
    assert "ends early" in found.said
    assert set(found.times) < set(whole.times)
    strict = read(data[: len(data) * 8 // 10], strict=True).error
    assert "ends early" in str(strict) or "cannot decode the chunk" in str(strict)


@pytest.mark.parametrize("suffix", ["asf", "flv", "mkv", "mp4"])
def test_a_last_chunk_that_is_not_whole_belongs_to_the_early_end(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{suffix}"
    run_ffmpeg("-i", clip("h264-bframes.mp4"), "-c", "copy", "-movflags", "+faststart", path)
    data = path.read_bytes()
    for part in (0.5, 0.65, 0.8):
        for threads in (1, 3):
            found = read(data[: int(len(data) * part)], threads=threads)
            assert found.error is None
            assert re.search(r"ends early: it states \d+ \w+, (and has )?\d+", found.said)
    # Damaged in a file that does not end early, it is an error.
    whole = bytearray(data)
    with Demuxer(data) as demuxer:
        chunk = list(demuxer.chunks())[-1]
    last = bytearray(chunk.byte_length)
    chunk.copy_to(last)
    at = data.rindex(last)
    whole[at : at + len(last)] = b"\xff" * len(last)
    assert "cannot decode the chunk" in str(read(bytes(whole)).error)


def test_a_few_last_bytes_are_missed_in_flv_too(tmp_path: Path) -> None:
    path = tmp_path / "a.flv"
    run_ffmpeg("-i", clip("mpeg4.avi"), "-c:v", "flv", path)
    assert "ends early" in read(path.read_bytes()[:-20]).said


def test_a_count_that_was_never_written_is_none() -> None:
    """The ffmpeg program leaves 2**30 frames in the header of an AVI that goes to a pipe."""
    data = run_ffmpeg("-i", clip("mpeg4.avi"), "-c", "copy", "-f", "avi", "pipe:1")
    assert not read(data, strict=True, errors="skip").said


def test_edit_lists_and_files_without_an_index_are_no_early_end(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    run_ffmpeg("-ss", "0.7", "-i", clip("h264-bframes.mp4"), "-c", "copy", path)
    assert not read(path, strict=True, errors="skip").said
    data = clip("h264-bframes.ts").read_bytes()
    assert not read(data[: len(data) // 188 // 2 * 188]).said


# ---- whole files ---------------------------------------------------------------------------------


def test_transcode_says_what_it_skipped(tmp_path: Path) -> None:
    source, target = tmp_path / "a.mp4", tmp_path / "b.mp4"
    data = bytearray(clip("h264-bframes.mp4").read_bytes())
    chunk = stream("h264-bframes.mp4").records[20]
    at = data.index(chunk.data)
    data[at : at + 4] = b"\x7f\xff\xff\xff"
    source.write_bytes(data)
    with pytest.raises(EncodingError, match=str(chunk.timestamp)):
        transcode(source, target)
    assert not target.exists()
    records = list(stream("h264-bframes.mp4").records)
    want = left(records, 20)
    with pytest.warns(UserWarning, match="10 chunks skipped"):
        result = transcode(source, target, errors="skip")
    assert result.frames_written == len(want) == 35
    assert result.skipped_chunks == 10
    missing = {record.timestamp for record in records} - set(want)
    assert result.skipped_ranges == [(min(missing), records[30].timestamp)]
    assert result.shortfall is None
    assert len(read(target).times) == 35


def test_transcode_and_remux_tell_an_early_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = cut_mp4(tmp_path, "mpeg4"), tmp_path / "b.mp4"
    for convert in (transcode, remux):
        with pytest.warns(UserWarning, match="states 45 frames"):
            result = convert(source, target)
        assert result.shortfall is not None
        assert f"{result.frames_written} came" in result.shortfall
        target.unlink()
        with pytest.raises(EncodingError, match="states 45 frames"):
            convert(source, target, strict=True)
        assert not target.exists()
    for command, more in (("remux", []), ("transcode", []), ("frames", ["--size", "8x8"])):
        output = ["-o", str(tmp_path / "out")] if command == "frames" else [str(target)]
        arguments = [command, str(source), *output, *more, "--force"]
        assert main(arguments) == 0
        said = capsys.readouterr().err
        assert "states 45 frames" in said
        assert "--strict" in said
        assert main([*arguments, "--strict"]) == 1
        assert "45 frames" in capsys.readouterr().err


def test_the_command_line_skips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.mp4"
    data = bytearray(clip("h264-bframes.mp4").read_bytes())
    at = data.index(stream("h264-bframes.mp4").records[20].data)
    data[at : at + 4] = b"\x7f\xff\xff\xff"
    source.write_bytes(data)
    arguments = ["frames", str(source), "-o", str(tmp_path), "--size", "8x8", "--errors", "skip"]
    assert main(arguments) == 0
    assert "10 chunks skipped" in capsys.readouterr().err
    assert len(list(tmp_path.glob("frame-*.png"))) == 35


# ---- no frame ------------------------------------------------------------------------------------


@pytest.mark.parametrize("errors", ["raise", "skip"])
def test_chunks_without_a_frame_are_an_error(errors: str) -> None:
    data = stream("h264-bframes.mp4")
    deltas = [record for record in data.records[1:10] if record.type == "delta"]
    found = read((record.chunk() for record in deltas), data.config, errors=errors)
    assert found.times == []
    assert found.error is not None
    if "no frame" in str(found.error):
        assert "key frame" in str(found.error)


def test_a_range_without_a_frame_is_none() -> None:
    path = clip("h264-bframes.mp4")
    for start, stop in product((10_000_000, 1_400_000), (10_000_001, None)):
        assert read(path, start=start, stop=stop).error is None
    assert read([], stream("h264-bframes.mp4").config).error is None


@pytest.mark.parametrize("option", [{"errors": "ignore"}, {"strict": 2}], ids=str)
def test_unknown_values_are_refused(option: dict[str, Any], tmp_path: Path) -> None:
    for call in (
        lambda: read_frames(clip("vp9.webm"), **option),
        lambda: transcode(clip("vp9.webm"), tmp_path / "a.webm", **option),
        lambda: remux(clip("vp9.webm"), tmp_path / "a.webm", **option),
    ):
        with pytest.raises(InvalidArgumentError):
            call()


def test_an_avi_that_is_counted_in_fields_is_whole(tmp_path: Path) -> None:
    source, out = tmp_path / "a.avi", tmp_path / "a.mkv"
    run_ffmpeg("-i", clip("h264-bframes.mp4"), "-an", "-c", "copy", source)
    assert remux(source, out, strict=True).shortfall is None
    source.write_bytes(source.read_bytes()[: source.stat().st_size * 3 // 4])
    with pytest.raises(EncodingError, match="ends early"):
        remux(source, out, strict=True)
