"""An error says what FFmpeg's log says of it, and what to do."""

from __future__ import annotations

import ast
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clips import clip
from convert_helpers import made
from encode_helpers import need

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    Video,
    ffmpeg_info,
    read_frames,
    remux,
    transcode,
)
from ffwebcodecs._av import said

KEY = "76a6c65c5ea762046bd749a2e632ccbb"


def test_a_film_without_its_index_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + b"\0\0\1\0mdat" + b"x" * 248)
    with pytest.raises(EncodingError, match=r"cannot open .*moov atom not found.*did not end"):
        Demuxer(path)
    with pytest.raises(EncodingError, match="moov atom not found"):
        Demuxer(path.read_bytes())


def test_a_key_file_that_is_blocked_is_named(tmp_path: Path) -> None:
    (tmp_path / "key.bin").write_bytes(bytes(16))
    (tmp_path / "a.ts").write_bytes(clip("h264-with-audio.mp4").read_bytes())
    (tmp_path / "a.m3u8").write_text(
        '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI="key.bin"\n'
        "#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises(EncodingError, match=r"key\.bin|a\.ts") as caught:
        Demuxer(tmp_path / "a.m3u8", playlists=True)
    assert "(FFmpeg: " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\na.xyz\n#EXT-X-ENDLIST\n"),
        (
            "long.m3u8",
            f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{'./' * 300}a.xyz\n#EXT-X-ENDLIST\n",
        ),
        ("a.ffconcat", "ffconcat version 1.0\nfile 'a b;.ts'\n"),
    ],
)
def test_the_options_that_an_error_advises_open_the_file(
    name: str, text: str, tmp_path: Path
) -> None:
    source = made("advised.ts", *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1"))
    for copy in ("a.xyz", "a b;.ts"):
        (tmp_path / copy).write_bytes(source.read_bytes())
    (tmp_path / name).write_text(text)
    try:
        count = _frames(tmp_path / name, playlists=True)  # what older FFmpeg allows
    except EncodingError as error:
        advised = re.search(r"; options=(\{.*?\}) allows", str(error))
        assert advised and "no reason" not in str(error), error
        options = ast.literal_eval(advised[1])
        count = _frames(tmp_path / name, playlists=True, options=options)
    assert count == 10


def encrypted() -> Path:
    return made(
        "encrypted.mp4",
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1", "-c:v", "libx264"),
        *("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY),
        *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"),
    )


@pytest.mark.parametrize(
    "read",
    [
        lambda path, out, **options: _frames(path, **options),
        lambda path, out, **options: sum(1 for chunk in Demuxer(path, **options).chunks()),
        lambda path, out, **options: _length(path, **options),
        lambda path, out, **options: remux(path, out, **_input(options)).frames_written,
        lambda path, out, **options: transcode(path, out, **_input(options)).frames_written,
    ],
    ids=["read_frames", "chunks", "Video", "remux", "transcode"],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_encrypted_film_is_refused_without_its_key(
    read: Callable[..., int], tmp_path: Path
) -> None:
    need("libx264")
    with pytest.raises(NotSupportedError, match=r"is encrypted .*decryption_key"):
        read(encrypted(), tmp_path / "o.mp4")
    assert not list(tmp_path.iterdir())
    assert read(encrypted(), tmp_path / "o.mp4", options={"decryption_key": KEY}) == 10


def _frames(path: Path, **options: Any) -> int:
    count = 0
    for frame in read_frames(path, **options):
        frame.close()
        count += 1
    return count


def _length(path: Path, **options: Any) -> int:
    with Video(path, **options) as video:
        video[0].close()
        return len(video)


def _input(options: dict[str, Any]) -> dict[str, Any]:
    return {f"input_{key}": value for key, value in options.items()}


def test_animated_webp_has_pictures_and_says_which_ffmpeg_counts_them() -> None:
    need("libwebp_anim")
    path = made("animated.webp", *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.5"))
    assert _frames(path) == 5
    if int(ffmpeg_info().release.split(".")[0]) >= 9:
        assert _length(path) == 5
        return
    with pytest.raises(NotSupportedError, match=r"FFmpeg before 9\.0 reads in one piece"):
        _length(path)


# ---- whose lines they are


def test_the_last_errors_are_told_without_addresses_warnings_only_without_errors() -> None:
    lines = [
        (False, b"[mov @ 0x55d1] Format mov detected only with low score of 1\n"),
        (True, b"[hls @ 0x55d1] [tcp @ 0x1] one "),
        (True, b"[hls @ 0x55d1] sentence.\n"),
        (True, b"two\n"),
        (True, b"two\n"),
    ]
    assert said._told(lines) == "one sentence; two"
    assert said._told(lines[:1]) == ""
    assert said._told([(False, b"a warning\n")]) == "a warning"
    assert len(said._told([(True, b"x" * 999 + b"\n")] * 9 + [(True, b"y" * 999 + b"\n")])) <= 400
    assert said.with_words("no: FFmpeg gives no reason", "why") == "no (FFmpeg: why)"


def test_lines_that_are_cut_off_or_not_to_be_shown_stay_lines() -> None:
    long = b"[hls @ 0x55d1] " + b"x" * 1008
    assert re.fullmatch(r"x+\.\.\.x+; next", said._told([(True, long), (True, b"next\n")]))
    # What is said of a long name comes after it.
    assert said._told([(True, b"URL " + b"x" * 600 + b" is not allowed\n")]).endswith(
        " not allowed"
    )
    assert said._told([(True, b"caf\xe9\n")]) == "caf\ufffd"
    # What a file has others say of it does not reach a terminal.
    assert said._told([(True, b"a \x1b[2J\x9b \xc2\x9b b\n")]) == "a ?[2J\ufffd ? b"


def test_lines_of_other_threads_are_not_taken_for_the_reason(tmp_path: Path) -> None:
    """Files that fail for other reasons, opened at the same time."""
    (tmp_path / "moov.mp4").write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x10mdat" + b"x" * 8)
    (tmp_path / "a.m3u8").write_text("#EXTM3U\n#EXTINF:1,\na.xyz\n#EXT-X-ENDLIST\n")
    (tmp_path / "a.xyz").write_bytes(b"nothing")
    found: dict[str, set[str]] = {}

    def fail(name: str) -> None:
        for _ in range(20):
            with pytest.raises(EncodingError) as caught:
                Demuxer(tmp_path / name, playlists=True)
            found.setdefault(name, set()).add(str(caught.value))

    threads = [threading.Thread(target=fail, args=(name,)) for name in ("moov.mp4", "a.m3u8") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found["moov.mp4"]) == 1 and "moov atom" in found["moov.mp4"].pop()
    assert all("moov" not in message for message in found["a.m3u8"])


def test_a_log_that_the_program_listens_to_stays_its_own(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x10mdat" + b"x" * 8)
    program = (
        "import ctypes, sys, ffwebcodecs\n"
        "library = ctypes.CDLL(sys.argv[2])\n"
        "library.av_log_set_level(16)\n"
        "try: ffwebcodecs.Demuxer(sys.argv[1])\n"
        "except ffwebcodecs.EncodingError as error: print(error)\n"
    )
    library = ffmpeg_info().libraries["avutil"][0]
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), library], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "(FFmpeg:" not in done.stdout and "Invalid data" in done.stdout
    assert "moov atom not found" in done.stderr


def test_an_encoder_that_refuses_its_options_says_why(tmp_path: Path) -> None:
    need("libx264")
    with pytest.raises(NotSupportedError, match="preset") as caught:
        transcode(
            clip("h264-with-audio.mp4"), tmp_path / "a.mp4", encoder_options={"preset": "none"}
        )
    if said.keeps_lines():
        assert "FFmpeg: " in str(caught.value)
    assert not list(tmp_path.iterdir())


# ---- what was meant


@pytest.mark.parametrize(
    ("codec", "meant"),
    [
        ("libx264", "'h264', or 'ffmpeg:libx264'"),
        ("x265", "'hevc', or 'ffmpeg:libx265'"),
        ("prores", "'ffmpeg:prores_ks'"),
        ("copy", "remux"),
        ("libvpx-vp9", "'vp9', or 'ffmpeg:libvpx-vp9'"),
    ],
)
def test_ffmpegs_names_of_encoders_lead_to_ours(codec: str, meant: str, tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match=meant):
        transcode(clip("h264-with-audio.mp4"), tmp_path / "a.mp4", codec=codec)
    assert not list(tmp_path.iterdir())


def test_a_bitrate_is_written_as_on_the_command_line(tmp_path: Path) -> None:
    source, path = clip("h264-with-audio.mp4"), tmp_path / "a.mp4"
    assert transcode(source, path, bitrate="0.3M", threads=1).frames_written
    assert transcode(source, tmp_path / "b.mp4", bitrate=300_000, threads=1).frames_written
    sizes = [each.stat().st_size for each in (path, tmp_path / "b.mp4")]
    assert max(sizes) < 1.02 * min(sizes)
    with pytest.raises(InvalidArgumentError, match="'2X' is no bitrate; write 2M"):
        transcode(source, path, bitrate="2X")


def test_a_list_of_names_is_answered_with_what_to_do() -> None:
    with pytest.raises(InvalidArgumentError, match="reads one file, got 2 names: call it for each"):
        read_frames(["a.mp4", Path("b.mp4")])
    with pytest.raises(InvalidArgumentError, match="one file at a time"):
        Demuxer(["a.mp4"])


def test_a_way_out_is_a_container_that_holds_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:00,100 --> 00:00:00,500\nHello\n")
    source = tmp_path / "a.mkv"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-i", clip("h264-with-audio.mp4"), "-i", tmp_path / "a.srt"),
            *("-map", "0", "-map", "1", "-c", "copy", source),
        ],
        check=True,
    )
    with pytest.warns(UserWarning, match=r"\(\.mkv would hold it; subtitles=False"):
        remux(source, tmp_path / "a.ts")
    with pytest.warns(UserWarning), pytest.raises(NotSupportedError, match=r"use \.mkv$"):
        remux(source, tmp_path / "a.webm")
    with pytest.warns(UserWarning), pytest.raises(NotSupportedError, match=r"use \.mkv$"):
        remux(source, tmp_path / "a.webm", subtitles=True)
    with pytest.warns(UserWarning), pytest.raises(NotSupportedError, match=r"use \.mp4, "):
        remux(source, tmp_path / "a.webm", subtitles=False)


@pytest.mark.parametrize(
    ("suffix", "codec"), [("m2v", "mpeg2video"), ("vob", "mpeg2video"), ("wmv", "wmv2")]
)
def test_a_suffix_gets_the_codec_that_its_players_expect(
    suffix: str, codec: str, tmp_path: Path
) -> None:
    result = transcode(clip("h264-with-audio.mp4"), tmp_path / f"a.{suffix}", audio=False)
    assert result.codec == f"ffmpeg:{codec}"
