#!/usr/bin/env python3
"""Compile every translation catalogue, the same bytes from the same words.

python scripts/compile_translations.py          write trivium.mo beside each trivium.po
python scripts/compile_translations.py --check  only say which are not up to date
"""

from __future__ import annotations

import ast
import struct
import sys
from pathlib import Path

CATALOGUES = Path(__file__).parent.parent / "src" / "trivium" / "insight" / "locale"
_MAGIC, _HEADER = 0x950412DE, 7 * 4


def read(text: str) -> dict[str, str]:
    """The words of a catalogue: sentence → translation, the header under the empty sentence.

    Raises ValueError for a line that is neither comment, msgid, msgstr nor the rest of one, and
    for a sentence that is there twice.
    """
    found: dict[str, str] = {}
    parts = {"msgid": "", "msgstr": ""}
    field = ""

    def keep(line: int) -> None:
        if parts["msgid"] in found:
            raise ValueError(f"line {line}: {parts['msgid']!r} is translated twice")
        found[parts["msgid"]] = parts["msgstr"]

    for number, line in enumerate(text.splitlines(), 1):
        word, _, rest = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        if word in parts:
            if word == "msgid":
                if field:
                    keep(number)
                parts["msgstr"] = ""
            field, parts[word] = word, ast.literal_eval(rest)
        elif word.startswith('"') and field:
            parts[field] += ast.literal_eval(line.strip())
        else:
            raise ValueError(f"line {number} is not understood: {line}")
    if field:
        keep(number)
    return found


def compiled(words: dict[str, str]) -> bytes:
    """The binary catalogue (GNU gettext manual, section "The Format of GNU MO Files")."""
    pairs = sorted(
        (key.encode(), value.encode()) for key, value in words.items() if value or not key
    )
    count = len(pairs)
    first = _HEADER + 16 * count
    tables, data = [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<II", len(pair[side]), first + len(data))
            data += pair[side] + b"\0"
    header = struct.pack(
        "<7I", _MAGIC, 0, count, _HEADER, _HEADER + 8 * count, 0, _HEADER + 16 * count
    )
    return header + tables[0] + tables[1] + data


def main(arguments: list[str]) -> int:
    """Compile, or check, every catalogue; 1 when one was not up to date and only checked."""
    stale = 0
    for source in sorted(CATALOGUES.glob("*/LC_MESSAGES/trivium.po")):
        target = source.with_suffix(".mo")
        new = compiled(read(source.read_text(encoding="utf-8")))
        if not target.exists() or target.read_bytes() != new:
            stale += 1
            if "--check" in arguments:
                print(f"{target} is not up to date; run python {sys.argv[0]}")
            else:
                target.write_bytes(new)
                print(f"compiled {target}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
