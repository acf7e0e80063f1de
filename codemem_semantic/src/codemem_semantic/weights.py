"""The model's files: which ones, where they are, and how to get them when a person asks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO

from codemem_core.api import PermanentError, TransientError, make_private_folder

if TYPE_CHECKING:
    from codemem_core.api import Settings

MODEL = "bge-small-en-v1.5"
"""The one model whose files are pinned; others are not downloaded."""
REVISION = "ea104dacec62c0de699686887e3f920caeb4f3e3"
FILES = {
    "model.onnx": "6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4",
    "tokenizer.json": "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
}
"""The files and their SHA-256, as several public projects have pinned them at that revision."""
SOURCE = f"https://huggingface.co/Xenova/{MODEL}/resolve/{REVISION}/"
_PATHS = {"model.onnx": "onnx/model_quantized.onnx", "tokenizer.json": "tokenizer.json"}
_MOST_BYTES = 64 * 1024 * 1024
_SILENCE_S = 30.0


def folder_of(settings: Settings) -> str:
    """Return where the model is: the configured folder, else an installed package that ships it.

    Such a package offers an entry point `bge-small-en-v1.5` in the group `codemem.models` that
    names the package with the files. Without one it is the default folder, which `fetch` fills.
    """
    if settings.where("embedding_path") == "default":
        for point in entry_points(group="codemem.models", name=MODEL):
            found = find_spec(point.value)
            if found is not None and found.submodule_search_locations:
                return found.submodule_search_locations[0]
    return settings.path("embedding_path")


def fetch(folder: str, *, source: str = SOURCE) -> Iterator[str]:
    """Download what `folder` lacks, yielding a line a file.

    A file stands under its name only after its checksum was right. Raises `TransientError` when the
    network fails, `PermanentError` for a file that is not the pinned one.
    """
    make_private_folder(folder)
    for name, pinned in FILES.items():
        path = os.path.join(folder, name)
        if os.path.exists(path) and checksum(path) == pinned:
            yield f"{name} is there"
            continue
        part = f"{path}.part"
        try:
            with open(part, "wb") as file:
                _download(source + _PATHS[name], file)
            if checksum(part) != pinned:
                raise PermanentError(f"not the pinned file: `{name}` from `{source}`")
            os.replace(part, path)
        finally:
            if os.path.exists(part):
                os.unlink(part)
        yield f"{name} downloaded"


def _download(url: str, file: BinaryIO) -> None:
    import httpx  # 150 ms, only here

    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_SILENCE_S) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                file.write(chunk)
                if file.tell() > _MOST_BYTES:
                    raise PermanentError(f"larger than any pinned file: `{url}`")
    except httpx.HTTPError as error:
        raise TransientError(f"cannot download `{url}`: {error}") from error


def checksum(path: str) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
