"""VideoColorSpace: how pixel values map to colors."""

from __future__ import annotations

from ._spec.frames.color_space import P3, SRGB, VideoColorSpace, default_color_space, from_members

__all__ = ["P3", "SRGB", "VideoColorSpace", "default_color_space", "from_members"]
