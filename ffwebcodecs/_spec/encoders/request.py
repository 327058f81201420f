"""What is asked of an encoder, and what it is opened with."""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs.strings import CodecInfo
from .light import Light


class Request:
    """What is asked of an encoder."""

    __slots__ = (
        "alpha",
        "bitrate",
        "chroma",
        "depth",
        "frames",
        "height",
        "info",
        "layers",
        "lengths",
        "light",
        "mode",
        "rate",
        "realtime",
        "reorders",
        "repeat",
        "screen_content",
        "threads",
        "width",
    )

    def __init__(
        self,
        info: CodecInfo,
        width: int,
        height: int,
        rate: float,
        *,
        bitrate: int | None = None,
        mode: str = "variable",
        realtime: bool = False,
        layers: int = 1,
        alpha: bool = False,
        lengths: bool = False,
        repeat: bool = False,
        reorders: bool = False,
        screen_content: bool = False,
        threads: int = 1,
        chroma: str = "420",
        depth: int = 8,
        light: Light | None = None,
        frames: int | None = None,
    ) -> None:
        self.info = info
        self.width = width
        self.height = height
        self.rate = rate
        self.bitrate = bitrate
        self.mode = mode
        self.realtime = realtime
        self.layers = layers
        self.alpha = alpha
        self.lengths = lengths  # H.264, HEVC: length prefixes instead of start codes
        self.repeat = repeat  # H.264, HEVC: parameter sets in the stream as well
        self.reorders = reorders  # B-frames as the encoder, or the caller's options, will have it
        self.screen_content = screen_content  # AV1: its tools in every frame
        self.threads = threads
        self.chroma = chroma
        self.depth = depth
        self.light = light  # HDR: what the pictures were mastered on
        self.frames = frames  # about how many come, of a piece of something longer

    @property
    def usual_bitrate(self) -> int:
        """The bit rate asked for, or a tenth of a bit for each pixel."""
        if self.bitrate is not None:
            return self.bitrate
        return max(100_000, int(self.width * self.height * self.rate / 10))


class Setup:
    """What the native encoder is opened with."""

    __slots__ = (
        "can_force_key",
        "fixed",
        "flags",
        "frames",
        "layer_pattern",
        "needed",
        "options",
        "parameters",
        "parameters_name",
        "quantizer",
        "writes_lengths",
    )

    def __init__(self) -> None:
        self.options: dict[str, str] = {}
        self.needed: set[str] = set()
        self.parameters: list[str] = []  # of the option called `parameters_name`
        self.parameters_name: str | None = None
        self.fixed: dict[str, str] = {}  # parameters that the caller must not set, and why
        self.flags: set[str] = set()  # "qscale", "global_header", "low_delay"
        self.layer_pattern: tuple[int, ...] | None = None
        self.quantizer: str | None = None  # how a frame's goes in: "roi" or "quality"
        self.writes_lengths = False
        self.frames: int | None = None  # that key frames are to be spread over
        self.can_force_key = True

    def give_way(self, extra: dict[str, str]) -> None:
        """Take back what would win in the encoder over the caller's own way to set the rate."""
        if self.quantizer is not None:
            return
        lossless = extra.get("lossless", "0") not in ("0", "false")
        if "qp" in extra or lossless:
            ours = ["crf", "b", "maxrate", "minrate", "bufsize"]
        elif "b" in extra:
            ours = ["crf", "qp", "global_quality"]
            self.flags.discard("qscale")
        else:
            return
        for name in ours:
            self.options.pop(name, None)

    def merged(self, extra: dict[str, str]) -> dict[str, str]:
        """Return all options; those of the caller win.

        Raises
        ------
        NotSupportedError
            The caller sets a parameter that the encoder would crash on.
        """
        self._check_parameters(extra)
        options = dict(self.options)
        if "preset" in extra:
            options.pop("rc-lookahead", None)  # the preset has one of its own
        name = self.parameters_name
        if name is not None:
            parameters = [*self.parameters, *([extra[name]] if extra.get(name) else [])]
            if parameters:
                options[name] = ":".join(parameters)
        options.update((key, value) for key, value in extra.items() if key != name)
        return options

    def _check_parameters(self, extra: dict[str, str]) -> None:
        name = self.parameters_name
        for parameter in extra.get(name or "", "").split(":"):
            key = parameter.partition("=")[0].strip().replace("_", "-")
            reason = self.fixed.get(key.removeprefix("no-"))
            if reason is not None:
                raise NotSupportedError(f"{name}: {key} cannot be set here: {reason}")
