"""The web service of examples/service.py, with clients as there are: http.client and ffprobe."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bombs import png
from clips import ROOT, clip, run_ffprobe
from convert_helpers import film, made, pictures
from handles import live_handles

pytestmark = pytest.mark.once
SMALL: dict[str, Any] = {"segment": 0.5, "longest": 1}


class Running:
    """The service, in a loop of its own thread."""

    def __init__(self, module: Any, limits: dict[str, Any]) -> None:
        self._module, self._limits = module, module.Limits(**{**SMALL, **limits})
        self._is_there = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))
        self._thread.start()
        assert self._is_there.wait(10)

    async def _main(self) -> None:
        self.loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with self._module.Service(self._limits, 0) as self.service:
            self.port = self.service.server.port
            self._is_there.set()
            await self._end.wait()

    def close(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
        assert not self.service.jobs
        gc.collect()
        assert not live_handles()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str, bytes]:
        """Return status, type and body of an answer."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            client.request(method, path, body, **more)
            answer = client.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read()
        finally:
            client.close()

    def upload(self, data: Any, **more: Any) -> str:
        status, _, body = self.ask("POST", "/films", data, **more)
        assert status == 201, body
        return str(json.loads(body)["playlist"])

    def say(self, *parts: bytes) -> socket.socket:
        """Send bytes and leave the connection open."""
        peer = socket.create_connection(("127.0.0.1", self.port), 20)
        for part in parts:
            peer.sendall(part)
        return peer

    def status(self, *parts: bytes) -> int:
        with self.say(*parts) as peer, peer.makefile("rb") as answer:
            return int(answer.readline().split()[1])

    def until_idle(self) -> None:
        """Wait until no client is served, and nothing is worked on."""

        async def wait() -> None:
            while left := [*self.service.server.clients, *self.service.jobs]:
                await asyncio.wait(left)

        asyncio.run_coroutine_threadsafe(wait(), self.loop).result(20)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.syspath_prepend(ROOT / "examples")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    import service

    running: list[Running] = []

    def start(**limits: Any) -> Running:
        running.append(Running(service, limits))
        return running[-1]

    yield start
    for one in running:
        one.close()
    assert not list(tmp_path.iterdir())  # neither uploads nor films


def head(size: int | str, more: bytes = b"") -> bytes:
    return b"POST /films HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n%s\r\n" % (
        str(size).encode(),
        more,
    )


def big() -> bytes:
    """Return 10 s of pictures that are large, in a stream that needs no end to be shown."""
    return made(
        *("intra.ts", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30", "-frames:v", "300"),
        *("-c:v", "mpeg2video", "-g", "1", "-q:v", "1", "-threads", "1"),
    ).read_bytes()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = b"POST /films HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def split(data: bytes, size: int = 5000) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def seen(url: str, kind: str = "video") -> list[float]:
    """Return the times of the packets that ffprobe finds."""
    entries = ("-show_entries", "packet=pts_time,codec_type")
    found = json.loads(run_ffprobe("-live_start_index", "0", *entries, url))["packets"]
    return sorted(float(one["pts_time"]) for one in found if one["codec_type"] == kind)


def length(playlist: bytes) -> float:
    """Return how many seconds the segments last."""
    return sum(map(float, re.findall(rb"#EXTINF:([0-9.]+),", playlist)))


@pytest.mark.slow
def test_an_upload_in_chunks_becomes_a_stream_and_thumbnails(run: Any, tmp_path: Path) -> None:
    service = run(thumbnails=1.0)
    # Its index is at the end, and nobody says how long it is.
    index = service.upload(split(film().read_bytes()), encode_chunked=True)
    found = seen(service.url(index))
    assert [time - found[0] for time in found] == pytest.approx(
        [n / 25 for n in range(75)], abs=1e-4
    )
    status, kind, text = service.ask("GET", index)
    assert (status, kind) == (200, "application/vnd.apple.mpegurl")
    assert text.endswith(b"#EXT-X-ENDLIST\n")
    assert length(text) == pytest.approx(3.0, abs=1e-5)
    for number in range(3):
        status, kind, data = service.ask(
            "GET", index.replace("index.m3u8", f"thumbnails/{number}.jpg")
        )
        assert (status, kind) == (200, "image/jpeg")
        assert data[:2] + data[-2:] == b"\xff\xd8\xff\xd9"
    shown = tmp_path.parent / "shown.jpg"
    shown.write_bytes(data)
    assert pictures(shown).shape == (1, 64, 64, 3)
    status, _, text = service.ask("GET", index.replace("index.m3u8", "thumbnails/3.jpg"))
    assert (status, text) == (404, b"the film is too short for that\n")
    assert service.ask("HEAD", index)[::2] == (200, b"")


@pytest.mark.slow
def test_a_stream_is_played_while_the_film_still_arrives(run: Any) -> None:
    service, data = run(), big()
    half = len(data) * 2 // 3
    with service.say(CHUNKED, chunk(data[:half])) as peer:
        while not (films := list(service.service.films)):
            service.ask("GET", "/films/none/index.m3u8")
        index = f"/films/{films[0]}/index.m3u8"
        text = service.ask("GET", index)[2]  # comes with the first segment
        assert b"seg1.m4s" in text
        assert b"ENDLIST" not in text
        found: list[list[float]] = []
        player = threading.Thread(target=lambda: found.append(seen(service.url(index))))
        player.start()
        peer.sendall(chunk(data[half:]) + b"0\r\n\r\n")
        player.join(20)
        with peer.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 201 Created\r\n"
    assert [len(times) for times in found] == [300]


def test_what_is_too_large_is_refused_before_and_while_it_comes(run: Any) -> None:
    service = run(upload=20_000)
    data = film().read_bytes()
    assert len(data) > 20_000
    for more in ({}, {"encode_chunked": True}):
        body = split(data) if more else data
        status, _, text = service.ask("POST", "/films", body, **more)
        assert status == 413
        assert b"20000 bytes" in text
    assert not service.service.films


PLAYLIST = (
    b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n"
)


@pytest.mark.parametrize(
    ("data", "limits", "status", "reason"),
    [
        (b"garbage" * 1000, {}, 422, b"Invalid data"),
        (b"", {}, 422, b"Invalid data"),
        (PLAYLIST, {}, 415, b"hls"),
        (png(20_000, 20_000), {}, 415, b"20000"),
        (clip("h264-bframes.mp4"), {"pixels": 160 * 120 - 1}, 415, b"19200"),
        (clip("h264-bframes.mp4"), {"frames": 44}, 422, b"more than 44 frames"),
        (clip("h264-bframes.mp4"), {"seconds": 1.4}, 422, b"longer than 1.4 s"),
        (clip("h264-bframes.mp4"), {"work": 0.0}, 408, b"too long"),
    ],
    ids=["garbage", "nothing", "playlist", "bomb", "pixels", "frames", "seconds", "work"],
)
def test_what_cannot_be_shown_is_refused_with_the_reason(
    run: Any, data: Any, limits: dict[str, Any], status: int, reason: bytes
) -> None:
    service = run(**limits)
    body = data if isinstance(data, bytes) else data.read_bytes()
    found, kind, text = service.ask("POST", "/films", body)
    assert (found, kind) == (status, "text/plain; charset=utf-8")
    assert reason in text
    assert b"/" not in text.replace(b"docs/security.md", b"")  # no path
    assert text.count(b"\n") == 1  # no traceback
    assert not service.service.films


def test_requests_that_are_none_are_refused(run: Any) -> None:
    service = run(silence=0.2)
    chunked = b"POST /films HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    assert service.status(b"NONSENSE\r\n\r\n") == 400
    assert service.status(head("5\r\nContent-Length: 6")) == 400
    assert service.status(head(5, b"Transfer-Encoding: chunked\r\n")) == 400
    assert service.status(head("-5")) == 400
    assert service.status(chunked + b"\r\n0x5\r\nhello\r\n0\r\n\r\n") == 400
    assert service.status(chunked + b"\r\n5\r\nhello!\r\n0\r\n\r\n") == 400
    assert service.status(b"POST /films HTTP/1.1\r\n\r\n") == 411
    assert service.status(b"GET / HTTP/1.1\r\nA: " + b"a" * 200_000) == 431
    assert service.status(b"GET / HTTP/1.1\r\n") == 408
    assert service.status(head(5), b"he") == 408
    assert service.status(b"GET /films HTTP/1.1\r\n\r\n") == 405
    assert service.status(b"GET /films/../service.py HTTP/1.1\r\n\r\n") == 404
    assert service.status(head(5, b"Expect: 100-continue\r\n")) == 100


def test_a_client_that_goes_away_ends_its_work(run: Any) -> None:
    service, data = run(jobs=1), big()
    with service.say(CHUNKED, chunk(data[: len(data) * 2 // 3])):
        while not (films := list(service.service.films)):
            service.ask("GET", "/films/none/index.m3u8")
        assert service.ask("GET", f"/films/{films[0]}/index.m3u8")[0] == 200
        assert service.ask("POST", "/films", b"")[0] == 503  # others are being worked on
        # Who waits for what never comes goes away too.
        service.say(f"GET /films/{films[0]}/seg99.m4s HTTP/1.1\r\n\r\n".encode()).close()
    service.until_idle()
    assert not service.service.films
    assert service.ask("GET", f"/films/{films[0]}/index.m3u8")[0] == 404


@pytest.mark.slow
def test_two_uploads_at_once_do_not_mix(run: Any) -> None:
    service = run()
    sources = clip("h264-bframes.mp4"), film()
    found: dict[Path, str] = {}
    threads = [
        threading.Thread(
            target=lambda path=path: found.update({path: service.upload(path.read_bytes())})
        )
        for path in sources
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    service.until_idle()
    lengths = [length(service.ask("GET", found[path])[2]) for path in sources]
    assert lengths == pytest.approx([1.5, 3.0], abs=1e-4)


def test_the_oldest_film_makes_room(run: Any) -> None:
    service, data = run(films=1), clip("h264-bframes.mp4").read_bytes()
    first = service.upload(data)
    service.until_idle()
    second = service.upload(data)
    assert [service.ask("GET", one)[0] for one in (first, second)] == [404, 200]


def test_shutdown_while_films_are_made_leaves_nothing(run: Any) -> None:
    service, data = run(), big()
    index = service.upload(data)
    with service.say(head(len(data)), data[: len(data) // 2]) as peer:
        while len(service.service.films) < 2:
            service.ask("GET", index)
        service.close()
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(1) == b""
