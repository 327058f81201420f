"""What an output's streams get besides packets: the labels and side data of those that they come
from.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._av.files.containers import Container
from .._av.files.streams import CopiedStream
from .._av.files.video_stream import VideoStream
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ._labels import Unheld, label_copied, label_stream, label_video
from ._losses import Losses
from ._original import Original
from ._side_data import keep_side_data


def label_streams(
    video: tuple[VideoStream, EncodedVideoChunk] | None,
    copied: Sequence[CopiedStream],
    original: Original | None,
    container: Container,
    losses: Losses,
) -> None:
    """Label all streams, and tell what the container cannot hold.

    Parameters
    ----------
    video : (VideoStream, EncodedVideoChunk) or None
        With its first chunk; None: the output has none.
    copied : sequence of CopiedStream
    original : Original or None
        What the video comes from, if its configuration does not say it.
    container : Container
    losses : Losses

    Raises
    ------
    NotSupportedError
        Something is lost that is required.
    """
    unheld = Unheld(container, losses)
    if original is None and video is not None and video[0].native is not None:
        original = Original(video[0].native)
    if original is not None:
        if video is not None:
            stream, chunk = video
            label_video(stream, original, container, chunk.timestamp, copied, unheld)
            keep_side_data(stream, original, chunk.data, container, losses)
        for each in copied:
            label_copied(each, original, container, unheld)
    unheld.tell()
    losses.check()


def label_announced(
    tags: dict[str, str], kind: str, container: Container, losses: Losses
) -> dict[str, str]:
    """Return the tags that a caller gives to a stream, as far as the container holds them."""
    unheld = Unheld(container, losses)
    held = label_stream(tags, kind, container, unheld)
    unheld.tell()
    return held
