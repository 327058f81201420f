"""The work of an ImageDecoder: what has arrived, what is known of it, what is still to be decoded.

Theory of operation. Pieces of data, their end and requests are jobs of one thread (`Errands`), the
only one that scans and decodes. It shows what it knows by filling the track list, and by ending
completions; whoever asks for something else (`reset`, `close`, another track) ends the completions
himself, at once, and the thread then finds that nobody wants the result: of two ends of a
completion the first one counts, and a frame that comes second is closed.

There is no lock: `reset` and `close` may be called by destructors and handlers of signals.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .._av import averror, forked
from .._runtime.completion import Completion
from .._runtime.errands import Errands
from .._spec.images.facts import BadImage
from .._spec.images.kinds import scanner_of
from ..errors import (
    AbortError,
    EncodingError,
    InvalidStateError,
    NotSupportedError,
    WebCodecsError,
)
from ._image_pictures import ImagePictures
from .image_decode_result import ImageDecodeResult
from .image_track import ImageTrack
from .image_track_list import ImageTrackList

if TYPE_CHECKING:
    from .._spec.images.facts import ImageFacts, ImagePart
    from .._spec.images.scanning import ImageScanner
    from ._image_input import ImageSource
    from ._image_pictures import ImageOptions

    Result = Completion[ImageDecodeResult]

_SOON = 0.005  # seconds after the first look at what is not there yet


class ImageRequest:
    """A frame that somebody wants."""

    __slots__ = ("completion", "index", "seen", "whole")

    def __init__(self, index: int, whole: bool, completion: Result) -> None:
        self.index = index
        self.whole = whole  # not a part of the picture
        self.completion = completion
        self.seen = -1  # how much of a picture was tried in vain


class ImageCore:
    """See the module; `begin` starts the work.

    Parameters
    ----------
    kind : str
        Whose parser is to be used.
    source : ImageSource or None
        None: nothing is read, because of the `refusal`.
    prefer_animation : bool or None
    options : ImageOptions
    refusal : NotSupportedError, optional
        Why nothing can be decoded.

    Attributes
    ----------
    closed, complete : bool
    tracks : ImageTrackList
    completed : Completion
    """

    def __init__(
        self,
        kind: str,
        source: ImageSource | None,
        prefer_animation: bool | None,
        options: ImageOptions,
        refusal: NotSupportedError | None = None,
    ) -> None:
        self.closed = False
        self.complete = source is not None and source.data is not None
        self.tracks = ImageTrackList(
            self._promise("search for tracks"), self.glance, self._turn_off
        )
        self.completed = self._promise("reading of data")
        self._kind = kind
        self._source = source
        self._is_stream = not self.complete
        self._data: bytes | bytearray | memoryview = bytearray()
        self._arrived: deque[bytes] = deque()
        if source is not None and source.data is not None:
            self._data, source.data = source.data, b"-"
            self.completed._finish()
        self._refusal = refusal
        if refusal is not None:
            self.tracks._ready._finish(refusal)
        self._prefers = prefer_animation
        self._ended = self.complete  # as far as the thread knows
        self._error: BaseException | None = None  # which ended the data
        self._reason: BaseException | None = None  # for which it was closed, if not by the program
        self._scanner: ImageScanner | None = None
        self._facts: ImageFacts | None = None
        self._is_cut = False
        self._list: tuple[ImageTrack, ...] = ()
        self._shown: dict[tuple[int, int], int] = {}  # how much of a picture was shown in part
        self._pending: dict[ImageRequest, None] = {}
        self._pictures = ImagePictures(options)
        self._errands = Errands("ffwebcodecs-image")
        self._has_begun = False
        self._first_look = 0.0
        self._is_inherited = False
        forked.watch(self)

    def _promise(self, what: str) -> Completion[None]:
        completion: Completion[None] = Completion(None, self, what)
        completion._looked = True  # decode() says the same
        return completion

    # ---- called by the decoder, from any thread

    def glance(self, hurry: bool) -> None:
        """Have the work begin, if somebody looks for its result.

        At once if somebody waits. Else not by the first look, so that the list is empty right after
        the decoder was made, as the specification has it; whoever looks again and again will see.
        """
        if self._has_begun or self._is_stream or self.closed:
            return
        if not hurry:
            now = time.monotonic()
            self._first_look = self._first_look or now
            if now - self._first_look < _SOON:
                return
        self.begin()

    def begin(self) -> None:
        """Start the work, once.

        Raises
        ------
        RuntimeError
            A thread cannot be started.
        """
        if self._has_begun or self.closed or self._refusal is not None:
            return
        self._errands.begin()
        if not self._is_stream:
            self._ask(self._look)
        elif self._source is not None:
            self._source.begin(self)
        self._has_begun = True  # last: an interrupted beginning is made once more

    def decode(self, index: int, whole: bool, owner: object) -> Result:
        """Ask for a frame."""
        completion: Result = Completion(owner, self, "decode", _discard)
        error = self._why_not()
        if error is not None:
            completion._finish(error)
            return completion
        self.begin()
        request = ImageRequest(index, whole, completion)
        self._pending[request] = None
        self._ask(self._serve)
        if self.closed:  # meanwhile
            self._abort("the decoder was closed")
        return completion

    def _why_not(self) -> WebCodecsError | None:
        if self._is_inherited:
            return forked.inherited("this decoder")
        if self.closed:
            return self._closed_error()
        if self._refusal is not None:
            return NotSupportedError(str(self._refusal))
        if self._list and self.tracks._chosen is None:
            return InvalidStateError("no track is selected")
        return None

    def _closed_error(self) -> InvalidStateError:
        reason = self._reason
        error = InvalidStateError(f"the decoder is closed{'' if reason is None else f': {reason}'}")
        error.__cause__ = reason
        return error

    def reset(self) -> None:
        """Let go of all requests."""
        self._abort("the decoder was reset")

    def close(self, error: WebCodecsError | None = None) -> None:
        """End all of it; may be called again."""
        self.closed = True
        source, self._source = self._source, None
        self.tracks._clear()
        if source is not None:
            source.end()
        why = "the decoder was closed"
        self._abort(why)
        self.tracks._ready._finish(error or AbortError(why))
        self.completed._finish(error or AbortError(why))
        if self._is_inherited:
            return
        # The thread may be at work with what it holds.
        self._errands.put(self._let_go)
        self._errands.end()

    @property
    def is_busy(self) -> bool:
        """Whether there is anything that a decoder should be closed for."""
        return self._has_begun and not self.closed and not self._is_inherited

    def _turn_off(self) -> None:
        self._abort("another track was selected")

    def _abort(self, why: str) -> None:
        while self._pending:
            try:
                request, _ = self._pending.popitem()
            except KeyError:
                return
            request.completion._finish(AbortError(why))

    # ---- called by what reads, in its thread or task

    def arrive(self, piece: bytes) -> None:
        """Take more data."""
        self._arrived.append(piece)
        self._ask(self._take)

    def arrive_end(self, error: BaseException | None) -> None:
        """Hear that there is no more."""
        self._ask(self._take_end, error)

    # ---- who waits: see `completion.Deliverer`

    def why_not_wait(self, for_ever: bool) -> str | None:
        """Return why this thread must not wait."""
        source = self._source
        if not for_ever or self.complete:
            return None
        if self._refusal is not None:
            return f"nothing is read: {self._refusal}"
        return None if source is None else source.why_not_here()

    def waited(self) -> None:
        """Nothing is to be noted."""

    def why_unheard(self) -> str | None:
        """Return None: completions wake whoever waits."""
        return None

    def look_after(self) -> str | None:
        """Return why nothing will come any more."""
        source = self._source
        reason = source.why_over() if source is not None and not self.complete else None
        return reason or self._errands.why_idle()

    def _after_fork(self) -> None:
        self._is_inherited = True
        error = forked.inherited("this decoder")
        for request in list(self._pending):
            request.completion._after_fork(error)
        self._pending = {}
        for completion in (self.tracks._ready, self.completed):
            completion._after_fork(error)

    # ---- jobs of the thread

    def _ask(self, job: Callable[..., object], *arguments: object) -> None:
        self._errands.put(partial(self._guarded, job, *arguments))

    def _guarded(self, job: Callable[..., object], *arguments: object) -> None:
        try:
            job(*arguments)
        except BaseException as error:
            # Nobody may wait for ever, whatever it was.
            self._fail(_of_decoding(error, "the image"))
            if not isinstance(error, (WebCodecsError, MemoryError)):
                raise

    def _take(self) -> None:
        """Take all that has arrived in one go; later calls then find nothing."""
        arrived = self._arrived
        if arrived and isinstance(self._data, bytearray):
            while arrived:
                self._data += arrived.popleft()
            self._look()

    def _take_end(self, error: BaseException | None) -> None:
        if self.closed:
            return
        self._ended = True
        self._error = error
        self.complete = True
        if error is not None:
            self.completed._finish(self._cut_off())
        self._look()
        if error is None:
            self.completed._finish()
        else:
            self._fail(self._cut_off())

    def _cut_off(self) -> EncodingError:
        error = EncodingError(f"the data broke off after {len(self._data)} bytes: {self._error!r}")
        error.__cause__ = self._error
        return error

    def _look(self) -> None:
        """Find out what the data says by now, and do what can be done with it."""
        if self.closed:
            return
        if self._scanner is None:
            self._scanner = scanner_of(self._kind)
        facts = self._facts
        try:
            if not self._is_cut:
                facts = self._scanner.scan(self._data, self._ended)
        except BadImage as reason:
            if not self._list:
                self._give_up(reason)
                return
            self._is_cut = True  # what was known before is good, and no more will be
        if facts is None:
            return
        self._facts = facts
        is_first = not self._list
        if is_first:
            first = facts.default_track(self._prefers)
            self._list = tuple(
                ImageTrack(self.tracks, track.animated, number == first)
                for number, track in enumerate(facts.tracks)
            )
        for track, said in zip(self._list, facts.tracks, strict=True):
            track._say(said.animated, len(said.frames), said.repetition_count)
        if is_first:
            self.tracks._fill(self._list, self._list[first])
            self._clear_if_closed()
            self.tracks._ready._finish()
        self._serve()

    def _clear_if_closed(self) -> None:
        if self.closed:  # meanwhile
            self.tracks._clear()

    def _give_up(self, reason: BadImage) -> None:
        """End, because there are no tracks to be found."""
        text = f"no {self._kind} image can be found in {len(self._data)} bytes: {reason}"
        error: WebCodecsError = InvalidStateError(text)
        error.__cause__ = self._error
        self.tracks._ready._finish(error)
        if self._is_stream:
            error = EncodingError(text) if self._error is None else self._cut_off()
        if self.complete and self._error is None:
            self.completed._finish()
        self._reject_all(error)
        self._reason = error
        self.close(InvalidStateError(text))

    def _fail(self, error: BaseException) -> None:
        """End, because of something that nobody can mend."""
        self._reject_all(error)
        if self._ended and self._error is None:
            self.completed._finish()
        self.tracks._ready._finish(error)
        self._reason = error
        self.close()

    def _reject_all(self, error: BaseException) -> None:
        for request in list(self._pending):
            self._pending.pop(request, None)
            request.completion._finish(error)

    def _serve(self) -> None:
        facts = self._facts
        for request in list(self._pending):
            if facts is None or self.closed:
                return
            chosen = self.tracks._chosen
            if request not in self._pending:
                continue
            if chosen is None:  # so asked before the tracks were known, or another is on its way
                self._end(request, InvalidStateError("no track is selected"))
                continue
            self._try(request, facts, self._list.index(chosen))

    def _try(self, request: ImageRequest, facts: ImageFacts, track: int) -> None:
        frames = facts.tracks[track].frames
        index = request.index
        if index >= len(frames):
            if self._ended:
                there = f"the track has {len(frames)} frames"
                self._end(request, IndexError(f"frame_index is {index}, {there}"))
            return
        part = frames[index]
        if part.damage is not None:
            self._break(request, EncodingError(f"frame {index} is damaged: {part.damage}"))
        elif not part.complete:
            self._try_part(request, facts, track, part)
        else:
            self._decode(request, facts, track, len(self._data), True)

    def _try_part(
        self, request: ImageRequest, facts: ImageFacts, track: int, part: ImagePart
    ) -> None:
        """See what can be done with a picture of which something is missing."""
        if self._ended:
            text = f"the data ends, after {len(self._data)} bytes, within frame {request.index}"
            if self._is_stream and request.index == 0:  # nothing of it can be shown
                self._break(request, EncodingError(text))
            else:
                self._end(request, IndexError(text))
            return
        if request.whole:
            return
        size = self._pictures.shown_of(facts, self._data)
        key = track, request.index
        if size > self._shown.get(key, 0) and size > request.seen:
            request.seen = size
            if self._decode(request, facts, track, size, False):
                self._shown[key] = size

    def _decode(
        self, request: ImageRequest, facts: ImageFacts, track: int, size: int, complete: bool
    ) -> bool:
        """Decode a frame of the first bytes that there are; return whether that went well."""
        try:
            frame = self._pictures.frame(facts, track, request.index, self._data, size)
        except BaseException as error:
            averror.let_go(error)  # whoever keeps it is not to keep pictures
            if complete:
                self._break(request, _of_decoding(error, f"frame {request.index}"))
            return False
        self._pending.pop(request, None)
        request.completion._finish(None, ImageDecodeResult(frame, complete))
        return True

    def _end(self, request: ImageRequest, error: BaseException) -> None:
        self._pending.pop(request, None)
        request.completion._finish(error)

    def _break(self, request: ImageRequest, error: BaseException) -> None:
        """Close, because a picture cannot be had: all that waits ends for the same reason."""
        if request in self._pending:  # else nobody wants it any more
            self._fail(error)

    def _let_go(self) -> None:
        self._data = b""
        self._arrived.clear()
        self._facts = self._scanner = None
        self._pictures.close()


def _discard(result: ImageDecodeResult) -> None:
    result.image.close()


def _of_decoding(error: BaseException, what: str) -> BaseException:
    if isinstance(error, (WebCodecsError, MemoryError)):
        return error
    failed = EncodingError(f"{what} cannot be decoded: {error!r}")
    failed.__cause__ = error
    return failed
