"""References to frames: sent, opened, read, refused; files thrown out and opened again."""

from __future__ import annotations

import pickle
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ffwebcodecs import DataError, FrameRef, Video

from .. import media
from ..scenario import Step, scenario


@scenario("references sent, opened, read and refused; more files than stay open", cycles=1000)
def references() -> Iterator[Step]:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.mp4") for number in range(4)]
        refs = []
        for file in files:
            shutil.copy(media.clip("h264.mp4"), file)
            with Video(file, threads=1) as video:
                refs.append(video.ref)
        changed = Path(folder, "changed.mp4")
        shutil.copy(files[0], changed)
        with Video(changed) as video:
            video.index.save(Path(folder, "index"))
            stale = video.ref[3]
        with changed.open("ab") as more:
            more.write(b"\0")
        FrameRef.set_cache(max_open=2, max_bytes=200_000)

        def step(number: int) -> None:
            ref = pickle.loads(pickle.dumps(refs[number % 4]))
            ref[number * 7 % media.FRAMES].open().close()
            if number % 5 == 0:
                ref[number % 40 :][:3].read(width=32)
            elif number % 5 == 1:
                frames = ref[number % 40 :: 3].frames()
                next(frames).close()
                FrameRef.clear_cache()
            elif number % 5 == 2:
                try:
                    stale.open()
                except DataError:
                    return
                raise AssertionError("a changed file was opened")

        yield step
        FrameRef.clear_cache()
