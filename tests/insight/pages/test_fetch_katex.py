"""The script that brings KaTeX: nothing but the pinned release gets into the package."""

import importlib.util
import io
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from trivium.insight.rendering import katex


@pytest.fixture
def script(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, writing into a folder of its own."""
    spec = importlib.util.spec_from_file_location(
        "fetch_katex", repository / "scripts" / "fetch_katex.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", tmp_path / "assets" / "katex")
    return module


def archive(**files: bytes) -> bytes:
    """A package as the registry has them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_it_writes_where_the_package_looks(repository: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        "fetch_katex", repository / "scripts" / "fetch_katex.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FOLDER.resolve() == katex.FOLDER.resolve()
    assert katex.katex([]).version == module.VERSION


def test_an_archive_that_is_another_one_is_refused(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "katex.tgz"
    other.write_bytes(archive(**{"package/dist/katex.min.js": b"evil()"}))
    assert script.main([str(other)]) == 1
    assert not script.FOLDER.exists()
    said = capsys.readouterr().err
    assert "SHA-512" in said and "scripts/fetch_katex.py" in said


def test_only_what_a_page_needs_is_unpacked(script: ModuleType) -> None:
    wanted = {"LICENSE", "katex.min.js", "katex.min.css", "fonts/KaTeX_AMS-Regular.woff2"}
    files = {f"package/{'' if name == 'LICENSE' else 'dist/'}{name}": b"x" for name in wanted}
    more = ("package/dist/katex.js", "package/dist/fonts/../../../../evil.woff2",
            "package/dist/fonts/KaTeX_AMS-Regular.ttf", "/etc/katex.min.js")  # fmt: skip
    script.FOLDER.mkdir(parents=True)
    (script.FOLDER / "old").touch()
    script.unpack(archive(**files, **dict.fromkeys(more, b"no")), script.FOLDER)
    found = {
        each.relative_to(script.FOLDER).as_posix()
        for each in script.FOLDER.rglob("*")
        if each.is_file()
    }
    assert found == wanted | {"VERSION"}
    assert [each.name for each in script.FOLDER.parent.iterdir()] == ["katex"]
    assert script.fetched()


def test_a_registry_that_does_not_answer_is_named(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    monkeypatch.setattr(script, "ADDRESS", (tmp_path / "nowhere.tgz").as_uri())
    assert script.main([]) == 1
    assert "nowhere.tgz cannot be read" in capsys.readouterr().err


def test_without_npm_the_address_of_the_registry_is_asked(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = archive(**{"package/LICENSE": b"MIT"})
    (tmp_path / "katex.tgz").write_bytes(made)
    digest = script.base64.b64encode(script.hashlib.sha512(made).digest()).decode()
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    monkeypatch.setattr(script, "ADDRESS", (tmp_path / "katex.tgz").as_uri())
    monkeypatch.setattr(script, "SHA512", digest)
    assert script.main([]) == 0
    assert (script.FOLDER / "LICENSE").read_bytes() == b"MIT"


def test_an_npm_that_fails_is_quoted(script: ModuleType, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'E404 not there' >&2\nexit 1\n", encoding="utf-8")
    npm.chmod(0o755)
    with pytest.raises(script.FetchError, match="E404 not there"):
        script.through_npm(str(npm))
