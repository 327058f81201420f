"""Playlists that name this and that, and a web server that answers what a test says."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clips import clip

import ffwebcodecs
from ffwebcodecs._ffi import avformat

INSIDE, OUTSIDE = "h264-bframes.ts", "h264-cropped.mp4"
"""A clip that may be read, and one of another size that may not."""


def need_format(name: str) -> None:
    """Skip the test where this FFmpeg does not read the format."""
    if not avformat.av_find_input_format(name.encode()):
        pytest.skip(f"this FFmpeg reads no {name}")


def hls(*names: str, before: str = "") -> str:
    """Return an HLS playlist of these segments."""
    segments = "".join(f"#EXTINF:2,\n{name}\n" for name in names)
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n{before}{segments}#EXT-X-ENDLIST\n"


def master(*names: str) -> str:
    """Return an HLS playlist of other playlists."""
    return "#EXTM3U\n" + "".join(f"#EXT-X-STREAM-INF:BANDWIDTH=1000\n{name}\n" for name in names)


def concat(*names: str) -> str:
    """Return a script of the concat demuxer."""
    return "ffconcat version 1.0\n" + "".join(f"file '{name}'\n" for name in names)


def dash(name: str, base: str = "", identifier: str = "v") -> str:
    """Return a DASH manifest of one file."""
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" '
        f'mediaPresentationDuration="PT2S"><Period>{base}<AdaptationSet contentType="video">'
        f'<Representation id="{identifier}" mimeType="video/mp4" bandwidth="1000">'
        f'<SegmentList duration="2"><SegmentURL media="{name}"/></SegmentList>'
        "</Representation></AdaptationSet></Period></MPD>"
    )


SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
)


def size(source: Any, **options: Any) -> tuple[int, int]:
    """Return the size of the pictures, of which one at least can be read."""
    with ffwebcodecs.Demuxer(source, **options) as demuxer:
        next(demuxer.chunks())
        config = demuxer.video_config
        assert config.coded_width and config.coded_height
        return config.coded_width, config.coded_height


class Web:
    """A server of this machine.

    Attributes
    ----------
    pages : dict
        What is at a path: text, bytes, `Moved`, or a function that returns one of them.
    asked : list of str
        The paths that were asked for.
    url : str
    """

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.asked.append(self.path)
                page: Any = web.pages.get(self.path)
                if callable(page):
                    page = page()
                self.close_connection = True  # so that no thread is left waiting
                status = 404 if page is None else 302 if isinstance(page, Moved) else 200
                body = page.encode() if type(page) is str else page or b""
                first = int((self.headers.get("Range") or "bytes=0-")[6:].partition("-")[0])
                if status == 200 and 0 < first < len(body):
                    status = 206
                self.send_response(status)
                if isinstance(page, Moved):
                    self.send_header("Location", page)
                    body = b""
                if status == 206:
                    self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
                    body = body[first:]
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # whoever asked has seen enough

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False  # closing waits for them
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Moved(str):
    """Another address: the answer is a redirection."""

    __slots__ = ()


Scripts = dict[str, Callable[[str], str]]
SCRIPTS: Scripts = {"hls": hls, "concat": concat, "dash": dash}
SUFFIXES = {"hls": ".m3u8", "concat": ".ffconcat", "dash": ".mpd"}


def write(folder: Path, kind: str, text: str) -> Path:
    """Write a playlist of a kind and return its path."""
    path = folder / f"list{SUFFIXES[kind]}"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def make_folder(tmp_path: Path) -> Path:
    """Return a folder with a clip in it, one below it, and one outside of it."""
    inner = tmp_path / "inner"
    (inner / "below").mkdir(parents=True)
    for place in (inner, inner / "below"):
        shutil.copy(clip(INSIDE), place / "inside.ts")
        shutil.copy(clip("h264-bframes.mp4"), place / "inside.mp4")
    for suffix in (".ts", ".mp4"):
        shutil.copy(clip(INSIDE if suffix == ".ts" else OUTSIDE), tmp_path / f"outside{suffix}")
    return inner
