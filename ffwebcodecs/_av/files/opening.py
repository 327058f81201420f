"""How an input is opened: what its caller allows, in plain values."""

from __future__ import annotations

from collections.abc import Mapping

from ..._spec.codecs.picture_limit import MAX_PIXELS
from ..._spec.files.limits import split_options
from ..._spec.frames.color_space import VideoColorSpace


class Opening:
    """See `Demuxer`, whose parameters these are; checked by who makes it. `needs_video` says
    whether an input without video is an error, `takes_sound` whether its sound is read too, or may
    stand for the video, and `only_sound` that nothing else is wanted. `live` asks for the first
    picture as soon as it can be given, see `quick_start`.
    """

    __slots__ = (
        *("color_space", "format", "limits", "max_pixels", "needs_video", "options", "playlists"),
        *("live", "only_sound", "stream", "takes_sound", "timeout"),
    )

    def __init__(
        self,
        *,
        format: str | None = None,
        options: Mapping[str, str] | None = None,
        playlists: bool | str | None = None,
        max_pixels: int | None = MAX_PIXELS,
        timeout: float | None = None,
        stream: int | None = None,
        needs_video: bool = True,
        color_space: VideoColorSpace | None = None,
        takes_sound: bool = False,
        only_sound: bool = False,
    ) -> None:
        self.format = format
        self.options, self.limits = split_options(options or {})
        self.playlists = playlists
        self.max_pixels = max_pixels
        self.timeout = timeout
        self.stream = stream
        self.needs_video = needs_video
        self.color_space = color_space
        self.takes_sound = takes_sound
        self.only_sound = only_sound
        self.live = False

    def may_wait(self, name: str) -> bool:
        """Whether libavformat itself may wait for others when it reads what is so named: for the
        network, and for whatever a local playlist names where `options` widen that.
        """
        if "protocol_whitelist" in self.options:
            return True
        return "://" in name and not name.startswith("file:")


DEFAULT = Opening()
