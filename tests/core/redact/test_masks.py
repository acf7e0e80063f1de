"""Secrets are masked wherever they stand, ordinary lines are left alone."""

from __future__ import annotations

import base64
import json
import random
import string
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from core.secret_corpus import corpus
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.redact import is_plain, is_sensitive, redact, strip_private
from codemem_core.redact.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"
HEX = string.digits + "abcdef"
dice = random.Random(7)


def chars(count: int, alphabet: str = ALNUM) -> str:
    """Return random text; no secret is ever written down here."""
    return "".join(dice.choices(alphabet, k=count))


# The prefixes are put together at run time, so that no scanner takes this file for a leak.
FAMILIES: dict[str, Callable[[], str]] = {
    "anthropic": lambda: "-".join(["sk", "ant", "api03", chars(93, URLSAFE) + "AA"]),
    "openai project": lambda: "-".join(["sk", "proj", chars(74, URLSAFE) + chars(74, URLSAFE)]),
    "openai": lambda: "sk-" + chars(20) + "T3Blbk" + "FJ" + chars(20),
    "github": lambda: "gh" + dice.choice("pousr") + "_" + chars(36),
    "github fine-grained": lambda: "github" + "_pat_" + chars(22) + "_" + chars(59),
    "gitlab": lambda: "gl" + "pat-" + chars(20, URLSAFE),
    "aws id": lambda: "AK" + "IA" + chars(16, string.ascii_uppercase + "234567"),
    "google": lambda: "AI" + "za" + chars(35, URLSAFE),
    "slack": lambda: "xo" + "xb-" + chars(12, string.digits) + "-" + chars(24),
    "stripe": lambda: dice.choice(["sk", "rk"]) + "_live_" + chars(24),
    "hugging face": lambda: "h" + "f_" + chars(34),
    "npm": lambda: "np" + "m_" + chars(36),
    "pypi": lambda: "py" + "pi-AgEIcHlwaS5vcmc" + chars(150, URLSAFE),
    "sendgrid": lambda: "S" + "G." + chars(22, URLSAFE) + "." + chars(43, URLSAFE),
    "jwt": lambda: "ey" + "J" + chars(33) + ".ey" + "J" + chars(80) + "." + chars(43, URLSAFE),
}
PLACES = [
    "%s",
    "I logged in with %s.",
    '{"config": {"value": "%s"}}',
    json.dumps(json.dumps({"out": "a\n%s\nb"})),
    "HOME=/root\nSETTING=%s\nPATH=/bin",
    "curl -H 'X-Extra: %s' https://example.com",
    "https://example.com/?a=%s&b=1",
    "2026-01-01 12:00:00 INFO [%s] accepted",
    "a%%3D%s%%26",
]
NAMED: dict[str, tuple[Callable[[], str], list[str]]] = {
    "hex": (
        lambda: chars(32, HEX),
        [
            "api_key=%s",
            "API_KEY=%s",
            "--api-key %s",
            "token: %s",
            "X-Api-Key: %s",
            "?access_token=%s&x",
        ],
    ),
    "base62": (
        lambda: chars(40),
        ["secret = '%s'", r"{\"clientSecret\": \"%s\"}", "auth_token => '%s'", "Bearer %s"],
    ),
    "aws secret": (
        lambda: chars(40, BASE64),
        [
            "aws_secret_access_key = %s",
            "export AWS_SECRET_ACCESS_KEY=%s",
            '"SecretAccessKey": "%s"',
        ],
    ),
    "password": (
        lambda: chars(12, ALNUM + "!@#^*-_+?~:") + "7",
        [
            "DB_PASSWORD=%s",
            "password: %s",
            '"password": "%s"',
            "postgres://bob:%s@db/x",
            "--password %s",
        ],
    ),
    "word": (
        lambda: dice.choice(["hunter2", "letmein", "swordfish"]),
        [
            "PGPASSWORD=%s",
            "password='%s'",
            "curl -u bob:%s http://x",
            "redis://:%s@h",
            "MYSQL_PWD=%s",
        ],
    ),
    "azure": (lambda: chars(86, BASE64) + "==", ["AccountName=x;AccountKey=%s;EndpointSuffix=y"]),
    "basic": (
        lambda: base64.b64encode(f"bob:{chars(10)}".encode()).decode(),
        ["Authorization: Basic %s", '"Authorization": "Basic %s"'],
    ),
    "telegram": (lambda: "AA" + chars(33, URLSAFE), ["https://host/bot1234567890:%s/getMe"]),
    "cookie": (lambda: chars(24), ["Cookie: theme=dark; sid=%s; x=1"]),
}


def recall(make: Callable[[], str], places: list[str], rounds: int) -> float:
    """Return the share of secrets of which no telling part is left."""
    found = total = 0
    for place in places:
        for _ in range(rounds):
            secret = make()
            clean, count = redact(place.replace("%s", secret).replace("%%", "%"))
            found += count > 0 and secret[2:] not in clean
            total += 1
    return found / total


@pytest.mark.parametrize("family", FAMILIES)
def test_keys_of_known_issuers_are_masked_everywhere(family: str) -> None:
    """At least 99 of 100 keys of each family are gone, in prose, JSON, shells, URLs and logs."""
    assert recall(FAMILIES[family], PLACES, 40) >= 0.99


@pytest.mark.parametrize("family", NAMED)
def test_secrets_beside_a_telling_name_are_masked(family: str) -> None:
    """At least 99 of 100 secrets without a mark are known by what stands beside them."""
    make, places = NAMED[family]

    assert recall(make, places, 100) >= 0.99


def test_secrets_of_the_corpus_are_masked() -> None:
    """Every vendor of the table, in every place of the lists: at least 99.5 % leave nothing."""
    made = list(corpus(seed=11, each=2))

    missed = [text for secret, text in made if leaves(secret, text)]

    assert len(made) > 900
    assert len(missed) <= 0.005 * len(made), missed


def leaves(secret: str, text: str) -> bool:
    """Say whether a telling part of a secret is left."""
    clean, count = redact(text)
    return not count or secret in clean or (len(secret) >= 24 and secret[8:-4] in clean)


def test_no_secret_of_the_corpus_passes_for_plain() -> None:
    """Whatever `redact` would change is looked at."""
    assert not [text for _, text in corpus(seed=12) if redact(text)[1] and is_plain(json_of(text))]


def test_pairs_of_name_and_value_are_told_by_the_name() -> None:
    """As Kubernetes, ECS and recorded requests have them, and as arguments of a program."""
    value = {
        "env": [{"name": "DB_PASS", "value": "swordfish"}, {"name": "COLOR", "value": "swordfish"}],
        "argv": ["run", "--password", "swordfish", "--color", "swordfish"],
    }

    clean, count = redact(value)

    assert count == 2
    assert clean["env"][1]["value"] == clean["argv"][4] == "swordfish"


ORDINARY = [
    "token = get_token()",
    "password: str",
    'api_key=os.environ["X"]',
    "Authorization: Bearer ${TOKEN}",
    "headers = {'Authorization': f'Bearer {token}'}",
    "def login(user, password=None, *, token: str | None = None) -> Token:",
    "const secret = process.env.CLIENT_SECRET;",
    "postgres://$USER:$PASSWORD@localhost/db and https://user:password@example.com",
    "git clone git@github.com:a/b.git && docker run -u 1000:1000 image",
    "max_tokens=4096 token_budget: 800 input_tokens=123456 TOKEN_COUNT=1234567",
    "PWD=/root/project1 OLDPWD=/home/adam",
    "use --token TOKEN or --password to log in; if (token == null) return",
    "-----BEGIN PRIVATE KEY----- marks the start of a key",
    '"integrity": "sha512-' + chars(86, BASE64) + '=="',
    "commit " + chars(40, HEX),
    "sha256:" + chars(64, HEX) + "  dist.whl",
    "123e4567-e89b-12d3-a456-426614174000",
    "data:image/png;base64," + chars(4000, BASE64),
    "task-list desk-chair sk-folding-cube risk-assessment-for-the-next-release",
    "nul \0 lone \ud800 end",
    "date -u +%H:%M && ls -p && git push -u origin feature/login:main",
    "password_encryption = scram-sha-256",
    'if (!token) return "?token?" + "="Redirect to login"',
    "auth: basic, pass: true, pwd: /srv/app, credentials: include, cred = load()",
    "authorization = base64.decodebytes(header)",
    "Specify either --username and --password options, or a token",
]


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines_stay(line: str) -> None:
    """Code, hashes, identifiers, references to secrets and counters are no secrets."""
    assert redact(line) == (line, 0)


def test_false_positives_are_below_one_line_in_ten_thousand() -> None:
    """The standard library's own source is ordinary text; some of it does hold passwords."""
    files = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    lines = lines[:40_000]

    masked = sum(redact(line)[1] > 0 for line in lines)

    assert len(lines) >= 20_000
    assert masked / len(lines) <= 0.0001


@pytest.mark.parametrize(
    ("name", "sensitive"),
    [
        *((name, True) for name in ("token", "authToken", "DB_PASSWORD", "X-Api-Key", "apikey")),
        *(
            (name, True)
            for name in ("clientSecret", "private.key", "Set-Cookie", "APIKey", "PGPASSWORD")
        ),
        *((name, False) for name in ("max_tokens", "token_budget", "tokens_used", "tokenizer")),
        *(
            (name, False)
            for name in ("input_tokens", "token_count", "author", "key", "secretary", "")
        ),
    ],
)
def test_sensitive_names_are_known_by_whole_words(name: str, sensitive: bool) -> None:
    """Camel case splits too; what counts or describes tokens is not secret."""
    assert is_sensitive(name) is sensitive


def test_everything_under_a_sensitive_key_is_masked() -> None:
    """Text in lists and objects too; flags, blanks, references and counts stay."""
    value = {"cookie": ["a b"], "secret": {"name": "x y"}, "password": 1234, "n": {"token": 12}}
    stays = {
        "password": True,
        "token": None,
        "secret": "",
        "api_key": "${API_KEY}",
        "max_tokens": 9,
    }

    clean, count = redact(value)

    assert count == 3
    assert clean["cookie"][0].startswith("[REDACTED:key:")
    assert clean["secret"]["name"].startswith("[REDACTED:key:")
    assert clean["n"] == {"token": 12}
    assert redact(stays) == (stays, 0)


def test_equal_secrets_have_equal_ids_under_one_key() -> None:
    """The id tells secrets apart; without the key it tells nothing."""
    first, second = FAMILIES["github"](), FAMILIES["github"]()

    clean, count = redact([first, second, f"again {first}"], key=b"k")

    assert count == 3
    assert clean[2] == f"again {clean[0]}"
    assert clean[0] != clean[1]
    assert redact(first, key=b"other")[0] != clean[0]


PARTS = (
    st.sampled_from(
        [
            "token",
            "=",
            ":",
            " ",
            '"',
            "password",
            "://a:",
            "@",
            "\\n",
            "[REDACTED:key:ab12]",
            "sk-ant-",
        ]
    )
    | st.builds(lambda: "sk-ant-" + chars(30))
    | st.text()
)
TEXT = st.lists(PARTS, max_size=12).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["token", "a", "apiKey"]), inner)
    ),
)


def shape(value: Any) -> Any:
    """Return lists and objects without their leaves."""
    if isinstance(value, dict):
        return {key: shape(child) for key, child in value.items()}
    return [shape(child) for child in value] if isinstance(value, list) else None


@given(JSON)
def test_redacting_twice_changes_nothing_and_keeps_the_shape(value: Any) -> None:
    """Any JSON value passes, placeholders are left alone."""
    clean, _ = redact(value)

    again, count = redact(clean)

    assert count == 0
    assert repr(again) == repr(clean)
    assert shape(clean) == shape(value)


def test_nesting_deeper_than_the_stack_passes() -> None:
    """Ten thousand lists in one another are redacted like one."""
    value: Any = FAMILIES["github"]()
    for _ in range(10_000):
        value = [value]

    assert redact(value)[1] == 1


def json_of(value: Any) -> str:
    """Return the text that `is_plain` takes."""
    return json.dumps(value, ensure_ascii=False)


def test_ordinary_text_is_plain() -> None:
    """Most events need no closer look; these were written by people and tools."""
    lines = ["def total(lines):", "    return sum(line.amount for line in lines)", "naïve 🎉"]

    assert is_plain(json_of({"tool": "read", "output": "\n".join(lines)}))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", PLACES)
def test_no_secret_passes_for_plain(family: str, place: str) -> None:
    """Whatever `redact` would change is looked at."""
    assert not is_plain(json_of({"output": place % FAMILIES[family]()}))


SECRET_KEYS = ["password", "clientSecret", "api2key", "PASSCODE", "Cookie", "x-auth-token"]
plain_leaves = st.text() | st.sampled_from(
    [
        "<PRIVATE>x",
        "a\0b",
        "sk-proj-" + "A1b2" * 8,
        "password: hunter2-hunter3",
        "Bearer A1b2C3d4e5f6",
    ]
)


@given(
    st.recursive(
        plain_leaves | st.integers() | st.booleans() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(SECRET_KEYS) | st.text(), inner)
        ),
        max_leaves=8,
    )
)
def test_what_is_plain_stays_as_it_is(value: Any) -> None:
    """The shortcut gives the same as the long way."""
    if is_plain(json_of(value)):
        assert redact(strip_private(value)) == (value, 0)


def test_a_mark_is_not_masked_again() -> None:
    """Whatever the name of its kind: an event is looked at more than once."""
    for kind in sorted({row["kind"] for row in TABLE["vendors"]}):
        text = f"x [REDACTED:{kind}:1a2b] y"

        assert redact(text)[0] == text
