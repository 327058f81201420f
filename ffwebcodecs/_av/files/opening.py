"""How an input is opened: what its caller allows, in plain values."""

from __future__ import annotations

from collections.abc import Mapping

MAX_PIXELS = 1 << 27
"""The largest picture that is read unless more is asked for: lets 16K video through."""


class Opening:
    """See `Demuxer`, whose parameters these are; checked by who makes it."""

    __slots__ = ("format", "max_pixels", "options", "playlists", "timeout")

    def __init__(
        self,
        *,
        format: str | None = None,
        options: Mapping[str, str] | None = None,
        playlists: bool | str | None = None,
        max_pixels: int | None = MAX_PIXELS,
        timeout: float | None = None,
    ) -> None:
        self.format = format
        self.options: Mapping[str, str] = options or {}
        self.playlists = playlists
        self.max_pixels = max_pixels
        self.timeout = timeout


DEFAULT = Opening()
