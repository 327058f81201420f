"""A web service: what is uploaded becomes thumbnails and an HLS stream.

Usage: python examples/service.py [PORT, default 8080]

    curl --data-binary @clip.mp4 http://127.0.0.1:8080/films     # says where the film is
    ffplay http://127.0.0.1:8080/films/ID/index.m3u8
    curl -O http://127.0.0.1:8080/films/ID/thumbnails/0.jpg      # 1.jpg is 10 s later, and so on

What anybody may upload is limited in all that it can cost, see `Limits`. What is refused is
answered with the reason; a client that goes away while it uploads ends the work on its film.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import re
import secrets
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from small_http import Answer, RefusedError, Request, Server

import ffwebcodecs as fw

NAMES = re.compile(r"/films/([\w-]+)/(index\.m3u8|init\.mp4|seg[0-9]+\.m4s|thumbnails/[0-9]+\.jpg)")
TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".jpg": "image/jpeg"}  # others are video/mp4
WIDTH = 320  # of thumbnails


@dataclass(frozen=True)
class Limits:
    """What uploads may cost."""

    upload: int = 1 << 30  # bytes, which lie on the disk while they are worked on
    pixels: int = 4096 * 2304
    seconds: float = 600.0  # of film
    frames: int = 60 * 600
    work: float = 900.0  # seconds for all of an upload
    silence: float = 30.0  # seconds for which a client may send, or take, nothing
    jobs: int = 2  # at once
    films: int = 20  # that are kept; then the oldest is forgotten
    segment: float = 2.0  # seconds
    longest: int = 10  # seconds of a segment in which one picture stands still
    thumbnails: float = 10.0  # seconds from one to the next


class Upload(io.RawIOBase):
    """A body of a request as a file that is read while it arrives: reading on waits.

    What has come is kept in a temporary file, because it is looked through before it is believed:
    MP4 and Matroska to their end, where many say what is in them. Work on these begins when all is
    there, on MPEG-TS and others that come in chunks at once. Without `seek` nothing would wait, but
    the limits on what headers claim (docs/security.md) would not hold, nor MP4 always be read.
    """

    def __init__(self, size: int | None, seconds: float) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._news = threading.Condition()
        self._size, self._until = size, time.monotonic() + seconds
        self._come = self._at = 0
        self._reason: RefusedError | None = None

    def add(self, piece: bytes) -> None:
        with self._news:
            if not self.closed:  # else nobody wants the rest
                self._file.seek(self._come)
                self._file.write(piece)
            self._come += len(piece)
            self._news.notify()

    def end(self, reason: RefusedError | None = None) -> None:
        """Say that all has come; or why nothing more does, which ends the work."""
        with self._news:
            self._size, self._reason = self._come, self._reason or reason
            self._news.notify()

    def check(self) -> None:
        """Raise what ends the work."""
        if self._reason:
            raise self._reason
        if time.monotonic() > self._until:
            raise RefusedError(408, "it took too long")

    def readinto(self, buffer: Any) -> int:
        with self._news:
            self.check()
            while self._at >= self._come != self._size:
                self._news.wait(max(0.0, self._until - time.monotonic()))
                self.check()
            self._file.seek(self._at)
            count = self._file.readinto(buffer)
            self._at += count
            return int(count)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        size = self._size
        if whence == io.SEEK_END and size is None:
            raise io.UnsupportedOperation("its size is not known yet")
        self._at = offset + (0, self._at, size or 0)[whence]
        return self._at

    def readable(self) -> bool:
        return True

    seekable = readable

    def close(self) -> None:
        with self._news:
            self._file.close()
            super().close()


class Film:
    """An upload, and the files that a thread makes of it."""

    def __init__(self, upload: Upload, limits: Limits, threads: ThreadPoolExecutor) -> None:
        self.name = secrets.token_urlsafe(12)  # nobody guesses it
        self.upload, self._limits = upload, limits
        self.made: set[str] = set()
        self.error: tuple[int, str] | None = None
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name)
        (self._path / "thumbnails").mkdir()
        head = (
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        )
        self._text = f'{head}#EXT-X-TARGETDURATION:{limits.longest}\n#EXT-X-MAP:URI="init.mp4"\n'
        self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()
        self.work = self._loop.run_in_executor(threads, self._convert)
        self.work.add_done_callback(self._tell)

    async def until_made(self, name: str) -> None:
        """Wait for a file; raise what has gone wrong."""
        while name not in self.made and not self.work.done():
            await self._news.wait()
        self.check()
        if name not in self.made:
            raise RefusedError(404, "the film is too short for that")

    def check(self) -> None:
        if self.error:
            raise RefusedError(*self.error)

    def read(self, name: str) -> bytes:
        return (self._path / name).read_bytes()

    def drop(self) -> None:
        """End the work, and keep nothing."""
        self.upload.end(RefusedError(410, "the film was dropped"))
        self.work.add_done_callback(lambda _: self._folder.cleanup())

    def _tell(self, *_: object) -> None:
        self._news.set()
        self._news = asyncio.Event()

    # ---- in the thread ----

    def _convert(self) -> None:
        try:
            self._transcode()
        except RefusedError as error:
            self.error = error.answer.status, str(error)
        except fw.NotSupportedError as error:
            self.error = 415, str(error)
        except (fw.EncodingError, fw.DataError) as error:
            self.error = 422, str(error)
        except BaseException:
            logging.exception("a film cannot be converted")
            self.error = 500, "that is our mistake, and in our log"
        finally:
            self.upload.close()

    def _transcode(self) -> None:
        # From a file object nothing else is opened: playlists, and what names hosts, are refused.
        with fw.Demuxer(self.upload, max_pixels=self._limits.pixels) as demuxer:
            self._require_short(demuxer.duration or 0)
        self.upload.seek(0)
        fw.transcode(
            self.upload,
            None,
            format="mp4",
            codec="avc1.640034",  # 8 bits, 4:2:0, up to 4096x2304: browsers play it
            audio="aac",
            subtitles=False,
            metadata={},  # not where it was filmed, and by whom
            encoder_options={"preset": "veryfast", "maxrate": "4M", "bufsize": "8M"},
            threads=2,
            max_pixels=self._limits.pixels,
            strict=True,  # what is damaged, or cut short, is refused
            map_frame=self._look,
            on_progress=self._count,
            fragmented=True,
            fragment_duration=self._limits.segment,
            on_segment=self._publish,
        )
        self._list("#EXT-X-ENDLIST\n")

    def _look(self, frame: fw.VideoFrame) -> fw.VideoFrame:
        """Make a thumbnail if one is due."""
        name = f"thumbnails/{int(frame.timestamp / 1e6 / self._limits.thumbnails)}.jpg"
        if name not in self.made:
            with frame.upright() as turned:
                width = min(WIDTH, turned.visible_rect.width)  # never larger than it is
                small = fw.create_image_bitmap(turned, resize_width=width)
            with small, fw.VideoFrame(small, timestamp=0) as picture:
                picture.save(self._path / name)
            self._add(name)
        return frame

    def _count(self, progress: fw.TranscodeProgress) -> None:
        self.upload.check()
        if progress.frames > self._limits.frames:
            raise RefusedError(422, f"the film has more than {self._limits.frames} frames")

    def _require_short(self, duration: int) -> None:
        if duration > self._limits.seconds * 1e6:
            raise RefusedError(422, f"the film is longer than {self._limits.seconds:g} s")

    def _publish(self, data: bytes, info: fw.SegmentInfo) -> None:
        """Write a segment, then list it."""
        self.upload.check()
        self._require_short(info.timestamp + info.duration)
        if info.duration > self._limits.longest * 1e6:
            raise RefusedError(422, f"nothing new comes for {info.duration / 1e6:g} s")
        name = "init.mp4" if info.kind == "init" else f"seg{info.index}.m4s"
        (self._path / name).write_bytes(data)
        self._add(name)
        if info.kind == "media":
            self._text += f"#EXTINF:{info.duration / 1e6:.6f},\n{name}\n"
            self._list()

    def _list(self, end: str = "") -> None:
        new = self._path / "new.m3u8"
        new.write_text(self._text + end)
        new.replace(self._path / "index.m3u8")  # at once: somebody may be reading it
        self._add("index.m3u8")

    def _add(self, name: str) -> None:
        self.made.add(name)
        self._loop.call_soon_threadsafe(self._tell)


class Service:
    """The films and the threads that make them; `async with` begins and ends it."""

    def __init__(self, limits: Limits, port: int) -> None:
        self.films: dict[str, Film] = {}
        self.jobs: set[asyncio.Future[None]] = set()
        self.server = Server(self._respond, port, limits.silence)
        self._limits, self._threads = limits, ThreadPoolExecutor(limits.jobs, "film")

    async def __aenter__(self) -> Service:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()  # no client is left
        for film in self.films.values():
            film.drop()
        await asyncio.gather(*self.jobs)  # soon: each looks whether it is to end
        await asyncio.sleep(0)  # the folders
        self._threads.shutdown()

    async def _respond(self, request: Request) -> Answer:
        if request.path == "/films":
            if request.method != "POST":
                raise RefusedError(405, "films are sent here", "Allow: POST")
            return await self._take(request)
        found = NAMES.fullmatch(request.path)
        film = self.films.get(found[1]) if found else None
        if found is None or film is None:
            raise RefusedError(404, "there is no such film, or no such file")
        if request.method not in ("GET", "HEAD"):
            raise RefusedError(405, "this can only be read", "Allow: GET, HEAD")
        await request.unless_gone(film.until_made(found[2]))
        try:
            body = await asyncio.to_thread(film.read, found[2])
        except FileNotFoundError:
            raise RefusedError(410, "the film was dropped") from None
        return Answer(200, TYPES.get(Path(found[2]).suffix, "video/mp4"), body)

    async def _take(self, request: Request) -> Answer:
        """Answer when all of a film has come, and its beginning can be played."""
        limits, size = self._limits, request.size
        if size is not None and size > limits.upload:
            raise RefusedError(413, f"a film may have {limits.upload} bytes, this one has {size}")
        if len(self.jobs) >= limits.jobs:
            raise RefusedError(503, "others are being worked on: try again", "Retry-After: 5")
        if len(self.films) >= limits.films:
            self._drop(next(iter(self.films)))
        film = Film(Upload(size, limits.work), limits, self._threads)
        self.films[film.name] = film
        self.jobs.add(film.work)
        film.work.add_done_callback(self.jobs.discard)
        arrival = asyncio.create_task(self._receive(request, film.upload))
        try:
            await asyncio.wait([arrival, film.work], return_when=asyncio.FIRST_COMPLETED)
            if not film.error:
                await arrival
                await request.unless_gone(film.until_made("index.m3u8"))
            film.check()
        except BaseException:
            self._drop(film.name)
            raise
        finally:
            arrival.cancel()
            await asyncio.wait([arrival])
        place = f"/films/{film.name}"
        urls = {"playlist": f"{place}/index.m3u8", "thumbnail": f"{place}/thumbnails/0.jpg"}
        return Answer(
            201, "application/json", json.dumps(urls).encode(), f"Location: {place}/index.m3u8"
        )

    async def _receive(self, request: Request, upload: Upload) -> None:
        come = 0
        async for piece in request.pieces():
            come += len(piece)
            if come > self._limits.upload:
                raise RefusedError(413, f"a film may have {self._limits.upload} bytes")
            upload.add(piece)
        upload.end()

    def _drop(self, name: str) -> None:
        if film := self.films.pop(name, None):
            film.drop()


async def main(port: str = "8080") -> None:
    logging.captureWarnings(True)  # what could not be kept of a film
    end, loop = asyncio.Event(), asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)
    async with Service(Limits(), int(port)) as service:
        print(f"http://127.0.0.1:{service.server.port}/films", flush=True)
        await end.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:2]))
