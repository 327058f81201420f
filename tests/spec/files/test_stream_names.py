"""Names of dispositions: those of FFmpeg's headers."""

from __future__ import annotations

from ffwebcodecs._spec.files.stream_names import dispositions


def test_dispositions_have_ffmpegs_names() -> None:
    # AV_DISPOSITION_* of libavformat/avformat.h
    assert dispositions(0) == frozenset()
    assert dispositions(0x1 | 0x40 | 0x400) == {"default", "forced", "attached_pic"}
    assert dispositions(0x10000 | 0x80000) == {"captions", "dependent"}
    assert dispositions(0x100000 | 0x200000 | 0x1000) == {
        *("still_image", "multilayer", "non_diegetic")
    }
    assert dispositions(0x2000 | 1 << 30) == frozenset()
