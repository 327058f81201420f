"""A file that is written over keeps its permissions and its owner, whoever writes it."""

from __future__ import annotations

import os
import stat
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import call
from clips import clip
from mux_helpers import copy
from transcode_helpers import fast

from ffwebcodecs import VideoFrame, VideoIndex, remux, write_frames
from ffwebcodecs._av.files.complete_file import CompleteFile

ACL = "system.posix_acl_access"
SOURCE = "h264-bframes.mp4"
RAW = ("--from", "I420", "--to", "RGB", "--size", "16x16")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _picture() -> VideoFrame:
    return VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), timestamp=0)


def _save(path: Path) -> None:
    with _picture() as frame:
        frame.save(path)


def _index(path: Path) -> None:
    VideoIndex(clip(SOURCE)).save(path)


def _convert(path: Path) -> None:
    raw = path.with_suffix(".yuv")
    raw.write_bytes(bytes(16 * 16 * 3 // 2))
    assert call("convert", *RAW, raw, path, "-f", "-q") == 0


WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "transcode": ("a.mp4", lambda path: fast(path, stop=200_000)),
    "remux": ("a.mkv", lambda path: remux(clip(SOURCE), path)),
    "Muxer": ("a.mov", lambda path: copy(clip(SOURCE), path)),
    "write_frames": ("a.mp4", lambda path: write_frames([_picture()], path)),
    "save": ("a.png", _save),
    "index": ("a.index", _index),
    "convert": ("a.rgb", _convert),
    "sheet": ("a.png", lambda path: call("sheet", clip(SOURCE), "-o", path, "-f", "-q")),
}


@pytest.mark.divided
@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_that_is_written_over_keeps_its_mode(writer: str, tmp_path: Path) -> None:
    name, write = WRITERS[writer]
    path = tmp_path / name
    path.write_bytes(b"old")
    path.chmod(0o640)
    write(path)
    assert path.stat().st_size > 3
    assert mode(path) == 0o640


@pytest.mark.once
@pytest.mark.parametrize("before", [0o600, 0o644, 0o666, 0o444, 0o755, 0o060])
def test_every_mode_is_kept_whatever_the_mask(before: int, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(before)
    mask = os.umask(0o077)
    try:
        with CompleteFile(path) as file:
            file.write(b"new")
    finally:
        os.umask(mask)
    assert (path.read_bytes(), mode(path)) == (b"new", before)


@pytest.mark.divided
@pytest.mark.parametrize("name", ["a.m3u8", "a.mpd"])
def test_a_playlist_that_is_written_over_keeps_its_mode(name: str, tmp_path: Path) -> None:
    """FFmpeg writes it under another name, and renames it."""
    remux(clip(SOURCE), tmp_path / name, several_files=True)
    (tmp_path / name).chmod(0o600)
    remux(clip(SOURCE), tmp_path / name, several_files=True)
    assert mode(tmp_path / name) == 0o600


@pytest.mark.once
def test_a_new_file_has_the_mode_that_the_mask_leaves(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with CompleteFile(tmp_path / "a") as file:
            file.write(b"new")
    finally:
        os.umask(mask)
    assert mode(tmp_path / "a") == 0o640


@pytest.mark.once
def test_nobody_else_can_read_a_private_file_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o604)
    with CompleteFile(path) as file:
        assert file.temporary is not None
        assert mode(Path(file.temporary)) == 0o600
    assert mode(path) == 0o604


@pytest.mark.once
def test_a_link_stays_one_and_its_target_keeps_its_mode(tmp_path: Path) -> None:
    target, link = tmp_path / "a", tmp_path / "b"
    target.write_bytes(b"old")
    target.chmod(0o600)
    link.symlink_to(target)
    with CompleteFile(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (target.read_bytes(), mode(target)) == (b"new", 0o600)


@pytest.mark.once
def test_a_mode_that_changes_meanwhile_is_the_one_that_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o644)
    with CompleteFile(path) as file:
        file.write(b"new")
        path.chmod(0o600)
    assert mode(path) == 0o600


@pytest.mark.once
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o660)
    os.chown(path, 12345, 23456)
    with CompleteFile(path) as file:
        file.write(b"new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, mode(path)) == (12345, 23456, 0o660)


@pytest.mark.once
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_group_that_cannot_be_kept_opens_nothing() -> None:
    """Who cannot give a file to its group must not open it to a group of his own."""
    with tempfile.TemporaryDirectory() as name:
        _write_as_somebody_else(Path(name))


def _write_as_somebody_else(folder: Path) -> None:
    path = folder / "a"
    path.write_bytes(b"old")
    path.chmod(0o664)
    os.chown(path, 12345, 23456)
    os.chown(folder, 12345, 12345)
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(12345)
    os.seteuid(12345)
    try:
        with CompleteFile(path) as file:
            file.write(b"new")
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
    found = path.stat()
    assert (found.st_gid, mode(path), path.read_bytes()) == (12345, 0o644, b"new")


@pytest.mark.once
def test_an_access_list_is_kept(tmp_path: Path) -> None:
    # acl(5) as the kernel stores it: user rw, user 1234 r, group none, mask r, others none.
    entries = [(1, 6, -1), (2, 4, 1234), (4, 0, -1), (16, 4, -1), (32, 0, -1)]
    told = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *each) for each in entries)
    path = tmp_path / "a"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, ACL, told)
    except (AttributeError, OSError) as error:
        pytest.skip(f"no access lists here: {error}")
    assert mode(path) == 0o640  # the mask stands where the group was
    with CompleteFile(path) as file:
        file.write(b"new")
    assert os.getxattr(path, ACL) == told
    assert mode(path) == 0o640
