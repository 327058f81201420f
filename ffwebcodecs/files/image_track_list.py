"""ImageTrackList: the tracks of an image file, and which of them is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .._public import public
from .image_track import ImageTrack

if TYPE_CHECKING:
    from .._runtime.completion import Completion


@public
class ImageTrackList:
    """What `ImageDecoder.tracks` is: a sequence of `ImageTrack`, empty until `ready` is over, and
    again after the decoder was closed.
    """

    __slots__ = ("_chosen", "_glance", "_on_change", "_ready", "_tracks")

    def __init__(
        self,
        ready: Completion[None],
        glance: Callable[[bool], object],
        on_change: Callable[[], object],
    ) -> None:
        self._ready = ready
        self._glance = glance
        self._on_change = on_change
        self._tracks: tuple[ImageTrack, ...] = ()
        self._chosen: ImageTrack | None = None

    @property
    def ready(self) -> Completion[None]:
        """Over when the tracks are known: ``await`` it, or call its ``result()``.

        It fails with InvalidStateError if they cannot be found, NotSupportedError if nothing reads
        such images, AbortError if the decoder is closed before.
        """
        self._glance(True)
        return self._ready

    @property
    def length(self) -> int:
        """How many tracks there are."""
        self._glance(False)
        return len(self._tracks)

    @property
    def selected_index(self) -> int:
        """Index of the track that is decoded, -1 if there is none."""
        self._glance(False)
        tracks, chosen = self._tracks, self._chosen
        return -1 if chosen is None or chosen not in tracks else tracks.index(chosen)

    @property
    def selected_track(self) -> ImageTrack | None:
        """The track that is decoded, None if there is none."""
        self._glance(False)
        return self._chosen

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> ImageTrack:
        self._glance(False)
        return self._tracks[index]

    def __iter__(self) -> Iterator[ImageTrack]:
        self._glance(False)
        return iter(self._tracks)

    # ---- of the tracks

    def _is_selected(self, track: ImageTrack) -> bool:
        return self._chosen is track

    def _select(self, track: ImageTrack, selected: bool) -> None:
        if selected is (self._chosen is track) or track not in self._tracks:
            return
        if selected:
            track._was_selected()
        self._chosen = track if selected else None
        self._on_change()

    # ---- of the decoder

    def _fill(self, tracks: tuple[ImageTrack, ...], chosen: ImageTrack) -> None:
        self._chosen = chosen
        self._tracks = tracks

    def _clear(self) -> None:
        self._tracks = ()
        self._chosen = None

    def __repr__(self) -> str:
        return f"<ImageTrackList of {len(self._tracks)}, selected {self.selected_index}>"
