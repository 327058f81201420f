"""What the caller of a conversion says about the output: listed once, for all that write films."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .._av.files.target import OutputFile
from .muxer import Muxer


@dataclass(frozen=True)
class OutputOptions:
    """The options of `transcode`, `remux` and `write_frames` that are `Muxer`'s own.

    `Muxer` checks them, as it is opened: before anything is written.
    """

    format: str | None
    several_files: bool
    fragmented: bool
    fragment_duration: float | None
    on_segment: Callable[..., object] | None
    atomic: bool

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> OutputOptions:
        """Take them from the options by name, as `locals()` has them."""
        return cls(**{each.name: given[each.name] for each in fields(cls)})

    def open(self, output: Any, metadata: Mapping[str, str] | None) -> Muxer:
        """Return the muxer of an output, with tags of the file."""
        return Muxer(
            output,
            format=self.format,
            metadata=metadata,
            several_files=self.several_files,
            fragmented=self.fragmented,
            fragment_duration=self.fragment_duration,
            on_segment=self.on_segment,
            atomic=self.atomic,
        )


def output_file(output: Any, given: Mapping[str, Any]) -> OutputFile:
    """Return what is known of an output before it is opened, by the options as `locals()` has
    them; None is one whose fragments `on_segment` takes.
    """
    as_made, in_place = bool(given["fragmented"]), not given["atomic"]
    return OutputFile(output, as_made=as_made, in_place=in_place)
