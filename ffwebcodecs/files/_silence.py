"""How much silence the times of a file may ask for: a file of a few bytes can state any times."""

from __future__ import annotations

from fractions import Fraction

from ..errors import NotSupportedError

_MOST_VALUES = 1 << 28  # of float32, which is 1 GiB
_MOST_SECONDS = 86_400


class Gaps:
    """Adds up the gaps of sound that is read into memory."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def add(self, samples: int, channels: int) -> None:
        """Note a gap of so many samples.

        Raises
        ------
        NotSupportedError
            All gaps together are longer than those of any file.
        """
        self._count += samples
        most = _MOST_VALUES // max(1, channels)
        if self._count > most:
            raise NotSupportedError(
                f"the times of the file leave gaps of {self._count} samples, more than {most}: "
                "they are wrong; read_audio_data gives what is there, and start and stop the parts "
                "by themselves"
            )


def check_written(seconds: Fraction) -> None:
    """Refuse to write so much silence into the gaps of one track."""
    if seconds > _MOST_SECONDS:
        raise NotSupportedError(
            f"the times of the sound leave gaps of {float(seconds):.0f} s, more than "
            f"{_MOST_SECONDS}: they are wrong; start and stop convert the parts by themselves"
        )
