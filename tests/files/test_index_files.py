"""Saved indices: the same when loaded, refused when stale, and harmless whatever is in them."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import zlib
from pathlib import Path
from typing import Any

import attack
import pytest
from clips import clip

from ffwebcodecs import DataError, InvalidArgumentError, VideoIndex


def test_a_saved_index_is_the_same(tmp_path: Path) -> None:
    index = VideoIndex(clip("h264-bframes.mkv"))
    path = tmp_path / "clip.index"
    index.save(path)
    loaded = VideoIndex.load(path)
    assert loaded == index == pickle.loads(pickle.dumps(index))
    assert hash(loaded) == hash(index)
    assert loaded.digest == index.digest
    assert loaded.timestamps.tolist() == index.timestamps.tolist()
    assert loaded.split(2) == index.split(2)
    assert loaded != VideoIndex(clip("h264-bframes.mp4"))
    assert loaded != 1
    assert os.listdir(tmp_path) == ["clip.index"]
    assert str(clip("h264-bframes.mkv")).encode() not in path.read_bytes()


def test_the_index_of_another_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    path, saved = tmp_path / "clip.mkv", tmp_path / "clip.index"
    data = clip("h264-bframes.mkv").read_bytes()
    path.write_bytes(data)
    VideoIndex(path).save(saved)
    index = VideoIndex.load(saved)
    for source in (path, data, io.BytesIO(data)):
        index.verify(source)
    file = io.BytesIO(b"before" + data)
    file.seek(6)
    index.verify(file)
    assert file.tell() == 6

    os.utime(path, ns=(1, 1))
    with pytest.raises(InvalidArgumentError, match="changed after the index was made"):
        index.verify(path)
    other = tmp_path / "moved.mkv"  # in another place its time says nothing
    path.rename(other)
    index.verify(other)
    for at in (10, len(data) - 10):
        wrong = bytearray(data)
        wrong[at] ^= 1
        with pytest.raises(InvalidArgumentError, match="bytes are others than"):
            index.verify(bytes(wrong))
    with pytest.raises(InvalidArgumentError, match=f"it has {len(data) + 1} bytes"):
        index.verify(data + b"\0")
    with pytest.raises(FileNotFoundError):
        index.verify(path)
    with pytest.raises(IsADirectoryError):
        index.verify(tmp_path)
    for nothing in (3, None, []):
        with pytest.raises(InvalidArgumentError, match="expected a path"):
            index.verify(nothing)


def test_a_number_is_no_path(tmp_path: Path) -> None:
    # `open` takes a descriptor, and closes it.
    with saved(tmp_path)[0].open("rb") as file:
        with pytest.raises(TypeError):
            VideoIndex.load(file.fileno())  # type: ignore[arg-type]
        assert file.read(4) == b"FFWC"


def saved(tmp_path: Path) -> tuple[Path, bytes]:
    path = tmp_path / "clip.index"
    VideoIndex(clip("vp8.webm")).save(path)
    return path, path.read_bytes()


def test_a_cut_index_is_refused(tmp_path: Path) -> None:
    path, data = saved(tmp_path)
    for length in [0, 1, 7, 8, 19, 20, 21, 100, len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(DataError):
            VideoIndex.load(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(DataError, match="make it again"):
        VideoIndex.load(path)
    with pytest.raises(FileNotFoundError):
        VideoIndex.load(tmp_path / "other")
    with pytest.raises(DataError, match="no index"):
        VideoIndex.load(clip("vp8.webm"))


def with_header(data: bytes, **members: Any) -> bytes:
    """Return an index with another header, and the right checksum."""
    length = int.from_bytes(data[12:16], "little")
    said = {**json.loads(data[20 : 20 + length]), **members}
    header = json.dumps({k: v for k, v in said.items() if v != "left out"}).encode()
    rest = header + data[20 + length :]
    start = data[:12] + len(header).to_bytes(4, "little")
    return start + zlib.crc32(rest).to_bytes(4, "little") + rest


@pytest.mark.parametrize(
    "members",
    [
        {"packets": 10**15},
        {"packets": -1},
        {"packets": True},
        {"packets": 1.0},
        {"packets": "left out"},
        {"time_base": [0, 1]},
        {"time_base": [1, 0]},
        {"time_base": [1]},
        {"time_base": [1, 2**80]},
        {"time_base": "1/25"},
        {"rate": [-1, 1]},
        {"problem": 7},
        {"source": None},
        {"source": {"size": "12"}},
    ],
    ids=repr,
)
def test_a_header_that_cannot_be_is_refused(tmp_path: Path, members: dict[str, Any]) -> None:
    path, data = saved(tmp_path)
    path.write_bytes(with_header(data))
    assert len(VideoIndex.load(path)) == 45
    path.write_bytes(with_header(data, **members))
    with pytest.raises(DataError, match="damaged"):
        VideoIndex.load(path)


def test_a_later_version_is_refused_by_its_number(tmp_path: Path) -> None:
    path, data = saved(tmp_path)
    path.write_bytes(data[:8] + (2).to_bytes(4, "little") + data[12:])
    with pytest.raises(DataError, match="version 2"):
        VideoIndex.load(path)
    path.write_bytes(data[:12] + (2**32 - 1).to_bytes(4, "little") + data[16:])
    with pytest.raises(DataError, match="4294967295"):
        VideoIndex.load(path)
    nested = b'{"packets":' + b"[" * 60000
    crc = zlib.crc32(nested).to_bytes(4, "little")
    path.write_bytes(data[:12] + len(nested).to_bytes(4, "little") + crc + nested)
    with pytest.raises(DataError, match="JSON"):
        VideoIndex.load(path)


def test_a_damaged_index_is_refused(tmp_path: Path) -> None:
    path, data = saved(tmp_path)
    pick = random.Random(4)
    for _ in range(attack.rounds(60, 20000)):
        wrong = bytearray(data)
        wrong[pick.randrange(len(wrong))] ^= 1 << pick.randrange(8)
        path.write_bytes(wrong)
        with pytest.raises(DataError):
            VideoIndex.load(path)


def test_columns_of_anybody_give_an_index_or_an_error(tmp_path: Path) -> None:
    path, data = saved(tmp_path)
    pick = random.Random(5)
    at = 20 + int.from_bytes(data[12:16], "little")
    for _ in range(attack.rounds(60, 5000)):
        wrong = bytearray(data)
        for _ in range(pick.randrange(1, 60)):
            wrong[pick.randrange(at, len(wrong))] = pick.choice((0, 1, 0x7F, 0x80, 0xFF))
        path.write_bytes(with_header(bytes(wrong)))
        try:
            index = VideoIndex.load(path)
        except DataError:
            continue
        assert len(index.timestamps) == len(index.durations) == len(index.key_frames)
        assert sum(map(len, index.split(3))) == len(index)
