"""How often the pump is called for pictures of a file, and what comes of it."""

from __future__ import annotations

import pytest

from ffwebcodecs._av.files.frame_run import FrameRun


def count_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which each call of the pump adds how many frames came of it."""
    counts: list[int] = []
    go = FrameRun._go

    def counted(self: FrameRun) -> bool:
        goes_on = go(self)
        counts.append(len(self._rows))
        return goes_on

    monkeypatch.setattr(FrameRun, "_go", counted)
    return counts
