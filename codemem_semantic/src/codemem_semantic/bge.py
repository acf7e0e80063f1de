"""bge-small-en-v1.5 through ONNX Runtime."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from codemem_core.errors import NotFound
from codemem_semantic.weights import FILES, REVISION, fetch

if TYPE_CHECKING:
    from codemem_core.settings import Settings

# The model was trained with it before questions, and with nothing before passages.
_INSTRUCTION = "Represent this sentence for searching relevant passages: "
_MAX_TOKENS = 512
_THREADS = 2


class Bge:
    """The model in `embedding_path`, loaded when it is first asked."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.path("embedding_path")
        self._name = settings.text("embedding_model") or "bge-small-en-v1.5"
        self._loaded: tuple[Any, Any] | None = None
        self._lock = threading.Lock()

    @property
    def model(self) -> str:
        """Name and revision of the model."""
        return f"{self._name}@{REVISION}"

    def install(self) -> Iterator[str]:
        """Download the pinned files that are not there, and check them."""
        yield from fetch(self._folder)

    def embed(self, texts: Sequence[str], *, query: bool = False) -> list[list[float]]:
        """Return unit vectors of 384 dimensions."""
        asked = [_INSTRUCTION + text for text in texts] if query else list(texts)
        with self._lock:  # one at a time: two cores are few
            return [_vector(*self._model_parts(), text) for text in asked]

    def _model_parts(self) -> tuple[Any, Any]:
        self._loaded = self._loaded or self._load()
        return self._loaded

    def _load(self) -> tuple[Any, Any]:
        missing = [name for name in FILES if not os.path.exists(os.path.join(self._folder, name))]
        if missing:
            raise NotFound(
                f"no model in `{self._folder}`: {', '.join(missing)}",
                hint="codemem embed --install, or set CODEMEM_EMBEDDING_PATH",
            )
        import onnxruntime  # 0.3 s, and nothing before the first question needs it
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _THREADS
        tokenizer = Tokenizer.from_file(os.path.join(self._folder, "tokenizer.json"))
        session = onnxruntime.InferenceSession(
            os.path.join(self._folder, "model.onnx"), options, ["CPUExecutionProvider"]
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
