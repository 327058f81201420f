"""Beside PyAV and OpenCV, which bring an FFmpeg each; in notebooks and subinterpreters."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ffi_helpers
import pytest
from clips import ROOT, SUPPORT, clip
from ffi_helpers import run_python

import ffwebcodecs

pytestmark = [pytest.mark.slow, pytest.mark.divided]
CHILD = SUPPORT / "coexistence_child.py"


def needs(*modules: str) -> None:
    """Skip where a package is not installed: the registry at hand may lack it."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (tools/install.sh fetches them)")


def environment() -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    clean["PYTHONPATH"] = os.pathsep.join([str(ROOT), clean.get("PYTHONPATH", "")])
    return clean


ORDERS = [",".join(order) for order in itertools.permutations(("ffwebcodecs", "av", "cv2"))]
ORDERS += ["ffwebcodecs,av", "av,ffwebcodecs", "ffwebcodecs,cv2", "cv2,ffwebcodecs"]
ORDERS += ["global:ffwebcodecs,av,cv2", "global:cv2,av,ffwebcodecs"]


@ffi_helpers.needs_the_systems  # a wheel's may be the very ones that PyAV brings
@pytest.mark.parametrize("order", ORDERS)
def test_all_three_decode_at_once_whoever_is_imported_first(order: str) -> None:
    names = order.removeprefix("global:").split(",")
    needs(*names)
    done = subprocess.run(
        [sys.executable, str(CHILD), str(clip("h264-bframes.mp4")), order],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["same"]  # before, during and after
    assert found["equal"]  # to PyAV's, bit by bit
    assert len(set(found["frames"].values())) == 1
    info = ffwebcodecs.ffmpeg_info()
    assert found["libraries"] == [path for path, _ in info.libraries.values()]
    assert (found["mode"], found["problems"], found["open"]) == (info.mode, info.problems, {})
    if sys.platform == "linux":
        assert found["avutils"] == len(names)  # each has its own: nobody uses another's


@ffi_helpers.needs_the_systems
@pytest.mark.parametrize("order", ["first", "last"])
def test_the_log_of_pyav_is_its_own(order: str) -> None:
    needs("av")
    lines = ["import av, av.logging", "av.logging.set_level(av.logging.ERROR)"]
    ours = ["import ffwebcodecs", "ffwebcodecs.set_log_level('quiet')"]
    code = "\n".join(lines + ours if order == "first" else ours + lines)
    code += """
ffwebcodecs.set_log_level("error")
print(av.logging.get_level() == av.logging.ERROR)
from ffwebcodecs._ffi import avutil
av.logging.set_level(av.logging.PANIC)
print(avutil.av_log_get_level())
"""
    assert run_python(code, FFWEBCODECS_FFI=ffwebcodecs.ffmpeg_info().mode) == "True\n16"


def test_a_thread_pool_decodes_eight_files(tmp_path: Path) -> None:
    data = clip("h264-bframes.mp4").read_bytes()
    paths = [tmp_path / f"{number}.mp4" for number in range(8)]
    for path in paths:
        path.write_bytes(data)

    def hashes(path: Path) -> list[str]:
        return [hashlib.md5(f.to_ndarray()).hexdigest() for f in ffwebcodecs.read_frames(path)]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(hashes, paths))
    assert results == [hashes(paths[0])] * 8


CELLS = [
    "import ffwebcodecs as w\npath = PATH\nprint(len(list(w.read_frames(path))))",
    # the kernel's event loop runs already: callbacks come on it, and a cell may await
    "frames = []\ndecoder = w.VideoDecoder(frames.append, print, frame_pool_size=None)\n"
    "with w.Demuxer(path) as demuxer:\n"
    "    decoder.configure(demuxer.video_config)\n"
    "    for chunk in demuxer.chunks():\n"
    "        decoder.decode(chunk)\n"
    "await decoder.flush()\ndecoder.close()\nprint(len(frames))",
    "import threading\nprint({f.timestamp for f in frames} == "
    "{f.timestamp for f in w.read_frames(path)}, threading.active_count() < 50)",
    "frames[0]",
    "with w.create_image_bitmap(frames[0]) as bitmap:\n    bitmap.show()",
    "video = w.Video(path)\nvideo",
    "w.remux(path, 'out.mp4')",
    "try:\n    w.VideoDecoder(print, print).decode(chunk)\n"
    "except w.InvalidStateError as error:\n    print('refused')",
]


@pytest.mark.once
def test_a_notebook_decodes_awaits_and_shows_what_it_has(tmp_path: Path) -> None:
    needs("nbconvert", "ipykernel")
    path = str(clip("h264-bframes.mp4"))
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source.replace("PATH", repr(path)),
        }
        for source in CELLS
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "book.ipynb").write_text(json.dumps(book))
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"]
    done = subprocess.run(
        [*command, "--output", "done.ipynb", "book.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        env=environment() | {"JUPYTER_PLATFORM_DIRS": "1", "PYTHONWARNINGS": "default"},
    )
    assert done.returncode == 0, done.stderr
    executed = json.loads((tmp_path / "done.ipynb").read_text())["cells"]
    outputs = [cell["outputs"] for cell in executed]
    count = sum(1 for _ in ffwebcodecs.read_frames(path))
    texts = ["".join(itertools.chain(*(part.get("text", []) for part in out))) for out in outputs]
    assert texts == [f"{count}\n", f"{count}\n", "True True\n", *[""] * 4, "refused\n"]
    for shown in outputs[3:6]:  # a frame, a bitmap and a film strip
        picture = base64.b64decode(shown[0]["data"]["image/png"])
        assert picture.startswith(b"\x89PNG")
    player = "".join(outputs[6][0]["data"]["text/html"])
    film = base64.b64encode((tmp_path / "out.mp4").read_bytes()).decode()
    assert f'<video controls preload="metadata" src="data:video/mp4;base64,{film}"' in player


SUBINTERPRETER = """
import sys
try:
    import _interpreters as module
except ImportError:
    import _xxsubinterpreters as module
if sys.argv[2] == "after":
    import ffwebcodecs
    list(ffwebcodecs.read_frames(sys.argv[1]))
code = '''
import os
import ffwebcodecs
from ffwebcodecs.errors import FFmpegLoadError
said = []
def say():
    os.write(1, (repr(said) + "\\\\n").encode())
try:
    said.append(len(list(ffwebcodecs.read_frames(PATH))))
    decoder = ffwebcodecs.VideoDecoder(print, print)
    with ffwebcodecs.Demuxer(PATH) as demuxer:
        decoder.configure(demuxer.video_config)
        decoder.close()
except (FFmpegLoadError, RuntimeError) as error:
    said.append(str(error))
say()
'''.replace("PATH", repr(sys.argv[1]))
for _ in range(2):
    interpreter = module.create()
    failure = module.run_string(interpreter, code)
    assert failure is None, failure
    module.destroy(interpreter)
import ffwebcodecs
print("alive", len(list(ffwebcodecs.read_frames(sys.argv[1]))))
"""


@pytest.mark.parametrize("when", ["first", "after"])
def test_a_subinterpreter_works_or_is_refused_clearly(when: str) -> None:
    if not any(map(importlib.util.find_spec, ("_interpreters", "_xxsubinterpreters"))):
        pytest.skip("this Python has no module for subinterpreters")
    done = subprocess.run(
        [sys.executable, "-c", SUBINTERPRETER, str(clip("h264-bframes.mp4")), when],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    *said, alive = done.stdout.splitlines()
    count = len(list(ffwebcodecs.read_frames(clip("h264-bframes.mp4"))))
    assert (len(said), alive) == (2, f"alive {count}")
    if sys.version_info >= (3, 12):
        assert all("ffwebcodecs works in the main interpreter only" in line for line in said)
    else:
        # there Python refuses the thread of a decoder, and nothing else
        count = sum(1 for _ in ffwebcodecs.read_frames(clip("h264-bframes.mp4")))
        assert all(line.startswith(f"[{count}, 'thread is not supported") for line in said)
