"""Waits for inputs and outputs that whoever waits cannot end: those of other threads."""

from __future__ import annotations

from .._av.files.interrupt import stop_all


def stop_waiting() -> None:
    """End all waits of this process for pipes and the network, of inputs and outputs that are open
    now: whoever waits gets InvalidStateError.
    """
    stop_all()
