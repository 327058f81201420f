"""Decode a clip under asyncio: the loop over the frames sets the pace, others run meanwhile.

Usage: python examples/decoder_asyncio.py CLIP
"""

from __future__ import annotations

import asyncio
import sys

from ffwebcodecs import Demuxer, VideoDecoder


async def main(path: str) -> None:
    count = 0
    with Demuxer(path) as demuxer, VideoDecoder() as decoder:
        decoder.configure(demuxer.video_config)
        async for frame in decoder.frames(demuxer.chunks()):
            with frame:  # gives the frame's memory back to the decoder
                count += 1
    print(f"{count} frames")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
