"""What a VideoDecoder's worker runs, and how a configuration becomes an open decoder."""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from .._av import averror, pump
from .._av.codecs import packet
from .._av.codecs.alpha_decoder import AlphaDecoder
from .._av.codecs.decoder import DecoderCore
from .._av.codecs.hardware_decoder import HardwareDecoder, HardwareStatus
from .._av.codecs.webp_anim_decoder import CODEC as WEBP_ANIM
from .._av.codecs.webp_anim_decoder import WebpAnimDecoder
from .._av.frames import frame as native
from .._av.frames.hardware import picture_of
from .._spec.codecs import families
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.ffmpeg import require_bytes
from .._spec.codecs.picture_limit import excess
from .._spec.codecs.strings import CodecInfo, parse_codec
from .._spec.codecs.untagged import Untagged
from .._spec.frames.color import Said
from .._spec.frames.color_space import VideoColorSpace
from ..errors import DataError, EncodingError, NotSupportedError
from ..frames._shape import FrameShape, ShapeCache
from ._file_colors import file_parameters, is_files_own, tags_of
from .encoded_video_chunk import EncodedVideoChunk

if TYPE_CHECKING:
    PictureOutput = tuple[Any, FrameShape, int, int | None]
    """A Picture, what it looks like, its time and its duration in microseconds."""

Core = DecoderCore | AlphaDecoder | HardwareDecoder


class Pictures:
    """Finds chunks in which nothing is a picture, of which some of FFmpeg's decoders say nothing.

    Chunks from files are left to FFmpeg: its parsers cut streams so that the last one may hold no
    more than the end of a sequence.
    """

    __slots__ = ("_codec", "_length_size", "_silent")

    def __init__(self, config: VideoDecoderConfig | None) -> None:
        self._codec = ""
        self._silent: families.Family | None = None  # the family of such a decoder
        self._length_size: int | None = None
        if config is None:
            return
        info = parse_codec(config.codec)
        family = families.of_codec(info.name)
        if not family.lacks_picture(b"", info.name):
            return
        header = bytes(config.description or b"")
        try:
            if family.is_description(header):
                self._length_size = family.length_size(header)
        except DataError:
            return  # "ffmpeg:h264" with something else
        self._silent, self._codec = family, info.name

    def plain(self, chunks: list[EncodedVideoChunk]) -> list[EncodedVideoChunk]:
        """Return the first of some chunks, up to one for which `require` raises."""
        if self._silent is not None:
            for index, chunk in enumerate(chunks):
                if not chunk._from_container and self._lacks(chunk):
                    return chunks[:index]
        return chunks

    def _lacks(self, chunk: EncodedVideoChunk) -> bool:
        try:
            self.require(chunk)
        except EncodingError:
            return True
        return False

    def require(self, chunk: EncodedVideoChunk) -> None:
        """Raise EncodingError if there is no picture in a chunk."""
        silent = self._silent
        if silent is None or chunk._from_container:
            return
        if silent.begins_with_picture(packet.head(chunk._ptr), self._length_size):
            return
        if silent.lacks_picture(chunk.data, self._codec, self._length_size):
            raise EncodingError(
                f"there is no picture in the chunk at {chunk.timestamp} us, of "
                f"{chunk.byte_length} bytes",
                code=averror.INVALID_DATA,
                timestamp=chunk.timestamp,
            )


class DecoderDriver:
    """Runs a decoding core for an engine."""

    most = pump.MOST_PICTURES

    def __init__(self, hardware: HardwareStatus, pool_size: int | None) -> None:
        self._hardware = hardware
        self._pool_size = pool_size
        self._core: Core | None = None
        self._shapes = ShapeCache()
        self._pictures = Pictures(None)
        self._shape: FrameShape | None = None  # of the last picture of a step
        self._early: deque[PictureOutput] = deque()  # what a step has given beyond what was asked
        self._has_all = False  # a step has received all there is

    def open(self, config: VideoDecoderConfig) -> None:
        self.close()
        self._hardware.problem = None
        self._core, self._shapes = open_decoder(
            config, hardware=self._hardware, pool_size=self._pool_size
        )
        self._shapes.asks_pictures = False  # as browsers: the configuration says all of it
        self._pictures = Pictures(config)

    def send(self, chunk: EncodedVideoChunk) -> None:
        core = self._core
        self._has_all = False
        if core is not None:
            self._pictures.require(chunk)
            core.send(chunk._decodable(), chunk.timestamp)

    def receive(self) -> PictureOutput | None:
        if self._early:
            return self._early.popleft()
        core = self._core
        ptr = None if core is None or self._has_all else core.receive()
        if ptr is None:
            return None
        # Its shape is that of this configuration, also if it is delivered after the next one.
        shape = self._shapes.shape_of(ptr)
        return picture_of(ptr), shape, native.timestamp(ptr), native.duration(ptr) or None

    def run_batch(self, chunks: deque[EncodedVideoChunk], outputs: deque[PictureOutput]) -> None:
        room, end = len(outputs) + len(chunks), time.perf_counter() + pump.TIME / 1e6
        while chunks and len(outputs) < room:
            if not self._run_plain(chunks, outputs, room - len(outputs)):
                self.send(chunks.popleft())
            while len(outputs) < room and (output := self.receive()) is not None:
                outputs.append(output)
            if time.perf_counter() > end:
                return

    def _run_plain(
        self, chunks: deque[EncodedVideoChunk], outputs: deque[PictureOutput], most: int
    ) -> bool:
        """Run the first chunks together as far as nothing is special about them; return whether
        there was one.
        """
        core = self._core
        some = self._pictures.plain(list(islice(chunks, most)))
        if core is None or not some:
            return False
        packets = [chunk._native if chunk._padded else chunk._decodable() for chunk in some]
        run = core.run(packets, [chunk._timestamp for chunk in some], self._shape)
        if run is None:
            return False
        rows, changed, done, self._has_all, error = run
        del run
        if done == len(chunks):
            chunks.clear()
        for _ in range(min(done, len(chunks))):
            chunks.popleft()
        if changed:
            self._look_at(rows, changed)
        outputs.extend(rows[:most])
        self._early.extend(rows[most:])
        if error is not None:
            try:
                raise error
            finally:
                del error, rows  # the traceback holds this frame
        return True

    def _look_at(self, rows: list[PictureOutput], changed: list[int]) -> None:
        """Give pictures their shapes, from the first one on that looks otherwise."""
        shape = self._shape
        places = set(changed)
        for index in range(changed[0], len(rows)):
            picture, _, timestamp, duration = rows[index]
            if index in places or shape is None:
                shape = self._shapes.shape_of(picture.ptr)
            rows[index] = picture, shape, timestamp, duration
        self._shape = shape

    def drain(self) -> None:
        core = self._core
        self._has_all = False
        if core is not None:
            core.drain()

    def restart(self) -> None:
        core = self._core
        self._forget()
        if core is not None:
            core.restart()

    def close(self) -> None:
        core, self._core = self._core, None
        self._forget()
        self._shape = None
        if core is not None:
            core.close()

    def _forget(self) -> None:
        self._early.clear()
        self._has_all = False


def open_decoder(
    config: VideoDecoderConfig,
    *,
    threads: int | None = None,
    preference: str = "no-preference",
    hardware: HardwareStatus | None = None,
    pool_size: int | None = None,
    explode: bool = False,
    frame_threads: bool = True,
) -> tuple[Core, ShapeCache]:
    """Return an open decoding core for a parsed configuration, and the shapes of its frames.

    With `explode`, damage inside a picture is an error where FFmpeg would conceal it. Without
    `frame_threads`, threads share each picture, where the stream allows that.
    `preference` overrides the configuration's. "no-preference" is software: it decodes every stream
    the same everywhere, and small pictures faster than a device with its way there and back.

    Raises
    ------
    NotSupportedError
        Why this FFmpeg cannot decode it.
    """
    info: CodecInfo = parse_codec(config.codec)
    require_bytes(info.name)
    family, description = families.of(info), config.description
    length_size_of(family, description)
    size = None if config.coded_width is None else (config.coded_width, config.coded_height)
    make = partial(
        _core_of(info.name),
        info.name,
        extradata=description if family.TAKES_DESCRIPTION else None,
        coded_size=size,  # type: ignore[arg-type]
        threads=threads or config.threads or 0,
        low_delay=bool(config.optimize_for_latency),
        frame_threads=frame_threads,
        parameters=config._native,
        max_pixels=config.max_pixels,
        explode=explode,
    )
    if preference == "no-preference":
        preference = config.hardware_acceleration
    main: DecoderCore | HardwareDecoder
    if preference == "prefer-hardware":
        main = HardwareDecoder(info.name, make, hardware or HardwareStatus(), pool_size)
    else:
        main = make()
    core: Core = AlphaDecoder(make, main) if info.name in packet.JOINED else main
    return core, _shapes(config, info)


def _core_of(name: str) -> type[DecoderCore]:
    """Return the class of the core that decodes a codec, by FFmpeg's name."""
    if name == WEBP_ANIM:
        return WebpAnimDecoder
    if name == "apng":
        from ._apng_parts import ApngPartsDecoder

        return ApngPartsDecoder
    if name == "webp":
        from ._webp_parts import WebpPartsDecoder  # numpy, and all that reads image files

        return WebpPartsDecoder
    return DecoderCore


def _shapes(config: VideoDecoderConfig, info: CodecInfo) -> ShapeCache:
    aspect = None
    if config.display_aspect_width is not None:
        aspect = config.display_aspect_width, config.display_aspect_height
    color = None if config.color_space is None else VideoColorSpace.parse(config.color_space)
    tags: Said = (None, None)
    untagged = None
    file = file_parameters(config)
    if file is not None:
        untagged = Untagged(file.codec, file.height)
        if color is not None and is_files_own(color, file, info):
            color = None  # nobody has replaced it: the bitstream may say more
            tags = tags_of(file)
    return ShapeCache(
        color,
        aspect,  # type: ignore[arg-type]
        int(config.rotation),
        config.flip,
        tags,
        (info.color, info.full_range),
        info.name,
        # VP8's colour bit is 0 whatever the pictures are, which FFmpeg reads as BT.601.
        families.of_codec(info.name).SAYS_COLORS,
        untagged,
    )


def within_limit(config: VideoDecoderConfig) -> bool:
    """Return whether the configuration's coded size, if it has one, may be decoded."""
    width, height = config.coded_width, config.coded_height
    return width is None or height is None or excess(width, height, config.max_pixels) is None


def length_size_of(family: families.Family, description: object) -> int | None:
    """Return the bytes of a NAL unit's length prefix, None for Annex B."""
    try:
        return family.length_size(description)
    except DataError as error:
        raise NotSupportedError(f"the description is not usable: {error}") from error
