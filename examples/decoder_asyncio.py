"""Decode a clip under asyncio: the callbacks run on the loop, flush() is awaited.

Usage: python examples/decoder_asyncio.py CLIP
"""

from __future__ import annotations

import asyncio
import sys

from ffwebcodecs import Demuxer, VideoDecoder, VideoFrame


async def main(path: str) -> None:
    count = 0

    def output(frame: VideoFrame) -> None:
        nonlocal count
        count += 1
        frame.close()  # gives the frame's memory back to the decoder

    def error(problem: Exception) -> None:
        print(f"decoding stopped: {problem}", file=sys.stderr)

    with Demuxer(path) as demuxer, VideoDecoder(output, error) as decoder:
        decoder.configure(demuxer.video_config)
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        await decoder.flush()
    print(f"{count} frames")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
