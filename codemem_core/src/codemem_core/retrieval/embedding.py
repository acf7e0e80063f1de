"""Meaning: memories that answer a question without sharing a word with it.

Needs an embedder, which lives in the server only. Without one everything here answers with nothing
and search goes by words.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, cast

from codemem_core.errors import CodememError, InputError, NotFound
from codemem_core.records.protocols import Installable, TextEmbedder
from codemem_core.retrieval import vectors
from codemem_core.retrieval.vectors import VectorIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import apsw

    from codemem_core.config.settings import Settings
    from codemem_core.plugins.registry import Plugins
    from codemem_core.records.seams import Embedder
    from codemem_core.store.engine.store import Store

log = logging.getLogger(__name__)

BATCH = 16
"""Texts embedded at once: more is not faster on two cores, and stopping waits for them."""
_LOOK_AGAIN_S = 30.0
_LIMIT_S = 30.0
"""A batch takes 1 s on two cores; a model that is loaded at the first call takes more."""
_MIN_CHARS = 3
_MAX_CHARS = 4000
"""More than the 512 tokens that small models read."""


class Meaning:
    """The chosen embedder and what it knows; `problem` says why there is none."""

    def __init__(self, plugins: Plugins, settings: Settings) -> None:
        """Choose the embedder that the settings name; it is loaded when it is first needed."""
        name = settings.text("embedder") or ""
        self._plugins = plugins
        self._record: Embedder | None = None
        self._made: TextEmbedder | None = None
        self._index: VectorIndex | None = None
        self._lock = threading.Lock()
        self.problem = ""
        """Empty while it works."""
        if settings.flag("embedding_disabled"):
            self.problem = "switched off: CODEMEM_EMBEDDING_DISABLED"
        elif name not in plugins.embedders():
            self.problem = f"no embedder `{name}` is installed"
        else:
            self._record = plugins.embedders()[name]

    @property
    def name(self) -> str | None:
        """The embedder's name, or None."""
        return self._record.name if self._record else None

    def afresh(self) -> Meaning:
        """Forget what was read of a database; the loaded model stays."""
        self._index = None
        return self

    def embed(self, texts: Sequence[str], *, query: bool = False) -> list[list[float]]:
        """Return a vector a text; raises `CodememError` when there is no embedder or it fails."""
        record, made = self._embedder()
        cut = [text[:_MAX_CHARS] for text in texts]
        ask = partial(_embedded, made, cut, query=query)
        return self._plugins.call(record, ask, limit_s=_LIMIT_S)

    def model(self) -> str:
        """Return name and revision of the model; raises `CodememError`."""
        return self._embedder()[1].model

    def near(self, db: apsw.Connection, text: str, *, project: str | None) -> dict[int, float]:
        """Return the cosine of memories near `text` by id; nothing when the embedder fails."""
        if self._record is None or len(text.strip()) < _MIN_CHARS:
            return {}
        try:
            vector = self.embed([text], query=True)[0]
            model = self.model()
            with self._lock:
                self._index = self._index or VectorIndex(model)
        except CodememError as error:
            self.note(error)
            return {}
        self.problem = ""
        return self._index.nearest(db, vector, project=project)

    def catch_up(self, store: Store) -> int:
        """Embed up to 16 memories that have no vector; return how many were tried.

        Raises `CodememError`. Whatever was written stays: the next call goes on from there.
        """
        model = self.model()
        with store.read() as db:
            waiting = vectors.missing(db, model, limit=BATCH)
        if waiting:
            found = self.embed([text for _, text in waiting])
            by_id = dict(zip((memory_id for memory_id, _ in waiting), found, strict=True))
            store.write(lambda db: vectors.add(db, model, by_id))
        return len(waiting)

    def install(self) -> Iterator[str]:
        """Download what the embedder needs, saying what it does; raises `CodememError`."""
        record, made = self._embedder()
        if not isinstance(made, Installable):
            raise InputError(f"embedder `{record.name}` has nothing to install")
        yield from made.install()

    def _embedder(self) -> tuple[Embedder, TextEmbedder]:
        if self._record is None:
            raise NotFound(f"cannot embed: {self.problem}", hint="pip install 'codemem[semantic]'")
        with self._lock:
            if self._made is None:
                self._made = cast("TextEmbedder", self._plugins.make(self._record))
        return self._record, self._made

    def note(self, error: CodememError) -> None:
        """Keep what is wrong, and log it when it is new."""
        if str(error) != self.problem:
            # Who has no model wants none, most often.
            level = logging.INFO if isinstance(error, NotFound) else logging.WARNING
            log.log(level, "search goes by words: %s", error)
        self.problem = str(error)


def _embedded(embedder: TextEmbedder, texts: Sequence[str], *, query: bool) -> list[list[float]]:
    """Return a vector a text; raises `TypeError` when something else comes back."""
    found = embedder.embed(texts, query=query)
    if not isinstance(found, list) or len(found) != len(texts) or not all(map(len, found)):
        raise TypeError(f"it gave no vector for each of {len(texts)} texts")
    return found


class EmbedWorker:
    """Embeds new memories in the background of a server, outside every request."""

    def __init__(self, store: Store, meaning: Meaning) -> None:
        self._store = store
        self._meaning = meaning
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="codemem-embed", daemon=True)

    def start(self) -> None:
        """Begin, unless there is no embedder at all."""
        if self._meaning.name:
            self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Stop after the batch that runs."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        self._warm_up()
        while not self._stop.is_set():
            if not self._embed_some():
                self._stop.wait(_LOOK_AGAIN_S)

    def _warm_up(self) -> None:
        """Load the model where there are vectors: the first prompt need not wait for it."""
        try:
            with self._store.read() as db:
                if vectors.any_of(db, self._meaning.model()):
                    self._meaning.embed(["ready"], query=True)
        except CodememError as error:
            self._meaning.note(error)

    def _embed_some(self) -> int:
        try:
            return self._meaning.catch_up(self._store)
        except CodememError as error:
            self._meaning.note(error)
            return 0
