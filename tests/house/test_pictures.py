"""The pictures of the guides are what the code beside them makes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from clips import ROOT, real_clip

import ffwebcodecs

MAKER = ROOT / "tools" / "docs" / "pictures.py"


@pytest.mark.slow
def test_pictures_of_the_guides_are_made_again(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("pictures", MAKER)
    assert spec is not None and spec.loader is not None
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    pictures.main(str(real_clip()), str(tmp_path))
    for name in pictures.PICTURES:
        made, kept = (pixels(folder / name) for folder in (tmp_path, ROOT / "docs"))
        assert made.shape == kept.shape
        assert np.abs(made - kept).mean() < 3


def pixels(path: Path) -> np.ndarray:
    (frame,) = ffwebcodecs.read_frames(path)
    with frame:
        return frame.to_ndarray("RGB").astype(int)
