"""Connections that drop, who the program is, and what is said of that; sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import run
from clips import clip
from handles import live_handles
from live_helpers import live_clip
from loopback import DroppingServer
from silent_helpers import silent, transport_stream

from ffwebcodecs import Demuxer, EncodingError, Video, read_audio, read_audio_data, read_frames
from ffwebcodecs._ffi import version

pytest.importorskip("fcntl", reason="there are no such pipes on Windows")
OLD = version("avcodec") < (59,)
AGAIN = {"reconnect": 1, "reconnect_delay_max": 2}
if not OLD:
    AGAIN["reconnect_on_network_error"] = 1
SECRETS = ("geheim", "abc123")


@contextlib.contextmanager
def served(name: str, drops: int = 0) -> Iterator[DroppingServer]:
    with contextlib.closing(DroppingServer(live_clip(name).read_bytes(), drops)) as server:
        yield server


def times(source: Any, **options: Any) -> list[int]:
    found = []
    for frame in read_frames(source, timeout=20, **options):
        found.append(frame.timestamp)
        frame.close()
    return found


@pytest.mark.parametrize("name", ["h264-bframes.ts", "h264-bframes.mkv", "h264-bframes.mp4"])
def test_a_connection_that_drops_is_made_again(name: str) -> None:
    with served(name, drops=1) as server:
        assert times(f"http://{server.place}/x", options=AGAIN) == times(live_clip(name))
        assert len(server.asked) > 1
    assert not live_handles()


@pytest.mark.parametrize("name", ["h264-bframes.ts", "h264-bframes.mkv", "live.mp4"])
def test_a_film_that_comes_short_is_told(name: str) -> None:
    """Some demuxers go back and ask again by themselves: those drop more than once."""
    if OLD and name == "live.mp4":
        pytest.skip("this FFmpeg takes it for the end, and no index says that there is more")
    with (
        served(name, drops=9) as server,
        pytest.raises(EncodingError) as caught,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        times(f"http://user:geheim@{server.place}/x?token=abc123&n=1", strict=True)
    assert f"http://user:***@{server.place}/x?token=***&n=1" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_headers_say_who_the_program_is() -> None:
    with served("h264-bframes.ts") as server:
        options = {
            "headers": "Authorization: Bearer abc123\r\nX-Camera: 7\r\n",
            "user_agent": "lab/1.0",
            "cookies": f"session=1a2b; path=/; domain={server.place}",
        }
        assert times(f"http://{server.place}/x", options=options)
        for line in ("Authorization: Bearer abc123", "X-Camera: 7", "User-Agent: lab/1.0"):
            assert f"\r\n{line}\r\n" in server.asked[0]
        assert "session=1a2b" in server.asked[0]
        # FFmpeg itself waits until it is asked who it is.
        assert times(f"http://user:geheim@{server.place}/x", options={"auth_type": "basic"})
        assert "Authorization: Basic dXNlcjpnZWhlaW0=" in server.asked[-1]


@pytest.mark.once
def test_no_message_shows_a_secret() -> None:
    with socket.socket() as one:  # nobody listens there
        one.bind(("127.0.0.1", 0))
        url = f"http://user:geheim@127.0.0.1:{one.getsockname()[1]}/x.mp4?api_key=abc123"
        done = run("probe", url)
        said = [done.stdout.decode(), done.stderr.decode()]
        for command in ("probe", "check"):
            document = run(command, "--json", url).stdout.decode()
            assert json.loads(document)[0]["file"].startswith("http://user:***@127.0.0.1:")
            said.append(document)
        for call in (Demuxer, Video, read_frames, read_audio):
            with pytest.raises(Exception, match=r"user:\*\*\*@.*api_key=\*\*\*") as caught:
                call(url, timeout=5)
            said.append(f"{caught.value!r} {caught.value} {caught.value.__cause__}")
    assert "user:***@127.0.0.1" in said[1]
    assert not any(secret in text for secret in SECRETS for text in said)


@pytest.mark.once
def test_cookies_that_ffmpeg_cannot_parse_are_not_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            with server.accept()[0] as one:
                one.recv(1 << 16)
                one.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(EncodingError, match="404 Not Found") as caught:
            Demuxer(url, options={"cookies": SECRETS[0]}, timeout=5)
        thread.join()
    assert SECRETS[0] not in str(caught.value)


def heard(source: str, **options: Any) -> None:
    for data in read_audio_data(source, **options):
        data.close()


CALLS: tuple[Callable[..., Any], ...] = (Video, read_audio, heard)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", ["tcp", "fifo", "http"])
def test_the_timeout_ends_every_reader(kind: str, call: Callable[..., Any], tmp_path: Path) -> None:
    data = transport_stream() if call is Video and kind != "tcp" else b""
    with silent(kind, tmp_path, data) as one, pytest.raises(TimeoutError, match=r"0\.1 s") as error:
        call(one.source, timeout=0.1)
    assert one.source in str(error.value)


@pytest.mark.once
def test_the_timeout_ends_the_command_line(tmp_path: Path) -> None:
    with silent("tcp", tmp_path, b"") as one:
        done = run("probe", one.source, "--timeout", "0.2")
    assert done.returncode
    assert b"0.2 s" in done.stderr


@pytest.mark.parametrize("as_file", [False, True])
def test_a_socket_is_read_as_it_comes(as_file: bool) -> None:
    path = clip("h264-bframes.ts")
    ours, theirs = socket.socketpair()

    def send() -> None:
        with theirs:
            theirs.sendall(path.read_bytes())

    thread = threading.Thread(target=send)
    thread.start()
    with ours, ours.makefile("rb") as file:
        assert times(file if as_file else f"pipe:{ours.fileno()}") == times(path)
    thread.join()
    assert not live_handles()
