"""What native objects are alive."""

from __future__ import annotations

import ffwebcodecs


def live_handles() -> dict[str, int]:
    """Return the kinds of which some are alive, with their number."""
    return {kind: count for kind, count in ffwebcodecs.open_handles().items() if count}
