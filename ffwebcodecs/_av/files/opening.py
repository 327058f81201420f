"""How an input is opened: what its caller allows, in plain values."""

from __future__ import annotations

from collections.abc import Mapping

from ..._spec.codecs.picture_limit import MAX_PIXELS
from ..._spec.files.limits import split_options


class Opening:
    """See `Demuxer`, whose parameters these are; checked by who makes it."""

    __slots__ = ("format", "limits", "max_pixels", "options", "playlists", "timeout")

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
        self.options, self.limits = split_options(options or {})
        self.playlists = playlists
        self.max_pixels = max_pixels
        self.timeout = timeout


DEFAULT = Opening()
