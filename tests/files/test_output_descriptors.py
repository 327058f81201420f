"""Names of descriptors as outputs: what they stand for is written, from where it stands."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest
from clips import clip
from mux_helpers import probe

from ffwebcodecs import Demuxer, InvalidArgumentError, remux

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no such names")
NAME = "h264-bframes.mp4"


def expected() -> bytes:
    from io import BytesIO

    made = BytesIO()
    remux(clip(NAME), made, format="mkv")
    return made.getvalue()


def read_all(descriptor: int, into: list[bytes]) -> None:
    while block := os.read(descriptor, 65536):
        into.append(block)


@pytest.mark.parametrize("kind", ["pipe", "pipe that does not block", "socket"])
def test_a_descriptor_by_its_name_is_written_to(kind: str, tmp_path: Path) -> None:
    if kind == "socket":
        ends = socket.socketpair()
        reading, writing = (end.detach() for end in ends)
    else:
        reading, writing = os.pipe()
        os.set_blocking(writing, kind == "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(reading, got))
    reader.start()
    try:
        remux(clip(NAME), f"/dev/fd/{writing}", format="mkv")
        assert os.get_blocking(writing) == (kind != "pipe that does not block")
    finally:
        os.close(writing)
        reader.join()
        os.close(reading)
    path = tmp_path / "got.mkv"
    path.write_bytes(b"".join(got))
    counted = probe(path, "-count_packets", "-show_streams")["streams"][0]
    with Demuxer(clip(NAME)) as demuxer:
        assert int(counted["nb_read_packets"]) == sum(1 for _ in demuxer.chunks())


def test_a_file_behind_a_descriptor_goes_on_where_that_stands(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with open(path, "wb", buffering=0) as file:
        file.write(b"before")
        remux(clip(NAME), f"/dev/fd/{file.fileno()}", format="mkv")
        file.write(b"after")
    data = path.read_bytes()
    assert data.startswith(b"before\x1aE\xdf\xa3")
    assert data.endswith(b"after")
    assert len(data) == len(expected()) + len(b"beforeafter")


def test_a_link_to_a_descriptor_leads_to_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    link = tmp_path / "out.mkv"
    link.symlink_to(f"/dev/fd/{writing}")
    got: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(reading, got))
    reader.start()
    try:
        remux(clip(NAME), link)
    finally:
        os.close(writing)
        reader.join()
        os.close(reading)
    assert b"".join(got).startswith(b"\x1aE\xdf\xa3")
    assert link.is_symlink()


@pytest.mark.parametrize("form", ["descriptor", "fifo", "folder"])
def test_several_files_do_not_take_the_name_of_what_is_none(form: str, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    path = tmp_path / "special"
    if form == "fifo":
        os.mkfifo(path)
    elif form == "folder":
        path.mkdir()
    name = f"/dev/fd/{writing}" if form == "descriptor" else path
    before = sorted(os.listdir(tmp_path))
    try:
        with pytest.raises(InvalidArgumentError, match="several files need a file's name"):
            remux(clip(NAME), name, format="hls", several_files=True)
    finally:
        os.close(reading)
        os.close(writing)
    assert sorted(os.listdir(tmp_path)) == before
    assert form != "fifo" or path.is_fifo()


def test_a_descriptor_that_is_closed_is_told_by_its_name() -> None:
    with pytest.raises(OSError, match="/dev/fd/999"):
        remux(clip(NAME), "/dev/fd/999", format="mkv")
