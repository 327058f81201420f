"""Playlists, limits and waits at once: lists from pipes, lists that lead to who is silent, and what
an error keeps of the input that it broke off.
"""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bombs
import pytest
from clips import clip
from handles import live_handles
from playlist_helpers import INSIDE, SCRIPTS, SUFFIXES, concat, hls, need_format, size
from silent_helpers import Interrupted, raising_alarm, silent
from silent_helpers import transport_stream as stream

from ffwebcodecs import Demuxer, EncodingError, InvalidArgumentError, NotSupportedError, remux

pytest.importorskip("fcntl", reason="there are no such pipes and signals on Windows")

WEB: dict[str, Any] = {"protocol_whitelist": "file,http,tcp,crypto"}
QUICK = {"analyzeduration": 100_000}
LISTS = {"hls": hls, "concat": concat}
each_list = pytest.mark.parametrize("kind", LISTS)


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    with raising_alarm():
        yield


def send_signal() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def fifo(folder: Path, data: bytes, name: str = "list") -> str:
    """Return the path of a FIFO that somebody fills and closes."""
    path = folder / name
    os.mkfifo(path)

    def write() -> None:
        with open(path, "wb") as file:
            file.write(data)

    threading.Thread(target=write, daemon=True).start()
    return str(path)


def pipe(data: bytes) -> int:
    """Return the end of a pipe from which this can be read."""
    source, target = os.pipe()
    os.write(target, data)
    os.close(target)
    return source


@each_list
def test_a_signal_is_not_lost_where_the_beginning_is_refused(kind: str, tmp_path: Path) -> None:
    text = LISTS[kind](INSIDE).encode()
    with silent("fifo", tmp_path, text, send_signal) as one, pytest.raises(Interrupted):
        Demuxer(one.source)
    assert not live_handles()


@each_list
def test_the_timeout_is_told_where_the_beginning_is_refused(kind: str, tmp_path: Path) -> None:
    text = LISTS[kind](INSIDE).encode()
    with silent("fifo", tmp_path, text) as one, pytest.raises(TimeoutError):
        Demuxer(one.source, timeout=0.2)
    assert not live_handles()


@pytest.mark.parametrize("piped", [False, True])
@each_list
def test_a_local_list_of_who_is_silent_can_be_interrupted(
    kind: str, piped: bool, tmp_path: Path
) -> None:
    more = {"safe": 0} if kind == "concat" else {}

    def opening(url: str, name: str, **options: Any) -> None:
        text = LISTS[kind](url).encode()
        name += SUFFIXES[kind]  # without which newer releases take it for no HLS
        if piped:
            path = fifo(tmp_path, text, name)
        else:
            path = str(tmp_path / name)
            Path(path).write_bytes(text)
        Demuxer(path, playlists=True, options={**WEB, **more}, **options)

    with silent("http", tmp_path, b"", send_signal) as one, pytest.raises(Interrupted):
        opening(one.source, "one")
    with silent("http", tmp_path, b"") as one, pytest.raises(TimeoutError):
        opening(one.source, "two", timeout=0.2)


def test_a_session_in_which_nobody_speaks_can_be_interrupted(tmp_path: Path) -> None:
    need_format("sdp")
    path = tmp_path / "a.sdp"
    path.write_text(
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    )
    options = {"protocol_whitelist": "file,rtp,udp"}
    with pytest.raises((TimeoutError, EncodingError)):
        Demuxer(path, playlists=True, options=options, timeout=0.2)


@pytest.mark.parametrize("options", [{}, WEB])
def test_pipes_are_read_to_their_end_with_any_protocols(
    options: dict[str, Any], tmp_path: Path
) -> None:
    with Demuxer(fifo(tmp_path, stream()), options=options) as demuxer:
        found = sum(1 for _ in demuxer.chunks())
    with Demuxer(stream()) as demuxer:
        assert sum(1 for _ in demuxer.chunks()) == found > 1


def read_all(source: str, **options: Any) -> None:
    with Demuxer(source, **options) as demuxer:
        for chunk in demuxer.chunks():
            del chunk  # which the error would keep with this frame


@pytest.mark.parametrize("name", ["h264-bframes.h264", "h264-bframes.mkv", "h264.flv"])
def test_a_pipe_that_cannot_go_back_goes_on(name: str, tmp_path: Path) -> None:
    box = io.BytesIO()
    suffix = name.rpartition(".")[2]
    remux(clip("h264-bframes.mp4"), box, format={"mkv": "matroska"}.get(suffix, suffix))
    data = box.getvalue()
    if suffix == "h264":
        data *= 1 + 200_000 // len(data)
    with Demuxer(data) as demuxer:
        expected = sum(1 for _ in demuxer.chunks())
    with Demuxer(fifo(tmp_path, data)) as demuxer:
        assert sum(1 for _ in demuxer.chunks()) == expected
    with Demuxer(fifo(tmp_path, data, "again")) as demuxer:
        reading = demuxer.chunks()
        read = [next(reading) for _ in range(expected * 3 // 4)]
        try:
            demuxer.seek(0)
        except EncodingError as error:
            assert "cannot seek" in str(error)
            assert sum(1 for _ in demuxer.chunks()) == expected - len(read)
        else:  # all that was read was there still
            assert sum(1 for _ in demuxer.chunks()) == expected


def test_a_short_pipe_does_not_pretend_to_have_gone_back(tmp_path: Path) -> None:
    data = Path(clip("h264-bframes.h264")).read_bytes()[:30_000]
    with Demuxer(fifo(tmp_path, data)) as demuxer:
        expected = sum(1 for _ in demuxer.chunks())
        try:
            demuxer.seek(0)
        except EncodingError as error:
            assert "cannot seek" in str(error)
        else:
            assert sum(1 for _ in demuxer.chunks()) == expected


@pytest.mark.parametrize("options", [{}, WEB])
@pytest.mark.parametrize("kind", ["fifo", "http"])
def test_an_error_keeps_nothing_of_the_input(
    kind: str, options: dict[str, Any], tmp_path: Path
) -> None:
    with silent(kind, tmp_path, stream()) as one:
        with pytest.raises(TimeoutError) as caught:
            read_all(one.source, options={**QUICK, **options}, timeout=0.3)
        assert caught.value.__traceback__ is not None
        assert not live_handles()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors have no names here")
@pytest.mark.parametrize("form", ["/dev/fd/{}", "/proc/self/fd/{}", f"/proc/{os.getpid()}/fd/{{}}"])
@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_in_a_pipe_reaches_no_other_descriptor(kind: str, form: str) -> None:
    need_format(kind)
    other = pipe(b"not yours" * 500)
    script = pipe(SCRIPTS[kind](str(other)).encode())
    try:
        with pytest.raises(NotSupportedError, match="no files that it may name"):
            size(form.format(script), format=kind)
        assert os.read(other, 9) == b"not yours"
    finally:
        os.close(other)
        os.close(script)


def test_a_pipe_is_no_pattern_of_pictures(tmp_path: Path) -> None:
    picture = bombs.png(16, 16)
    assert size(fifo(tmp_path, picture, "a%d.png")) == (16, 16)
    os.mkfifo(tmp_path / "nobody")
    with pytest.raises(InvalidArgumentError, match="is a pipe"):
        Demuxer(tmp_path / "nobody", format="image2")


@pytest.mark.parametrize("form", ["file://{path}", "pipe:{descriptor}"])
def test_claims_are_counted_under_any_name(form: str, tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_bytes(b"before" + bombs.png(16, 16, *[(b"tEXt", b"a\0b")] * 5))
    if "path" in form:
        path.write_bytes(path.read_bytes()[6:])
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if "path" not in form:
            os.lseek(descriptor, 6, os.SEEK_SET)
        name = form.format(path=path, descriptor=descriptor)
        with pytest.raises(NotSupportedError, match="max_tags=1 is allowed"):
            Demuxer(name, options={"max_tags": 1})
        assert size(name) == (16, 16)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("name", ["pipe:clip.mp4", "pipe:0clip.mp4"])
def test_a_name_that_begins_like_a_pipe_is_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        Demuxer(name)
    (tmp_path / name).write_bytes(Path(clip("h264-bframes.mp4")).read_bytes())
    with Demuxer(name) as demuxer:
        assert demuxer.format_name.startswith("mov")
