"""Commits read from commands."""

from __future__ import annotations

import pytest

from codemem_observers.extractive.commits import pushes, read_commits


@pytest.mark.parametrize(
    ("command", "subjects"),
    [
        ('git commit -m "Fix the lease"', ["Fix the lease"]),
        ("git add -A && git commit -am 'Fix the lease' && git push", ["Fix the lease"]),
        ('git commit -m"Fix the lease"', ["Fix the lease"]),
        ('git commit --message="Fix the lease"', ["Fix the lease"]),
        ("git -C /w/shop commit -F - <<'EOF'\nFix the lease\n\nWhy.\nEOF", ["Fix the lease"]),
        ("git commit -m \"$(cat <<'EOF'\nFix it\nEOF\n)\" && gh pr create", ["Fix it"]),
        ("git commit -m one && git commit -m two", ["one", "two"]),
        ("git commit --dry-run -m 'Fix the lease'", []),
        ("d=$(mktemp -d) && cd $d && git init && git commit -m trial", []),
        ("git log --oneline", []),
    ],
)
def test_subject_is_read_however_it_is_given(command: str, subjects: list[str]) -> None:
    """Flags, heredocs and chains give the subject; trials and dry runs make no commit."""
    assert [c.subject for c in read_commits(command, "", succeeded=True)] == subjects


def test_what_git_printed_counts_more_than_the_exit_code() -> None:
    """A commit whose push failed was made; one that a hook refused was not."""
    command = "git commit -m 'Fix the lease' && git push"

    made = read_commits(command, "[main 1a2b3c4] Fix the lease\nerror: failed", succeeded=False)
    refused = read_commits(command, "husky - pre-commit hook failed", succeeded=True)

    assert [(c.subject, c.hash) for c in made] == [("Fix the lease", "1a2b3c4")]
    assert refused == []


def test_body_is_kept_without_trailers() -> None:
    """Paragraphs and items stay whole; signatures go."""
    message = "Fix it\n\nThe lease\nexpired early.\n\n- one\n- two\n\nSigned-off-by: X"

    (commit,) = read_commits(f"git commit -m '{message}'", "", succeeded=True)

    assert commit.body == ("The lease expired early.", "one.", "two.")


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
    assert pushes(command) is pushed
