"""How pictures say themselves that they are to be turned: EXIF, H.264's display orientation."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from oriented import EXIF, SIZE, jpeg, plain_jpeg, sei_clip, turned_by_ffmpeg, upright_by_pillow
from PIL import Image

from ffwebcodecs import Demuxer, Video, VideoDecoder, VideoFrame, _ffi, read_frames


def first(source: object) -> VideoFrame:
    frames = read_frames(source)
    frame = next(frames)
    frames.close()
    return frame


@pytest.mark.divided
@pytest.mark.parametrize("number", [*EXIF, 0, 9])
def test_exif_turns_a_jpeg(number: int) -> None:
    data = jpeg(number)
    rotation, flip = EXIF.get(number, (0, False))
    with first(data) as frame, first(plain_jpeg()) as plain:
        assert (frame.rotation, frame.flip) == (rotation, flip)
        shown = SIZE if rotation % 180 == 0 else SIZE[::-1]
        assert (frame.display_width, frame.display_height) == shown
        if number in EXIF:
            luma = frame.to_ndarray("GRAY8", upright=True).astype(int)
            assert np.abs(luma - upright_by_pillow(data)).mean() < 2
        upright = frame.to_ndarray("RGB", upright=True)
        want = np.rot90(plain.to_ndarray("RGB"), -rotation // 90)
        assert np.array_equal(upright, want[:, ::-1] if flip else want)


@pytest.mark.divided
@pytest.mark.parametrize("kind", ["AVIF", "PNG", "TIFF", "WEBP"])
def test_other_pictures_are_turned_as_pillow_turns_them(kind: str) -> None:
    if kind == "AVIF" and _ffi.version("avcodec") < (59,):
        pytest.skip("FFmpeg before 5.0 reads no AVIF")
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:24, :32], pixels[24:, 32:] = 250, 120
    exif = Image.Exif()
    exif[0x112] = 7
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, kind, exif=exif)
    with first(data.getvalue()) as frame:
        assert (frame.rotation, frame.flip) == EXIF[7]
        luma = frame.to_ndarray("GRAY8", upright=True).astype(int)
        assert np.abs(luma - upright_by_pillow(data.getvalue())).mean() < 8


def test_a_saved_picture_is_upright(tmp_path: Path) -> None:
    with first(jpeg(6)) as frame:
        frame.save(tmp_path / "a.png")
    with first(tmp_path / "a.png") as saved:
        assert (saved.coded_width, saved.coded_height) == SIZE[::-1]


@pytest.mark.parametrize(("codec", "suffix"), [("h264", "h264"), ("h264", "mp4"), ("hevc", "mp4")])
def test_what_a_key_frame_says_is_true_of_its_group(codec: str, suffix: str) -> None:
    path = sei_clip(codec, suffix)
    with Video(path) as video:
        assert len(video) == 12
        for index in (0, 1, 7, 3, 10):  # whichever frame was decoded before
            with video[index] as frame:
                assert (frame.rotation, frame.flip) == (270, False)
    for index, frame in enumerate(read_frames(path)):
        with frame:
            assert (frame.rotation, frame.display_width) == (270, SIZE[1])
            if not index:
                want = np.frombuffer(turned_by_ffmpeg(path, "gray"), np.uint8)
                assert np.array_equal(frame.to_ndarray("GRAY8", upright=True).ravel(), want)


def test_where_the_container_turns_the_picture_does_not() -> None:
    with Demuxer(sei_clip()) as demuxer:
        config = dataclasses.replace(demuxer.video_config, rotation=180)
    with next(read_frames(sei_clip(), config)) as frame:
        assert frame.rotation == 180
    with Video(sei_clip(), config) as video, video[5] as frame:
        assert frame.rotation == 180


def test_a_bare_decoder_turns_as_its_configuration_says() -> None:
    seen: list[int] = []

    def look(frame: VideoFrame) -> None:
        with frame:
            seen.append(frame.rotation)

    with Demuxer(sei_clip()) as demuxer:
        chunks, config = list(demuxer.chunks()), demuxer.video_config
    for rotation in (0, 90):
        seen.clear()
        with VideoDecoder(output=look, error=print) as decoder:
            decoder.configure(dataclasses.replace(config, rotation=rotation))
            for chunk in chunks:
                decoder.decode(chunk)
            decoder.flush().result()
        assert seen == [rotation] * 12
    frames = read_frames(chunks, config)  # no browser has this one: as the file's
    with next(frames) as frame:
        assert frame.rotation == 270
    frames.close()
