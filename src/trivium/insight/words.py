"""Words in the reader's language, from gettext catalogues.

The English sentence is the key of its translation. Code that shows a sentence asks a translator
for it, ``_("sentence")``; a table of sentences marks them with ``mark``. A test collects both and
fails for any sentence that a catalogue lacks. Catalogues are ``locale/<language>/LC_MESSAGES/
trivium.po``; ``scripts/compile_translations.py`` compiles them.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from trivium.engine.errors import ArgumentError

__all__ = ["CATALOGUES", "languages", "mark", "translator"]

#: Where the catalogues lie, one folder per language.
CATALOGUES = Path(__file__).parent / "locale"


def mark(sentence: str) -> str:
    """``sentence`` itself: says that it is translated where it is shown."""
    return sentence


def languages() -> tuple[str, ...]:
    """The languages that there are, English first."""
    return ("en", *sorted(each.parent.parent.name for each in CATALOGUES.glob("*/*/*.mo")))


@lru_cache
def translator(lang: str) -> Callable[[str], str]:
    """The function that puts an English sentence of this package into the language ``lang``.

    Raises ArgumentError for a language without a catalogue.
    """
    if lang == "en":
        return mark
    if lang not in languages():
        raise ArgumentError(
            f"there are no words in the language {lang!r}; the languages are "
            f"{', '.join(languages())}"
        )
    return gettext.translation("trivium", CATALOGUES, [lang]).gettext
