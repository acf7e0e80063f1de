"""Reasoning is cut away before a reply is read."""

import pytest

from codemem_core.distil.reasoning import without_reasoning

DRAFT = "<observation><title>DRAFT</title><narrative>d</narrative></observation>"
ANSWER = "<observation><title>T</title><narrative>n</narrative></observation>"


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>{DRAFT}</think>{ANSWER}",
        f"Sure.\n<think lang='en'>{DRAFT}</think>{ANSWER}",
        f"hm {DRAFT} no.\n</think>\n{ANSWER}",
        f"<observation><title>DRAFT</title><narrative>no, wait</think>{ANSWER}",
        f"<think>a<think>{DRAFT}</think>b {DRAFT}</think>{ANSWER}",
        f"<think>a</think>{DRAFT}</think>{ANSWER}",
        f"<Thinking>{DRAFT}</Thinking>{ANSWER}<thought>{DRAFT}</thought>",
        f"<seed:think>{DRAFT}</seed:think>{ANSWER}",
        f"[THINK]{DRAFT}[/THINK]{ANSWER}",
        f"<|START_THINKING|>{DRAFT}<|END_THINKING|>{ANSWER}",
        f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>{ANSWER}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
        f"analysisWe may write {DRAFT}assistantfinal{ANSWER}",
        'Maybe {"observations": [{"title": "DRAFT"}]}</think>{"observations": [{"title": "T"}]}',
    ],
)
def test_drafts_are_cut_away(reply: str) -> None:
    """Whatever a server leaves of the marks around them."""
    answer = without_reasoning(reply)

    assert "DRAFT" not in answer
    assert answer.strip(" \nSure.").startswith((ANSWER, "{"))


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>{DRAFT}",
        f"{DRAFT}</think>",
        f"<|channel|>analysis<|message|>{DRAFT}",
        f"analysisWe may write {DRAFT}",
    ],
)
def test_reasoning_that_never_ends_is_no_answer(reply: str) -> None:
    """The limit of tokens came first."""
    assert without_reasoning(reply).strip() == ""


@pytest.mark.parametrize(
    "reply",
    [
        ANSWER,
        ANSWER.replace("n</n", "it cuts before </think> now</n"),
        ANSWER.replace("n</n", "models emit <think>x</think> first</n"),
        ANSWER.replace("n</n", "a lone <think> breaks it</n") + ANSWER,
        '{"observations": [{"title": "it cuts before </think>", "narrative": "n"}]}',
    ],
)
def test_a_tag_that_an_answer_quotes_is_text(reply: str) -> None:
    """Sessions about models speak of such tags."""
    assert without_reasoning(reply) == reply


def test_a_megabyte_of_marks_ends() -> None:
    """Every step looks at each character a bounded number of times."""
    assert without_reasoning("<think></think>" * 70_000) == ""
