"""Every sentence that people are shown exists in every language."""

from __future__ import annotations

import ast
import gettext
import importlib.util
import io
import re
from pathlib import Path

import pytest

from trivium.engine.errors import ArgumentError
from trivium.insight import words

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "src" / "trivium").rglob("*.py"))


def _script():
    path = ROOT / "scripts" / "compile_translations.py"
    spec = importlib.util.spec_from_file_location("compile_translations", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compile_translations = _script()


def _catalogue(language: str) -> dict[str, str]:
    path = words.CATALOGUES / language / "LC_MESSAGES" / "trivium.po"
    return compile_translations.read(path.read_text(encoding="utf-8"))


def _literal(node: ast.expr) -> str | None:
    return (
        node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
    )


def asked_for() -> dict[str, str]:
    """Sentences that the source gives to ``_``, ``word`` or ``mark``, and where first."""
    found: dict[str, str] = {}
    for path in SOURCES:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name not in {"_", "mark", "word"}:
                continue
            place = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert not isinstance(call.args[0], ast.JoinedStr), (
                f"{place}: an f-string is a different sentence each time; translate the "
                "sentence with its {places} and format it then"
            )
            sentence = _literal(call.args[0])
            if sentence:
                found.setdefault(sentence, place)
    return found


LANGUAGES = [each for each in words.languages() if each != "en"]


def test_there_are_languages():
    assert words.languages()[:1] == ("en",)
    assert "zh" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_missing(language):
    known = _catalogue(language)
    missing = {
        sentence: place for sentence, place in asked_for().items() if not known.get(sentence)
    }
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_places_that_are_filled_in(language):
    for sentence, translation in _catalogue(language).items():
        if sentence:
            places = re.findall(r"\{\w*\}", sentence)
            assert sorted(places) == sorted(re.findall(r"\{\w*\}", translation)), sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogues_are_up_to_date(language):
    path = words.CATALOGUES / language / "LC_MESSAGES" / "trivium.mo"
    assert path.read_bytes() == compile_translations.compiled(_catalogue(language)), (
        "run python scripts/compile_translations.py"
    )


def test_compiled_catalogues_are_read_by_gettext():
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + (
        'msgid "a \\"b\\""\nmsgstr "甲"\n"乙\\n"\n\nmsgid "nothing yet"\nmsgstr ""\n'
    )
    catalogue = compile_translations.read(text)
    assert catalogue['a "b"'] == "甲乙\n"
    found = gettext.GNUTranslations(io.BytesIO(compile_translations.compiled(catalogue)))
    assert found.gettext('a "b"') == "甲乙\n"
    assert found.gettext("nothing yet") == "nothing yet"
    assert found.gettext("never heard of") == "never heard of"


@pytest.mark.parametrize(
    "text",
    ['msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"\n', "msgid a\n", "what\n", '"a"\n'],
)
def test_broken_catalogues_are_refused(text):
    with pytest.raises((ValueError, SyntaxError)):
        compile_translations.read(text)


def test_english_is_the_sentence_itself():
    assert words.translator("en")("loss") == "loss"


def test_unknown_languages_are_refused_with_those_there_are():
    with pytest.raises(ArgumentError, match=r"'xx'.*en, zh"):
        words.translator("xx")
