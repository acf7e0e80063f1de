"""Which sentences of a prompt are rules."""

# ruff: noqa: RUF001 - what people type

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.distil.rule_grammar import grammar, grammar_of, languages
from codemem_core.distil.rules import MAX_RULES, rules_in

RULES = (
    "Always run the formatter before you commit.",
    "Never force-push to shared branches.",
    "From now on, answer in one paragraph.",
    "I'd rather have small commits than big ones.",
    "Remember that the demo server sleeps at night.",
    "Keep in mind that the API allows ten requests a second.",
    "We use Bun here, not Node.",
    "No, the port is set in ports.yml, not in the code.",
    "For release notes, use the past tense.",
    "How many times do I have to say it: use UTC everywhere, not local time.",
    "Once more: spell it with one l, not with two.",
    "Bitte immer die Tests laufen lassen, bevor du committest.",
    "Falsch, die Konfiguration liegt in conf/, nicht in config/.",
    "No uses nunca print para depurar.",
    "Ici on écrit les tests avec vitest, pas avec jest.",
    "A partir de agora escreve os commits em inglês.",
    "Usa sempre pnpm, mai npm.",
    "Onthoud dat de testserver op maandag leeg is.",
    "Мы здесь используем Gradle, а не Maven.",
    "提交信息必须用英文，不要用中文。",
    "mainブランチには絶対に直接プッシュしないでください。",
    "여기서는 Maven 말고 Gradle을 사용합니다.",
)
NO_RULES = (
    "Please take care of this: the logs do not arrive, because the token only reads.",
    "The tests never finish on my laptop.",
    "Why do we always rebuild everything?",
    "For now use the old endpoint.",
    "Run the export once more, but only for March.",
    "Führe den Export noch einmal aus, aber nur für März.",
    "Ejecuta la exportación de nuevo, pero solo para marzo.",
    "Lance l'export encore une fois, mais seulement pour mars.",
    "No, I meant the other branch.",
    "Don't commit yet.",
    "Never mind.",
    "The docs recommend to always close the file.",
    'What does "always lock first" mean?',
    "It should return 404 instead of 500.",
    "Das funktioniert immer noch nicht.",
    "¿Siempre tarda tanto?",
    "Je n'ai jamais compris ce module.",
    "Non funziona mai.",
    "Это никогда не работает.",
    "这个接口永远返回空。",
    "今回だけmainにプッシュしてください。",
    "이 테스트는 항상 실패해요.",
)


@pytest.mark.parametrize("sentence", RULES)
def test_what_holds_from_now_on_is_a_rule(sentence: str) -> None:
    """It is kept whole, in every language that has a grammar."""
    assert [rule.text for rule in rules_in(sentence)] == [sentence]


@pytest.mark.parametrize("sentence", NO_RULES)
def test_what_speaks_of_one_occasion_or_describes_is_no_rule(sentence: str) -> None:
    """Symptoms, questions, quotes and orders for now are not told to later sessions."""
    assert rules_in(sentence) == []


def test_a_rule_is_found_in_the_middle_of_a_task() -> None:
    """The work around it is not part of it."""
    prompt = "Fix the parser. By the way, never log customer emails. Run the tests afterwards."

    assert [rule.text for rule in rules_in(prompt)] == ["By the way, never log customer emails."]


def test_each_rule_of_several_stands_alone() -> None:
    """Sentences, clauses and listed rules are one memory each."""
    prompt = "Two rules: public names have docstrings, and tests never sleep. Never use eval."

    assert [rule.text for rule in rules_in(prompt)] == [
        "public names have docstrings",
        "tests never sleep.",
        "Never use eval.",
    ]


def test_what_to_do_instead_stays_with_what_not_to_do() -> None:
    """Half of a correction helps nobody."""
    prompt = "No, don't use npm here. Use yarn with the frozen lockfile."

    assert [rule.text for rule in rules_in(prompt)] == [prompt]


def test_a_rule_for_all_projects_says_so() -> None:
    """The scope is in the sentence."""
    assert [rule.everywhere for rule in rules_in("In all my projects, use British spelling.")] == [
        True
    ]
    assert [rule.everywhere for rule in rules_in("Always use British spelling here.")] == [False]


def test_pasted_text_states_no_rules() -> None:
    """Code, logs, quotes and plans below a heading are somebody else's words."""
    prompt = (
        "Look at this.\n```\n# Always call close().\n```\n> Never use eval.\n"
        "12:01:07 WARN always set a timeout\n## Plan\nAlways render the bullets."
    )

    assert rules_in(prompt) == []


def test_every_language_has_every_category() -> None:
    """A missing one would be found by the first user who writes in that language."""
    wanted = grammar("en").phrases.categories()

    missing = {name: wanted - grammar(name).phrases.categories() for name in languages()}

    assert missing == {name: set() for name in languages()}


_PIECE = st.sampled_from(
    [word for name in languages() for word in sorted(grammar(name).common)[:100]]
    + ["always", "never", "from now on", "nunca", "jamais", "nie", "以后", "今後", "앞으로"]
    + [". ", ", ", "; ", ": ", "\n", "`", '"', "?", "。", "、"]
)


@given(st.lists(_PIECE, max_size=60).map(" ".join) | st.text(max_size=400))
def test_any_text_has_bounded_rules(prompt: str) -> None:
    """No text raises, and every rule is text of the prompt."""
    found = rules_in(prompt)

    assert len(found) <= MAX_RULES
    assert all(set(rule.text.split()) <= set(prompt.split()) for rule in found)
    assert grammar_of(prompt).name in languages()
