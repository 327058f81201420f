"""Damaged packets of streams that are copied: dropped, counted, told; the rest is there."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import call, names
from clips import clip
from convert_helpers import FAST, made
from mux_helpers import packets, probe

from ffwebcodecs import EncodingError, NotSupportedError, TranscodeResult, remux, transcode
from ffwebcodecs._ffi import version

pytestmark = pytest.mark.divided

FRAMES = 50
PICTURES, SOUND = 256, 257  # the streams' numbers in FFmpeg's MPEG-TS
CONVERSIONS = [remux, lambda *given, **more: transcode(*given, encoder_options=FAST, **more)]


def recording(name: str, codec: str, *options: str) -> Path:
    """Return 2 s of small pictures and noise, which takes many bytes."""
    return made(
        *(name, "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25"),
        *("-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:seed=1:duration=2"),
        *("-frames:v", str(FRAMES), "-c:v", "libx264", "-preset", "ultrafast", "-g", "25"),
        *("-pix_fmt", "yuv420p", "-threads", "1", "-c:a", codec, *options),
    )


def broadcast() -> bytes:
    return recording("damaged-packets.ts", "aac", "-b:a", "128k").read_bytes()


def ts_packets(data: bytes, number: int) -> Iterator[tuple[int, bool]]:
    """Yield where the packets of a stream are, and whether a PES packet begins there."""
    for at in range(0, len(data), 188):
        if (data[at + 1] & 0x1F) << 8 | data[at + 2] == number:
            yield at, bool(data[at + 1] & 0x40)


def without_header(which: int) -> Callable[[], bytes]:
    """Return the recording with the ADTS header destroyed that begins this PES packet of sound."""

    def make() -> bytes:
        data = bytearray(broadcast())
        begin = [at for at, begins in ts_packets(data, SOUND) if begins][which]
        found = data.index(b"\xff\xf1", begin, begin + 188)
        data[found : found + 2] = b"\0\0"
        return bytes(data)

    return make


def without_a_packet() -> bytes:
    data = broadcast()
    inside = [at for at, begins in ts_packets(data, SOUND) if not begins]
    at = inside[len(inside) // 2]
    return data[:at] + data[at + 188 :]


def flv_with_times(change: Callable[[int, int], int], codec: str = "aac") -> bytes:
    """Return a recording in FLV, the milliseconds of each packet of sound as `change(number,
    milliseconds)` says.
    """
    made_of = recording(f"damaged-packets-{codec}.flv", codec, "-ar", "44100")
    data = bytearray(made_of.read_bytes())
    at, number = 13, 0
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        if data[at] == 8 and (codec != "aac" or data[at + 12]):  # sound, and not its header
            low, high = data[at + 4 : at + 7], data[at + 7 : at + 8]
            time = change(number, int.from_bytes(high + low, "big")).to_bytes(4, "big")
            data[at + 4 : at + 8] = time[1:] + time[:1]
            number += 1
        at += 15 + size
    return bytes(data)


def convert(call: Callable[..., TranscodeResult], *given: Any, **more: Any) -> tuple[Any, str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(*given, **more)
    return result, " ".join(str(each.message) for each in caught)


@pytest.mark.parametrize(
    ("conversion", "damaged", "suffix"),
    [
        (CONVERSIONS[0], without_header(0), ".mp4"),
        (CONVERSIONS[1], without_header(0), ".mkv"),
        (CONVERSIONS[1], without_header(2), ".mp4"),
        (CONVERSIONS[0], without_header(2), ".mkv"),
        (CONVERSIONS[0], without_a_packet, ".mp4"),
        (CONVERSIONS[1], without_a_packet, ".mkv"),
        (CONVERSIONS[0], without_a_packet, ".ts"),
    ],
)
def test_only_the_damaged_packets_of_sound_are_missing(
    conversion: Callable[..., TranscodeResult],
    damaged: Callable[[], bytes],
    suffix: str,
    tmp_path: Path,
) -> None:
    whole, source, out = (tmp_path / name for name in ("w" + suffix, "d.ts", "o" + suffix))
    source.write_bytes(damaged())
    result, said = convert(conversion, source, out)
    count = result.dropped_packets
    what = f"{count} packet{'s' * (count > 1)} of audio aac"
    assert result.frames_written == FRAMES
    assert f"'{source}' is damaged: {what} cannot be copied" in said.replace("\\\\", "\\")
    assert [each.split(": ")[0] for each in result.lost] == [what]
    remux(broadcast(), whole)
    want = Counter(each.digest for each in packets(whole, "a:0"))
    have = Counter(each.digest for each in packets(out, "a:0"))
    assert 0 < count < 3
    assert have.total() + count == len(packets(source, "a:0"))
    # FFmpeg 4.3 does not say which packets are from where bytes are missing.
    unknown = damaged is without_a_packet and "container says" not in said
    assert (have - want).total() <= unknown


@pytest.mark.parametrize("conversion", CONVERSIONS, ids=["remux", "transcode"])
def test_strict_makes_a_damaged_packet_an_error_without_output(
    conversion: Callable[..., TranscodeResult], tmp_path: Path
) -> None:
    with pytest.raises(EncodingError, match=r"audio aac stream .* no ADTS header, and strict"):
        conversion(without_header(2)(), tmp_path / "o.mp4", strict=True)
    with (
        pytest.warns(UserWarning, match="input"),
        pytest.raises(NotSupportedError, match="would lack 1 packet of audio aac: it has no ADTS"),
    ):
        warnings.warn("input", stacklevel=1)  # nothing else is told then
        conversion(without_header(2)(), tmp_path / "o.mp4", require_all=True)
    assert names(tmp_path) == []


def test_command_line_tells_and_strict_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "d.ts", tmp_path / "o.mp4"
    source.write_bytes(without_header(2)())
    assert call("remux", source, out, "--strict") == 1
    assert not out.exists()
    assert call("remux", source, out, "-q") == 0
    assert "1 packet of audio aac cannot be copied" in capsys.readouterr().err
    assert out.exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda number, time: 3_600_000 if number == 40 else time, "far from"),
        (lambda number, time: 0 if number == 40 else time, "goes back"),
        (lambda number, time: 9_000 + time if 40 <= number < 43 else time, "far from"),
        (lambda number, time: 9_000 + time if number >= 40 else time, None),
        (lambda number, time: time - 50 if number == 40 else time, None),
    ],
    ids=["later", "earlier", "some", "all", "little"],
)
def test_a_wrong_time_takes_its_own_packet_only(
    change: Callable[[int, int], int], why: str | None, tmp_path: Path
) -> None:
    count = 0 if why is None else 3 if change(41, 0) else 1
    result, said = convert(remux, flv_with_times(change), tmp_path / "o.mkv")
    assert result.dropped_packets == count
    assert (why in said) if why else not said
    have = [each.digest for each in packets(tmp_path / "o.mkv", "a:0")]
    remux(flv_with_times(lambda number, time: time), tmp_path / "w.mkv")
    want = [each.digest for each in packets(tmp_path / "w.mkv", "a:0")]
    assert have == want[:40] + want[40 + count :]


def test_what_the_muxer_refuses_later_is_known_by_its_stream(tmp_path: Path) -> None:
    """AVI refuses to fill an hour when it writes, which is after packets of others came."""
    later = flv_with_times(lambda number, time: time + 3_600_000 * (number >= 40), "libmp3lame")
    result, said = convert(remux, later, tmp_path / "o.avi")
    sound = packets(tmp_path / "o.avi", "a:0")
    count = result.dropped_packets
    assert len(sound) == 40 < len(sound) + count
    assert any(one.startswith(f"{count} packets of audio mp3: ") for one in result.lost)
    assert said.count("cannot be copied") == 1
    assert result.frames_written == len(packets(tmp_path / "o.avi")) == FRAMES


@pytest.mark.parametrize("suffix", [".ts", ".avi"])
def test_copied_video_that_the_filter_refuses_is_dropped(suffix: str, tmp_path: Path) -> None:
    whole = clip("h264-bframes.mp4").read_bytes()
    samples = packets(clip("h264-bframes.mp4"))
    data = bytearray(whole)
    place = _place_of(clip("h264-bframes.mp4"), 20)
    data[place : place + 4] = b"\x7f\xff\xff\xff"
    result, said = convert(remux, data, tmp_path / f"o{suffix}")
    assert (result.frames_read, result.frames_written) == (len(samples), len(samples) - 1)
    assert result.dropped_packets == 1
    assert "1 packet of video h264 cannot be copied" in said
    with pytest.raises(EncodingError, match="strict"):
        remux(data, tmp_path / f"s{suffix}", strict=True)
    assert names(tmp_path) == [f"o{suffix}"]


def test_a_picture_of_which_some_is_missing_is_copied_and_told(tmp_path: Path) -> None:
    data = broadcast()
    inside = [at for at, begins in ts_packets(data, PICTURES) if not begins]
    at = inside[len(inside) // 2]
    damaged = data[:at] + data[at + 188 :]
    result, said = convert(remux, damaged, tmp_path / "o.mp4")
    assert (result.frames_written, result.dropped_packets) == (FRAMES, 0)
    if version("avcodec") < (59,):  # the oldest ones do not say which packets are damaged
        return
    assert "is damaged: some of 1 packet of video h264 is missing" in said
    assert len(result.lost) == 1
    with pytest.raises(EncodingError, match="some of a packet of video h264 is missing, and stri"):
        remux(damaged, tmp_path / "s.mp4", strict=True)
    assert names(tmp_path) == ["o.mp4"]


def _place_of(path: Path, number: int, stream: str = "v:0") -> int:
    found = probe(path, "-select_streams", stream, "-show_entries", "packet=pos")["packets"]
    return int(found[number]["pos"])
