"""When a prompt gives no reason to speak."""

from __future__ import annotations

from collections.abc import Callable

import apsw
import pytest

from codemem_core.retrieval.pack.build import build_pack
from codemem_core.retrieval.pack.silence import reasons, worth_telling
from codemem_core.retrieval.search import search

Remember = Callable[..., int]


@pytest.mark.parametrize(
    "prompt",
    [
        "yes, go ahead",
        "commit and push",
        "Danke, mach weiter bitte",
        "sí, gracias",
        "merci, continue",
        "спасибо, продолжай",
        "好的 继续 运行测试吧",
        "ありがとうございます、続けてください",
        "3",
        "q",
        "https://example.com/shop/pull/188#review-3836592263",
    ],
)
def test_small_talk_is_no_reason(prompt: str) -> None:
    """Thanks, go-aheads and routine orders, in any language."""
    assert reasons(prompt) == []


def test_what_is_asked_about_is_a_reason() -> None:
    """The words that are left say what to look for."""
    assert reasons("please fix the VAT rounding") == ["vat", "rounding"]
    assert reasons("修复 发票舍入") == ["发票", "票舍", "舍入"]


def test_routine_orders_are_told_nothing(db: apsw.Connection, remember: Remember) -> None:
    """However often the memories say "commit"; who asks for a pack gets one."""
    for n in range(3):
        remember(f"Commit and push after tests {n}", "Run the tests, then commit.")

    assert build_pack(db, "run the tests, commit and push", injected=True).text == ""
    assert build_pack(db, "run the tests, commit and push").text != ""


def test_one_common_word_is_no_reason(db: apsw.Connection, remember: Remember) -> None:
    """Two are, and so is an identifier."""
    remember("Object cache", "The object cache of `parseInvoice` lives a minute.")

    assert build_pack(db, "which kubernetes object for a nightly job", injected=True).text == ""
    assert build_pack(db, "how long does the object cache live", injected=True).items
    assert build_pack(db, "parseInvoice returns nothing", injected=True).items


def test_a_session_does_not_crowd_out_others(db: apsw.Connection, remember: Remember) -> None:
    """At most two memories of it are injected."""
    for n in range(4):
        remember(f"Lease renewal step {n}", "The lease renewal waits.", session=1)
    other = remember("Lease renewal fails", "The lease renewal waits.", session=2)

    told = build_pack(db, "why does the lease renewal wait", injected=True).items

    assert other in {hit.id for hit in told}
    assert sum(hit.session_id == 1 for hit in told) == 2


def test_where_an_answer_is_hardly_likely_two_words_of_many_are_no_reason(
    db: apsw.Connection, remember: Remember
) -> None:
    """The words that say what it is about are unknown here."""
    remember("Set the module path in the compiler options", "and nowhere else")
    asked = reasons("set up a Terraform module for an Azure Kubernetes cluster")
    found = search(db, " ".join(asked), limit=8)
    found.confidence = 0.3

    assert worth_telling(found, found, asked) == []
    assert worth_telling(found, found, ["set", "module"]) == found


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("yes, go ahead", "it asks for nothing"),
        ("rewrite the bootloader", "no memory has one of its words: rewrite, bootloader"),
        ("the rounding of prices in the shop and on labels", "and 0.99 is needed"),
    ],
)
def test_silence_has_a_reason(
    db: apsw.Connection, remember: Remember, prompt: str, why: str
) -> None:
    """A person can ask why nothing was injected."""
    remember("The VAT rounding is done once per invoice", "as the auditors want it")

    pack = build_pack(db, prompt, injected=True, least_confidence=0.99)

    assert pack.text == ""
    assert why in pack.silence


def test_what_was_given_before_is_a_reason_for_silence(
    db: apsw.Connection, remember: Remember
) -> None:
    """Nothing is injected twice into a session."""
    number = remember("The VAT rounding is done once per invoice", "as the auditors want it")

    pack = build_pack(db, "the VAT rounding per invoice", injected=True, known={str(number)})

    assert pack.silence == "everything that fits was given to this session before"


def test_a_slash_command_is_an_order_to_the_host(db: apsw.Connection, remember: Remember) -> None:
    """What stands behind it may ask for something."""
    remember("The plan phase reads the roadmap", "before it writes the tasks")

    assert build_pack(db, "/plan:phase", injected=True).text == ""
    assert build_pack(db, "/ask which phase reads the roadmap", injected=True).text


def test_beside_the_best_everyday_words_are_no_reason(
    db: apsw.Connection, remember: Remember
) -> None:
    """Two words that half of the memories have tell nothing."""
    for number in range(30):
        remember(f"Worker {number} keeps the lease", "as usual", session=number)
    best = remember("The lease of the reaper worker lasts a minute", "at most", session=99)
    found = search(db, "how long is the lease of the reaper worker", limit=8)

    assert [hit.id for hit in worth_telling(found, found, ["lease", "reaper", "worker"])] == [best]
