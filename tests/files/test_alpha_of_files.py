"""Transparency in conversions: kept where the output has it, else put on one colour, and said."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cli_helpers import call, png
from clips import clip, run_ffmpeg
from convert_helpers import made
from encode_helpers import need
from mux_helpers import need_container, video_stream
from PIL import Image

from ffwebcodecs import (
    InvalidArgumentError,
    NotSupportedError,
    VideoFrame,
    read_frames,
    transcode,
    write_frames,
)
from ffwebcodecs._av import releases

SIDE = 32


def half_red() -> npt.NDArray[np.uint8]:
    """A picture whose left half is red, whose right half is nothing, and one row half of it."""
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    pixels[:, : SIDE // 2] = 255, 0, 0, 255
    return pixels


def frames(pixels: Any = None, format: str = "RGBA") -> list[VideoFrame]:
    pixels = half_red() if pixels is None else pixels
    return [
        VideoFrame.from_ndarray(pixels, format=format, timestamp=200_000 * i, duration=200_000)
        for i in range(2)
    ]


def first(path: Path, format: str = "RGBA") -> npt.NDArray[np.uint8]:
    with next(iter(read_frames(path))) as frame:
        return frame.to_ndarray(format)


def animation(tmp_path: Path) -> Path:
    """A GIF with transparent parts, which Pillow writes."""
    path = tmp_path / "source.gif"
    pictures = []
    for shift in range(3):
        picture = Image.new("P", (SIDE, SIDE), 0)
        picture.putpalette([9, 99, 9, 200, 0, 60, 0, 60, 200])
        picture.paste(1 + shift % 2, (4 * shift, 0, 4 * shift + 16, SIDE))
        pictures.append(picture)
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], transparency=0, disposal=2, duration=100
    )
    return path


def rgba(path: Path) -> list[npt.NDArray[np.uint8]]:
    """Return what Pillow sees; transparent pixels are all the same."""
    found = []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            pixels = np.array(image.convert("RGBA"))
            pixels[pixels[..., 3] == 0] = 0
            found.append(pixels)
    return found


@pytest.mark.parametrize("suffix", ["gif", "apng", "webp"])
def test_animations_keep_colours_and_transparency(suffix: str, tmp_path: Path) -> None:
    if suffix == "gif" and not releases.gif_clears_pictures():
        pytest.skip("this FFmpeg's GIF encoder lays transparent pictures over one another")
    source, path = animation(tmp_path), tmp_path / f"a.{suffix}"
    need({"webp": "libwebp_anim"}.get(suffix, suffix))
    need_container(suffix)
    options = {"lossless": "1"} if suffix == "webp" else None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = transcode(source, path, encoder_options=options)
    assert result.lost == []
    for wanted, got in zip(rgba(source), rgba(path), strict=True):
        assert np.array_equal(wanted, got)


@pytest.mark.divided
@pytest.mark.parametrize(
    ("background", "color"), [(None, 255), ("#000000", 0), ("navy", (0, 0, 128))]
)
def test_other_films_show_one_colour_behind(background: Any, color: Any, tmp_path: Path) -> None:
    source, path = animation(tmp_path), tmp_path / "a.mkv"
    with pytest.warns(UserWarning, match="h264 has no alpha channel here: transparent parts"):
        result = transcode(source, path, background=background, encoder_options={"crf": "1"})
    assert result.lost == ["the alpha channel: h264 has none here"]
    shown = tmp_path / "a.png"
    run_ffmpeg("-i", path, "-frames:v", "1", shown)
    pixels = png(shown).astype(int)
    assert np.abs(pixels[4:-4, 24:] - np.array(color)).max() <= 6
    assert np.abs(pixels[4:-4, 4:12] - np.array((200, 0, 60))).max() <= 6


def test_alpha_that_is_not_asked_for_is_told_and_with_require_all_an_error(
    tmp_path: Path,
) -> None:
    source, path = animation(tmp_path), tmp_path / "a.webm"
    with pytest.raises(NotSupportedError, match="the alpha channel: it is not asked for"):
        transcode(source, path, require_all=True)
    assert not path.exists()
    with pytest.warns(UserWarning, match="alpha='keep' keeps them"):
        assert transcode(source, path).lost
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert transcode(source, path, alpha="keep").lost == []
        assert first(path)[8, 28, 3] == 0
        assert transcode(source, path, alpha="discard").lost == []


def test_opaque_pictures_with_an_alpha_channel_lose_nothing(tmp_path: Path) -> None:
    pixels = half_red()
    pixels[..., 3] = 255
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert write_frames(frames(pixels), tmp_path / "a.mp4").lost == []


def test_a_later_picture_may_be_the_first_transparent_one(tmp_path: Path) -> None:
    pixels = np.full((SIDE, SIDE, 3), 40, np.uint8)
    clear = VideoFrame.from_ndarray(half_red(), format="RGBA", timestamp=40_000)
    with pytest.warns(UserWarning, match="no alpha channel"):
        opaque = VideoFrame.from_ndarray(pixels, timestamp=0)
        assert write_frames([opaque, clear], tmp_path / "a.mp4").lost


def test_pictures_lie_on_the_colour_by_their_alpha(tmp_path: Path) -> None:
    """Arithmetic: a * picture + (1 - a) * background, of RGB and of 4:2:0 with alpha."""
    need("ffv1")
    pixels = np.full((SIDE, SIDE, 4), (200, 100, 0, 64), np.uint8)
    path = tmp_path / "a.mkv"
    options = {"pixel_format": "bgr0"}
    with pytest.warns(UserWarning, match="alpha"):
        write_frames(
            frames(pixels), path, codec="ffmpeg:ffv1", background="#0a0aff", encoder_options=options
        )
    wanted = np.rint((np.array((200, 100, 0)) * 64 + np.array((10, 10, 255)) * 191) / 255)
    assert np.array_equal(first(path, "RGB")[0, 0], wanted)

    planes = np.zeros((SIDE * 5 // 2, SIDE), np.uint8)
    planes[:SIDE] = 100  # luma, then chroma, then alpha
    planes[SIDE : SIDE * 3 // 2] = 90
    planes[SIDE * 3 // 2 :] = 51
    data = planes.tobytes()
    frame = VideoFrame(
        data, format="I420A", coded_width=SIDE, coded_height=SIDE, timestamp=0, duration=40_000
    )
    options = {"pixel_format": "yuv420p"}
    with pytest.warns(UserWarning, match="alpha"):
        write_frames([frame], path, codec="ffmpeg:ffv1", encoder_options=options)
    with next(iter(read_frames(path))) as got:
        seen = bytes(memoryview(got.to_ndarray("I420")).cast("B"))
    # A fifth of the picture, four fifths of white: luma 235, chroma 128.
    assert set(seen[: SIDE * SIDE]) == {round((100 + 4 * 235) / 5)}
    assert set(seen[SIDE * SIDE :]) == {round((90 + 4 * 128) / 5)}


def matte() -> Path:
    """ProRes 4444: red of half opacity."""
    return made(
        *("matte.mov", "-f", "lavfi", "-i", "color=red@0.5:size=64x64:rate=5,format=rgba"),
        *("-frames:v", "3", "-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"),
    )


def test_prores_4444_becomes_vp9_with_alpha_of_8_bits(tmp_path: Path) -> None:
    need("libvpx-vp9", "libvpx")
    path = tmp_path / "a.webm"
    with pytest.warns(UserWarning, match="vp9 has alpha in 8 bits only here: samples of"):
        result = transcode(matte(), path, alpha="keep")
    assert [text.partition(":")[2] for text in result.lost] == [" vp9 has alpha in 8 bits"]
    tags = {key.lower(): value for key, value in video_stream(path)["tags"].items()}
    assert tags["alpha_mode"] == "1"
    assert abs(int(first(path)[30, 30, 3]) - 127) <= 1
    with pytest.raises(NotSupportedError, match="alpha"):
        transcode(matte(), tmp_path / "b.webm", alpha="keep", codec="vp09.02.10.12")
    with pytest.raises(NotSupportedError, match="alpha"):
        transcode(matte(), tmp_path / "b.mp4", alpha="keep")


@pytest.mark.divided
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "ffv1"), ("a.mov", "prores_ks"), ("a.mov", "png")]
)
def test_codecs_for_pictures_keep_alpha(name: str, codec: str, tmp_path: Path) -> None:
    need(codec)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transcode(matte(), tmp_path / name, codec=f"ffmpeg:{codec}")
    assert abs(int(first(tmp_path / name)[30, 30, 3]) - 127) <= 1


def test_gif_says_that_it_knows_nothing_between(tmp_path: Path) -> None:
    if not releases.gif_clears_pictures():
        pytest.skip("this FFmpeg's GIF encoder lays transparent pictures over one another")
    with pytest.warns(UserWarning, match="nothing between transparent and opaque"):
        result = write_frames(frames(np.full((8, 8, 4), 200, np.uint8)), tmp_path / "a.gif")
    assert result.lost and rgba(tmp_path / "a.gif")[0][0, 0].tolist() == [200, 200, 200, 255]


def test_gif_has_the_colours_of_the_pictures(tmp_path: Path) -> None:
    """256 colours as they are; the means of many, nearer than FFmpeg's fixed ones."""
    few = np.zeros((16, 16, 3), np.uint8)
    few[..., 0], few[..., 1] = np.arange(16), np.arange(16)[:, None]
    write_frames(frames(few, "RGB"), tmp_path / "a.gif")
    assert np.array_equal(rgba(tmp_path / "a.gif")[0][..., :3], few)
    spaced = few * 16  # a colour here, and a colour there, and none near to another
    write_frames(frames(spaced, "RGB"), tmp_path / "a.gif")
    assert np.array_equal(rgba(tmp_path / "a.gif")[0][..., :3], spaced)
    y, x = np.mgrid[:64, :64]
    many = np.stack((4 * x, 4 * y, 255 - 2 * (x + y)), -1).astype(np.uint8)
    write_frames(frames(many, "RGB"), tmp_path / "a.gif")
    error = rgba(tmp_path / "a.gif")[0][..., :3].astype(int) - many
    assert (error**2).mean() < 40  # 8 x 8 x 4 even steps: 16**2 / 12 and more


@pytest.mark.divided
@pytest.mark.parametrize("pix_fmt", [None, "bgr8", "pal8"])
def test_a_film_has_colours_of_its_own_in_a_gif_unless_asked(pix_fmt: Any, tmp_path: Path) -> None:
    """FFmpeg's fixed ones have 8 levels of red."""
    path = tmp_path / "a.gif"
    options = None if pix_fmt is None else {"pix_fmt": pix_fmt}
    transcode(clip("h264-bframes.mp4"), path, stop=100_000, encoder_options=options)
    levels = len(np.unique(rgba(path)[0][..., 0]))
    assert (levels > 8) == (pix_fmt != "bgr8")


@pytest.mark.once
def test_the_command_line_has_alpha(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need("libvpx-vp9", "libvpx")
    folder, path = tmp_path / "in", tmp_path / "a.webm"
    folder.mkdir()
    Image.fromarray(half_red()).save(folder / "1.png")
    assert call("images", folder, path) == 0
    assert "--alpha keeps them" in capsys.readouterr().err
    assert first(path)[16, 28, :3].min() >= 250
    for words in (["--alpha"], ["--alpha", "keep"], ["--alpha=keep"]):
        assert call("images", *words, folder, path, "--force") == 0
        assert first(path)[16, 28, 3] == 0
    assert call("images", "--background", "#00ff00", folder, path, "--force") == 0
    assert np.abs(first(path)[16, 28, :3].astype(int) - (0, 255, 0)).max() <= 6
    capsys.readouterr()
    assert call("images", folder, path, "--force", "--alpha", "discard") == 0
    assert call("transcode", path, tmp_path / "b.mp4", "--alpha", "discard") == 0
    assert not capsys.readouterr().err
    assert call("images", folder, path, "--force", "--alpha", "--background", "red") == 2


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"alpha": "yes"}, "alpha must be 'keep' or 'discard'"),
        ({"alpha": "keep", "background": "red"}, "background is for pictures that lose"),
        ({"background": "plaid"}, "background must be"),
    ],
)
def test_what_means_nothing_is_refused(options: Any, match: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=match):
        write_frames([], tmp_path / "a.webm", **options)
