"""Names, strings and comments of generated Python: whatever users call things, code stays code."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable

__all__ = ["Names", "comment", "printable", "quoted"]

_LONGEST = 24


class Names:
    """Identifiers of one piece of source, each given out once."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self.taken = set(reserved)
        self._last: dict[str, int] = {}

    def fresh(self, wish: str) -> str:
        """``wish`` as an identifier that nothing else has: perhaps with a number behind it."""
        name = _identifier(wish)
        found, count = name, 2
        while found in self.taken:
            found, count = f"{name}_{count}", count + 1
        self.taken.add(found)
        return found

    def numbered(self, stem: str) -> str:
        """The next free one of ``stem1``, ``stem2``, …"""
        count = self._last.get(stem, 0) + 1
        while f"{stem}{count}" in self.taken:
            count += 1
        self._last[stem] = count
        self.taken.add(f"{stem}{count}")
        return f"{stem}{count}"


def _identifier(wish: str) -> str:
    """The identifier nearest to ``wish``, in the form in which Python compares identifiers."""
    kept = "".join(
        each if f"a{each}".isidentifier() else "_"
        for each in unicodedata.normalize("NFKC", wish)
    )
    kept = unicodedata.normalize("NFKC", kept)[:_LONGEST].strip("_")
    if not kept:
        kept = "value"
    if not kept.isidentifier():
        kept = f"v{kept}"
    return f"{kept}_" if keyword.iskeyword(kept) or keyword.issoftkeyword(kept) else kept


def quoted(text: str) -> str:
    """``text`` as a string literal, in double quotes unless single ones need fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{_escaped(text).replace(quote, chr(92) + quote)}{quote}"


def _escaped(text: str) -> str:
    return printable(text.replace("\\", "\\\\"))


def printable(text: str) -> str:
    """``text`` on one line, with what cannot be seen written as an escape."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def comment(text: str) -> str:
    """``text`` as a comment: one line, whatever is in it."""
    return f"# {printable(text)}".rstrip()
