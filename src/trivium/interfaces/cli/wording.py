"""Messages that speak of Python's arguments, in the words of the command line."""

from __future__ import annotations

import re
import shlex

__all__ = ["for_the_shell", "quoted_word"]

_LISTS = re.compile(r"\b(drop|keep|categories|missing)=\[((?:'[^']*'|\"[^\"]*\")(?:, )?)+\]")
_ITEM = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_OPTIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\bdecimal=(['\"])([.,])\1", r"--decimal \2"),
        (r"\b(delimiter|target|sample_weight)=…", r"--\1 …"),
        (r"\bnames=\[…\]", "--names NAME,NAME,…"),
        (r"\bstratify=False", "--no-stratify"),
        (r"\bdetail='(\w+)'", r"--detail \1"),
        (r"\bbatch_size=(\d+)", r"--batch-size \1"),
        (r"\bvalidation=([\d.]+)", r"--validation \1"),
        (r"--sample_weight", "--weight"),
        (r", or pass a pair of arrays \(x, y\)", ""),
        (r" For a file use tv\.data\.read\([^)]*\)\.", ""),
        (r" \(in Python: [^)]*\)", ""),
        (r"\n +(made by )?your line: [^\n]*", ""),
        (r"\bseed is\b", "--seed is"),
        (r"\bepochs must\b", "--epochs must"),
        (r"\btv\.algorithms\.DeltaRule\(\)", "--algorithm delta-rule"),
    )
)


def for_the_shell(message: str) -> str:
    """``message`` with Python's keyword arguments written as options."""
    message = _LISTS.sub(_as_options, message)
    for pattern, words in _OPTIONS:
        message = pattern.sub(words, message)
    return message


def _as_options(found: re.Match[str]) -> str:
    name = found.group(1)
    items = [single or double for single, double in _ITEM.findall(found.group(0))]
    return " ".join(f"--{name} {quoted_word(item)}" for item in items)


def quoted_word(word: str) -> str:
    """``word`` as the shell wants it."""
    return shlex.quote(word)
