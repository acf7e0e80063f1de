"""Getting the model: pinned, checked, and only whole files under their names."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import PermanentError, TransientError
from codemem_semantic import weights
from codemem_semantic.weights import fetch, folder_of

CONTENT = {"/onnx/model_quantized.onnx": b"model", "/tokenizer.json": b"tokenizer"}


class Hub(BaseHTTPRequestHandler):
    """Serves two files."""

    def do_GET(self) -> None:
        """Answer with the file, or 404."""
        body = CONTENT.get(self.path.removeprefix("/at"), b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[str]:
    """Serve the files on loopback; yield where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/at/"
        server.shutdown()
        thread.join()


def pin(monkeypatch: pytest.MonkeyPatch, model: bytes, tokenizer: bytes) -> None:
    """Pin the checksums of other contents."""
    sums = {"model.onnx": model, "tokenizer.json": tokenizer}
    pinned = {name: hashlib.sha256(data).hexdigest() for name, data in sums.items()}
    monkeypatch.setattr(weights, "FILES", pinned)


def test_files_are_downloaded_once(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time they are there."""
    pin(monkeypatch, b"model", b"tokenizer")
    folder = tmp_path / "models"

    first = list(fetch(str(folder), source=hub))
    second = list(fetch(str(folder), source=hub))

    assert (folder / "model.onnx").read_bytes() == b"model"
    assert first == ["model.onnx downloaded", "tokenizer.json downloaded"]
    assert second == ["model.onnx is there", "tokenizer.json is there"]


def test_another_file_than_the_pinned_one_is_refused(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves nothing behind."""
    pin(monkeypatch, b"the right model", b"tokenizer")

    with pytest.raises(PermanentError, match="not the pinned file"):
        list(fetch(str(tmp_path / "models"), source=hub))

    assert os.listdir(tmp_path / "models") == []


def test_a_hub_that_does_not_answer_is_named(tmp_path: Path) -> None:
    """Port 9 of loopback: nobody listens."""
    with pytest.raises(TransientError, match=r"127\.0\.0\.1:9"):
        list(fetch(str(tmp_path / "models"), source="http://127.0.0.1:9/"))


def test_an_installed_package_may_bring_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked when no folder is configured, and before anything is downloaded."""
    package = tmp_path / "some_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    about = tmp_path / "some_weights-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[codemem.models]\nbge-small-en-v1.5 = some_weights\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert folder_of(Settings.load({})) == str(package)
    assert folder_of(Settings.load({"CODEMEM_EMBEDDING_PATH": "/mine"})) == "/mine"
