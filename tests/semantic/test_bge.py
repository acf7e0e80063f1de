"""The embedder on this machine: without its files, and with them when a cache has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import InputError, NotFound
from codemem_core.testing import Rule, Subject
from codemem_core.testing.rules.embedders import RULES
from codemem_semantic.bge import Bge
from codemem_semantic.plugin import codemem_embedders


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    """Nothing is downloaded by itself."""
    bge = Bge(Settings.load({"CODEMEM_EMBEDDING_PATH": str(tmp_path)}))

    with pytest.raises(NotFound, match=r"model\.onnx, tokenizer\.json") as caught:
        bge.embed(["text"])

    assert "codemem db embed --install" in (caught.value.hint or "")


def test_a_model_nobody_can_check_is_not_downloaded(tmp_path: Path) -> None:
    """Without a checksum anything could come."""
    environ = {"CODEMEM_EMBEDDING_PATH": str(tmp_path), "CODEMEM_EMBEDDING_MODEL": "another"}
    bge = Bge(Settings.load(environ))

    with pytest.raises(InputError, match="no checksum is known for model `another`"):
        list(bge.install())


def test_vectors_are_named_after_the_file(bge_folder: str) -> None:
    """Another export of the same model makes other vectors."""
    bge = Bge(Settings.load({"CODEMEM_EMBEDDING_PATH": bge_folder}))

    assert bge.model == "bge-small-en-v1.5@68807e3ff2ab"


def test_no_text_needs_no_model(tmp_path: Path) -> None:
    """An empty batch is empty."""
    assert Bge(Settings.load({"CODEMEM_EMBEDDING_PATH": str(tmp_path)})).embed([]) == []


@pytest.mark.parametrize("rule", RULES)
def test_it_keeps_the_rules_of_its_seam(rule: Rule, bge_folder: str) -> None:
    """Those that we ask of others."""
    environ = {"CODEMEM_EMBEDDING_PATH": bge_folder}

    rule(Subject(record=next(iter(codemem_embedders())), environ=environ))


def test_what_means_the_same_is_near(bge_folder: str) -> None:
    """Unit vectors of 384 dimensions; a question is embedded with its instruction."""
    bge = Bge(Settings.load({"CODEMEM_EMBEDDING_PATH": bge_folder}))

    car, cake = bge.embed(["The automobile broke down.", "Bake the cake for an hour."])
    asked = bge.embed(["Why does my car not start?"], query=True)[0]

    def cosine(vector: list[float]) -> float:
        return sum(a * b for a, b in zip(asked, vector, strict=True))

    assert len(asked) == 384
    assert cosine(asked) == pytest.approx(1, abs=1e-3)
    assert cosine(car) > cosine(cake) + 0.1
