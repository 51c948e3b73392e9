"""``trivium derive``: the forward and backward pass of a run or a model as equations."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trivium.learning.data.words import counted
from trivium.learning.errors import RequestError

from .records import check_is_run
from .running import DONE
from .sources import Reading, open_data, read_like
from .terminal import emit_json, note, terminal_width
from .wording import for_the_shell

if TYPE_CHECKING:
    from trivium.insight import Derivation
    from trivium.learning.data import Dataset

__all__ = ["DeriveRequest", "derive_command"]

# A rendering by the ending of its file; the first ending of each is the one that is advised.
_ENDINGS = {
    ".txt": "text",
    ".tex": "latex",
    ".html": "html",
    ".py": "python",
    ".htm": "html",
}


@dataclass(frozen=True)
class DeriveRequest:
    """What ``trivium derive`` was asked."""

    subject: str
    data: str | None = None
    target: str | None = None
    objective: str | None = None
    features: int | None = None
    outputs: int | None = None
    example: int | None = None
    format: str | None = None
    lang: str = "en"
    out: str | None = None
    json: bool = False
    reading: Reading = field(default_factory=Reading)


def derive_command(request: DeriveRequest) -> int:
    """Derive, and print or write the equations; returns the exit code."""
    kind = _format(request)
    _check_reading(request)
    run = _run(request)
    derivation = _of_model(request) if run is None else _of_run(request, run)
    text = _rendered(derivation, kind, request)
    if kind == "python":
        _note_what_is_left_out(request, derivation)
    if request.out is not None:
        from trivium.learning.runs.files import replace_file

        replace_file(Path(request.out), [text.encode("utf-8")])
    if request.json:
        emit_json(_record(request, derivation, kind, text))
    elif request.out is None:
        print(text.rstrip("\n"))
    else:
        equations = counted(len(derivation.equations), "equation")
        print(f"{equations} as {_WORDS[kind]}: {request.out}{_hint(kind, request.out)}")
    return DONE


def _note_what_is_left_out(request: DeriveRequest, derivation: Derivation) -> None:
    """A program holds no remarks and no numbers."""
    for each in derivation.notes:
        note(for_the_shell(str(each)))
    if request.lang != "en":
        note("--lang: a program holds formulas only, which are the same in every language")


_WORDS = {"text": "text", "latex": "LaTeX", "html": "a page", "python": "a NumPy program"}


def _hint(kind: str, out: str) -> str:
    """What to do with the file."""
    words = {"latex": f" (xelatex {out})", "html": " (open it in a browser)"}
    return words.get(kind, "")


def _format(request: DeriveRequest) -> str:
    """The rendering: --format, else by the ending of --out, else text."""
    if request.out is None:
        return request.format or "text"
    folder = os.path.dirname(os.path.abspath(request.out))
    ending = os.path.splitext(request.out)[1].lower()
    by_ending = _ENDINGS.get(ending)
    if by_ending is None or request.format not in (None, by_ending):
        asked = f" with --format {request.format}" if request.format else ""
        endings = ", ".join(f"{each} ({kind})" for each, kind in _ENDINGS.items())
        raise RequestError(
            f"--out {request.out}{asked}: the ending says what is written: {endings}"
        )
    if not os.path.isdir(folder):
        raise RequestError(f"--out {request.out}: the folder {folder} does not exist")
    if os.path.isdir(request.out):
        raise RequestError(f"--out {request.out} is a folder: give the name of a file in it")
    return by_ending


def _check_reading(request: DeriveRequest) -> None:
    if request.data is not None:
        return
    given = request.reading.options()
    if request.target is not None:
        given = {"target": request.target, **given}
    if given:
        raise RequestError(f"--{next(iter(given))} is for reading DATA, which is not given")


def _run(request: DeriveRequest) -> str | None:
    """The run that is meant, None if it is a model in its text form.

    Raises RequestError for what is neither.
    """
    from trivium.learning.specification import parse_model

    try:
        return check_is_run(request.subject)
    except RequestError as error:
        if os.path.exists(request.subject) or os.path.sep in request.subject:
            raise
        try:
            parse_model(request.subject)
        except RequestError as refused:
            raise RequestError(
                f"{request.subject!r} is neither a run nor a model. As a model: {refused}. As a "
                f"run: {error}"
            ) from error
        return None


def _of_run(request: DeriveRequest, path: str) -> Derivation:
    for name in ("objective", "features", "outputs", "target"):
        if getattr(request, name) is not None:
            raise RequestError(
                f"--{name} is for a model; the run {path} knows it from its fit: leave it out"
            )
    from trivium.learning.data import reload
    from trivium.learning.fit import load

    fit = load(path)
    data: Dataset | None = None
    if request.data is not None:
        data = read_like(fit.data_source, request.data, request.reading)
    elif request.example is not None:
        data = reload(fit.data_source)
    if data is not None and request.example is not None:
        data = _with_first(data, request.example)
    return _deriving(request)(fit, data=data)


def _of_model(request: DeriveRequest) -> Derivation:
    from trivium.learning.specification import parse_model, parse_objective

    model = parse_model(request.subject)
    asked = request.objective
    objective = None if asked is None else parse_objective(asked)
    if request.data is None:
        return _of_sizes(request, model, objective)
    for name in ("features", "outputs"):
        if getattr(request, name) is not None:
            raise RequestError(f"--{name} is what DATA say by themselves: leave it out")
    data = open_data(
        request.data, request.target, request.reading, training=True, needs_target=True
    )
    if objective is None:
        from trivium.learning.defaults import recommend

        objective = recommend(data, model).objective
    if request.example is not None:
        # The classes are those of all rows; the numbers are those of the first.
        data = _with_first(data, request.example)
    return _deriving(request)(model, objective, data)


def _of_sizes(request: DeriveRequest, model: Any, objective: Any) -> Derivation:
    from trivium.insight import derive

    if request.example is not None:
        raise RequestError(
            f"--example {request.example} is a row of DATA, which are not given: trivium derive "
            f"{request.subject} DATA --example {request.example}"
        )
    if objective is None:
        raise RequestError(
            "a derivation starts at a loss: say --objective squared-error, or "
            "--objective cross-entropy, or give DATA, from which one is chosen"
        )
    if request.features is None:
        raise RequestError(
            "the sizes of a model follow the data: give DATA, or say how many features there "
            "are, for example --features 4"
        )
    return derive(
        model, objective, features=request.features, outputs=_outputs(request, objective)
    )


def _outputs(request: DeriveRequest, objective: Any) -> int | None:
    """How many outputs the model has; None for a vector, one number for each example."""
    count = request.outputs
    classes = objective.task == "classification"
    if count is None:
        if classes and objective.n_outputs(3) is not None:
            raise RequestError(
                f"{objective!r} is about classes: say how many there are, for example --outputs 3"
            )
        count = 2 if classes else 1
    found: int | None = objective.n_outputs(count, 1 if classes or count == 1 else 2)
    return found


def _with_first(data: Dataset, row: int) -> Dataset:
    """``data`` with the row whose numbers are wanted in front."""
    if not 0 <= row < len(data):
        raise RequestError(
            f"--example {row}: the data have {counted(len(data), 'row')}, counted from 0, so the "
            f"last is {len(data) - 1}"
        )
    return data.take([row, *(i for i in range(len(data)) if i != row)])


def _deriving(request: DeriveRequest) -> Callable[..., Derivation]:
    """``derive``, for the numbers of one row if one was asked for."""
    from trivium.insight import derive

    return derive if request.example is None else partial(derive, examples=1)


def _rendered(derivation: Derivation, kind: str, request: DeriveRequest) -> str:
    if kind == "python":
        return derivation.python()
    if kind == "text":
        width = None if request.out is not None else terminal_width()
        return derivation.text(lang=request.lang, width=width)
    if kind == "latex":
        return derivation.latex(lang=request.lang)
    return derivation.html(lang=request.lang)


def _record(
    request: DeriveRequest, derivation: Derivation, kind: str, text: str
) -> dict[str, Any]:
    from trivium.insight.words import translator

    return {
        "subject": request.subject,
        "model": derivation.model,
        "objective": derivation.objective,
        "data": request.data,
        "example": request.example,
        "format": kind,
        "lang": request.lang,
        "out": request.out,
        "forward": len(derivation.forward),
        "backward": len(derivation.backward),
        "gradients": {path: each.text for path, each in derivation.gradients.items()},
        "checks": _checks(derivation),
        "notes": [each.said(translator(request.lang)) for each in derivation.notes],
        "text": text if request.out is None else None,
    }


def _checks(derivation: Derivation) -> dict[str, float] | None:
    """The relative difference of every parameter's gradient to finite differences."""
    if not derivation.has_data:
        return None
    numbers = derivation.numbers()
    found = {path: numbers.check(each) for path, each in derivation.gradients.items()}
    return {path: each.relative for path, each in found.items() if each is not None}
