"""What becomes of transparent pictures in a file whose codec, or caller, has no use for alpha."""

from __future__ import annotations

from .._av.frames import compose
from .._av.frames.picture import Picture
from .._spec.frames.background import WHITE
from .._spec.frames.color_space import members_of
from ..frames._shape import FrameShape
from ..frames.video_frame import VideoFrame
from ._encoded_samples import EncodedSamples, has_alpha
from ._encoding_options import EncodingOptions
from ._losses import Losses

_JOINED = ("vp8", "vp9")  # what holds alpha in a second picture beside each


class AlphaChannel:
    """Looks at the pictures on their way to the encoder: those that lose their alpha channel are
    put on one colour, and that is said.

    Parameters
    ----------
    options : EncodingOptions
    samples : EncodedSamples
    holds_pairs : bool
        Whether the container has a place for coded alpha.
    losses : Losses
    """

    def __init__(
        self,
        options: EncodingOptions,
        samples: EncodedSamples,
        *,
        holds_pairs: bool,
        losses: Losses,
    ) -> None:
        self._losses = losses
        self._plain: FrameShape | None = None
        self._codec = samples.codec
        self._can_keep = samples.can_keep_alpha and (samples.codec not in _JOINED or holds_pairs)
        self._keeps = samples.keeps_alpha
        self._is_said = options.alpha == "discard"
        self._color = options.background or WHITE
        self._background = options.background_name
        if self._keeps:
            # Only what knows nothing between transparent and opaque loses anything.
            self._looks = samples.codec == "gif"
        else:
            self._looks = options.alpha is None or options.background is not None

    def of(self, frame: VideoFrame) -> tuple[Picture, FrameShape]:
        """Return the picture of a frame, which is borrowed, as it is to be encoded."""
        picture, shape = frame._open_picture(), frame._shape
        if shape is self._plain:
            return picture, shape
        region = shape.visible_rect
        if not self._looks or region is None or not has_alpha(shape):
            self._plain = shape  # frames of a stream share it
            return picture, shape
        pix_fmt = shape.pix_fmt
        assert pix_fmt is not None
        found = compose.transparency(picture.ptr, pix_fmt, region)
        if self._keeps:
            if found == compose.HALF:
                self._say_half()
            return picture, shape
        if found == compose.OPAQUE:
            return picture, shape
        self._say()
        _, _, matrix, full = members_of(shape.color_space)
        ptr = compose.composed(
            picture.ptr,
            pix_fmt,
            region,
            self._color,
            matrix,
            pix_fmt.startswith("ya") if full is None else full,
        )
        return Picture(ptr), shape

    def _say(self) -> None:
        if self._is_said:
            return
        self._is_said = True
        put = (
            f"transparent parts are put on {self._background} "
            "(background='#RRGGBB' is another colour)"
        )
        if self._can_keep:
            why, hint = "it is not asked for", "alpha='keep' keeps them"
            said = "the pictures have an alpha channel"
        else:
            why = f"{self._codec} has none here"
            said = f"{self._codec} has no alpha channel here"
            hint = ".webm with alpha='keep', .apng, .webp and .gif hold one"
        self._losses.add("the alpha channel", why, f"{said}: {put}; {hint}")
        self._losses.check()

    def _say_half(self) -> None:
        if self._is_said:
            return
        self._is_said = True
        self._losses.add(
            "half-transparent pixels",
            "gif knows nothing between transparent and opaque",
            "gif knows nothing between transparent and opaque: pixels become what they are nearer "
            "to (.apng and .webp hold all)",
        )
        self._losses.check()
