"""The model's files: which ones, and how to get them when a person asks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import BinaryIO

from codemem_core.errors import PermanentError, TransientError
from codemem_core.paths import make_private_folder

REVISION = "int8-68807e3f"
"""Goes with the vectors: its end is the begin of the model file's checksum."""
FILES = {
    "model.onnx": "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
    "tokenizer.json": "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
}
"""The files and their SHA-256."""
SOURCE = "https://huggingface.co/Xenova/bge-small-en-v1.5/resolve/main/"
_PATHS = {"model.onnx": "onnx/model_quantized.onnx", "tokenizer.json": "tokenizer.json"}
_MOST_BYTES = 64 * 1024 * 1024
_SILENCE_S = 30.0


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
