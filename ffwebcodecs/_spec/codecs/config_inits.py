"""Configurations of decoders as dictionaries, for type checkers: what a literal ``{...}`` may hold.

`parse` of the configurations takes any mapping, with the specification's camelCase too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from ..types import BytesLike, HardwareAcceleration, VideoColorSpaceInit

if TYPE_CHECKING:
    from ..frames.color_space import VideoColorSpace


class VideoCodecInit(TypedDict):
    """What all configurations must have."""

    codec: str


class AudioCodecInit(VideoCodecInit):
    """What all configurations of sound must have."""

    sample_rate: int
    number_of_channels: int


class VideoDecoderConfigInit(VideoCodecInit, total=False):
    """The members of a VideoDecoderConfig."""

    description: BytesLike | None
    coded_width: int | None
    coded_height: int | None
    display_aspect_width: int | None
    display_aspect_height: int | None
    color_space: VideoColorSpace | VideoColorSpaceInit | None
    hardware_acceleration: HardwareAcceleration
    optimize_for_latency: bool | None
    rotation: float
    flip: bool
    threads: int | None
    max_pixels: int | None


class AudioDecoderConfigInit(AudioCodecInit, total=False):
    """The members of an AudioDecoderConfig."""

    description: BytesLike | None
    channel_layout: str | None
    initial_padding: int | None
