"""Commands show pictures upright that say themselves how they are turned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import call, png
from mux_helpers import probe
from oriented import EXIF, SIZE, jpeg, plain_jpeg, sei_clip

from ffwebcodecs import read_frames

pytestmark = pytest.mark.once
NUMBER = 6


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg(NUMBER))
    return path


def test_frames_are_upright(photo: Path, tmp_path: Path) -> None:
    with next(iter(read_frames(plain_jpeg()))) as plain:
        want = np.rot90(plain.to_ndarray("RGB"), -EXIF[NUMBER][0] // 90)
    for format, arguments in (("png", ()), ("npy", ()), ("raw", ("--pixels", "RGB"))):
        folder = tmp_path / format
        assert call("frames", photo, "-o", folder, "--format", format, *arguments, "-q") == 0
        path = folder / f"frame-000001.{format}"
        if format == "raw":
            have = np.frombuffer(path.read_bytes(), np.uint8).reshape(want.shape)
        else:
            have = png(path) if format == "png" else np.load(path)
        assert np.array_equal(have[:, :, :3], want)


@pytest.mark.parametrize(("size", "stored"), [((), SIZE[::-1]), (("--size=-1x32",), (24, 32))])
def test_a_video_of_pictures_is_upright(
    photo: Path, tmp_path: Path, size: tuple[str, ...], stored: tuple[int, int]
) -> None:
    (tmp_path / "shown.jpg").write_bytes(plain_jpeg())
    out = tmp_path / "a.mp4"
    assert call("images", photo, tmp_path / "shown.jpg", out, "--fps", "1", "-q", *size) == 0
    (stream,) = probe(out, "-show_streams")["streams"]
    assert (stream["width"], stream["height"]) == stored
    assert "side_data_list" not in stream


def test_a_sheet_is_upright(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert call("sheet", photo, "-o", out, "--columns", "1", "--width", "60", "-q") == 0
    height, width = png(out).shape[:2]
    assert width == 60
    assert height == 12 + 48 * SIZE[0] // SIZE[1]


def test_probe_says_what_the_first_picture_says(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, bad = tmp_path / "plain.jpg", tmp_path / "bad.jpg"
    plain.write_bytes(plain_jpeg())
    bad.write_bytes(photo.read_bytes()[:700])
    assert call("probe", "--json", photo, sei_clip(), sei_clip("hevc"), plain, bad) == 0
    said = [
        (one["rotation"], one["flip"], one["orientation_is_of_picture"])
        for one in json.loads(capsys.readouterr().out)
    ]
    turned = (*EXIF[NUMBER], True)
    assert said[:4] == [turned, (270, False, True), (270, False, True), (0, False, False)]
    assert said[4] in (turned, (0, False, False))
    assert call("probe", photo) == 0
    assert "90 degrees clockwise (the picture says so)" in capsys.readouterr().out
