"""Runs the cases of tests/data/image_decoder*.json.xz, and compares with Chromium's answers.

Names of errors, tracks, sizes, times, orientation and pixels have to be the same, the last within
the tolerance of the case. Formats and color spaces are the browser's choice: those of the frames
here are compared where they are the same by design, see `docs/images.md`. Where the specification
wants something else, and the case says what, it goes.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import math
import threading
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from typing import Any

from image_files import ALL_MEDIA

from ffwebcodecs import (
    Completion,
    ImageDecoder,
    ImageDecodeResult,
    InvalidArgumentError,
    VideoFrame,
)

WAIT = 5  # seconds that a step may take before it counts as hanging
ONE_SIDE = "only one of desiredWidth/desiredHeight: TypeError"
TOO_LITTLE = (
    "complete data but not enough of it for this frame: decode() rejects RangeError and the "
    "decoder stays open"
)


class Pushed:
    """An iterator of pieces that are pushed; `push` returns when the piece was taken."""

    def __init__(self) -> None:
        self._pieces: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
        self._idle = threading.Event()

    def __iter__(self) -> Pushed:
        return self

    def __next__(self) -> bytes:
        self._idle.set()
        piece = self._pieces.get()
        if piece is None:
            raise StopIteration
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def push(self, decoder: ImageDecoder, piece: bytes | BaseException | None) -> None:
        """Give a piece, an error, or None at the end, and see it taken in."""
        assert self._idle.wait(WAIT)
        self._idle.clear()
        self._pieces.put(piece)
        if isinstance(piece, bytes):
            if not decoder.closed:
                assert self._idle.wait(WAIT)
        else:
            with suppress(Exception):
                decoder.completed.result(timeout=WAIT)
        settle(decoder)


def settle(decoder: ImageDecoder) -> None:
    """Wait until the decoder has done what it was asked to."""
    if decoder.closed or not decoder._core._has_begun:
        return
    done = threading.Event()
    decoder._core._errands.put(done.set)
    assert done.wait(WAIT)


def name_of(error: BaseException) -> str:
    """Return JavaScript's name of an error."""
    if isinstance(error, InvalidArgumentError):
        return "TypeError"
    return "RangeError" if type(error) is IndexError else type(error).__name__


def plain(value: Any) -> Any:
    """Return a value of the file as Python's."""
    if isinstance(value, dict):
        if "$" in value:
            return {"Infinity": math.inf, "undefined": None}[value["$"]]
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def of_specification(case: dict[str, Any]) -> list[Any]:
    """Return the answers that the specification wants of a case in which Chromium deviates."""
    results = copy.deepcopy(case["results"])
    if case["spec"].startswith(ONE_SIDE[:40]):
        refused = [{"throws": {"name": "TypeError"}}]
        return refused + [{"skipped": True}] * (len(results) - 1)
    assert case["spec"].startswith(TOO_LITTLE[:40]), case["spec"]
    for step, result in zip(case["steps"], results, strict=True):
        if step["op"] == "image_ready":
            listing = result["value"]
        elif step["op"] == "image_decode":
            result["rejects"]["name"] = "RangeError"
        elif step["op"] == "image_state":
            value = result["value"]
            kind = case["steps"][0]["init"]["type"]
            value.update(listing, type=kind, selectedTrackIsNull=False)
    return results


class Case:
    """One case, run step by step."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.tolerance = case.get("tol") or {}
        self.decoder: ImageDecoder | None = None
        self.pushed: Pushed | None = None
        self.promises: dict[str, Completion[ImageDecodeResult]] = {}
        self.stack = ExitStack()

    def run(self) -> list[str]:
        """Return what differs, best of Chromium's and the specification's answers."""
        wanted = [self.case["results"]]
        if self.case.get("spec") and "chromium_deviation" in self.case["tags"]:
            wanted.insert(0, of_specification(self.case))
        differences = [self._run(results) for results in wanted]
        return min(differences, key=len)

    def _run(self, results: list[Any]) -> list[str]:
        found = []
        self.promises, self.decoder, self.pushed = {}, None, None
        with ExitStack() as self.stack:
            for number, (step, result) in enumerate(zip(self.case["steps"], results, strict=True)):
                if "skipped" in result:
                    assert self.decoder is None
                    continue
                what = self._step(step, plain(result))
                if what:
                    found.append(f"step {number} {step['op']}: {what}")
        return found

    def _step(self, step: dict[str, Any], result: dict[str, Any]) -> str | None:
        run = getattr(self, f"_{step['op']}", None)
        if step["op"] == "log":
            return None  # the order of promises, which nothing here shows
        assert run is not None, step["op"]
        try:
            value = run(step)
        except Exception as error:
            refused = result.get("throws") or result.get("rejects")
            if refused is None or refused["name"] != name_of(error):
                return f"{error!r} where {str(result)[:120]}"
            return None
        if "value" not in result:
            return f"{value} where {str(result)[:120]}"
        return self._compare(value, result["value"])

    def _compare(self, value: Any, wanted: Any) -> str | None:
        if isinstance(value, VideoFrame):
            return self._compare_frame(value, True, wanted)
        if isinstance(value, tuple):
            image, complete = value
            self.stack.callback(image.close)
            return self._compare_frame(image, complete, wanted)
        if isinstance(value, list):
            return self._compare_all(value, wanted)
        if wanted is None or value == wanted:
            return None
        return f"{value} where {wanted}"

    def _compare_frame(self, image: VideoFrame, complete: bool, wanted: Any) -> str | None:
        looks = wanted.get("image")
        if looks is None:
            return f"an image where {wanted}"
        rect = image.visible_rect
        found = {
            "codedWidth": image.coded_width,
            "codedHeight": image.coded_height,
            "visibleRect": rect and rect.to_json(),
            "rotation": image.rotation,
            "flip": image.flip,
            "displayWidth": image.display_width,
            "displayHeight": image.display_height,
            "duration": image.duration,
            "timestamp": image.timestamp,
        }
        differs = {name: (found[name], looks[name]) for name in found if found[name] != looks[name]}
        if complete is not wanted["complete"]:
            differs["complete"] = complete, wanted["complete"]
        if image.format == looks["format"]:
            colors = image.color_space.to_json()
            if {"fullRange": colors.pop("fullRange"), **colors} != looks["colorSpace"]:
                differs["colorSpace"] = image.color_space, looks["colorSpace"]
            if "native" in wanted:
                differs.update(self._compare_native(image, wanted["native"]))
        text = str(differs) if differs else ""
        return text + (self._compare_pixels(image, wanted.get("pixels", [])) or "") or None

    def _compare_native(self, image: VideoFrame, wanted: Any) -> dict[str, Any]:
        found = bytearray(image.allocation_size())
        image.copy_to(found)
        if "sha256" in wanted:
            assert image.format == "BGRX"
            found[3::4] = b"\xff" * len(found[3::4])
            digest = hashlib.sha256(found).hexdigest()
            return {} if digest == wanted["sha256"] else {"native": (digest, wanted["sha256"])}
        known = bytearray(bytes_of(wanted))
        if image.format in ("BGRX", "RGBX"):
            found[3::4] = known[3::4] = bytes(len(known[3::4]))
        elif image.format in ("BGRA", "RGBA"):
            for at in range(0, len(known), 4):
                if self._is_close(bytes(found[at : at + 4]), bytes(known[at : at + 4]), 0):
                    found[at : at + 4] = known[at : at + 4]
        return {} if found == known else {"native": (found.hex(), known.hex())}

    def _compare_pixels(self, image: VideoFrame, pixels: list[Any]) -> str | None:
        array = image.to_ndarray(format="RGBA")
        wrong = []
        for x, y, text in pixels:
            if text is None:
                assert y >= array.shape[0] or x >= array.shape[1]
                continue
            found, known = bytes(array[y, x]), bytes.fromhex(text)
            near = self.tolerance.get("pixel", 0)
            if x in self.tolerance.get("edge_columns", ()) or y in self.tolerance.get(
                "edge_rows", ()
            ):
                near = self.tolerance["edge"]
            if not self._is_close(found, known, near):
                wrong.append(f"({x}, {y}) {found.hex()} where {text}")
        return "; ".join(wrong) or None

    def _is_close(self, found: bytes, known: bytes, near: int) -> bool:
        alpha = known[3]
        if abs(found[3] - alpha) > self.tolerance.get("alpha", 0):
            return False
        if alpha < 255:
            near = 255 if alpha == 0 else near + 255 // alpha + 1
        return all(abs(a - b) <= near for a, b in zip(found[:3], known[:3], strict=True))

    def _compare_all(self, found: list[Any], wanted: Any) -> str | None:
        wrong = []
        for number, (result, known) in enumerate(zip(found, wanted, strict=True)):
            if isinstance(result, BaseException):
                if known.get("rejects", {}).get("name") != name_of(result):
                    wrong.append(f"{number}: {result!r} where {known}")
                continue
            image, complete = result
            if "rejects" in known:
                wrong.append(f"{number}: {result} where {known}")
                continue
            looks = (complete, image.coded_width, image.coded_height, image.timestamp)
            names = ("complete", "width", "height", "timestamp", "duration")
            if (*looks, image.duration) != tuple(known[name] for name in names):
                wrong.append(f"{number}: {(*looks, image.duration)} where {known}")
            pixels = self._compare_pixels(image, known["pixels"])
            if pixels:
                wrong.append(f"{number}: {pixels}")
        return "; ".join(wrong) or None

    # ---- steps

    def _made(self) -> ImageDecoder:
        assert self.decoder is not None
        return self.decoder

    def _image_type_supported(self, step: dict[str, Any]) -> bool:
        return ImageDecoder.is_type_supported(*step["args"])

    def _image_decoder(self, step: dict[str, Any]) -> dict[str, Any]:
        names = {
            "type": "type",
            "desiredWidth": "desired_width",
            "desiredHeight": "desired_height",
            "preferAnimation": "prefer_animation",
            "colorSpaceConversion": "color_space_conversion",
        }
        init = {names[name]: v for name, v in step["init"].items() if name in names}
        if "stream" in step:
            self.pushed = Pushed()
            init["data"] = self.pushed
        elif "data" in step:
            self.source = bytearray(data_of(step["data"]))
            init["data"] = self.source
            if step["data"].get("pre"):
                whole = bytes(step["data"]["pre"]) + self.source + bytes(step["data"]["post"])
                start = step["data"]["pre"]
                init["data"] = memoryview(whole)[start : start + len(self.source)]
        decoder = ImageDecoder(**init)
        self.decoder = decoder
        self.stack.callback(self._shut, decoder, self.pushed)
        tracks = decoder.tracks
        return {
            "type": decoder.type,
            "complete": decoder.complete,
            "tracks": tracks.length,
            "selectedIndex": tracks.selected_index,
        }

    def _shut(self, decoder: ImageDecoder, pushed: Pushed | None) -> None:
        decoder.close()
        if pushed is not None:
            pushed._pieces.put(None)

    def _listing(self) -> dict[str, Any]:
        decoder = self._made()
        tracks = [
            {
                "animated": track.animated,
                "frameCount": track.frame_count,
                "repetitionCount": track.repetition_count,
                "selected": track.selected,
            }
            for track in decoder.tracks
        ]
        return {
            "length": decoder.tracks.length,
            "selectedIndex": decoder.tracks.selected_index,
            "complete": decoder.complete,
            "tracks": tracks,
        }

    def _image_ready(self, step: dict[str, Any]) -> dict[str, Any]:
        self._made().tracks.ready.result(timeout=WAIT)
        settle(self._made())
        return self._listing()

    def _image_state(self, step: dict[str, Any]) -> dict[str, Any]:
        settle(self._made())
        return {
            **self._listing(),
            "type": self._made().type,
            "selectedTrackIsNull": self._made().tracks.selected_track is None,
        }

    def _image_completed(self, step: dict[str, Any]) -> dict[str, Any]:
        completed = self._made().completed
        if self.pushed is not None or not self._made().complete:
            settle(self._made())
            if not completed.done():
                return {"pending": True}
        return {"resolved": completed.result(timeout=WAIT)}

    def _image_select(self, step: dict[str, Any]) -> dict[str, Any]:
        self._made().tracks[step["index"]].selected = step["value"]
        return self._listing()

    def _image_close(self, step: dict[str, Any]) -> None:
        self._made().close()

    def _image_reset(self, step: dict[str, Any]) -> None:
        self._made().reset()

    def _image_decode(self, step: dict[str, Any]) -> Any:
        options = step.get("options", {})
        promise = self._made().decode(
            options.get("frameIndex", 0), options.get("completeFramesOnly", True)
        )
        if step.get("noWait"):
            self.promises[step["as"]] = promise
            return None
        return self._outcome(promise, step)

    def _image_await(self, step: dict[str, Any]) -> Any:
        return self._outcome(self.promises[step["as"]], step)

    def _outcome(self, promise: Completion[ImageDecodeResult], step: dict[str, Any]) -> Any:
        if step.get("ms") is not None:
            settle(self._made())
            if self.pushed is not None and not promise.done():
                return {"pending": True}
        return promise.result(timeout=WAIT)

    def _image_decode_all(self, step: dict[str, Any]) -> list[Any]:
        found: list[Any] = []
        for index in range(step["count"]):
            promise = self._made().decode(index)
            with suppress(Exception):
                self.stack.callback(promise.result(timeout=WAIT).image.close)
            found.append(promise.exception() or promise.result())
        return found

    def _poke_source(self, step: dict[str, Any]) -> None:
        self.source[:] = bytes([step["fill"]]) * len(self.source)

    def _stream_push(self, step: dict[str, Any]) -> None:
        assert self.pushed is not None
        self.pushed.push(self._made(), data_of(step["data"]))

    def _stream_close(self, step: dict[str, Any]) -> None:
        self._end(None)

    def _stream_error(self, step: dict[str, Any]) -> None:
        self._end(OSError("the stream broke"))

    def _end(self, error: BaseException | None) -> None:
        assert self.pushed is not None
        decoder = self._made()
        core = decoder._core
        self.pushed.push(decoder, error)
        with suppress(Exception):  # the case asks for it by itself
            core.completed.result(timeout=WAIT)
        settle(decoder)


def data_of(said: dict[str, Any]) -> bytes:
    """Return the bytes that a step describes."""
    if "media" not in said:
        return bytes_of(said)
    data = bytearray(ALL_MEDIA[said["media"]])
    for at, text in said.get("patch", ()):
        data[at : at + len(text) // 2] = bytes.fromhex(text)
    if "cut" in said:
        del data[said["cut"] :]
    return bytes(data[said.get("from", 0) : said.get("to", len(data))])


def bytes_of(said: dict[str, Any]) -> bytes:
    """Return bytes that are written down."""
    return base64.b64decode(said["base64"]) if "base64" in said else bytes.fromhex(said["hex"])
