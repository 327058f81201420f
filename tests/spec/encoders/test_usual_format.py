"""Which pixel format a codec of FFmpeg's gets where nobody names one."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.encoders.usual_format import keeps_pictures, usual_format


@pytest.mark.parametrize(
    ("codec", "formats", "depth", "wanted"),
    [
        ("mpeg2video", ["yuv420p", "yuv422p"], 8, "yuv420p"),
        ("theora", ["yuv420p", "yuv422p", "yuv444p"], 8, "yuv420p"),
        ("mpeg4", ["yuv420p"], 10, "yuv420p"),
        ("mjpeg", ["yuvj420p", "yuvj422p", "yuvj444p"], 8, "yuvj420p"),
        ("h264", ["yuv420p", "yuv422p10le", "yuv420p10le"], 10, "yuv420p"),
        ("hevc", ["yuv420p", "yuv420p10le", "yuv444p10le"], 12, "yuv420p10le"),
        ("h264", ["nv12", "p010le"], 8, "nv12"),
        ("svq1", ["yuv410p"], 8, None),
        ("cinepak", ["rgb24", "gray"], 8, None),
        ("prores", ["yuv422p10le", "yuv444p10le"], 8, None),
        ("ffv1", ["yuv420p", "yuv444p"], 8, None),
        ("png", ["rgb24", "rgba"], 8, None),
        ("rawvideo", None, 8, None),
        ("new_codec", ["yuv444p", "yuv420p"], 8, "yuv420p"),
    ],
)
def test_films_are_420_and_pictures_stay(
    codec: str, formats: list[str] | None, depth: int, wanted: str | None
) -> None:
    assert usual_format(codec, formats, depth) == wanted


def test_codecs_for_pictures_are_known() -> None:
    assert all(map(keeps_pictures, ("ffv1", "huffyuv", "png", "gif", "prores", "dnxhd", "webp")))
    assert not any(map(keeps_pictures, ("mpeg2video", "theora", "mjpeg", "h264", "flv1", "wmv2")))
