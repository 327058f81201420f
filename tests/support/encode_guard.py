"""Lent pictures with a forbidden page right before or behind them, through every encoder: one byte
too far is a crash.

Run as a program by test_video_encoder_bounds.py, which looks at how it ends.
"""

from __future__ import annotations

import sys

from frame_helpers import pattern, scatter
from guard_pages import Guarded, layouts

from ffwebcodecs import VideoEncoder, VideoFrame

SIZES = ((16, 16), (34, 18), (66, 34))


def main(codec: str, format: str, latency: str) -> None:
    for width, height in SIZES:
        config = {"codec": codec, "width": width, "height": height, "latency_mode": latency}
        if not VideoEncoder.is_config_supported(config).supported:
            continue
        for number, layout in enumerate(layouts(format, width, height)):
            chunks: list[object] = []
            errors: list[BaseException] = []
            with VideoEncoder(
                lambda *output, to=chunks: to.append(output), errors.append
            ) as encoder:
                encoder.configure(config)
                for index in range(3):
                    tight = pattern(format, width, height, index)
                    data = scatter(tight, format, width, height, layout, 0xEE)
                    memory = Guarded(len(data), at_end=number != 1).fill(data).memory
                    with VideoFrame(
                        memory,
                        format=format,
                        coded_width=width,
                        coded_height=height,
                        timestamp=index * 1000,
                        layout=layout,
                        transfer=True,
                    ) as frame:
                        encoder.encode(frame)
                encoder.flush().result(20)
            assert len(chunks) == 3, (width, height, layout)
            assert not errors


if __name__ == "__main__":
    main(*sys.argv[1:])
