"""transcode: sound that the output cannot hold is encoded, and lies where it lay, to the sample."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import run_ffmpeg
from convert_helpers import FAST, made, streams
from heard import RATE, Samples, alike, heard, noisy_film, offset
from mux_helpers import probe

from ffwebcodecs import (
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    TranscodeResult,
    remux,
    transcode,
)
from ffwebcodecs._av.files import containers

pytestmark = pytest.mark.divided(file=True)
VP8 = {"codec": "vp8", "encoder_options": {"cpu-used": "8", "deadline": "realtime"}}
FILMS = (".mp4", ".mov", ".mkv", ".ts")


def quick(output: Path, source: Path | None = None, **options: Any) -> TranscodeResult:
    if output.suffix == ".webm":
        options = {**VP8, **options}
    elif output.suffix in FILMS:
        options = {"encoder_options": FAST, **options}
    return transcode(noisy_film() if source is None else source, output, **options)


def film24() -> Path:
    """Return a MOV with PCM of 24 bits that uses all of them."""
    return noisy_film("mov", "-c:a", "pcm_s24le", name="noise24")


def surround() -> Path:
    return noisy_film("mkv", "-c:a", "flac", channels=6, name="noise6")


def audio(path: Path) -> dict[str, Any]:
    found = probe(path, "-select_streams", "a", "-show_streams")["streams"]
    assert len(found) == 1
    stream: dict[str, Any] = found[0]
    return stream


def integers(path: Path) -> bytes:
    """Return the samples that the ffmpeg program decodes, as they are, in 32 bits."""
    return run_ffmpeg("-i", path, "-map", "0:a:0", "-f", "s32le", "-c:a", "pcm_s32le", "-")


def holds_alac() -> bool:
    """Return whether this FFmpeg puts it into MP4, as those since 4.4 do."""
    return containers.find("a.mp4", None).can_hold(containers.codec_id("alac"), "alac")


def check_place(have: Samples, want: Samples, least: float = 0.95) -> None:
    """Assert that two recordings lie alike to the sample."""
    assert offset(have, want) == 0
    assert alike(have, want) > least


# ---- what becomes of it


def test_aac_becomes_opus_in_webm_and_nothing_is_lost(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    out = tmp_path / "a.webm"
    result = quick(out, require_all=True)
    assert (result.encoded_streams, result.copied_streams) == (["audio aac as opus"], [])
    assert (result.dropped_streams, result.lost, recwarn.list) == ([], [], [])
    assert streams(out) == ["video vp8", "audio opus"]
    have, want = heard(out), heard(noisy_film())
    check_place(have, want, 0.9)
    assert len(have) == RATE * 12 // 10  # the ffmpeg program hears the padding of MP4 as well


def test_what_the_container_holds_is_copied(tmp_path: Path) -> None:
    result = quick(tmp_path / "a.mp4")
    assert (result.encoded_streams, result.copied_streams) == ([], ["audio aac"])
    assert np.array_equal(heard(tmp_path / "a.mp4"), heard(noisy_film()))


def test_pcm_becomes_aac_in_mp4_or_alac_bit_by_bit(tmp_path: Path) -> None:
    """Some releases write PCM into MP4, and few players find it there."""
    result = quick(tmp_path / "a.mp4", film24())
    assert result.encoded_streams == ["audio pcm_s24le as aac"]
    check_place(heard(tmp_path / "a.mp4"), heard(film24()), 0.9)
    if not holds_alac():
        return
    result = quick(tmp_path / "b.mp4", film24(), audio="alac")
    assert result.encoded_streams == ["audio pcm_s24le as alac"]
    assert audio(tmp_path / "b.mp4")["bits_per_raw_sample"] == "24"
    assert integers(tmp_path / "b.mp4") == integers(film24())


@pytest.mark.parametrize(
    ("codec", "suffix", "source"),
    [
        ("aac", "mov", "pcm_s24le"),
        ("opus", "mp4", "pcm_s24le"),
        ("flac", "mkv", "pcm_s24le"),
        ("vorbis", "mkv", "pcm_s24le"),
        ("ac3", "mp4", "pcm_s24le"),
        ("ffmpeg:pcm_s24be", "mov", "pcm_s24le"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*cannot say that the first")
def test_a_codec_can_be_chosen(codec: str, suffix: str, source: str, tmp_path: Path) -> None:
    out = tmp_path / f"a.{suffix}"
    result = quick(out, film24(), audio=codec, stop=600_000)
    name = {"pcm": "pcm_s16le"}.get(codec, codec.removeprefix("ffmpeg:"))
    assert result.encoded_streams == [f"audio {source} as {name}"]
    assert audio(out)["codec_name"] == name
    have, want = heard(out), heard(film24())[: RATE * 6 // 10]
    check_place(have, want, 0.9)


def test_rate_channels_and_bitrate_can_be_chosen(tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    result = quick(out, sample_rate=16000, channels=1, audio_bitrate="48k")
    assert result.encoded_streams == ["audio aac as aac"]
    found = audio(out)
    assert (found["sample_rate"], found["channels"]) == ("16000", 1)
    assert int(found["bit_rate"]) < 70_000
    want = heard(noisy_film(), channels=1, rate=16000)
    assert offset(heard(out, channels=1, rate=16000), want) == 0


def test_none_is_wanted_or_one_of_two(tmp_path: Path) -> None:
    two = made(
        *("noise-both.mkv", "-i", str(noisy_film()), "-i", str(film24()), "-map", "0", "-map"),
        *("1:a", "-c", "copy", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1"),
        *("language=ger",),
    )
    result = quick(tmp_path / "a.mp4", two)
    assert (result.copied_streams, result.encoded_streams) == (
        ["audio aac"],
        ["audio pcm_s24le as aac"],
    )
    found = probe(tmp_path / "a.mp4", "-select_streams", "a", "-show_streams")["streams"]
    assert [one["tags"]["language"] for one in found] == ["eng", "ger"]
    check_place(heard(tmp_path / "a.mp4", "a:1"), heard(film24()), 0.9)

    result = quick(tmp_path / "b.webm", two, audio_stream=2)
    assert (result.encoded_streams, result.lost) == (["audio pcm_s24le as opus"], [])
    assert result.dropped_streams == ["audio aac"]
    assert audio(tmp_path / "b.webm")["tags"]["language"] == "ger"

    with pytest.raises(InvalidArgumentError, match=r"audio_stream is 0.*those are 1, 2"):
        quick(tmp_path / "c.mp4", two, audio_stream=0)
    result = quick(tmp_path / "d.mp4", two, audio=False)
    assert (result.copied_streams, result.encoded_streams) == ([], [])
    assert not (tmp_path / "c.mp4").exists()


def test_six_channels_stay_six_or_are_mixed_with_a_word(tmp_path: Path) -> None:
    quick(tmp_path / "a.webm", surround())
    found = audio(tmp_path / "a.webm")
    assert (found["channels"], found["channel_layout"]) == (6, "5.1")
    have, want = heard(tmp_path / "a.webm", channels=6), heard(surround(), channels=6)
    for channel in (0, 1, 2, 4, 5):  # not what is below 120 Hz
        one = slice(channel, channel + 1)
        check_place(have[:, one], want[:, one], 0.9)
    with pytest.warns(UserWarning, match="4 of the 6 channels .* mp3 holds 2"):
        result = quick(tmp_path / "a.mp3", surround())
    assert result.lost == ["4 of the 6 channels of audio flac: mp3 holds 2"]
    assert audio(tmp_path / "a.mp3")["channels"] == 2
    assert quick(tmp_path / "b.mp3", surround(), channels=2).lost == []


# ---- cut


@pytest.mark.parametrize("suffix", ["webm", "mp4", "wav"])
def test_it_is_cut_to_the_sample(suffix: str, tmp_path: Path) -> None:
    """The first sample is the first one at or after the start, the last one before the stop."""
    out = tmp_path / f"a.{suffix}"
    codec = {"mp4": {"audio": "aac"}}.get(suffix, {})
    quick(out, start=400_000, stop=1_000_000, **codec)
    have, want = heard(out), heard(noisy_film())[RATE * 4 // 10 : RATE]
    check_place(have, want, 0.9)
    if suffix == "wav":
        assert len(have) == len(want)
        assert float(np.abs(have - want).max()) < 2 / 32768
    assert 0 <= len(have) - len(want) < 1024


def test_sound_that_begins_late_and_pauses_stays_in_its_place(tmp_path: Path) -> None:
    late = made(
        *("noise-late.mkv", "-i", str(noisy_film()), "-itsoffset", "0.3", "-i", str(film24())),
        *("-map", "0:v", "-map", "1:a", "-c", "copy"),
    )
    quick(tmp_path / "a.webm", late)
    check_place(heard(tmp_path / "a.webm"), heard(late), 0.9)


def test_sound_far_behind_the_pictures_and_none_at_all(tmp_path: Path) -> None:
    """What is written waits for the first of each stream, so there is silence until it comes."""
    far = made(
        *("noise-far.mkv", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=9"),
        *("-itsoffset", "7.5", "-i", str(film24()), "-map", "0", "-map", "1:a", "-c:a", "flac"),
        *("-c:v", "libx264", "-g", "5"),
    )
    quick(tmp_path / "a.mov", far, audio="alac")
    have, want = heard(tmp_path / "a.mov"), heard(far)
    assert np.array_equal(have, want)
    result = quick(tmp_path / "b.mov", far, audio="alac", start=1_000_000, stop=2_000_000)
    assert (result.encoded_streams, result.lost) == (["audio flac as alac"], [])
    silent = heard(tmp_path / "b.mov")
    assert 0.7 * RATE < len(silent) <= RATE
    assert not silent.any()


def test_damaged_sound_is_silent_and_told(tmp_path: Path) -> None:
    whole = made("noise-damage.mkv", "-i", str(noisy_film()), "-c", "copy")
    found = probe(whole, "-select_streams", "a", "-show_packets")["packets"]
    data = bytearray(whole.read_bytes())
    for one in found[10:13]:
        at = int(one["pos"])
        data[at + 20 : at + 120] = bytes((7 * byte + 13) & 255 for byte in data[at + 20 : at + 120])
    with pytest.warns(UserWarning, match=r"packets? of audio aac .* there is silence instead"):
        result = quick(tmp_path / "a.webm", io.BytesIO(data))
    count = result.dropped_packets
    assert 1 <= count <= 3
    assert result.lost[0].startswith(f"{count} packet{'s' * (count > 1)} of audio aac: damaged")
    have, want = heard(tmp_path / "a.webm"), heard(whole)
    assert abs(offset(have, want)) <= RATE // 1000
    with pytest.raises(EncodingError, match="cannot be decoded, and strict is set"):
        quick(tmp_path / "b.webm", io.BytesIO(data), strict=True)
    assert not (tmp_path / "b.webm").exists()


def test_a_container_without_sound_says_so(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="ivf cannot hold the audio aac stream"):
        result = transcode(noisy_film(), tmp_path / "a.ivf", **VP8)
    assert result.lost == ["audio aac: ivf cannot hold it"]


# ---- what cannot be


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"audio": "no"}, "audio: .*'aac', 'opus'"),
        ({"audio": 3}, "audio must be True, False, 'auto'"),
        ({"audio": "none"}, "audio=False leaves sound out"),
        ({"audio": "copy", "channels": 1}, "copies sound as it is: channels is for sound"),
        ({"audio": False, "sample_rate": 8000}, "leaves no sound: sample_rate"),
        ({"audio_bitrate": 128}, "audio_bitrate is 128.* did you mean 128_000"),
        ({"audio_bitrate": "loud"}, "no bitrate"),
        ({"sample_rate": 0}, "sample_rate is 0, it must be from 1"),
        ({"channels": 1000}, "channels is 1000, it must be from 1 to 64"),
        ({"audio_stream": -1}, "audio_stream is -1"),
        ({"map_audio": 1}, "map_audio must be callable"),
        ({"audio": "aac", "sample_rate": 12345}, "sample_rate is 12345.* 44100, 48000"),
        ({"audio": "mp3", "channels": 6}, "channels is 6, and mp3 holds 2 at most"),
        ({"audio": "vorbis"}, "mp4 cannot hold vorbis|cannot hold"),
        ({"audio": "ffmpeg:nothing"}, "no encoder for nothing; audio may be one of aac"),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    out = tmp_path / ("a.mov" if options == {"audio": "vorbis"} else "a.mp4")
    with pytest.raises((InvalidArgumentError, NotSupportedError), match=message):
        quick(out, **options)
    assert list(tmp_path.iterdir()) == []


def test_remux_names_transcode(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="remux encodes nothing, as transcode does"):
        remux(
            made("noise-vp8.mkv", "-i", str(noisy_film()), "-c:v", "libvpx", "-c:a", "copy"),
            tmp_path / "a.webm",
        )
    with pytest.raises(NotSupportedError, match=r"\.mp3 cannot hold aac.*transcode encodes it"):
        remux(noisy_film(), tmp_path / "a.mp3")
    with pytest.raises(InvalidArgumentError, match="remux encodes nothing, transcode"):
        remux(noisy_film(), tmp_path / "a.mp4", audio="aac")  # type: ignore[arg-type]
