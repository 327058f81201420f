"""How much a file may claim to have, and how that is said."""

from __future__ import annotations

from ...errors import InvalidArgumentError, NotSupportedError

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reader = Callable[[int, int], bytes]  # offset, most bytes

LIMITS = {
    "max_streams": 1000,
    "max_samples": 1 << 23,
    "max_tags": 10_000,
    "max_chapters": 1 << 16,
    "max_header": 1 << 25,
}
"""What a file may claim; FFmpeg has an option for the first only, and its default is this one."""


def split_options(options: Mapping[str, str]) -> tuple[dict[str, str], dict[str, int]]:
    """Return the options that are FFmpeg's, and all limits.

    Raises
    ------
    InvalidArgumentError
        A limit is no positive integer.
    """
    own = {key: value for key, value in options.items() if key in LIMITS}
    limits = dict(LIMITS)
    for key, value in own.items():
        if not value.isdecimal() or len(value) > 18 or int(value) < 1:
            raise InvalidArgumentError(
                f"options[{key!r}] is {value!r}, it must be an integer of at least 1"
            )
        limits[key] = int(value)
    rest = {k: v for k, v in options.items() if k not in own or k == "max_streams"}
    return rest, limits


class Claims:
    """Counts what one file claims.

    Raises
    ------
    NotSupportedError
        It is more than a limit.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._counts = dict.fromkeys(limits, 0)

    def add(self, name: str, count: int, what: str) -> None:
        """Count `count` more."""
        self._counts[name] += count
        total, limit = self._counts[name], self._limits[name]
        if total > limit:
            raise NotSupportedError(
                f"it claims {total} {what} or more, and {name}={limit} is allowed; if the source "
                f"is trusted, pass options={{{name!r}: {total}}}, or more"
            )
