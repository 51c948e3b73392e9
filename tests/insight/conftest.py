"""Pages in a headless browser; without one, the tests that look at pages are skipped."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.insight.pages.looking import Looked

Look = Callable[..., Looked]

FLAGS = (
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium of the system, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is missing")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no chromium; scripts/install-system-packages installs it")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def look(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """``look(html, width=…, dark=…)``: the page, loaded without a network and at rest.

    A page that is looked at again is not loaded again, but put into the state of a fresh one.
    """
    folder = tmp_path_factory.mktemp("pages")
    known: dict[tuple[str, bool], Looked] = {}

    def look(html: str, width: int = 1280, dark: bool = False, scripts: bool = True) -> Looked:
        if (html, scripts) not in known:
            path = folder / f"page-{len(known)}.html"
            path.write_text(html, encoding="utf-8")
            context = browser.new_context(
                reduced_motion="reduce", java_script_enabled=scripts, offline=True
            )
            known[html, scripts] = Looked(context, path.as_uri())
        seen = known[html, scripts]
        seen.rest(width, dark)
        return seen

    yield look
    for seen in known.values():
        seen.page.context.close()
