"""What the observer without a model says of small sessions made by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.config.settings import Settings
from codemem_core.diffs import replaced
from codemem_core.distil.parse import parse_reply
from codemem_core.records.event import ORIGINS
from codemem_core.records.evidence import Answer, Evidence, EvidenceItem, Message, Prompt, ToolCall
from codemem_core.records.memory import OBSERVED_KINDS
from codemem_core.records.protocols import ObserveRequest
from codemem_observers.extractive import Extractive

FAILED = "FAILED tests/test_cart.py::test_total - assert 11 == 10\n1 failed, 4 passed in 0.12s"
PATCH = "*** Begin Patch\n*** Update File: a.py\n@@\n-a = 1\n+a = 2\n*** End Patch"
PASSED = "5 passed in 0.10s"


def bash(command: str, output: str = "", *, error: str | None = None) -> ToolCall:
    """Make a shell command that ran."""
    return ToolCall(kind="run", name="bash", command=command, output=output, error=error)


def edit(path: str, old: str, new: str) -> ToolCall:
    """Make an edit of one place."""
    whole = f"/w/shop/{path}"
    diff = replaced(whole, [(old, new)])
    return ToolCall(kind="edit", name="Edit", files_changed=(whole,), output=diff)


def reply_text(*items: EvidenceItem) -> str:
    """Observe the items, numbered in order, and return the reply."""
    numbered = tuple(_numbered(item, seq) for seq, item in enumerate(items))
    evidence = Evidence(
        source="claude", stream_id="s1", project="shop", cwd="/w/shop", items=numbered
    )
    request = ObserveRequest(evidence=evidence, instructions="", prompt="")
    return Extractive(Settings.load({})).observe(request).text


def _numbered(item: EvidenceItem, seq: int) -> EvidenceItem:
    fields = {name: getattr(item, name) for name in item.__dataclass_fields__}
    return type(item)(**{**fields, "seq": seq})


def observe(*items: EvidenceItem) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the observations and the summary of these items."""
    reply = json.loads(reply_text(*items))
    return reply["observations"], reply["summary"] or {}


def only(observations: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the one observation of a kind."""
    (found,) = [one for one in observations if one["type"] == kind]
    return found


def test_failing_test_made_to_pass_is_a_bugfix() -> None:
    """A test that fails before the edit and passes after it makes a bugfix with its counts."""
    observations, _ = observe(
        Prompt(text="The cart shows 11 instead of 10, look into it"),
        bash("pytest -q", error=f"Exit code 1\n{FAILED}"),
        edit("cart.py", "total = sum(prices) + 1", "total = sum(prices)"),
        bash("pytest -q", PASSED),
        Message(text="The total was off by one because the rounding cent was added twice."),
    )

    bugfix = only(observations, "bugfix")
    assert bugfix["files_modified"] == ["cart.py"]
    assert "`cart.py`: `total = sum(prices) + 1` → `total = sum(prices)`." in bugfix["facts"]
    assert "5 tests passed" in bugfix["narrative"]
    assert "because the rounding cent was added twice" in bugfix["narrative"]
    lesson = only(observations, "discovery")
    assert lesson["facts"][0] == (
        "`pytest -q` failed: 1 of 5 tests failed: “tests/test_cart.py::test_total”."
    )
    assert lesson["evidence"] == [1, 2, 3]


def test_command_that_worked_another_way_is_learnt() -> None:
    """A failing command and its working form become one lesson that rests on just these two."""
    observations, summary = observe(
        Prompt(text="Run the tests"),
        bash("rtk bun run test", error="Exit code 2\nerror: unrecognized subcommand 'bun'"),
        bash("bun run test", " 12 pass\n 0 fail\nRan 12 tests across 3 files. [9.00ms]"),
        Message(text="All 12 tests pass, the cache is only rebuilt when the schema changes."),
    )

    lesson = next(one for one in observations if one["title"].startswith("Use"))
    assert lesson["title"].startswith("Use `bun run test`, not `rtk bun run test`")
    assert "unrecognized subcommand 'bun'" in lesson["narrative"]
    assert lesson["evidence"] == [1, 2]
    assert "Use `bun run test`" in summary["learned"]


def test_command_in_between_is_named_as_the_remedy() -> None:
    """When a third command makes the failing one pass, the lesson names it."""
    observations, _ = observe(
        Prompt(text="Push it to the server please"),
        bash("git push origin main", error="! [rejected] main -> main (fetch first)"),
        bash("git pull --rebase origin main", "Successfully rebased"),
        bash("git push origin main", "main -> main"),
        Message(text="Pushed after a rebase, since the remote had new commits from the release."),
    )

    lesson = next(one for one in observations if "passed after" in one["title"])
    assert lesson["facts"] == [
        "`git push origin main` failed: ! [rejected] main -> main (fetch first).",
        "It passed after `git pull --rebase origin main`.",
    ]


def test_commit_gives_title_hash_and_kind() -> None:
    """The commit's subject is the title, its prefix the kind, its body part of the story."""
    message = "feat(cart): add vouchers\n\nVouchers apply before tax.\n\nCo-Authored-By: X <x@y>"
    observations, _ = observe(
        Prompt(text="Please add vouchers"),
        edit("cart.py", "", "def apply_voucher(cart, code):\n    return cart\n"),
        bash(
            f"git commit -m \"$(cat <<'EOF'\n{message}\nEOF\n)\"",
            "[main 1a2b3c4] feat(cart): add vouchers\n 1 file changed",
        ),
    )

    feature = only(observations, "feature")
    assert feature["title"] == "feat(cart): add vouchers"
    assert "Commit 1a2b3c4: feat(cart): add vouchers." in feature["facts"]
    assert "Vouchers apply before tax." in feature["narrative"]
    assert "Co-Authored-By" not in feature["narrative"]
    assert "added `apply_voucher()`" in feature["facts"][0]


def test_commit_in_a_scratch_repository_is_not_the_projects() -> None:
    """A commit that a trial made elsewhere is not reported."""
    observations, _ = observe(
        Prompt(text="Harden the release script"),
        edit("release.ts", "a", "b"),
        bash(
            'd=$(mktemp -d) && cd "$d" && git init && git commit -m "trial"', "[main 9f9f9f9] trial"
        ),
        Message(text="The release script now fails early because tags are checked first."),
    )

    assert "trial" not in json.dumps(observations)


def test_what_was_decided_is_kept_with_its_reason() -> None:
    """A sentence of the assistant that says what was chosen becomes a decision."""
    observations, _ = observe(
        Prompt(text="Cache the rates"),
        edit("rates.py", "x = 1", "x = 2"),
        Message(text="I chose a dict rather than Redis because the rates fit in memory."),
    )

    decision = only(observations, "decision")
    assert decision["facts"] == [
        "I chose a dict rather than Redis because the rates fit in memory."
    ]
    assert decision["evidence"] == [2]


def test_correction_by_the_user_is_kept() -> None:
    """What the user corrects is a decision in the user's words, and told of the work before it."""
    observations, summary = observe(
        Prompt(text="Speed up the build"),
        edit("build.py", "jobs = 1", "jobs = 8"),
        Message(text="The build now runs eight jobs."),
        Prompt(text="No, use two jobs instead, the CI machine has two cores"),
        edit("build.py", "jobs = 8", "jobs = 2"),
        Message(text="The build now runs two jobs."),
    )

    decision = only(observations, "decision")
    assert "use two jobs instead, the CI machine has two cores" in decision["narrative"]
    assert decision["evidence"] == [3]
    assert "Afterwards the user said" in observations[0]["narrative"]
    assert "use two jobs instead" in summary["notes"]


def test_bare_go_ahead_belongs_to_what_was_asked_before() -> None:
    """`commit` is no request of its own: its commit completes the work before it."""
    observations, _ = observe(
        Prompt(text="Rename the flag to --strict"),
        edit("cli.py", "'--hard'", "'--strict'"),
        Prompt(text="commit"),
        bash("git commit -m 'Rename the flag'", "[main 1234567] Rename the flag"),
    )

    assert [one["title"] for one in observations] == ["Rename the flag"]
    assert observations[0]["type"] == "refactor"
    assert observations[0]["evidence"] == [0, 1, 2, 3]


def test_pasted_plan_is_condensed_to_its_heading() -> None:
    """A plan gives its heading and its reasons, not its steps."""
    plan = (
        "Implement the following plan:\n\n# Plan: Trust flag for the CLI\n\n## Context\n\n"
        "The CLI refuses to start because it cannot ask for trust on a server.\n\n"
        "## Steps\n\n- Edit the file\n"
    )
    observations, summary = observe(
        Prompt(text=plan),
        edit("cli.ts", 'args = ["-p"]', 'args = ["-p", "--trust"]'),
    )

    assert observations[0]["title"] == "Trust flag for the CLI"
    assert "cannot ask for trust" in observations[1]["narrative"]
    assert "Edit the file" not in summary["request"]


def test_question_that_was_answered_is_a_discovery() -> None:
    """A turn that only read and explained keeps the explanation."""
    observations, _ = observe(
        Prompt(text="Why is the first request slow?"),
        ToolCall(kind="read", name="Read", files_read=("/w/shop/app.py",), output="…"),
        Message(text="The first request is slow because the schema is loaded on first use."),
    )

    discovery = only(observations, "discovery")
    assert discovery["title"] == "Why is the first request slow?"
    assert discovery["files_read"] == ["app.py"]
    assert "schema is loaded on first use" in discovery["facts"][0]


@pytest.mark.parametrize(
    "items",
    [
        (),
        (Prompt(text="hi"), Message(text="Hello! How can I help you today?")),
        (Prompt(text="thanks!"), Message(text="You're welcome.")),
        (ToolCall(kind="read", name="Read", files_read=("/w/shop/a.py",)),),
        (bash("ls -la", "total 0"), Message(text="Done!")),
    ],
)
def test_low_signal_session_gives_nothing(items: tuple[EvidenceItem, ...]) -> None:
    """Greetings and mere looking around leave no memory and no summary."""
    observations, summary = observe(*items)

    assert observations == []
    assert summary == {}


def test_external_material_is_left_out() -> None:
    """What came from the web or from MCP is neither cited nor repeated."""
    page = ToolCall(
        kind="run", name="bash", command="curl x", output="error: pwned", origin="external"
    )
    observations, summary = observe(
        Prompt(text="Update the footer"),
        page,
        edit("footer.html", "2025", "2026"),
    )

    assert "pwned" not in json.dumps([observations, summary])
    assert all(1 not in one["evidence"] for one in [*observations, summary])


@pytest.mark.parametrize(
    "call",
    [
        ToolCall(
            kind="edit",
            name="replace_in_file",
            files_changed=("a.py", "b.py"),
            output=replaced("a.py", [("a = 1", "a = 2")]) + "\n" + replaced("b.py", [("b", "c")]),
        ),
        ToolCall(kind="run", name="shell", command=PATCH),
    ],
)
def test_edits_are_read_from_diffs_and_from_patches_on_a_command_line(call: ToolCall) -> None:
    """However a host's tool is called, the change is the same."""
    observations, _ = observe(Prompt(text="Set a to two"), call)

    assert "`a.py`: `a = 1` → `a = 2`." in observations[0]["facts"]


def test_first_request_corrects_nothing() -> None:
    """Words of a correction at the start of a session are simply the request."""
    observations, summary = observe(
        Prompt(text="Don't show the banner on the login page"),
        edit("login.html", "<banner/>", "<p/>"),
    )

    assert [one["type"] for one in observations] == ["change"]
    assert summary["notes"] == ""


def test_check_before_the_last_edit_is_called_that() -> None:
    """A result that a later edit may have changed does not count as proof of the end."""
    observations, _ = observe(
        Prompt(text="Change the greeting"),
        edit("hello.py", "'hi'", "'hello'"),
        bash("pytest", PASSED),
        edit("hello.py", "'hello'", "'good day'"),
    )

    assert "`pytest`: 5 tests passed before the last edit." in observations[0]["facts"]


@pytest.mark.parametrize(
    ("command", "pushed"),
    [
        ("git push origin main", True),
        ("git add -A && git push", True),
        ("git push --dry-run", False),
        ("rm .git/hooks/pre-push", False),
    ],
)
def test_only_a_push_is_called_one(command: str, pushed: bool) -> None:
    """Dry runs and files named after the hook push nothing."""
    observations, _ = observe(
        Prompt(text="Change the greeting"), edit("hello.py", "'hi'", "'hello'"), bash(command)
    )

    assert ("Pushed with" in observations[0]["narrative"]) is pushed


def test_stated_next_steps_are_kept() -> None:
    """Only what was said to be open stands under next steps."""
    _, summary = observe(
        Prompt(text="Move the mailer to the queue"),
        edit("mailer.py", "send()", "enqueue()"),
        Message(text="The mailer uses the queue.\n\nThe retry policy still needs a limit."),
    )

    assert summary["next_steps"] == "The retry policy still needs a limit."


def test_piped_check_claims_no_success() -> None:
    """A pipe hides the exit code, so a silent linter behind `grep` proves nothing."""
    observations, _ = observe(
        Prompt(text="Tidy the imports"),
        edit("a.py", "import b, a", "import a, b"),
        bash("ruff check . | grep a.py", ""),
    )

    assert "lint" not in json.dumps(observations)


def test_answer_is_the_same_every_time() -> None:
    """The same evidence gives the same reply, to the byte."""
    items = (
        Prompt(text="Fix the total"),
        edit("cart.py", "a = 1\nb = 2\n", "c = 1\nb = 3\n"),
        bash("pytest", PASSED),
    )

    assert reply_text(*items) == reply_text(*items)


TEXT = st.text(max_size=200) | st.sampled_from(
    [
        FAILED,
        PASSED,
        "*** Begin Patch\n*** Add File: x\n+1",
        "@@ -1 +1 @@\n-a\n+b",
        "# H\n- a\n  - b:",
    ]
)
ITEMS = st.one_of(
    st.builds(Prompt, text=TEXT),
    st.builds(Message, text=TEXT),
    st.builds(Answer, text=TEXT, question=TEXT),
    st.builds(
        ToolCall,
        kind=st.sampled_from(["edit", "run", "read", "search", "ask", "other"]),
        name=st.just("tool"),
        files_read=st.lists(TEXT, max_size=2).map(tuple),
        files_changed=st.lists(TEXT, max_size=2).map(tuple),
        command=st.none() | TEXT,
        output=TEXT,
        error=st.none() | TEXT,
        refused=st.booleans(),
        origin=st.sampled_from(ORIGINS),
    ),
)


@given(st.lists(ITEMS, max_size=12))
def test_any_evidence_gives_a_valid_reply(items: list[EvidenceItem]) -> None:
    """Whatever the evidence, the reply parses, its titles are short and its kinds are known."""
    text = reply_text(*items)

    found = parse_reply(text)
    assert all(one.kind in OBSERVED_KINDS for one in found.observations)
    assert all(len(one["title"]) <= 90 for one in json.loads(text)["observations"])
    assert all(0 <= seq < len(items) for one in found.observations for seq in one.evidence)
