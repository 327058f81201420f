"""The pieces of docs/scaling.md: taken out of the page, run, and what they print looked at."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from clips import ROOT, clip, raw_frames

FILM = "h264-with-audio.mp4"
STEP = 10  # every tenth frame
PAGE = ROOT / "docs" / "scaling.md"


def pieces(page: Path = PAGE, language: str = "python") -> dict[str, list[str]]:
    """Return the pieces of code of a page by the heading above them."""
    found: dict[str, list[str]] = {}
    title, lines, inside = "", [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if inside and line == "```":
            found.setdefault(title, []).append("\n".join([*lines, ""]))
            inside = False
        elif inside:
            lines.append(line)
        elif line == f"```{language}":
            lines, inside = [], True
        elif heading := re.fullmatch(r"##+ (.+)", line):
            title = heading[1]
    return found


def film(folder: Path) -> None:
    """Put the film there that the pieces open."""
    (folder / "clip.mp4").symlink_to(clip(FILM))


def run(
    code: str, folder: Path, *arguments: str, extra: Sequence[Path] = (), **env: str
) -> list[str]:
    """Run a piece as a program, and return the lines that it prints."""
    program = folder / "program.py"
    program.write_text(code, encoding="utf-8")
    paths = [str(ROOT), *map(str, extra), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, program.name, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **env},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.splitlines()


def brightness() -> list[float]:
    """Return how bright each frame of the film is, as the ffmpeg program decodes it."""
    width, height = 160, 120
    frames = np.frombuffer(raw_frames(clip(FILM)), np.uint8).reshape(-1, height * 3 // 2, width)
    found: list[float] = frames[:, :height].mean((1, 2)).tolist()
    return found


def check(title: str, lines: list[str]) -> None:
    """Compare what a piece has printed with what the ffmpeg program decodes."""
    every = brightness()
    if title == "torch's DataLoader":
        batches = [ast.literal_eval(line.partition(") ")[0] + ")") for line in lines]
        assert [shape[1:] for shape in batches] == [(3, 60, 80)] * len(batches)
        assert [shape[0] for shape in batches] == [4, 4, 1]
        assert {line.partition(") ")[2] for line in lines} == {"torch.uint8"}
        return
    first, *others = (ast.literal_eval(line) for line in lines)
    np.testing.assert_allclose(first, every[::STEP])
    if title == "Ray":
        np.testing.assert_allclose(others, [every[:1] * 3])
    else:
        assert others == []
