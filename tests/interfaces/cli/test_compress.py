"""``trivium compress``: pictures of every kind in, three files out, and back again."""

import importlib.util
import io
import json
import math
import os
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps
from safetensors.numpy import load_file, save_file
from sklearn.datasets import load_sample_image

from trivium.interfaces.cli.compress_factors import Compressed, Part, spectra_of
from trivium.interfaces.cli.compress_format import Stored, write_compressed
from trivium.interfaces.cli.compress_picture import read_picture
from trivium.interfaces.cli.compress_png import read_deep_png, write_deep_png


@pytest.fixture(scope="module")
def photograph():
    """A part of a photograph that comes with scikit-learn: 120 × 160 pixels in colour."""
    return np.ascontiguousarray(load_sample_image("china.jpg")[100:220, 200:360])


@pytest.fixture(autouse=True)
def quick_curve(request, monkeypatch):
    """Matplotlib takes longer than all the rest: tests that do not look at the curve skip it."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(
            "trivium.interfaces.cli.compress_curve.write_curve", lambda *arguments: None
        )


@pytest.fixture
def drawn():
    """Asked for by tests that look at the curve."""


@pytest.fixture
def photo(photograph, tmp_path):
    Image.fromarray(photograph).save(tmp_path / "photo.png")
    return "photo.png"


def svd_error(pixels, rank):
    """The smallest relative error that a rank for each channel can have."""
    values = [np.linalg.svd(pixels[..., c] / 1.0, compute_uv=False) for c in range(3)]
    left = sum((s[rank:] ** 2).sum() for s in values)
    return math.sqrt(left / sum((s**2).sum() for s in values))


def test_rank(cli, photo, photograph, tmp_path, drawn):
    done = cli("compress", photo, "--rank", "12", "--json")
    record = done.json
    assert (done.code, done.err) == (0, "")
    assert record["ranks"] == [12, 12, 12]
    assert (record["width"], record["height"], record["mode"]) == (160, 120, "RGB")
    assert record["numbers"] == 3 * 12 * (160 + 120)
    assert record["storage_share"] == pytest.approx(3 * 12 * 280 / (3 * 160 * 120))
    best = svd_error(photograph, 12)
    assert record["eckart_young_bound"] == pytest.approx(best, rel=1e-6)
    assert best <= record["relative_error"] <= 1.001 * best
    assert record["picture"] == "photo-rank12.png"
    written = np.asarray(Image.open(tmp_path / record["picture"])).astype(float)
    assert written.shape == photograph.shape
    mean = np.mean((written - photograph) ** 2)
    assert record["psnr"] == pytest.approx(10 * math.log10(255**2 / mean))
    assert record["compressed_bytes"] == (tmp_path / record["compressed"]).stat().st_size
    curve = np.asarray(Image.open(tmp_path / record["curve"]).convert("RGB"))
    assert curve.shape[1] > 500
    assert len(np.unique(curve.reshape(-1, 3), axis=0)) > 20


def test_its_own_format_is_read_back(cli, photo, tmp_path):
    """The picture from the file is the picture that was written beside it, bit for bit."""
    cli("compress", photo, "--rank", "9", "--out", "small.png")
    done = cli("compress", "small.lowrank", "--out", "again.png", "--json")
    assert done.code == 0
    assert done.json["ranks"] == [9, 9, 9]
    first, second = (np.asarray(Image.open(tmp_path / n)) for n in ("small.png", "again.png"))
    np.testing.assert_array_equal(first, second)
    text = cli("compress", "small.lowrank")
    assert (
        text.out == "small.png: 160 × 120 pixels, RGB, restored from rank 9 (small.lowrank)\n"
    )
    arrays = load_file(tmp_path / "small.lowrank")
    assert {name: (a.shape, a.dtype.name) for name, a in arrays.items()} == {
        f"{side}.{c}": (((120, 9) if side == "left" else (9, 160)), "float16")
        for side in ("left", "right")
        for c in range(3)
    }


@pytest.mark.parametrize("error", [0.3, 0.1, 0.03, 0.004, 0.0005])
def test_error(cli, photo, error):
    """The target is reached, and one rank less would miss it."""
    record = cli("compress", photo, "--error", error, "--json").json
    assert record["relative_error"] <= error
    assert record["eckart_young_bound"] <= record["relative_error"] * (1 + 1e-6)
    if record["eckart_young_bound"] < 0.8 * error:  # then the next rank is all there is
        assert record["ranks"] == [120] * len(record["ranks"])
        less = ("--rank", "119", "--layout", record["layout"], "--json")
        assert cli("compress", photo, *less).json["eckart_young_bound"] > error


def test_the_layout_with_less_storage_is_taken(cli, photo):
    records = {
        layout: cli("compress", photo, "--error", "0.08", "--layout", layout, "--json").json
        for layout in ("auto", "channels", "stacked")
    }
    smaller = min(("channels", "stacked"), key=lambda name: records[name]["numbers"])
    assert records["auto"]["layout"] == smaller
    assert records["auto"]["numbers"] == records[smaller]["numbers"]
    for record in records.values():
        assert record["relative_error"] <= 0.08
    stacked = cli("compress", photo, "--rank", "5", "--layout", "stacked", "--json").json
    assert stacked["ranks"] == [5]
    assert stacked["numbers"] == 5 * (120 + 3 * 160)


def test_spectra_are_those_of_the_matrices(photograph):
    shares = photograph / 255
    for turned in (shares, shares.swapaxes(0, 1)):
        channels, stacked = spectra_of(turned, 3, ("channels", "stacked"))
        for c in range(3):
            s = np.linalg.svd(turned[..., c], compute_uv=False)
            np.testing.assert_allclose(np.sqrt(channels.values[c]), s, atol=1e-6)
        wide = turned.shape[0] <= turned.shape[1]
        whole = np.concatenate([turned[..., c] for c in range(3)], axis=1 if wide else 0)
        s = np.linalg.svd(whole, compute_uv=False)
        np.testing.assert_allclose(np.sqrt(stacked.values[0]), s, atol=1e-6)


def picture(kind, photograph):
    """A picture of some kind, what it is saved as, and the pixels it stands for."""
    grey = photograph[..., 1]
    alpha = np.broadcast_to(np.linspace(0, 255, 160).astype(np.uint8), (120, 160))
    if kind == "grey":
        return Image.fromarray(grey), "png", grey[..., None], "L"
    if kind == "tall":
        turned = np.ascontiguousarray(photograph.swapaxes(0, 1))
        return Image.fromarray(turned), "png", turned, "RGB"
    if kind == "16 bits":
        deep = grey.astype(np.uint16) * 257 + 3
        return Image.fromarray(deep), "png", deep[..., None], "L"
    if kind == "alpha":
        pixels = np.dstack([photograph, alpha])
        return Image.fromarray(pixels), "png", pixels, "RGBA"
    if kind == "grey and alpha":
        pixels = np.dstack([grey, alpha])
        return Image.fromarray(pixels), "png", pixels, "LA"
    if kind == "opaque":
        pixels = np.dstack([photograph, np.full_like(grey, 255)])
        return Image.fromarray(pixels), "png", photograph, "RGB"
    if kind == "palette":
        made = Image.fromarray(photograph).quantize(64)
        return made, "png", np.asarray(made.convert("RGB")), "RGB"
    if kind == "black and white":
        made = Image.fromarray(grey).convert("1")
        return made, "png", np.asarray(made.convert("L"))[..., None], "L"
    if kind == "CMYK":
        made = Image.fromarray(photograph).convert("CMYK")
        return made, "tif", np.asarray(made.convert("RGB")), "RGB"
    raise AssertionError(kind)


KINDS = (
    "grey", "tall", "16 bits", "alpha", "grey and alpha", "opaque", "palette",
    "black and white", "CMYK",
)  # fmt: skip


@pytest.mark.parametrize("layout", ["channels", "stacked"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture(cli, photograph, tmp_path, kind, layout):
    made, ending, pixels, mode = picture(kind, photograph)
    made.save(tmp_path / f"given.{ending}")
    done = cli("compress", f"given.{ending}", "--error", "0.01", "--layout", layout,
               "--out", "out.png", "--json")  # fmt: skip
    record = done.json
    assert (record["mode"], record["bits"]) == (mode, 16 if kind == "16 bits" else 8)
    written = np.asarray(Image.open(tmp_path / "out.png"))
    written = written.reshape(*written.shape[:2], -1)
    assert written.shape == pixels.shape
    distance = np.linalg.norm(written.astype(float) - pixels) / np.linalg.norm(pixels / 1.0)
    assert distance <= 0.011
    assert record["relative_error"] <= 0.01
    again = cli("compress", "out.lowrank", "--out", "again.png")
    assert again.code == 0
    second = np.asarray(Image.open(tmp_path / "again.png"))
    np.testing.assert_array_equal(second.reshape(written.shape), written)
    if kind == "opaque":
        assert "opaque everywhere" in done.err
    if kind == "CMYK":
        assert "converted from CMYK to RGB" in done.err


def test_exif_rotation_is_applied(cli, photograph, tmp_path):
    made = Image.fromarray(photograph)
    exif = made.getexif()
    exif[0x0112] = 6  # the camera was held on its side
    made.save(tmp_path / "side.jpg", quality=95, exif=exif)
    record = cli("compress", "side.jpg", "--rank", "100", "--out", "up.png", "--json").json
    assert (record["width"], record["height"]) == (120, 160)
    upright = np.asarray(Image.open(tmp_path / "up.png")).astype(float)
    turned = np.rot90(photograph, -1)
    assert np.abs(upright - turned).mean() < 6


def chunk(name, data):
    """A chunk of a PNG file."""
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def deep_picture(photograph, channels, size=(20, 31)):
    """Pixels with 16 bits a colour that 8 do not hold."""
    generator = np.random.default_rng(0)
    pixels = photograph[: size[0], : size[1]].astype(np.uint16) * 257
    extra = generator.integers(0, 65536, (*size, 1)).astype(np.uint16)
    whole = {1: pixels[..., :1], 2: np.dstack([pixels[..., :1], extra]), 3: pixels,
             4: np.dstack([pixels, extra])}[channels]  # fmt: skip
    return whole ^ generator.integers(0, 256, whole.shape).astype(np.uint16)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_sixteen_bit_colours(cli, photograph, tmp_path, channels):
    pixels = deep_picture(photograph, channels)
    (tmp_path / "deep.png").write_bytes(write_deep_png(pixels))
    done = cli("compress", "deep.png", "--rank", "20", "--out", "o.png", "--json")
    assert (done.code, done.json["bits"], done.err) == (0, 16, "")
    assert done.json["relative_error"] < 1e-6
    assert done.json["psnr"] is None or done.json["psnr"] > 100
    first = read_deep_png((tmp_path / "o.png").read_bytes()).astype(int)
    assert np.abs(first - pixels).max() <= 1
    cli("compress", "o.lowrank", "--out", "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "o.png").read_bytes()
    assert cli("compress", "deep.png", "--rank", "3", "--out", "o.tif").code == 2


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_deep_png_files_are_pngs(photograph, channels):
    """Pillow reads what is written: 16-bit grey exactly, of colours the upper byte."""
    pixels = deep_picture(photograph, channels)
    data = write_deep_png(pixels)
    np.testing.assert_array_equal(read_deep_png(data), pixels)
    with Image.open(io.BytesIO(data)) as opened:
        seen = np.asarray(opened)
    if channels == 1:
        np.testing.assert_array_equal(seen, pixels[..., 0])
    else:  # grey with alpha comes as four channels
        kept = seen[..., [0, -1]] if channels == 2 else seen
        np.testing.assert_array_equal(kept, pixels >> 8)


def filtered(pixels, kinds):
    """A 16-bit PNG whose rows have these filters, written pixel by pixel from the standard."""
    height, width, channels = pixels.shape
    lines = pixels.astype(">u2").view(np.uint8).reshape(height, -1).astype(int)
    step, rows = 2 * channels, []
    for y, kind in enumerate(kinds):
        row = [kind]
        for x in range(lines.shape[1]):
            a = lines[y, x - step] if x >= step else 0
            b = lines[y - 1, x] if y else 0
            c = lines[y - 1, x - step] if y and x >= step else 0
            nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            row.append((lines[y, x] - (0, a, b, (a + b) // 2, nearest)[kind]) % 256)
        rows.append(bytes(int(each) for each in row))
    head = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2}[channels], 0, 0, 0)
    packed = zlib.compress(b"".join(rows))
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), chunk(b"tEXt", b"a\0b"),
         chunk(b"IDAT", packed[:9]), chunk(b"IDAT", packed[9:]), chunk(b"IEND", b""))
    )  # fmt: skip


@pytest.mark.parametrize("size", [(10, 7), (5, 1), (5, 12)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_filter_of_png(photograph, size, channels):
    pixels = deep_picture(photograph, channels, size)
    kinds = ([4, 1, 3, 2, 0] * 2)[: size[0]]
    data = filtered(pixels, kinds)
    np.testing.assert_array_equal(read_deep_png(data), pixels)
    if channels == 1:
        with Image.open(io.BytesIO(data)) as opened:
            np.testing.assert_array_equal(np.asarray(opened), pixels[..., 0])


def test_deep_pictures_are_turned_upright(cli, photograph, tmp_path):
    """All eight ways of holding a camera, as Pillow turns the upper bytes."""
    pixels = deep_picture(photograph, 3, (12, 19))
    data = write_deep_png(pixels)
    for way in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = way
        body = exif.tobytes().removeprefix(b"Exif\0\0")
        (tmp_path / "held.png").write_bytes(data[:33] + chunk(b"eXIf", body) + data[33:])
        found = read_picture(str(tmp_path / "held.png"))
        with Image.open(tmp_path / "held.png") as opened:
            upright = np.asarray(ImageOps.exif_transpose(opened))
        np.testing.assert_array_equal(found.pixels >> 8, upright)
        assert found.bits == 16


def test_damaged_deep_pictures(cli, photograph, tmp_path):
    data = write_deep_png(deep_picture(photograph, 3))
    bomb = struct.pack(">IIBBBBB", 9, 9, 16, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n"
    unknown = zlib.compress(bytes([7]) * 9 * (9 * 6 + 1))
    for name, content in {
        "cut": data[:-40],
        "bits": data[:200] + bytes([data[200] ^ 1]) + data[201:],
        "short": start
        + chunk(b"IHDR", bomb)
        + chunk(b"IDAT", zlib.compress(bytes(20)))
        + chunk(b"IEND", b""),
        "filter": start + chunk(b"IHDR", bomb) + chunk(b"IDAT", unknown) + chunk(b"IEND", b""),
        "no zlib": start + chunk(b"IHDR", bomb) + chunk(b"IDAT", b"abc") + chunk(b"IEND", b""),
    }.items():
        (tmp_path / "deep.png").write_bytes(content)
        done = cli("compress", "deep.png", "--rank", "2")
        assert (done.code, done.out) == (2, ""), name
        assert "damaged" in done.err, (name, done.err)


@pytest.mark.parametrize("colour", [0, 77, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (5, 8)])
def test_pictures_of_one_colour(cli, tmp_path, colour, shape):
    """Rank 1, or 0 where all is black; nothing is lost."""
    pixels = np.full((*shape, 3), colour, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "flat.png")
    done = cli("compress", "flat.png", "--rank", "4", "--out", "o.png", "--json")
    assert done.json["ranks"] == [int(colour > 0)] * 3
    assert done.json["psnr"] is None  # infinite
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "o.png")), pixels)
    assert cli("compress", "o.lowrank", "--out", "again.png").code == 0
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "again.png")), pixels)


def test_a_picture_of_known_rank(cli, tmp_path):
    """A chessboard is a sum of two products."""
    board = np.kron(np.indices((8, 12)).sum(axis=0) % 2, np.ones((8, 8))).astype(np.uint8) * 255
    Image.fromarray(board).save(tmp_path / "board.png")
    record = cli("compress", "board.png", "--error", "1e-4", "--json").json
    assert record["ranks"] == [2]
    text = cli("compress", "board.png", "--rank", "2")
    assert "PSNR            infinite: not one pixel differs" in text.out


@pytest.mark.parametrize(
    ("ending", "curve"), [("jpg", "svg"), ("webp", "pdf"), ("tif", "png"), ("bmp", "svg")]
)
def test_other_endings(cli, photo, tmp_path, drawn, ending, curve):
    done = cli(
        "compress", photo, "--rank", "30", "--out", f"o.{ending}", "--curve", f"c.{curve}"
    )
    assert done.code == 0
    with Image.open(tmp_path / f"o.{ending}") as made:
        assert made.size == (160, 120)
    assert (tmp_path / f"c.{curve}").stat().st_size > 3000
    assert (tmp_path / "o.lowrank").exists()


def test_the_words_for_people(cli, photo):
    done = cli("compress", photo, "--rank", "12")
    assert done.err == ""
    for words in (
        "photo.png: 160 × 120 pixels, RGB (3 channels of 8 bits)",
        "rank            12 of 120, a matrix for each channel",
        "storage         10,080 numbers for 57,600 (17.5 %)",
        "(Eckart-Young)",
        " dB",
        "The picture: photo-rank12.png",
        "Error against storage: photo-rank12-curve.png",
        "trivium compress photo-rank12.lowrank --out FILE.png",
    ):
        assert words in done.out
    assert "more storage than the pixels" in cli("compress", photo, "--rank", "120").err


def test_tab_offers_pictures(cli, photo, tmp_path):
    (tmp_path / "photo.txt").write_text("")
    (tmp_path / "photo.lowrank").write_text("")
    done = cli("__complete", "compress", "pho")
    assert (done.code, done.err) == (0, "")
    found = {line.partition("\t")[0] for line in done.out.splitlines()}
    assert {"photo.png", "photo.lowrank"} <= found
    assert "photo.txt" not in found


def test_equal_requests_give_equal_files(cli, photo, tmp_path, drawn):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        assert cli("compress", photo, "--error", "0.1", "--out", f"{folder}/o.png").code == 0
    for name in ("o.png", "o.lowrank", "o-curve.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


REQUESTS = {
    (): ["needs either --rank R or --error E", "neither is given"],
    ("--rank", "3", "--error", "0.1"): ["both are given"],
    ("--rank", "0"): ["--rank is at least 1, not 0"],
    ("--rank", "2.5"): ["no whole number"],
    ("--error", "1"): ["between 0 and 1, not 1"],
    ("--error", "-0.1"): ["not -0.1"],
    ("--error", "nan"): ["not nan"],
    ("--rank", "3", "--out", "x.gif"): [".png, .jpg"],
    ("--rank", "3", "--out", "no/x.png"): ["the folder", "does not exist"],
    ("--rank", "3", "--out", "photo.png"): ["would replace the picture itself"],
    ("--rank", "3", "--curve", "x.jpg"): [".png, .svg, .pdf"],
    ("--rank", "3", "--out", "x.png", "--curve", "x.png"): ["choose another"],
    ("--rank", "3", "--layout", "rgb"): ["layout"],
}


@pytest.mark.parametrize("arguments", REQUESTS, ids=" ".join)
def test_requests_without_a_meaning(cli, photo, tmp_path, arguments):
    done = cli("compress", photo, *arguments)
    assert (done.code, done.out) == (2, "")
    for word in REQUESTS[arguments]:
        assert word in done.err, done.err
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def test_what_a_format_cannot_hold_is_refused_before_any_work(cli, photograph, tmp_path):
    for kind, ending, words in (
        ("alpha", "jpg", "holds no transparency"), ("16 bits", "webp", "with 8 bits a channel"),
    ):  # fmt: skip
        picture(kind, photograph)[0].save(tmp_path / "given.png")
        done = cli("compress", "given.png", "--rank", "3", "--out", f"o.{ending}")
        assert done.code == 2
        assert words in done.err
        assert not (tmp_path / "o.lowrank").exists()


def hostile_images(photograph, tmp_path):
    """Name → what the message must say; the files are made."""
    Image.fromarray(photograph).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bits.png").write_bytes(whole[:200] + bytes(50) + whole[250:])
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    huge = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", huge) + chunk(b"IDAT", zlib.compress(bytes(9)))
    )
    Image.fromarray(np.full((4, 4), 0.5, np.float32)).save(tmp_path / "float.tif")
    (tmp_path / "folder").mkdir()
    return {
        "cut.png": "damaged", "bits.png": "damaged", "text.jpg": "not a picture",
        "empty.png": "not a picture", "bomb.png": "too large", "float.tif": "floating-point",
        "folder": "is a folder", "nowhere.png": "no file nowhere.png",
        "nowhere.lowrank": "no file nowhere.lowrank",
    }  # fmt: skip


def test_files_that_are_no_pictures(cli, photograph, tmp_path):
    for name, words in hostile_images(photograph, tmp_path).items():
        done = cli("compress", name, "--rank", "3")
        assert (done.code, done.out) == (2, ""), name
        assert words in done.err, (name, done.err)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["pipe.png", "pipe.lowrank"])
def test_a_named_pipe_is_not_waited_for(cli, tmp_path, name):
    os.mkfifo(tmp_path / name)
    done = cli("compress", name, "--rank", "3")
    assert (done.code, done.out) == (2, "")
    assert "no plain file" in done.err


def meta_changed(path, **changes):
    """The compressed file again, with another header and a correct checksum."""
    from trivium.learning.runs.state import read_state_file, state_chunks

    arrays, meta = read_state_file(path)
    arrays.update(changes.pop("arrays", {}))
    for name in changes.pop("without", ()):
        del arrays[name]
    path.write_bytes(b"".join(bytes(c) for c in state_chunks(arrays, {**meta, **changes})))


HOSTILE = {
    "another kind": ({"kind": "weights"}, "of another kind"),
    "a later version": ({"version": 2}, "format version 2"),
    "a bomb": ({"height": 10**6, "width": 10**6}, "would fill the memory"),
    "no height": ({"height": "12"}, "the height '12'"),
    "negative": ({"width": -3}, "the width -3"),
    "truth": ({"width": True}, "the width True"),
    "a mode": ({"mode": "CMYK"}, "mode 'CMYK'"),
    "bits": ({"bits": 64}, "64 bits"),
    "layout": ({"layout": ["channels"]}, "layout"),
    "bound": ({"bound": "NaN"}, "the bound"),
    "another height": ({"height": 121}, "no 121 × 160 matrix"),
    "a missing array": ({"without": ["left.1"]}, "it holds the arrays"),
    "one more": ({"arrays": {"extra": np.zeros(3)}}, "extra"),
    "three axes": ({"arrays": {"left.0": np.zeros((120, 3, 1), np.float16)}}, "no 120 × 160"),
    "a vector": ({"arrays": {"right.0": np.zeros(160, np.float16)}}, "no 120 × 160"),
    "whole numbers": (
        {"arrays": {"left.0": np.zeros((120, 3), np.int8)}}, "float16 or float32, not int8",
    ),
    "not finite": (
        {"arrays": {"left.0": np.full((120, 3), np.nan, np.float16)}}, "not finite",
    ),
    "too much rank": (
        {"arrays": {"left.0": np.zeros((120, 130), np.float16),
                    "right.0": np.zeros((130, 160), np.float16)}}, "lower rank",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_compressed_files(cli, photo, tmp_path, name):
    changes, words = HOSTILE[name]
    cli("compress", photo, "--rank", "3", "--out", "small.png")
    (tmp_path / "small.png").unlink()
    meta_changed(tmp_path / "small.lowrank", **changes)
    done = cli("compress", "small.lowrank")
    assert (done.code, done.out) == (2, "")
    assert words in done.err, done.err
    assert not (tmp_path / "small.png").exists()


def test_damaged_compressed_files(cli, photo, tmp_path):
    cli("compress", photo, "--rank", "3", "--out", "small.png")
    path = tmp_path / "small.lowrank"
    whole = path.read_bytes()
    half = bytearray(whole)
    half[len(whole) // 2] ^= 1
    size = int.from_bytes(whole[:8], "little")
    header = json.dumps({"x": {"dtype": "F64", "shape": [2**60], "data_offsets": [0, 8]}})
    for content in (
        whole[:-1], bytes(half), b"", b"\x00" * 20, whole[: size // 2],
        (2**62).to_bytes(8, "little") + b"{",
        len(header).to_bytes(8, "little") + header.encode() + bytes(8),
    ):  # fmt: skip
        path.write_bytes(content)
        done = cli("compress", "small.lowrank", "--out", "again.png")
        assert (done.code, done.out) == (2, "")
        assert "no intact compressed picture" in done.err
    save_file({"x": np.zeros(3)}, tmp_path / "weights.safetensors")
    done = cli("compress", "weights.safetensors")
    assert done.code == 2


def test_a_compressed_file_under_another_name_is_recognised(cli, photo, tmp_path):
    cli("compress", photo, "--rank", "3", "--out", "small.png")
    (tmp_path / "small.lowrank").rename(tmp_path / "renamed.bin")
    assert cli("compress", "renamed.bin").out.startswith("renamed.png: 160 × 120")


def test_restoring_takes_no_rank(cli, photo, tmp_path):
    cli("compress", photo, "--rank", "3", "--out", "small.png")
    for option, value in (("--rank", "2"), ("--error", "0.1"), ("--curve", "c.png")):
        done = cli("compress", "small.lowrank", option, value)
        assert done.code == 2
        assert f"leave {option} out" in done.err
    done = cli("compress", "small.lowrank", "--out", "small.lowrank.gif")
    assert done.code == 2


def test_a_full_disk_leaves_no_half_file(cli, photo, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    done = cli("compress", photo, "--rank", "3")
    monkeypatch.undo()
    assert done.code == 1
    assert "No space left" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def test_parts_of_rank_zero_are_kept(tmp_path):
    """A black channel among others."""
    from trivium.interfaces.cli.compress_format import read_compressed

    empty = Part((0,), np.zeros((3, 0), np.float16), np.zeros((0, 4), np.float16))
    path = tmp_path / "black.lowrank"
    write_compressed(str(path), Stored(Compressed((empty,), "channels", 3, 4, 0.0), "L", 8))
    np.testing.assert_array_equal(read_compressed(str(path)).compressed.shares(), 0)


@pytest.mark.parametrize(("package", "extra"), [("PIL", "image"), ("matplotlib", "plot")])
def test_a_missing_package_is_named_before_any_work(
    cli, photo, tmp_path, monkeypatch, package, extra
):

    whole = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *rest: None if name == package else whole(name)
    )
    monkeypatch.setitem(sys.modules, package, None)
    done = cli("compress", photo, "--rank", "3")
    assert (done.code, done.out) == (2, "")
    assert f"pip install 'trivium[{extra}]'" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]
