"""What an open playlist may open: the rules of docs/security.md, one for each file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..._later import pattern
from ..._spec.discreet import discreet
from ..._spec.files import playlist_text
from ...errors import NotSupportedError
from .stream import location

if TYPE_CHECKING:
    from ..._ffi._types import AVIOContext

_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]*[:,]")
_CRYPTO = pattern(r"crypto[:+]")
_HTTP = pattern(r"(https?)://([^/?#]*)", re.IGNORECASE)
_PORTS = {"http": "80", "https": "443"}
MOST = 1000
"""Files that are opened before the first packet, and other playlists that one may name: it takes
about 20 KB for each."""


class Rule:
    """What may be opened: everything, if the program's `options` name the protocols."""

    def allow(self, url: str) -> str:
        """Return the URL to open for this one; raises NotSupportedError."""
        return url

    def check_names(self, text: bytes) -> None:
        """Raise NotSupportedError for a name in an HLS playlist that may not be there."""

    def check_arrival(self, pb: AVIOContext, url: str) -> None:
        """Raise NotSupportedError if a redirection led to where it may not."""

    def check_list(self, text: bytes, *, nested: bool) -> None:
        """Raise NotSupportedError for an HLS playlist that names too much."""
        lists = playlist_text.hls_lists(text)
        if nested and lists:
            raise NotSupportedError("it names a playlist that names playlists again")
        if lists > MOST:
            raise NotSupportedError(f"it names {lists} playlists, and {MOST} is the most")
        self.check_names(text)


class Beside(Rule):
    """The rule for a local playlist: files in its folder or below, after resolving links."""

    def __init__(self, path: str) -> None:
        self.named = os.path.dirname(os.path.abspath(path))
        self.folder = os.path.realpath(self.named)
        if self.folder == "/dev" or f"{self.folder}/".startswith("/proc/"):
            # Beside a descriptor are the others of this process.
            raise NotSupportedError(f"in {self.folder!r} there are no files that it may name")

    def allow(self, url: str) -> str:
        """Return the URL to open for this one; raises NotSupportedError."""
        prefix = match[0] if (match := _CRYPTO.match(url)) else ""
        path = url[len(prefix) :]
        path = path[5:] if path.startswith("file:") else path
        if _SCHEME.match(path):
            raise NotSupportedError(f"{discreet(url)!r} is not a file beside it or below")
        real = os.path.realpath(path)
        self.check(real, url)
        return f"{prefix}file:{real}"

    def check(self, real: str, name: str) -> None:
        """Raise NotSupportedError unless this resolved path is a file in the folder or below."""
        try:
            inside = os.path.commonpath([self.folder, real]) == self.folder
        except ValueError:  # another drive
            inside = False
        if not inside:
            raise NotSupportedError(f"{name!r} is not in its folder, {self.folder!r}")
        if os.path.exists(real) and not os.path.isfile(real):
            raise NotSupportedError(f"{discreet(name)!r} is no regular file")

    def check_names(self, text: bytes) -> None:
        """Raise NotSupportedError for a name in an HLS playlist that is not relative."""
        for name in playlist_text.hls_names(text):
            if playlist_text.is_absolute(name):
                raise NotSupportedError(f"{discreet(name)!r} is not a file beside it or below")


class Network(Rule):
    """The rule for a playlist from an http(s) URL: other such URLs, of the same host if given."""

    def __init__(self, host: str | None = None) -> None:
        self._host = host

    def allow(self, url: str) -> str:
        """Return the URL to open for this one; raises NotSupportedError."""
        match = _HTTP.match(_CRYPTO.sub("", url, count=1))
        if match is None:
            raise NotSupportedError(f"{discreet(url)!r} is neither http nor https")
        self._check_host(url)
        return url

    def _check_host(self, url: str) -> None:
        if self._host is not None and (found := host_of(url)) != self._host:
            raise NotSupportedError(
                f"{discreet(url)!r} is on {found}, and playlists='same-host' allows "
                f"{self._host} only"
            )

    def check_names(self, text: bytes) -> None:
        """Raise NotSupportedError for a name of another protocol: FFmpeg would leave it out."""
        for name in playlist_text.hls_names(text):
            if _SCHEME.match(name):
                self.allow(name)

    def check_arrival(self, pb: AVIOContext, url: str) -> None:
        """Raise NotSupportedError if a redirection led to another host."""
        if self._host is not None:
            self._check_host(location(pb) or url)


def host_of(url: str) -> str:
    """Return the host and port of an http(s) URL; those of http and https count as one."""
    match = _HTTP.match(_CRYPTO.sub("", url, count=1))
    if match is None:
        return ""
    host = match[2].rpartition("@")[2].lower()
    name, colon, port = host.rpartition(":")
    if not colon or "]" in port:
        name, port = host, ""
    return name if port in ("", *_PORTS.values()) else f"{name}:{port}"
