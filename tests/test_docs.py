"""What the strict documentation build does not look at: the navigation and the images."""

import re
import tomllib
from pathlib import Path


def leaves(entry: object) -> list[str]:
    """The pages below one entry of the navigation."""
    if isinstance(entry, str):
        return [entry]
    children = entry.values() if isinstance(entry, dict) else entry
    return [page for child in children for page in leaves(child)]


def test_the_navigation_lists_every_page_once(repository: Path) -> None:
    settings = tomllib.loads((repository / "zensical.toml").read_text(encoding="utf-8"))
    docs = repository / "docs"
    pages = [path.relative_to(docs).as_posix() for path in docs.rglob("*.md")]
    assert sorted(leaves(settings["project"]["nav"])) == sorted(pages)


def test_the_images_of_every_page_exist(repository: Path) -> None:
    missing = [
        f"{page.relative_to(repository)}: {target}"
        for page in sorted((repository / "docs").rglob("*.md"))
        for target in re.findall(r"!\[[^]]*\]\(([^)\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).is_file()
    ]
    assert missing == []
