"""Video.check: what it says of sound files, and of each way not to be."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attack
import numpy as np
import pytest
from bar_clips import bar_clip
from clips import (
    CACHE,
    CLIPS,
    ROOT,
    Clip,
    clip,
    ffmpeg_version,
    ffprobe_program,
    framemd5,
    passthrough,
    run_ffmpeg,
    run_ffprobe,
    said_of,
)

from ffwebcodecs import (
    CheckResult,
    Demuxer,
    EncodedVideoChunk,
    Finding,
    Video,
    WebCodecsError,
)

SOURCE = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=2")  # 50 frames, 40 ms each
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "10")


def check(source: Any) -> CheckResult:
    with Video(source) as video:
        return video.check()


def one(found: CheckResult, kind: str) -> Finding:
    [finding] = found.of(kind)
    return finding


def kinds(found: Sequence[Finding]) -> set[str]:
    return {each.kind for each in found}


def packets(path: Path) -> list[dict[str, Any]]:
    """Return the packets of the video as ffprobe lists them, in the order of the file."""
    found: list[dict[str, Any]] = json.loads(said_of(path, quietly, path))["packets"]
    return found


def quietly(path: Path) -> bytes:
    """Run ffprobe on a file that it may complain about."""
    command = [ffprobe_program(), "-v", "quiet", "-of", "json", "-select_streams", "v:0"]
    return subprocess.run([*command, "-show_packets", path], capture_output=True, check=True).stdout


def starts(path: Path) -> list[int]:
    """Return when the streams start, in microseconds, as ffprobe says."""
    listed = json.loads(said_of(path, run_ffprobe, "-show_streams", path))["streams"]
    return [round(float(stream["start_time"]) * 1_000_000) for stream in listed]


def make(name: str, *arguments: str | Path) -> Path:
    """Return a clip that the ffmpeg program has made, now or before."""
    command = [*map(str, arguments or (*SOURCE, *H264))]
    digest = hashlib.sha256(repr((command, ffmpeg_version())).encode()).hexdigest()[:10]
    path = CACHE / "clips" / f"check-{digest}-{name}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"making-{os.getpid()}-{path.name}")
        run_ffmpeg("-y", *command, made)
        made.rename(path)
    return path


# ---- sound files


@pytest.mark.divided
@pytest.mark.parametrize("which", CLIPS, ids=repr)
def test_a_clip_as_the_ffmpeg_program_makes_it_is_sound(which: Clip) -> None:
    path = which.path()
    found = check(path)
    assert found.errors == ()
    assert found.sound
    assert one(found, "frame-count").details["counted"] == len(framemd5(path))


def test_a_variable_rate_is_a_note_with_shortest_middle_and_longest_step() -> None:
    # Frame n is 10 ms late if n mod 3 is 1, 20 ms if it is 2: steps of 43, 43 and 13 ms, in a clip
    # of 30 frames a second whose times are whole milliseconds.
    found = check(clip("h264-variable-rate.mp4"))
    assert found.sound
    steps = one(found, "variable-rate").details
    times = [frame.timestamp for frame in framemd5(clip("h264-variable-rate.mp4"))]
    expected = np.diff(times)
    assert steps == {
        "min": expected.min(),
        "median": sorted(expected)[len(expected) // 2],
        "max": expected.max(),
    }
    assert 13_000 <= steps["min"] <= 14_000
    assert not found.of("gap")


def test_an_even_rate_is_none_in_milliseconds_either() -> None:
    thirds = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30000/1001:duration=2")
    found = check(make("thirds.mkv", *thirds, *H264))
    assert not kinds(found) & {"variable-rate", "gap"}


def test_hidden_frames_and_the_edit_list_are_notes() -> None:
    source = make("plain.mp4")
    path = make("cut.mp4", "-ss", "0.6", "-i", source, "-c", "copy")
    found = check(path)
    assert found.sound
    hidden = sum("D" in packet["flags"] for packet in packets(path))
    assert hidden > 0
    assert one(found, "hidden-frames").details == {"packets": hidden}
    count = one(found, "frame-count").details
    assert count == {"counted": count["packets"] - hidden, "stated": 40, "packets": 40}
    [edit] = one(found, "edit-list").details["edits"]
    # Shown is what is left of two seconds; the track begins with the key frame before the cut,
    # moved by the delay of reordering.
    assert edit["duration"] == 1_400_000
    assert edit["media_time"] == 200_000 + 80_000


def test_open_groups_are_counted() -> None:
    path = make("open.mkv", *SOURCE, *H264, "-x264-params", "open-gop=1:keyint=10:scenecut=0")
    listed, key, opened = packets(path), 0, set()
    for packet in listed:
        key = packet["pts"] if "K" in packet["flags"] else key
        if packet["pts"] < key:
            opened.add(key)
    assert opened
    found = check(path)
    assert found.sound
    groups = sum("K" in packet["flags"] for packet in listed)
    assert one(found, "open-gop").details == {"open": len(opened), "groups": groups}
    assert not check(make("plain.mp4")).of("open-gop")


def test_key_frames_are_spaced() -> None:
    found = one(check(make("plain.mp4")), "key-frames").details
    assert found["frames"]["max"] == 10
    assert found["longest"] == 400_000


@pytest.mark.parametrize(("name", "late"), [("late.mkv", 500_000), ("early.mkv", -500_000)])
def test_sound_that_is_late_or_early_is_a_note(name: str, late: int) -> None:
    tone = ("-f", "lavfi", "-i", "sine=duration=2", "-c:a", "pcm_s16le")
    shift = ("-itsoffset", "0.5")
    first, second = (shift, ()) if late < 0 else ((), shift)
    path = make(name, *first, *SOURCE, *second, *tone[:4], *H264, *tone[4:])
    found = check(path)
    assert found.sound
    video, audio = starts(path)
    assert abs(audio - video - late) <= 40_000
    details = {"offset": audio - video, "audio_start": audio}
    assert one(found, "audio-offset").details == details
    assert [each.details["start"] for each in found.of("start-offset")] == [video] * (video != 0)


def test_sound_that_begins_with_the_video_needs_no_note() -> None:
    tone = ("-f", "lavfi", "-i", "sine=duration=2")
    assert not check(make("tone.mp4", *SOURCE, *tone, *H264, "-c:a", "aac")).of("audio-offset")


def test_colors_are_stated_or_guessed() -> None:
    tags = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
    tagged = check(make("tagged.mp4", *SOURCE, *H264, *tags, "-color_range", "tv"))
    bt709 = {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "full_range": False}
    assert one(tagged, "color-stated").details == {"stated": bt709, "assumed": {}}
    guessed = one(check(make("plain.mp4")), "color-guessed")
    assert guessed.details["stated"]["matrix"] is None
    assert "matrix" in guessed.details["assumed"]
    assert "assumed" in guessed.message


def test_a_frame_that_stays_is_a_gap() -> None:
    filters = ("-vf", "select='not(between(n,20,29))'", "-vsync", "passthrough")
    found = check(make("gap.mkv", *SOURCE, *filters, *H264))
    assert found.sound
    gap = one(found, "gap")
    assert (gap.start, gap.stop, gap.details) == (19, 20, {"duration": 440_000})
    assert (gap.start_time, gap.stop_time) == (760_000, 1_200_000)
    assert not found.of("variable-rate")


def test_an_avi_that_went_through_a_pipe_states_no_number(tmp_path: Path) -> None:
    path = tmp_path / "piped.avi"
    path.write_bytes(run_ffmpeg(*SOURCE, "-c:v", "mpeg4", "-f", "avi", "-"))
    found = check(path)
    assert found.sound
    assert one(found, "frame-count").details == {"counted": 50, "stated": None, "packets": 50}


def test_a_container_that_marks_no_key_frame_is_sound() -> None:
    found = check(make("keyless.swf", *SOURCE, "-c:v", "flv", "-g", "10"))
    assert found.sound
    assert one(found, "no-key-frame").severity == "note"
    assert one(found, "frame-count").details["counted"] == 50


def test_a_raw_stream_has_no_times() -> None:
    found = check(clip("h264-bframes.h264"))
    assert one(found, "no-times").severity == "note"
    assert not kinds(found) & {"missing-times", "repeated-times"}


# ---- files that are not


def test_a_file_that_ends_early_says_both_numbers(tmp_path: Path) -> None:
    whole = make("fast.mp4", *SOURCE, *H264, "-movflags", "+faststart")
    listed = packets(whole)
    path = tmp_path / "cut.mp4"
    # In the middle of packet 30, so 31 come, the last one cut.
    path.write_bytes(whole.read_bytes()[: int(listed[30]["pos"]) + int(listed[30]["size"]) // 2])
    found = check(path)
    assert not found.sound
    early = one(found, "ends-early")
    assert (early.details["stated"], early.details["counted"]) == (50, 31)
    assert "50 frames are stated, 31 come" in early.message
    assert (found[0].severity, found[-1].severity) == ("error", "note")


@pytest.mark.parametrize(
    ("suffix", "encoder"),
    [("mkv", "mpeg4"), ("avi", "mpeg4"), ("flv", "flv"), ("mxf", "mpeg2video")],
)
def test_other_containers_that_end_early(tmp_path: Path, suffix: str, encoder: str) -> None:
    whole = make(f"whole.{suffix}", *SOURCE, "-c:v", encoder, "-g", "5")
    assert check(whole).sound
    data, cut = whole.read_bytes(), int(packets(whole)[30]["pos"])
    path = tmp_path / f"early.{suffix}"
    path.write_bytes(data[:cut])
    early = one(check(path), "ends-early")
    assert early.details["counted"] <= 30


def test_damage_is_a_range_that_ends_with_the_group(tmp_path: Path) -> None:
    # With a closed GOP, in Matroska: what packet 24 spoils are frames 20 to 29 at most.
    whole = make("plain.mkv")
    listed = packets(whole)
    data = bytearray(whole.read_bytes())
    place, size = int(listed[20]["pos"]), int(listed[20]["size"])
    assert "K" in listed[20]["flags"]
    middle = data.index(bytes(data[place : place + 8]), place) + size // 2
    data[middle : middle + 200] = bytes(range(200))
    path = tmp_path / "hurt.mkv"
    path.write_bytes(data)
    found = check(path)
    ranges = [each for each in found.errors if each.kind in ("undecodable", "damaged")]
    assert ranges
    assert ranges[0].start == 20
    assert all(20 <= each.start < each.stop <= 30 for each in ranges)  # type: ignore[operator]
    assert ranges[0].start_time == 800_000
    assert all(each.stop_time <= 1_200_000 for each in ranges)  # type: ignore[operator]
    # Every other frame comes.
    with Video(path) as video:
        assert one(found, "frame-count").details["counted"] == len(video) == 50


def test_a_hole_in_matroska_is_no_mere_gap(tmp_path: Path) -> None:
    # Clusters of half a second: the second of them is overwritten, and the reader goes on behind it
    # without a word.
    whole = make("clusters.mkv", *SOURCE, *H264, "-cluster_time_limit", "400")
    data = bytearray(whole.read_bytes())
    cluster = b"\x1f\x43\xb6\x75"
    starts = [at for at in range(len(data)) if data[at : at + 4] == cluster]
    assert len(starts) >= 4
    data[starts[1] : starts[2]] = bytes(starts[2] - starts[1])
    path = tmp_path / "hole.mkv"
    path.write_bytes(data)
    found = check(path)
    lost = one(found, "missing-frames")
    assert lost.severity == "error"
    assert lost.details["bytes"] >= starts[2] - starts[1]
    left = one(found, "frame-count").details["counted"]
    assert left < 50
    assert lost.details["duration"] == (50 - left + 1) * 40_000


def test_a_capture_that_begins_between_key_frames(tmp_path: Path) -> None:
    whole = make("plain.ts")
    place = int(packets(whole)[13]["pos"]) // 188 * 188
    path = tmp_path / "mid.ts"
    path.write_bytes(whole.read_bytes()[place:])
    found = one(check(path), "starts-between-key-frames")
    listed = packets(path)
    before = next(n for n, packet in enumerate(listed) if "K" in packet["flags"])
    assert found.severity == "error"
    assert found.details == {"packets": before}


def test_a_clock_that_starts_anew_is_an_error(tmp_path: Path) -> None:
    data = make("plain.ts").read_bytes()
    (tmp_path / "twice.ts").write_bytes(data + data)
    found = check(tmp_path / "twice.ts")
    back = one(found, "times-go-back")
    assert (back.start, back.stop) == (50, 51)
    assert one(found, "frame-count").details["counted"] == 100


def test_times_that_repeat_are_an_error() -> None:
    # 2000 frames a second in a container of milliseconds: each time stands for two frames.
    source = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=2000")
    path = make("fast.mkv", *source, "-frames:v", "20", "-c:v", "mpeg4", "-bf", "0")
    times = [int(packet["pts"]) for packet in packets(path)]
    repeated = [n for n in range(1, len(times)) if times[n] == times[n - 1]]
    assert len(repeated) > 5
    found = one(check(path), "repeated-times")
    assert found.severity == "error"
    assert found.details == {"frames": repeated, "count": len(repeated)}


def test_a_file_without_a_frame_is_an_error(tmp_path: Path) -> None:
    whole = make("parts.mp4", *SOURCE, *H264, "-movflags", "frag_keyframe+empty_moov")
    data = whole.read_bytes()
    path = tmp_path / "header.mp4"
    path.write_bytes(data[: data.index(b"moof") - 4])
    found = check(path)
    assert one(found, "no-frames").severity == "error"
    assert one(found, "frame-count").details["counted"] == 0


@pytest.mark.attack
def test_files_damaged_at_random_are_checked_or_refused() -> None:
    dice, tries, wrong = attack.dice("check"), attack.rounds(30, 20_000), []
    sources = [make(name).read_bytes() for name in ("plain.mp4", "plain.mkv", "plain.ts")]
    for number in range(tries):
        data = bytearray(dice.choice(sources))
        for _ in range(dice.choice((1, 5, 20))):
            at = dice.randrange(len(data))
            data[at : at + dice.choice((1, 1, 50, 400))] = dice.randbytes(dice.choice((0, 1, 50)))
        try:
            with Video(bytes(data)) as video:
                found, count = video.check(), len(video)
        except WebCodecsError:
            continue
        ranges = [(each.start, each.stop) for each in found if each.start is not None]
        if not all(0 <= start < (stop or 0) <= count for start, stop in ranges):
            wrong.append(number)
        json.dumps(found.to_json())
    attack.report("check of files damaged at random", tries, len(wrong), "a range that is none")
    assert not wrong


# ---- what it is


@pytest.mark.once
def test_the_page_about_time_lists_every_kind() -> None:
    source = (ROOT / "ffwebcodecs" / "files" / "_findings.py").read_text(encoding="utf-8")
    made = set(re.findall(r'"([a-z]+-[a-z-]+)",?$', source, re.MULTILINE))
    made |= set(re.findall(r'(?:note|error)\(\s*"([a-z-]+)"', source))
    assert len(made) > 15
    page = (ROOT / "docs" / "time.md").read_text(encoding="utf-8")
    assert sorted(kind for kind in made if f"`{kind}`" not in page) == []


def test_findings_can_be_pickled_and_written_as_json() -> None:
    found = check(make("plain.mp4"))
    assert pickle.loads(pickle.dumps(found)) == found
    assert isinstance(found, tuple)
    again = json.loads(json.dumps(found.to_json()))
    assert [set(each) for each in again] == [
        {"kind", "severity", "message", "start", "stop", "start_time", "stop_time", "details"}
    ] * len(found)
    assert {each.severity for each in found} == {"note"} == {each.severity for each in found.notes}


def test_progress_is_told_and_may_end_it() -> None:
    counts: list[int] = []
    with Video(make("plain.mp4")) as video:
        video.check(on_progress=counts.append)
        assert counts == list(range(1, 51))

        def stop(count: int) -> None:
            raise KeyError(count)

        with pytest.raises(KeyError):
            video.check(on_progress=stop)
        assert video.check().sound


def test_chunks_are_checked_too() -> None:
    with Demuxer(make("plain.mp4")) as demuxer:
        config, chunks = demuxer.video_config, list(demuxer.chunks())
    with Video.from_chunks(chunks, config) as video:
        found = video.check()
        assert found.sound
        assert one(found, "frame-count").details == {"counted": 50, "stated": None, "packets": 50}
        assert "assumed" in one(found, "color-guessed").details
    assert chunks[20].type == "key"
    chunks[20] = EncodedVideoChunk(
        type="key", timestamp=chunks[20].timestamp, data=bytes(chunks[20].data[:20])
    )
    with Video.from_chunks(chunks, config) as video:
        [lost] = video.check().errors
        assert (lost.kind, lost.start_time, lost.stop_time) == ("undecodable", 800_000, 1_200_000)
        assert (lost.start, lost.stop) == (20, 30)
        with video[35] as frame:  # it is as usable as before
            assert frame.timestamp == 1_400_000


def test_bytes_and_file_objects_are_checked_too() -> None:
    path = make("plain.mp4")
    expected = check(path)
    assert check(path.read_bytes()) == expected
    with path.open("rb") as file:
        assert check(file) == expected


def test_an_avi_with_many_empty_chunks_is_whole(tmp_path: Path) -> None:
    """Each is the picture before once more; most of this file's are, as of a slide show's."""
    path = tmp_path / "a.avi"
    slow = ("-vf", "setpts=N*6/25/TB", *passthrough(), "-r", "25")
    run_ffmpeg(*SOURCE, *slow, "-c:v", "mpeg4", path)
    found = check(path)
    assert found.sound, list(found)
    counts = one(found, "frame-count").details
    assert counts["counted"] == 50
    assert counts["stated"] > 5 * 50


def test_an_avi_that_states_pictures_it_is_delayed_by_is_whole(tmp_path: Path) -> None:
    """A file of the ffmpeg program's, as it takes packed pictures apart: two chunks are empty."""
    path = tmp_path / "a.avi"
    unpack = ("-c", "copy", "-bsf:v", "mpeg4_unpack_bframes")
    run_ffmpeg("-i", bar_clip("packed.avi").path(), *unpack, path)
    with Video(path) as video:
        assert video.check().sound, list(video.check())
    whole = path.read_bytes()
    with Video(whole[: len(whole) // 2]) as video:
        assert "ends-early" in [found.kind for found in video.check()]
