"""``trivium compress``: a picture as products of thin matrices, and back."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trivium.learning.data.words import counted
from trivium.learning.errors import RequestError

from .running import DONE
from .terminal import Screen, emit_json, note, say, table
from .wording import quoted_word

if TYPE_CHECKING:
    from .compress_factors import Compressed, Spectra
    from .compress_picture import Picture

__all__ = ["CompressRequest", "compress_command"]

_LARGE = 8_000_000  # pixels from which a word about the time is due


@dataclass(frozen=True)
class CompressRequest:
    """What ``trivium compress`` was asked."""

    image: str
    rank: int | None = None
    error: float | None = None
    out: str | None = None
    curve: str | None = None
    layout: str = "auto"
    json: bool = False


def compress_command(request: CompressRequest) -> int:
    """Compress a picture, or restore a compressed one; returns the exit code."""
    from .compress_format import is_compressed

    if is_compressed(request.image):
        return _restore(request)
    return _compress(request)


def _restore(request: CompressRequest) -> int:
    from .compress_format import read_compressed
    from .compress_picture import check_writable, from_shares, kind_words, write_picture

    for name in ("rank", "error", "curve"):
        if getattr(request, name) is not None:
            raise RequestError(
                f"{request.image} is compressed already; leave --{name} out to restore the "
                "picture, or compress the original again"
            )
    stored = read_compressed(request.image)
    base = os.path.splitext(os.path.basename(request.image))[0]
    out = request.out or f"{base}.png"
    _check_folder("--out", out, request.image)
    check_writable(out, stored.mode, stored.bits)
    picture = from_shares(stored.compressed.shares(), stored.bits, stored.mode)
    size = write_picture(out, picture)
    found = stored.compressed
    if request.json:
        emit_json(
            {
                "image": request.image,
                "picture": out,
                "width": found.width,
                "height": found.height,
                "mode": stored.mode,
                "bits": stored.bits,
                "layout": found.layout,
                "ranks": found.ranks,
                "eckart_young_bound": found.bound,
                "picture_bytes": size,
            }
        )
        return DONE
    print(
        f"{out}: {found.width} × {found.height} pixels, {kind_words(stored.mode)}, restored from "
        f"{_ranks(found)} ({request.image})"
    )
    return DONE


def _compress(request: CompressRequest) -> int:
    from .compress_curve import check_plotting, write_curve
    from .compress_format import Stored, write_compressed
    from .compress_picture import from_shares, read_picture, write_picture

    _check_request(request)
    check_plotting()
    picture = read_picture(request.image)
    names = _names(request, picture)
    for each in picture.notes:
        note(each)
    if picture.pixels.shape[0] * picture.pixels.shape[1] > _LARGE:
        say("decomposing a large picture; this can take a minute or more")
    spectra, chosen, compressed, relative = _approximate(request, picture)
    shares = compressed.shares()
    made = from_shares(shares, picture.bits, picture.mode)
    written = write_compressed(
        names["compressed"], Stored(compressed, picture.mode, picture.bits)
    )
    write_picture(names["picture"], made)
    raw = picture.pixels.nbytes
    item = compressed.parts[0].left.itemsize
    share = written / raw
    title = f"{os.path.basename(request.image)}: {_ranks(compressed)}"
    write_curve(names["curve"], spectra, raw, item, (share, relative), title)
    record = {
        "image": request.image,
        "width": compressed.width,
        "height": compressed.height,
        "mode": picture.mode,
        "bits": picture.bits,
        "layout": compressed.layout,
        "ranks": compressed.ranks,
        "full_rank": min(compressed.width, compressed.height),
        "numbers": compressed.numbers,
        "storage_share": compressed.numbers / picture.pixels.size,
        "raw_bytes": raw,
        "image_bytes": os.path.getsize(request.image),
        "compressed_bytes": written,
        "relative_error": relative,
        "eckart_young_bound": compressed.bound,
        "psnr": _psnr(picture, made),
        **names,
        "notes": list(picture.notes),
    }
    if request.json:
        emit_json(record)
    else:
        _print(request, picture, chosen, compressed, record)
    return DONE


def _check_request(request: CompressRequest) -> None:
    if (request.rank is None) == (request.error is None):
        given = "both are given" if request.rank is not None else "neither is given"
        raise RequestError(
            f"compress needs either --rank R or --error E, and {given}: --rank 40 keeps 40 "
            "singular values of every channel, --error 0.1 allows a relative error of a tenth"
        )
    if request.rank is not None and request.rank < 1:
        raise RequestError(f"--rank is at least 1, not {request.rank}")
    if request.error is not None and not 0 < request.error < 1:
        raise RequestError(
            f"--error is relative to the whole picture, between 0 and 1, not {request.error:g}: "
            "0.1 allows a tenth"
        )


def _names(request: CompressRequest, picture: Picture) -> dict[str, str]:
    """The three files: of one name, with endings of their own."""
    from .compress_curve import CURVES
    from .compress_format import ENDING
    from .compress_picture import check_writable

    stem = os.path.splitext(os.path.basename(request.image))[0]
    what = f"rank{request.rank}" if request.rank is not None else f"error{request.error:g}"
    out = request.out or f"{stem}-{what}.png"
    base, ending = os.path.splitext(out)
    if ending.lower() == ENDING:
        out = f"{base}.png"
    curve = request.curve or f"{base}-curve.png"
    if os.path.splitext(curve)[1].lower() not in CURVES:
        raise RequestError(f"--curve {curve}: curves are written as {', '.join(CURVES)}")
    names = {"picture": out, "compressed": f"{base}{ENDING}", "curve": curve}
    check_writable(out, picture.mode, picture.bits)
    for option, path in zip(("--out", "--out", "--curve"), names.values()):
        _check_folder(option, path, request.image)
    if os.path.abspath(out) == os.path.abspath(curve):
        raise RequestError(f"--curve {curve} is the name of the picture: choose another")
    return names


def _check_folder(option: str, path: str, image: str) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise RequestError(f"{option} {path}: the folder {folder} does not exist")
    if os.path.isdir(path):
        raise RequestError(f"{option} {path} is a folder: give the name of a file in it")
    if os.path.exists(path) and os.path.samefile(path, image):
        raise RequestError(
            f"{option} {path} would replace the picture itself: choose another name"
        )


def _approximate(
    request: CompressRequest, picture: Picture
) -> tuple[list[Spectra], Spectra, Compressed, float]:
    """All spectra, the one chosen, the picture in its factors, and the error that was achieved.

    ``--rank`` is the rank of every channel. ``--error`` takes the layout with fewer numbers.
    """
    import numpy as np

    from .compress_factors import LAYOUTS, approximate, spectra_of

    shares = picture.shares()
    several = picture.colours > 1
    wanted = request.layout
    layouts = tuple(LAYOUTS) if wanted == "auto" and several else (wanted,)
    if not several:
        layouts = ("channels",)
    if wanted == "auto" and request.rank is not None:
        layouts = ("channels",)
    spectra = spectra_of(shares, picture.colours, layouts)
    if request.rank is not None:
        chosen = spectra[0]
        dtype: Any = np.float16 if picture.bits == 8 else np.float32
        compressed = approximate(shares, chosen, chosen.ranks_for_rank(request.rank), dtype)
        return spectra, chosen, compressed, _relative(shares, compressed)
    error = request.error or 0.0
    half = picture.bits == 8 and error >= 0.002
    target = math.sqrt(error**2 - 9e-8) if half else error
    while True:
        ranks = [each.ranks_for_error(target) for each in spectra]
        best = min(range(len(spectra)), key=lambda i: spectra[i].numbers(ranks[i]))
        chosen = spectra[best]
        dtype = np.float16 if half else np.float32
        compressed = approximate(shares, chosen, ranks[best], dtype)
        relative = _relative(shares, compressed)
        if relative <= error or target < 1e-7:
            return spectra, chosen, compressed, relative
        target *= 0.97  # the factors' rounding took more than was set aside for it


def _relative(shares: Any, compressed: Compressed) -> float:
    import numpy as np

    size = float(np.linalg.norm(shares))
    return float(np.linalg.norm(shares - compressed.shares())) / size if size else 0.0


def _psnr(before: Picture, after: Picture) -> float:
    """Peak signal-to-noise ratio of the pixels as written, alpha left out, in decibels."""
    import numpy as np

    most = float(np.iinfo(before.pixels.dtype).max)
    first, second = (
        each.pixels[..., : each.colours].astype(np.float64) for each in (before, after)
    )
    mean = float(np.mean((first - second) ** 2))
    return 10 * math.log10(most**2 / mean) if mean else math.inf


def _ranks(compressed: Compressed) -> str:
    ranks = compressed.ranks
    if len(set(ranks)) == 1:
        return f"rank {ranks[0]}"
    return "ranks " + ", ".join(map(str, ranks))


def _print(
    request: CompressRequest,
    picture: Picture,
    chosen: Spectra,
    compressed: Compressed,
    record: dict[str, Any],
) -> None:
    from .compress_curve import finite_decibels

    screen = Screen()
    channels = counted(picture.pixels.shape[2], "channel")
    screen.print(
        f"{request.image}: {compressed.width} × {compressed.height} pixels, {picture.kind} "
        f"({channels} of {picture.bits} bits)",
        style="bold",
    )
    how = {"channels": "a matrix for each channel", "stacked": "all colours in one matrix"}
    share = 100 * record["storage_share"]
    percent = 100 * record["compressed_bytes"] / record["raw_bytes"]
    rows = [
        ("rank", f"{_ranks(compressed).split(' ', 1)[1]} of {record['full_rank']}, "
                 f"{how[chosen.layout]}"),
        ("storage", f"{record['numbers']:,} numbers for {picture.pixels.size:,} ({share:.1f} %); "
                    f"{record['compressed_bytes']:,} bytes for {record['raw_bytes']:,} "
                    f"({percent:.1f} %)"),
        ("relative error", f"{record['relative_error']:.4g}"),
        ("best possible", f"{record['eckart_young_bound']:.4g} (Eckart-Young)"),
        ("PSNR", finite_decibels(record["psnr"])),
    ]  # fmt: skip
    screen.print(table(("", ""), rows))
    screen.print()
    screen.print(f"The picture: {record['picture']}")
    screen.print(f"Error against storage: {record['curve']}")
    screen.print(f"Compressed: {record['compressed']}")
    again = quoted_word(record["compressed"])
    screen.print(f"Back into a picture: trivium compress {again} --out FILE.png")
    if request.rank is not None and request.rank > record["full_rank"]:
        note(f"the picture has no higher rank than {record['full_rank']}, not {request.rank}")
    if record["compressed_bytes"] >= record["raw_bytes"]:
        note("at this rank the factors take more storage than the pixels themselves")
