"""Where nobody says it, key frames are spread evenly over each part of a conversion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from clips import run_ffprobe
from convert_helpers import made

from ffwebcodecs import transcode

FRAMES = 420
VP8: dict[str, Any] = {"deadline": "realtime", "cpu-used": "8"}


def film() -> Path:
    """Return 420 small pictures, a key frame at 0 and at 200."""
    return made(
        *("long-groups.mkv", "-f", "lavfi", "-i", "testsrc2=size=32x32:rate=50"),
        *("-frames:v", f"{FRAMES}", "-c:v", "libx264", "-preset", "ultrafast", "-threads", "1"),
        *("-g", "200", "-keyint_min", "200", "-sc_threshold", "0", "-pix_fmt", "yuv420p"),
        *("-force_key_frames", "expr:eq(n,200)"),
    )


@pytest.mark.parametrize(
    ("options", "rate", "expected"),
    [
        # 200 and 220 pictures, libvpx's 128: 2 groups each. (x264's third key frame, at 400, does
        # not make a third part of 20 pictures.)
        ({}, None, [0, 100, 200, 310]),
        # Half the pictures: one group each.
        ({}, 25, [0, 100]),
        ({"g": "90"}, None, [0, 90, 180, 200, 290, 380]),
    ],
    ids=["usual", "rate", "given"],
)
def test_key_frames_are_spread_over_a_part(
    options: dict[str, str], rate: float | None, expected: list[int], tmp_path: Path
) -> None:
    output = tmp_path / "parts.webm"
    more = {"codec": "vp8", "encoder_options": {**VP8, **options}, "framerate": rate}
    with ThreadPoolExecutor(2) as pool:
        transcode(film(), output, executor=pool, part_seconds=4.2, **more)
    told = run_ffprobe("-show_entries", "packet=flags", "-of", "csv=p=0", output)
    keys = [at for at, flags in enumerate(told.decode().split()) if flags.startswith("K")]
    assert keys == expected
