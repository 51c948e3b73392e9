"""Pictures as arrays of whole numbers: reading what photographs are kept in, and writing."""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivium.learning.errors import DataError, RequestError

from .compress_png import deep_png_header, read_deep_png, write_deep_png

__all__ = [
    "MOST_PIXELS",
    "WRITABLE",
    "Picture",
    "from_shares",
    "kind_words",
    "read_picture",
    "write_picture",
]

Array = np.ndarray[Any, Any]

MOST_PIXELS = 178_956_970  # twice Pillow's limit: more is taken for an attack
WRITABLE = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
_ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
_TURNS: dict[int, Callable[[Array], Array]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}
_UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, AttributeError,
    OverflowError, ZeroDivisionError, struct.error, Warning,
)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """``pixels`` (height, width, channels), uint8 or uint16; ``mode``: L, LA, RGB or RGBA."""

    pixels: Array
    mode: str
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The mode in words."""
        return kind_words(self.mode)

    @property
    def bits(self) -> int:
        """Bits of a channel of a pixel: 8 or 16."""
        return 8 * self.pixels.dtype.itemsize

    @property
    def colours(self) -> int:
        """Channels without alpha."""
        return 3 if self.mode.startswith("RGB") else 1

    def shares(self) -> Array:
        """The pixels as float64 in [0, 1]."""
        return self.pixels / float(np.iinfo(self.pixels.dtype).max)


def kind_words(mode: str) -> str:
    """What people call a mode: ``grey``, ``grey with alpha``, ``RGB``, ``RGB with alpha``."""
    return mode.replace("L", "grey").replace("A", " with alpha")


def from_shares(shares: Array, bits: int, mode: str) -> Picture:
    """The picture nearest to ``shares``: clipped to [0, 1] and rounded."""
    kind = np.uint8 if bits == 8 else np.uint16
    most = float(np.iinfo(kind).max)
    return Picture(np.rint(np.clip(shares, 0.0, 1.0) * most).astype(kind), mode)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise RequestError(
            "pictures are read and written by Pillow, which is not installed: "
            "pip install 'trivium[image]'"
        ) from None
    return Image


def read_picture(path: str) -> Picture:
    """The picture in a file, upright as the camera meant it.

    Raises DataError for what is no picture, damaged, or too large, RequestError without Pillow.
    """
    image_module = _pillow()
    from PIL import ImageOps

    if not os.path.exists(path):
        raise DataError(f"there is no file {path}")
    if os.path.isdir(path):
        raise DataError(f"{path} is a folder: give the name of a picture")
    if not os.path.isfile(path):  # a named pipe would be waited for
        raise DataError(f"{path} is no plain file: save the picture in one first")
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", image_module.DecompressionBombWarning)
            with image_module.open(path) as opened:
                if getattr(opened, "n_frames", 1) > 1:
                    notes.append(f"the first of {opened.n_frames} frames")
                deep = _deep_pixels(path, opened, notes)
                if deep is not None:
                    pixels, mode = deep
                else:
                    opened.load()
                    upright = ImageOps.exif_transpose(opened)
                    pixels, mode = _pixels(path, upright, notes)
    except DataError:
        raise
    except image_module.UnidentifiedImageError:
        raise DataError(
            f"{path} is not a picture that Pillow knows (JPEG, PNG, TIFF, WebP, BMP, GIF …), and "
            "none that trivium compress has written"
        ) from None
    except image_module.DecompressionBombError as error:
        raise DataError(f"{path} is too large: {error}") from None
    except image_module.DecompressionBombWarning as error:
        raise DataError(f"{path} is too large: {error}") from None
    except PermissionError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except _UNREADABLE as error:
        raise DataError(f"{path} is damaged: {error or type(error).__name__}") from None
    if mode.endswith("A") and (pixels[..., -1] == np.iinfo(pixels.dtype).max).all():
        pixels, mode = np.ascontiguousarray(pixels[..., :-1]), mode[:-1]
        notes.append("the alpha channel is opaque everywhere and left out")
    return Picture(pixels, mode, tuple(notes))


def _deep_pixels(path: str, opened: Any, notes: list[str]) -> tuple[Array, str] | None:
    """The pixels and mode of a PNG with 16 bits a colour, of which Pillow reads the upper 8."""
    if opened.format != "PNG" or opened.mode.startswith("I"):
        return None
    with open(path, "rb") as file:
        start = file.read(29)
        if start[24:25] != b"\x10":  # the bit depth in IHDR
            return None
        if deep_png_header(start) is None:
            notes.append("interlaced with 16 bits a colour: the upper 8 are read")
            return None
        pixels = read_deep_png(start + file.read())
    turn = _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
    if turn is not None:
        pixels = np.ascontiguousarray(turn(pixels))
    return pixels, next(mode for mode, count in _CHANNELS.items() if count == pixels.shape[2])


def _pixels(path: str, image: Any, notes: list[str]) -> tuple[Array, str]:
    """(height, width, channels) and the mode, one of the four that are kept."""
    mode = image.mode
    if mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise DataError(
                f"{path} holds values from {values.min()} to {values.max()}; pictures of 8 or 16 "
                "bits a channel are meant"
            )
        return values.astype(np.uint16)[..., None], "L"
    if mode == "F":
        raise DataError(f"{path} holds floating-point pixels; save it with 8 or 16 bits first")
    transparent = "transparency" in image.info or mode in ("PA", "RGBa", "La")
    if mode == "1":
        image, mode = image.convert("L"), "L"
    elif mode not in _CHANNELS or (transparent and not mode.endswith("A")):
        wanted = "RGBA" if transparent else "RGB"
        if mode not in ("P", "PA", "RGBa", "La", "RGB", "L"):
            notes.append(f"colours converted from {mode} to {wanted}")
        image, mode = image.convert(wanted), wanted
    pixels = np.asarray(image, np.uint8)
    if not pixels.size:
        raise DataError(f"{path} has no pixels")
    return pixels.reshape(*pixels.shape[:2], _CHANNELS[mode]), mode


def write_picture(path: str, picture: Picture) -> int:
    """Replace the file at once; returns its size in bytes.

    Raises RequestError where the format of the name cannot hold the picture, RunError where the
    disk cannot.
    """
    from trivium.learning.runs.files import explained, replace_file

    image_module = _pillow()
    ending = os.path.splitext(path)[1].lower()
    check_writable(path, picture.mode, picture.bits)
    pixels = picture.pixels
    if picture.bits == 16 and pixels.shape[2] > 1:
        content = write_deep_png(pixels)
    else:
        content = _saved(image_module, path, ending, pixels)
    with explained(f"write the picture {path}"):
        replace_file(Path(os.path.abspath(path)), [content])
    return len(content)


def _saved(image_module: Any, path: str, ending: str, pixels: Array) -> bytes:
    """The picture as Pillow writes it in the format of ``ending``."""
    made = image_module.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    options: dict[str, Any] = {"quality": 95} if ending in (".jpg", ".jpeg", ".webp") else {}
    kind = image_module.registered_extensions()[ending]
    buffer = io.BytesIO()
    try:
        made.save(buffer, format=kind, **options)
    except (OSError, ValueError) as error:
        raise RequestError(
            f"{path}: a picture of {pixels.shape[1]} × {pixels.shape[0]} pixels cannot be "
            f"written as {kind}: {error}"
        ) from None
    return buffer.getvalue()


def check_writable(path: str, mode: str, bits: int) -> None:
    """Raise RequestError where the ending of ``path`` cannot hold such a picture."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in WRITABLE:
        raise RequestError(
            f"--out {path}: pictures are written as {', '.join(WRITABLE)}; the compressed file "
            "and the curve get the same name with their own endings"
        )
    if mode.endswith("A") and ending in (".jpg", ".jpeg", ".bmp"):
        raise RequestError(
            f"--out {path}: {ending} holds no transparency, and the picture is transparent; "
            "choose .png"
        )
    deep = (".png", ".tif", ".tiff") if mode == "L" else (".png",)
    if bits == 16 and ending not in deep:
        raise RequestError(
            f"--out {path}: {ending} is written with 8 bits a channel, and the picture has 16; "
            "choose .png"
        )
