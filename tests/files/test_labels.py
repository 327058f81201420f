"""Language, title, dispositions, timecode and tags of a film: kept, or named; judged by ffprobe."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any

import pytest
from convert_helpers import FAST, made
from encode_helpers import need
from mux_helpers import copy, probe

from ffwebcodecs import NotSupportedError, ffmpeg_info, remux, transcode

pytestmark = pytest.mark.divided
PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=2")
SOUND = ("-f", "lavfi", "-i", "sine=duration=2")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0")


def labelled() -> Path:
    if int(ffmpeg_info().release.partition(".")[0]) < 5:
        pytest.skip("FFmpeg before 5.0 reads and writes few dispositions")
    return made(
        *("labelled.mkv", *PICTURES, *SOUND, *X264, "-c:a", "aac"),
        *("-metadata:s:v", "language=jpn", "-metadata:s:v", "title=Main"),
        *("-metadata:s:a", "language=fre", "-metadata:s:a", "title=Commentary"),
        *("-disposition:v", "default+forced+original", "-disposition:a", "comment"),
        *("-metadata", "title=Film", "-metadata", "director=Someone"),
    )


def coded(timecode: str = "01:00:00:10", rate: str = "25") -> Path:
    name = f"coded-{timecode.replace(':', '-').replace(';', '+')}.mov"
    source = ("-f", "lavfi", "-i", f"testsrc2=size=64x64:rate={rate}:duration=3")
    return made(name, *source, *X264, "-timecode", timecode)


def phone() -> Path:
    return made(
        *("phone.mov", *PICTURES, *X264, "-movflags", "use_metadata_tags"),
        *("-metadata", "com.apple.quicktime.make=Apple", "-metadata", "title=Holiday"),
        *("-metadata", "com.apple.quicktime.location.ISO6709=+52.5+013.4/"),
        *("-metadata", "creation_time=2024-05-06T07:08:09.000000Z"),
    )


def convert(how: str, source: Path, output: Path, **options: Any) -> list[str]:
    """Return what is lost; each loss is a warning too."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if how == "remux":
            lost = remux(source, output, **options).lost
        else:
            coder = {"codec": "vp9"} if output.suffix == ".webm" else {"encoder_options": FAST}
            lost = transcode(source, output, **coder, **options).lost
    assert len([each for each in caught if each.category is UserWarning]) == len(lost)
    return lost


@functools.cache
def said(path: Path) -> Any:
    return probe(path, "-show_streams", "-show_format")


def tags_of(found: Any) -> dict[str, str]:
    return {key.lower(): value for key, value in found.get("tags", {}).items()}


def stream(path: Path, kind: str = "video") -> Any:
    found = next(each for each in said(path)["streams"] if each["codec_type"] == kind)
    on = {name for name, value in found["disposition"].items() if value}
    return {"tags": tags_of(found), "on": on}


def file_tags(path: Path) -> dict[str, str]:
    return tags_of(said(path)["format"])


@pytest.mark.parametrize("how", ["remux", "transcode", "chunks"])
def test_matroska_keeps_all_of_it(how: str, tmp_path: Path) -> None:
    output = tmp_path / "a.mkv"
    if how == "chunks":
        copy(labelled(), output)
    else:
        assert convert(how, labelled(), output) == []
        sound = stream(output, "audio")
        assert (sound["tags"]["language"], sound["tags"]["title"]) == ("fre", "Commentary")
        assert sound["on"] == {"comment"}
        assert file_tags(output)["director"] == "Someone"
    found = stream(output)
    assert (found["tags"]["language"], found["tags"]["title"]) == ("jpn", "Main")
    assert found["on"] == stream(labelled())["on"]
    if how == "transcode":
        assert "duration" not in {key.partition("-")[0] for key in found["tags"]} - {"duration"}


@pytest.mark.parametrize("how", ["remux", "transcode"])
def test_mp4_keeps_what_it_can_and_names_the_rest(how: str, tmp_path: Path) -> None:
    output = tmp_path / "a.mp4"
    lost = convert(how, labelled(), output)
    found, sound = stream(output), stream(output, "audio")
    assert (found["tags"]["language"], sound["tags"]["language"]) == ("jpn", "fre")
    assert {"default", "forced"} <= found["on"]
    # The only name that a track has there.
    assert (found["tags"]["handler_name"], sound["tags"]["handler_name"]) == ("Main", "Commentary")
    assert file_tags(output)["title"] == "Film"
    text = "\n".join(lost)
    assert "title (video 'Main', audio 'Commentary')" in text
    assert "disposition (video 'original')" in text
    assert "the tag DIRECTOR: mp4 cannot hold it" in text


def test_quicktime_says_a_language_by_its_own_name_for_it(tmp_path: Path) -> None:
    """ "fre" and "fra" are the same language (ISO 639-2); FFmpeg's writer knows one of each."""
    convert("remux", labelled(), tmp_path / "a.mov")
    assert stream(tmp_path / "a.mov")["tags"]["language"] == "jpn"
    assert stream(tmp_path / "a.mov", "audio")["tags"]["language"] == "fra"


def test_a_loss_of_a_label_is_an_error_where_all_is_required(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="DIRECTOR"):
        remux(labelled(), tmp_path / "a.mp4", require_all=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.ts", "a.avi"])
def test_what_holds_few_labels_names_each(name: str, tmp_path: Path) -> None:
    text = "\n".join(convert("remux", labelled(), tmp_path / name))
    assert "language (video 'jpn'" in text
    assert "disposition (video 'forced', video 'original', audio 'comment')" in text
    assert ("title (" in text) == (name == "a.ts")  # AVI names its streams


# ---- timecode


def timecode_of(path: Path) -> str | None:
    return stream(path)["tags"].get("timecode")


@pytest.mark.parametrize("how", ["remux", "transcode"])
@pytest.mark.parametrize("name", ["a.mov", "a.mp4", "a.mkv"])
def test_the_timecode_is_kept_and_its_track_is_not_lost(
    how: str, name: str, tmp_path: Path
) -> None:
    assert convert(how, coded(), tmp_path / name) == []
    assert timecode_of(tmp_path / name) == "01:00:00:10"


def test_what_has_no_timecode_names_it(tmp_path: Path) -> None:
    lost = convert("remux", coded(), tmp_path / "a.ts")
    assert any("timecode (video '01:00:00:10')" in each for each in lost)


@pytest.mark.parametrize(
    ("timecode", "rate", "start", "expected"),
    [
        ("01:00:00:10", "25", 1_000_000, "01:00:01:10"),
        ("01:00:00:10", "25", 600_000, "01:00:01:00"),
        # 30 frames of 1001/30000 s after 00:00:59;10 come labels 00 and 01 that do not exist.
        ("00:00:59;10", "30000/1001", 1_001_000, "00:01:00;12"),
    ],
)
def test_a_cut_begins_at_its_own_timecode(
    timecode: str, rate: str, start: int, expected: str, tmp_path: Path
) -> None:
    convert("transcode", coded(timecode, rate), tmp_path / "a.mov", start=start)
    assert timecode_of(tmp_path / "a.mov") == expected


def test_a_copied_part_begins_at_the_timecode_of_its_key_frame(tmp_path: Path) -> None:
    """One key frame a second: the part begins at the one before 1.5 s."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        remux(coded(), tmp_path / "a.mov", start=1_500_000)
    assert timecode_of(tmp_path / "a.mov") == "01:00:01:10"


def test_sound_alone_has_its_labels(tmp_path: Path) -> None:
    lost = convert("remux", labelled(), tmp_path / "a.m4a")
    sound = stream(tmp_path / "a.m4a", "audio")["tags"]
    assert (sound["language"], sound["handler_name"]) == ("fre", "Commentary")
    assert any("title (audio 'Commentary')" in each for each in lost)


def test_another_rate_counts_the_timecode_anew(tmp_path: Path) -> None:
    convert("transcode", coded(), tmp_path / "a.mov", framerate=50)
    assert timecode_of(tmp_path / "a.mov") == "01:00:00:20"


def test_pictures_at_odd_times_keep_the_timecode(tmp_path: Path) -> None:
    """Its track wants a rate, or FFmpeg writes no header."""
    shown = iter(range(1000))

    def some(frame: Any) -> Any:
        return frame if next(shown) % 7 not in (1, 2, 5) else None

    convert("transcode", coded(), tmp_path / "a.mov", map_frame=some)
    assert timecode_of(tmp_path / "a.mov") == "01:00:00:10"


def test_a_tag_that_is_no_timecode_does_not_end_the_conversion(tmp_path: Path) -> None:
    source = made("no-timecode.mkv", *PICTURES, *X264, "-metadata:s:v", "timecode=at noon")
    lost = convert("remux", source, tmp_path / "a.mov")
    assert ["timecode (video 'at noon')" in each for each in lost] == [True]


# ---- tags of the whole file


@pytest.mark.parametrize("how", ["remux", "transcode"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_keys_of_phones_are_kept(how: str, name: str, tmp_path: Path) -> None:
    assert convert(how, phone(), tmp_path / name) == []
    tags, before = file_tags(tmp_path / name), file_tags(phone())
    for key in ("com.apple.quicktime.make", "com.apple.quicktime.location.iso6709", "title"):
        assert tags[key] == before[key]
    assert tags["creation_time"] == "2024-05-06T07:08:09.000000Z"


def test_tags_of_the_file_itself_and_repeated_ones_are_no_loss(tmp_path: Path) -> None:
    source = made(
        *("software.mkv", *PICTURES, *X264, "-metadata", "software=A camera"),
        *("-metadata", "title=Film", "-metadata", "title-eng=Film"),
    )
    assert convert("remux", source, tmp_path / "a.mp4") == []
    assert file_tags(tmp_path / "a.mp4")["title"] == "Film"


def test_without_such_keys_tags_lie_where_players_look(tmp_path: Path) -> None:
    convert("remux", labelled(), tmp_path / "a.mp4", metadata={"title": "Film"})
    data = (tmp_path / "a.mp4").read_bytes()
    assert b"\xa9nam" in data
    assert b"mdta" not in data


def test_a_stream_that_is_copied_keeps_no_counts_of_a_whole_that_was_cut(tmp_path: Path) -> None:
    need("libx264")
    source = made(
        *("counted.mkv", *PICTURES, *SOUND, *X264, "-c:a", "aac"),
        *("-metadata:s:a", "NUMBER_OF_FRAMES=88", "-metadata:s:v", "BPS=4000"),
    )
    convert("transcode", source, tmp_path / "a.mkv", start=1_000_000)
    assert "number_of_frames" not in stream(tmp_path / "a.mkv", "audio")["tags"]
    assert "bps" not in stream(tmp_path / "a.mkv")["tags"]
    convert("remux", source, tmp_path / "b.mkv")
    assert stream(tmp_path / "b.mkv", "audio")["tags"]["number_of_frames"] == "88"


def test_what_ogg_says_of_the_file_in_its_streams_is_no_loss(tmp_path: Path) -> None:
    source = made("branded.ogv", "-i", str(coded()), "-an", "-c:v", "libtheora",
                  "-metadata:s:v", "major_brand=isom")  # fmt: skip
    assert "major_brand" in str(said(source))
    lost = transcode(source, tmp_path / "a.mp4", encoder_options=FAST).lost
    assert not [each for each in lost if "brand" in each]
