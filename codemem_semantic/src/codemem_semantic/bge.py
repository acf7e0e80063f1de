"""bge-small-en-v1.5 through ONNX Runtime."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from codemem_core.api import InputError, NotFound
from codemem_semantic.weights import FILES, MODEL, checksum, fetch, folder_of

if TYPE_CHECKING:
    from codemem_core.api import Settings

# The model was trained with it before questions, and with nothing before passages.
_INSTRUCTION = "Represent this sentence for searching relevant passages: "
_MAX_TOKENS = 512
# Vectors of another file are not comparable, even of the same model in 8 bits.
_DIGITS = 12
_THREADS = 2


class Bge:
    """The model in `embedding_path`, loaded when it is first asked."""

    def __init__(self, settings: Settings) -> None:
        self._folder = folder_of(settings)
        # Some write the maker before it.
        self._name = (settings.text("embedding_model") or MODEL).rpartition("/")[2]
        self._loaded: tuple[Any, Any] | None = None
        self._model = ""
        self._lock = threading.Lock()

    @property
    def model(self) -> str:
        """Name of the model and begin of its file's checksum; raises `NotFound` without one."""
        if not self._model:
            self._check_files()
            self._model = f"{self._name}@{checksum(self._path('model.onnx'))[:_DIGITS]}"
        return self._model

    def install(self) -> Iterator[str]:
        """Download the pinned files that are not there, and check them.

        Raises `InputError` for a model whose files are not pinned: nobody could check them.
        """
        if self._name != MODEL:
            raise InputError(
                f"no checksum is known for model `{self._name}`: nothing is downloaded",
                hint=f"put model.onnx and tokenizer.json into `{self._folder}`",
            )
        yield from fetch(self._folder)

    def embed(self, texts: Sequence[str], *, query: bool = False) -> list[list[float]]:
        """Return unit vectors of 384 dimensions."""
        asked = [_INSTRUCTION + text for text in texts] if query else list(texts)
        with self._lock:  # one at a time: two cores are few
            return [_vector(*self._model_parts(), text) for text in asked]

    def _model_parts(self) -> tuple[Any, Any]:
        self._loaded = self._loaded or self._load()
        return self._loaded

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _check_files(self) -> None:
        missing = [name for name in FILES if not os.path.exists(self._path(name))]
        if missing:
            raise NotFound(
                f"no model in `{self._folder}`: {', '.join(missing)}",
                hint="codemem db embed --install, or set CODEMEM_EMBEDDING_PATH",
            )

    def _load(self) -> tuple[Any, Any]:
        self._check_files()
        import onnxruntime  # 0.3 s, and nothing before the first question needs it
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _THREADS
        tokenizer = Tokenizer.from_file(self._path("tokenizer.json"))
        session = onnxruntime.InferenceSession(
            self._path("model.onnx"), options, ["CPUExecutionProvider"]
        )
        tokenizer.enable_truncation(_MAX_TOKENS)
        return tokenizer, session


def _vector(tokenizer: Any, session: Any, text: str) -> list[float]:  # noqa: ANN401
    """Return one text's vector.

    Alone: in a batch the padding changes how the numbers are rounded to 8 bits, and a memory and a
    question must be measured alike.
    """
    import numpy as np

    read = tokenizer.encode(text)
    asked = {
        "input_ids": np.array([read.ids], np.int64),
        "attention_mask": np.array([read.attention_mask], np.int64),
        "token_type_ids": np.array([read.type_ids], np.int64),
    }
    first = session.run(None, asked)[0][0, 0]  # the vector of [CLS] stands for the text
    found: list[float] = (first / np.linalg.norm(first)).tolist()
    return found
