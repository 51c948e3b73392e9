"""From arguments to an exit code: every failure becomes one message."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .terminal import complain, note, prepare_streams, say, silence_stdout

__all__ = ["DONE", "FAILED", "INTERRUPTED", "WRONG", "debugging", "run"]

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def debugging() -> bool:
    """Whether TRIVIUM_DEBUG asks for tracebacks."""
    return os.environ.get("TRIVIUM_DEBUG", "") not in ("", "0")


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    prepare_streams()
    try:
        if arguments == ["--version"]:
            from trivium import __version__

            print(__version__)
        else:
            with _terminable(), _plain_warnings():
                code = _call(arguments)
            sys.stdout.flush()
            return code
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has read enough (trivium runs | head).
        silence_stdout()
    except SystemExit as stop:
        # How rich answers a broken pipe, and argument parsers some requests.
        if isinstance(stop.__context__, BrokenPipeError):
            silence_stdout()
            return DONE
        return stop.code if isinstance(stop.code, int) else FAILED
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED
    except Exception as error:
        return _failed(error)
    return DONE


def _call(arguments: list[str]) -> int:
    from cyclopts import CycloptsError

    from .app import app

    try:
        result = app(
            arguments,
            print_error=False,
            exit_on_error=False,
            result_action="return_value",
        )
    except CycloptsError as error:
        return _refused(error)
    return result if isinstance(result, int) else DONE


def _refused(error: Any) -> int:
    """A command line that cannot be read."""
    command = " ".join(["trivium", *(error.command_chain or ())])
    complain(f"{_reason(error, command)} See: {command} --help")
    return WRONG


def _reason(error: Any, command: str) -> str:
    from cyclopts import MissingArgumentError, UnusedCliTokensError

    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"{error.unused_tokens[0]!r} is one argument too many for {command}."
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.keyword or error.argument.name
        return f"{name} needs a value." if name.startswith("-") else f"{command} needs {name}."
    error.verbose = False
    return str(error).strip()


def _failed(error: Exception) -> int:
    """The exit code of ``error``, after its message."""
    if debugging():
        import traceback

        traceback.print_exception(error)
    from trivium.engine.errors import TriviumError
    from trivium.learning.errors import DataError, RequestError

    from .wording import for_the_shell

    if isinstance(error, TriviumError):
        complain(for_the_shell(str(error)))
        return WRONG if isinstance(error, DataError | RequestError) else FAILED
    if isinstance(error, MemoryError):
        complain("There is not enough memory for this: use a smaller model, batch or table.")
    elif isinstance(error, OSError):
        name = f" ({error.filename})" if error.filename else ""
        complain(f"{error.strerror or error}{name}")
    else:
        complain(
            f"Something unexpected happened: {type(error).__name__}: {error} "
            "(TRIVIUM_DEBUG=1 shows where; please report it)"
        )
    return FAILED


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, so that what is half done is put in order."""
    number = getattr(signal, "SIGTERM", None)
    main = threading.current_thread() is threading.main_thread()
    if number is None or not main or signal.getsignal(number) is signal.SIG_IGN:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show Trivium's warnings as notes; those of libraries are no business of the user's."""

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        # A fit that met a NaN says so itself.
        if category.__module__.startswith("trivium") and category.__name__ == "RunWarning":
            note(str(message))

    with warnings.catch_warnings():
        if not debugging():
            warnings.simplefilter("always")
            warnings.showwarning = show
        yield
