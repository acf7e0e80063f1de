"""A session as turns."""

from __future__ import annotations

from dataclasses import replace

from small_sessions import asked, committed, edited, ran, said, turns_of

from codemem_core.records.evidence import ToolCall


def test_bare_go_ahead_belongs_to_what_was_asked_before() -> None:
    """`commit` is no request of its own: its commit completes the work before it."""
    (turn,) = turns_of(
        asked("Rename the flag to --strict"),
        edited("cli.py", "'--hard'", "'--strict'"),
        said("The flag is called --strict."),
        asked("commit"),
        committed("Rename the flag"),
    )

    assert turn.request.title == "Rename the flag to --strict"
    assert [commit.subject for commit, _ in turn.commits] == ["Rename the flag"]
    assert turn.follow_up == "commit"


def test_correction_disputes_the_turn_before() -> None:
    """What the user contradicts is marked; the first request of a session contradicts nothing."""
    first, second = turns_of(
        asked("Don't show the banner"),
        edited("login.html", "<banner/>", "<p/>"),
        asked("No, only hide it on phones"),
        edited("login.html", "<p/>", "<banner class=phone/>"),
    )

    assert first.disputed
    assert (first.request.corrects, second.request.corrects) == (False, True)


def test_correction_is_recognised_in_the_users_language() -> None:
    """A short German objection is one, although its words alone could be of any language."""
    first, _ = turns_of(
        asked("Bitte erhöhe das Limit, weil die Tests sonst nicht laufen"),
        edited("a.py", "LIMIT = 5", "LIMIT = 30"),
        asked("nein, LIMIT nie über 10"),
    )

    assert first.disputed


def test_paths_are_the_projects_own() -> None:
    """A file in the project is named from its root; one elsewhere by its whole path."""
    read = ToolCall(kind="read", name="Read", files_read=("/w/shop/a/b.py",))

    (turn,) = turns_of(asked("Look at b"), read, edited("c.py", "a", "b"))

    assert list(turn.reads) == ["a/b.py"]
    assert [change.path for change in turn.changes] == ["c.py"]


def test_outside_output_tells_nothing_but_the_commit() -> None:
    """Of a command that also fetched something, only the commit counts: it is the agent's own."""
    fetched = ran("git commit -m 'Fix it' && gh pr create", "1 failed, 2 passed in 1s")

    (turn,) = turns_of(asked("Fix it"), replace(fetched, origin="external"))

    assert [commit.subject for commit, _ in turn.commits] == ["Fix it"]
    assert all(run.checks == () for run in turn.runs)


def test_patch_on_a_command_line_is_an_edit() -> None:
    """Hosts that patch through the shell change files, too."""
    patch = "*** Begin Patch\n*** Update File: a.py\n@@\n-a = 1\n+a = 2\n*** End Patch"

    (turn,) = turns_of(asked("Set a to two"), ran(f"apply_patch <<'X'\n{patch}\nX"))

    assert [(c.path, c.added) for c in turn.changes] == [("a.py", ["a = 2"])]
