"""Playlists from the web open what is on the web, of the hosts that are allowed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clips import clip
from playlist_helpers import (
    INSIDE,
    OUTSIDE,
    SCRIPTS,
    Moved,
    Web,
    concat,
    dash,
    hls,
    master,
    need_format,
    size,
)

import ffwebcodecs
from ffwebcodecs import Demuxer, NotSupportedError

SIZE = 160, 120


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    web.pages = {
        "/seg.ts": clip(INSIDE).read_bytes(),
        "/clip.mp4": clip("h264-bframes.mp4").read_bytes(),
        "/list.m3u8": hls("seg.ts", "seg.ts"),
        "/list.mpd": dash("clip.mp4"),
    }
    yield web
    web.close()


@pytest.fixture
def other() -> Iterator[Web]:
    web = Web()
    web.pages = {"/seg.ts": clip(INSIDE).read_bytes(), "/list.m3u8": hls("seg.ts")}
    yield web
    web.close()


def count(source: Any, **options: Any) -> int:
    with Demuxer(source, **options) as demuxer:
        return sum(1 for _ in demuxer.chunks())


@pytest.mark.parametrize("playlists", [None, True, "same-host"])
def test_hls_opens_unasked(web: Web, playlists: bool | str | None) -> None:
    want = count(clip(INSIDE))
    assert count(f"{web.url}/list.m3u8", playlists=playlists) == 2 * want
    web.pages["/master.m3u8"] = master("list.m3u8")
    assert count(f"{web.url}/master.m3u8", playlists=playlists) == 2 * want


def test_dash_opens_unasked(web: Web) -> None:
    need_format("dash")
    assert size(f"{web.url}/list.mpd") == SIZE
    assert "/clip.mp4" in web.asked


@pytest.mark.parametrize("kind", ["m3u8", "mpd"])
def test_false_refuses(web: Web, kind: str) -> None:
    need_format("hls" if kind == "m3u8" else "dash")
    with pytest.raises(NotSupportedError, match="playlists=False"):
        Demuxer(f"{web.url}/list.{kind}", playlists=False)
    assert web.asked == [f"/list.{kind}"]


def test_what_is_no_playlist_opens(web: Web) -> None:
    assert size(f"{web.url}/clip.mp4", playlists=False) == SIZE


NAMES = [
    "file:{path}",
    "file://{path}",
    "FILE:{path}",
    "crypto:file:{path}",
    "crypto+file:{path}",
    "concat:{path}",
    "concat:http://127.0.0.1|{path}",
    "subfile,,start,0,end,0,,:{path}",
    "async:file:{path}",
    "cache:file:{path}",
    "pipe:0",
    "fd:0",
    "data:video/mp2t;base64,AAAA",
    "tcp://127.0.0.1:9",
    "udp://127.0.0.1:9",
    "ftp://127.0.0.1:9/a.ts",
    "hls+http://127.0.0.1:9/a.m3u8",
]


@pytest.mark.parametrize("playlists", [None, True, "same-host"])
@pytest.mark.parametrize("name", NAMES)
def test_the_web_names_no_file_and_no_other_protocol(
    web: Web, tmp_path: Path, name: str, playlists: bool | str | None
) -> None:
    path = tmp_path / "outside.ts"
    path.write_bytes(clip(OUTSIDE).read_bytes())
    text = name.format(path=path)
    for names in ([text], ["seg.ts", text]):
        web.pages["/list.m3u8"] = hls(*names)
        with pytest.raises(NotSupportedError, match="neither http nor https"):
            count(f"{web.url}/list.m3u8", playlists=playlists)
    web.pages["/list.m3u8"] = hls("seg.ts", before=f'#EXT-X-KEY:METHOD=AES-128,URI="{text}"\n')
    with pytest.raises(NotSupportedError, match="neither http nor https"):
        count(f"{web.url}/list.m3u8", playlists=playlists)
    web.pages["/master.m3u8"] = master("inner.m3u8")
    web.pages["/inner.m3u8"] = hls("seg.ts", text)
    with pytest.raises(NotSupportedError, match="neither http nor https"):
        count(f"{web.url}/master.m3u8", playlists=playlists)


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_from_the_web_names_no_file(web: Web, tmp_path: Path, name: str) -> None:
    need_format("dash")
    path = tmp_path / "outside.mp4"
    path.write_bytes(clip(OUTSIDE).read_bytes())
    web.pages["/list.mpd"] = dash(name.format(path=path))
    with pytest.raises(NotSupportedError, match="relative, http or https"):
        size(f"{web.url}/list.mpd")
    base = f"<BaseURL>{name.format(path=tmp_path)}/</BaseURL>"
    web.pages["/list.mpd"] = dash("outside.mp4", base=base)
    with pytest.raises(NotSupportedError, match="relative, http or https"):
        size(f"{web.url}/list.mpd")
    web.pages["/list.mpd"] = dash(f"$RepresentationID$:{path}", identifier="file")
    with pytest.raises(NotSupportedError, match="relative, http or https"):
        size(f"{web.url}/list.mpd")
    web.pages["/list.mpd"] = dash("outside.mp4", base=f"<BaseURL>{tmp_path}/</BaseURL>")
    with pytest.raises(NotSupportedError, match="relative, http or https"):
        size(f"{web.url}/list.mpd")


def test_a_manifest_of_the_web_names_other_hosts(web: Web, other: Web) -> None:
    need_format("dash")
    other.pages["/clip.mp4"] = web.pages["/clip.mp4"]
    web.pages["/list.mpd"] = dash(f"{other.url}/clip.mp4")
    assert size(f"{web.url}/list.mpd") == SIZE
    with pytest.raises(NotSupportedError, match=r"kept to a host|same-host"):
        size(f"{web.url}/list.mpd", playlists="same-host")


def test_any_host_unless_one_is_enough(web: Web, other: Web) -> None:
    web.pages["/list.m3u8"] = hls(f"{other.url}/seg.ts")
    for playlists in (None, True):
        assert count(f"{web.url}/list.m3u8", playlists=playlists) == count(clip(INSIDE))
    other.asked.clear()
    for names in ([f"{other.url}/seg.ts"], ["seg.ts", f"{other.url}/seg.ts"]):
        web.pages["/list.m3u8"] = hls(*names)
        with pytest.raises(NotSupportedError, match="same-host"):
            count(f"{web.url}/list.m3u8", playlists="same-host")
    tricky = other.url.replace("http://", f"http://{web.url[7:]}@")
    web.pages["/list.m3u8"] = hls(f"{tricky}/seg.ts")
    with pytest.raises(NotSupportedError, match="same-host"):
        count(f"{web.url}/list.m3u8", playlists="same-host")
    assert not other.asked


def test_a_redirection_to_another_host_is_not_used(web: Web, other: Web) -> None:
    web.pages["/seg.ts"] = Moved(f"{other.url}/seg.ts")
    assert count(f"{web.url}/list.m3u8") == 2 * count(clip(INSIDE))
    with pytest.raises(NotSupportedError, match="same-host"):
        count(f"{web.url}/list.m3u8", playlists="same-host")
    # The host that a redirection of the program's own URL leads to is the host.
    web.pages["/moved.m3u8"] = Moved(f"{other.url}/list.m3u8")
    assert count(f"{web.url}/moved.m3u8", playlists="same-host") == count(clip(INSIDE))


def test_a_redirection_leads_to_no_file(web: Web, tmp_path: Path) -> None:
    path = tmp_path / "outside.ts"
    path.write_bytes(clip(INSIDE).read_bytes())
    for target in (f"file://{path}", f"file:{path}", f"concat:{path}"):
        web.pages["/moved.ts"] = web.pages["/moved.mp4"] = Moved(target)
        web.pages["/list.m3u8"] = hls("moved.ts")
        for name in ("list.m3u8", "moved.mp4"):
            with pytest.raises((ffwebcodecs.WebCodecsError, OSError)):
                count(f"{web.url}/{name}")


@pytest.mark.parametrize("playlists", [None, True])
def test_a_script_from_the_web_is_refused(web: Web, playlists: bool | None) -> None:
    web.pages["/list.ffconcat"] = concat("seg.ts")
    with pytest.raises(NotSupportedError, match="only HLS and DASH"):
        Demuxer(f"{web.url}/list.ffconcat", playlists=playlists)
    assert "/seg.ts" not in web.asked


@pytest.mark.parametrize("kind", ["concat", "hls"])
def test_a_segment_is_no_playlist(web: Web, kind: str) -> None:
    web.pages["/nested.ts"] = SCRIPTS[kind](f"{web.url}/seg.ts")
    web.pages["/list.m3u8"] = hls("nested.ts")
    with pytest.raises((ffwebcodecs.WebCodecsError, OSError)):
        count(f"{web.url}/list.m3u8")
    assert "/seg.ts" not in web.asked


@pytest.mark.parametrize("padding", [0, 3000, 200000])
def test_a_master_playlist_that_names_itself_is_refused(web: Web, padding: int) -> None:
    body = master("list.m3u8", "list.m3u8").partition("\n")[2]
    web.pages["/list.m3u8"] = f"#EXTM3U\n#{'x' * padding}\n{body}"
    with pytest.raises(NotSupportedError, match="names playlists again"):
        Demuxer(f"{web.url}/list.m3u8")
    assert len(web.asked) == 2


def test_a_server_that_invents_playlists_for_ever_is_left(web: Web) -> None:
    made = iter(range(10**6))
    web.pages = {
        "/list.m3u8": lambda: master(*(f"inner{number}.m3u8" for number in range(20))),
        **dict.fromkeys(
            (f"/inner{number}.m3u8" for number in range(20)),
            lambda: master(f"inner{next(made) % 20}.m3u8"),
        ),
    }
    with pytest.raises(NotSupportedError, match="names playlists again"):
        Demuxer(f"{web.url}/list.m3u8")
    assert len(web.asked) < 30


def test_options_reach_every_request(web: Web) -> None:
    with pytest.raises(ffwebcodecs.InvalidArgumentError, match="nosuchoption"):
        Demuxer(f"{web.url}/list.m3u8", options={"nosuchoption": "1"})
    assert count(f"{web.url}/list.m3u8", options={"user_agent": "me"}) > 0
    widened = {"protocol_whitelist": "file,http,tcp,crypto"}
    web.pages["/list.m3u8"] = hls(f"file:{clip(INSIDE)}")
    assert count(f"{web.url}/list.m3u8", options=widened) == count(clip(INSIDE))


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="there is no such signal here")
def test_a_signal_is_heard_between_the_files_of_a_playlist(web: Web) -> None:
    class HeardError(Exception):
        pass

    def heard(number: int, frame: object) -> None:
        raise HeardError

    segment = web.pages["/seg.ts"]

    def send() -> bytes:
        os.kill(os.getpid(), signal.SIGUSR1)
        return segment

    web.pages["/signal.ts"] = send
    web.pages["/list.m3u8"] = hls("signal.ts", *["seg.ts"] * 50)
    before = signal.signal(signal.SIGUSR1, heard)
    try:
        with pytest.raises(HeardError):
            count(f"{web.url}/list.m3u8")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(web.asked) < 10
