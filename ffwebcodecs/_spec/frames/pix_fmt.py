"""FFmpeg's pixel formats, as far as one is chosen among them."""

from __future__ import annotations


class PixFmt:
    """What matters of an FFmpeg pixel format when one is chosen."""

    __slots__ = ("alpha", "chroma", "depth", "name", "palette", "rgb")

    def __init__(
        self, name: str, chroma: str, depth: int, *, rgb: bool, alpha: bool, palette: bool
    ) -> None:
        self.name = name
        self.chroma = chroma  # "420", "422", "444", "440", "411", "410" or "400"
        self.depth = depth
        self.rgb = rgb
        self.alpha = alpha
        self.palette = palette

    @property
    def full_range(self) -> bool:
        """Whether the name itself says so."""
        return self.name.startswith("yuvj")
