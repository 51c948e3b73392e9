"""Fetches KaTeX, the typesetter of the derivation's HTML page, into the package.

KaTeX is a third party's work, so it is not committed here: `make install` fetches one pinned
release from the npm registry, compares its SHA-512 with the digest below, and keeps what a page
needs (script, style sheet, WOFF2 fonts, licence). Wheels built afterwards contain it.

With npm installed the release comes through npm, with its mirrors and proxies; else from the
registry's address. A release that was fetched before is not fetched again.

Usage: python scripts/fetch_katex.py [ARCHIVE], where ARCHIVE is a katex-VERSION.tgz that is
already here. To move to another version, change VERSION and SHA512
(`npm view katex@VERSION dist.integrity`), and look at the pages that the tests draw.
"""

import base64
import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path

VERSION = "0.19.1"
SHA512 = (
    "jG8uKntjSEcm2EpQOh0XturpPuuC9r3Sq5HLHdsFdWZT27E672SF19QEi+of0/YeOy15lDgRhKvr5614uRrEfA=="
)
ADDRESS = f"https://registry.npmjs.org/katex/-/katex-{VERSION}.tgz"
FOLDER = Path(__file__).parent.parent / "src/trivium/insight/rendering/assets/katex"
SECONDS = 120  # how long the registry may take

# Members of the archive that a page needs, and nothing else of it.
NEEDED = re.compile(
    r"package/(LICENSE|dist/katex\.min\.(?:js|css)|dist/(fonts/[A-Za-z0-9_-]+\.woff2))"
)


class FetchError(Exception):
    """KaTeX could not be fetched, or it is not the pinned release."""


def check(archive: bytes, origin: str) -> None:
    """Refuse an archive that is not the pinned release, byte for byte."""
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if digest != SHA512:
        raise FetchError(
            f"{origin} is not katex {VERSION}: its SHA-512 is {digest}, expected {SHA512}"
        )


def through_npm(npm: str) -> bytes:
    """The release's archive, fetched by npm."""
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"katex@{VERSION}", "--pack-destination", folder]
        try:
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                stdin=subprocess.DEVNULL,
                cwd=folder,
            )
        except subprocess.CalledProcessError as error:
            raise FetchError(
                f"{' '.join(command[:3])} failed:\n{error.stderr.strip()}"
            ) from None
        except subprocess.TimeoutExpired:
            raise FetchError(
                f"{' '.join(command[:3])} gave nothing within {SECONDS} s"
            ) from None
        return next(Path(folder).glob("katex-*.tgz")).read_bytes()


def through_the_address(address: str) -> bytes:
    """The release's archive, from its address in the registry."""
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            return bytes(answer.read())
    except OSError as error:
        raise FetchError(f"{address} cannot be read: {error}") from None


def unpack(archive: bytes, folder: Path) -> None:
    """Put what a page needs into ``folder``, at once or not at all."""
    beside = folder.with_name(f".{folder.name}-new")
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "fonts").mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            found = NEEDED.fullmatch(member.name)
            content = tar.extractfile(member) if found else None
            if found and content:
                name = found[2] or Path(found[1]).name
                (beside / name).write_bytes(content.read())
    (beside / "VERSION").write_text(f"{VERSION}\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def fetched() -> bool:
    """Whether the pinned release is there already."""
    version = FOLDER / "VERSION"
    return version.is_file() and version.read_text(encoding="utf-8").strip() == VERSION


def main(arguments: list[str]) -> int:
    """Fetch and unpack; 1 when that is impossible."""
    try:
        if arguments:
            archive, origin = Path(arguments[0]).read_bytes(), arguments[0]
        elif fetched():
            return 0
        elif npm := shutil.which("npm"):
            archive, origin = through_npm(npm), f"what npm gave for katex@{VERSION}"
        else:
            archive, origin = through_the_address(ADDRESS), ADDRESS
        check(archive, origin)
    except (FetchError, OSError) as error:
        print(
            f"KaTeX {VERSION} is not installed: {error}\n"
            "Everything works without it except the HTML page of a derivation. To install it "
            f"later:\n  python scripts/fetch_katex.py\nor, from a copy of {ADDRESS}:\n"
            f"  python scripts/fetch_katex.py katex-{VERSION}.tgz",
            file=sys.stderr,
        )
        return 1
    unpack(archive, FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
