"""What conversions keep, container by container; judged by ffprobe, Pillow and arithmetic."""

from __future__ import annotations

import kept_table
import pytest
from clips import encoders, ffmpeg_version
from encode_helpers import need

from ffwebcodecs import ffmpeg_info

pytestmark = pytest.mark.once
_NEEDED = ("libx264", "libvpx-vp9", "libaom-av1", "libtheora", "libwebp_anim")


@pytest.mark.slow
def test_nothing_is_lost_in_silence_and_the_page_says_what_is_kept() -> None:
    pytest.importorskip("PIL", reason="Pillow sees what an animation holds")
    if missing := set(_NEEDED) - encoders():
        pytest.skip(f"the ffmpeg program has no {', '.join(sorted(missing))}")
    for name in _NEEDED:
        need(name)
    found = kept_table.cells()
    assert kept_table.silent(found) == []
    if ffmpeg_version()[:2] == (5, 1) and ffmpeg_info().release == "5.1":
        assert kept_table.on_page() == kept_table.tables(found)
