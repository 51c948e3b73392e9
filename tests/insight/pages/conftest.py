"""Pages need KaTeX, which is fetched at installation and may be missing on a machine offline."""

import os

import pytest

from trivium.insight.rendering import katex


@pytest.fixture(autouse=True)
def typesetter() -> None:
    """Skip where KaTeX is missing, except in CI, where that is a defect."""
    if not (katex.FOLDER / "VERSION").is_file() and not os.environ.get("CI"):
        pytest.skip("KaTeX is missing; scripts/fetch_katex.py fetches it")
