"""What one run of `transcode` or `remux` has: the input, the output, and what was said of both."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._av.files.demux import DemuxerCore
from ._conversion import begin_labels, output_tags, refuse_same_file, take_tags
from ._conversion_options import ConversionOptions
from ._input_options import parse_opening
from ._output_options import OutputOptions
from .muxer import Muxer


class ConversionRun:
    """A conversion of one file.

    Parameters
    ----------
    input, output
        As the caller gave them.
    given : mapping
        The parameters of `transcode` or `remux` by name.

    Raises
    ------
    InvalidArgumentError
        A parameter is out of range; nothing has been opened.
    """

    def __init__(self, input: Any, output: Any, given: Mapping[str, Any]) -> None:
        self._began = time.monotonic()
        self._input, self._output = input, output
        self._given = given
        self._options = ConversionOptions.parse(given)
        self._opening = parse_opening(
            given["input_format"],
            given["input_options"],
            given["playlists"],
            given["max_pixels"],
            given["timeout"],
            prefix="input_",
            stream=given["stream"],
            color_space=given.get("color_space"),
        )
        self._damage = self._options.damage()
        self._losses = self._options.losses()
        refuse_same_file(input, output)

    def _muxer(self, demuxer: DemuxerCore) -> Muxer:
        """Return the output, which knows what its file is labelled with."""
        tags = output_tags(take_tags(demuxer), self._options.metadata)
        muxer = OutputOptions.of(self._given).open(self._output, tags)
        try:
            begin_labels(muxer, demuxer, tags, self._losses)
        except BaseException:  # a warning may be an error
            muxer.discard()
            raise
        return muxer
