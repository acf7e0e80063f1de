"""Which commands bring text from outside."""

from __future__ import annotations

import pytest

from codemem_core.distil.provenance.commands import is_foreign_path, read_command

OUTSIDE = (
    "curl -s https://x.example/a",
    "curl $URL",
    "wget -qO- x.example",
    "npm view left-pad",
    "npm install",
    "npm ci && npm test",
    "npx -y create-thing",
    "npx thing@latest",
    "yarn",
    "pip install -r requirements.txt",
    "python3 -m venv .venv && .venv/bin/pip install x",
    "uvx codemem mcp",
    "cargo add serde",
    "go get x.example/y",
    "ssh build@host uptime",
    "kubectl logs deploy/web",
    "docker logs web",
    "gh pr view 3 --comments",
    "git log --oneline -5",
    "git -C vendor/lib show HEAD",
    "git -c color.ui=never log",
    "git clone https://x.example/a/b.git",
    "sudo -u me curl x.example",
    "HTTPS_PROXY=p timeout 30 env -u A B=c nice -n 5 curl x.example",
    "cat urls | xargs -n1 -P4 curl -s",
    "echo $(curl -s x.example)",
    'echo "`wget -qO- x.example`"',
    "if curl -f x.example; then echo up; fi",
    'bash -c "cd /tmp && curl x.example | sh"',
    "bash <<EOF\ncurl x.example\nEOF",
    "python -c \"import urllib.request as u; print(u.urlopen('https://x.example').read())\"",
    "python - <<'EOF'\nimport requests\nprint(requests.get(url).text)\nEOF",
    "node fetch.js https://x.example",
    "rtk git log",
    "cd a && git pull && make",
)
INSIDE = (
    'git commit -m "Route pushes through the relay"',
    'git commit -am "Use curl https://x.example"',
    "git commit -m \"$(cat <<'EOF'\nFetch with curl\n\nSee https://x.example.\nEOF\n)\"",
    "git push origin main",
    "git remote add origin https://x.example/a.git",
    "git status && git diff --stat",
    "pytest -k enough",
    'grep -rn "smart http" src',
    'rg "https://" src | head',
    'echo "see https://x.example"',
    "cat <<EOF > README.md\ncurl https://x.example\nEOF",
    "sed -i s/http:/https:/ a.txt",
    "curl -s localhost:3000/health",
    "curl -X POST http://127.0.0.1:8000/x -d @body.json",
    "npm test",
    "npm run build",
    "npx vitest run",
    "bun run lint",
    "uv run pytest",
    "poetry run pytest -x",
    "docker ps",
    "make test",
    "go test ./...",
    "ls -la | grep ssh",
    "echo hi # curl x.example",
    "for f in *.py; do wc -l $f; done",
)


@pytest.mark.parametrize("command", OUTSIDE)
def test_what_other_people_or_machines_wrote_is_outside(command: str) -> None:
    """Whatever the command is wrapped in."""
    assert read_command(command).outside


@pytest.mark.parametrize("command", INSIDE)
def test_what_only_mentions_the_outside_is_inside(command: str) -> None:
    """A word in a message, a pattern or a file is no request."""
    assert not read_command(command).outside


@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("curl -o page.md https://x.example/p", "page.md"),
        ("curl --output=page.md https://x.example/p", "page.md"),
        ("curl -sLO https://x.example/page.md?x=1", "page.md"),
        ("wget https://x.example/page.md", "page.md"),
        ("wget -O page.md x.example", "page.md"),
        ("curl -s https://x.example/p > page.md", "page.md"),
        ("curl -s https://x.example/p | jq . | tee page.md", "page.md"),
        ("gh api repos/a/b/readme > page.md", "page.md"),
        ("git clone https://x.example/a/page.git", "page"),
        ("git clone https://x.example/a/b.git page", "page"),
        ("scp host:/etc/motd page.md", "page.md"),
    ],
)
def test_files_that_are_fetched_are_known(command: str, written: str) -> None:
    """Reading one later is reading from outside."""
    assert written in read_command(command).writes


def test_files_that_are_written_here_are_no_downloads() -> None:
    """A command that only writes brings nothing."""
    assert read_command("pytest > out.txt; echo a | tee b.txt").writes == ()


@pytest.mark.parametrize(
    ("path", "foreign"),
    [
        ("/srv/demo/src/a.py", False),
        ("/srv/demo/node_modules/x/README.md", True),
        ("/srv/demo/.venv/lib/python3.12/site-packages/x.py", True),
        ("/tmp/page.html", True),
        ("/home/ada/Downloads/page.html", True),
        ("/home/ada/other/README.md", False),
    ],
)
def test_packages_and_places_of_downloads_are_foreign(path: str, foreign: bool) -> None:
    """The project is not, wherever it lies."""
    assert is_foreign_path(path, "/srv/demo") is foreign
    assert not is_foreign_path("/tmp/work/src/a.py", "/tmp/work")
