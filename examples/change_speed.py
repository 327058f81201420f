"""Play a clip faster or slower: the same frames at other times, without the audio.

Usage: python examples/change_speed.py IN OUT [SPEED, default 2]
"""

from __future__ import annotations

import sys

import ffwebcodecs


def main(source: str, output: str, speed: str = "2") -> None:
    factor = float(speed)

    def faster(frame: ffwebcodecs.VideoFrame) -> ffwebcodecs.VideoFrame:
        duration = None if frame.duration is None else round(frame.duration / factor)
        # The same pixels, not a copy of them.
        return ffwebcodecs.VideoFrame(
            frame, timestamp=round(frame.timestamp / factor), duration=duration
        )

    result = ffwebcodecs.transcode(source, output, map_frame=faster, audio=False)
    print(f"{output}: {result.frames_written} frames at {factor:g} times the speed")


if __name__ == "__main__":
    main(*sys.argv[1:4])
