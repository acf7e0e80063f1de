"""Secrets made from the table that finds them, and the places where people leave them.

Seeded, and made at run time: no secret is ever written down here.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Callable, Iterator
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from codemem_core.redact.table import TABLE, compiled

ALNUM = string.ascii_letters + string.digits
HEX = string.digits + "abcdef"
_CLASSES = {
    op.CATEGORY_WORD: ALNUM + "_",
    op.CATEGORY_DIGIT: string.digits,
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_SPACE: ALNUM,
}


class Maker:
    """Makes random text."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def chars(self, count: int, alphabet: str = ALNUM) -> str:
        """Return so many characters."""
        return "".join(self.dice.choices(alphabet, k=count))

    def matching(self, pattern: str) -> str:
        """Return a text that a pattern of the table matches as a whole."""
        wanted = compiled(pattern, ignore_case=False)
        for _ in range(500):
            text = self._sample(parser.parse(wanted.pattern, re.ASCII))
            if wanted.fullmatch(text):
                return text
        raise AssertionError(f"nothing matches {pattern}")

    def _sample(self, parts: Any) -> str:
        return "".join(self._part(kind, value) for kind, value in parts)

    def _part(self, kind: Any, value: Any) -> str:
        if kind is op.LITERAL:
            return chr(value)
        if kind is op.IN:
            return self.dice.choice(_members(value))
        if kind is op.MAX_REPEAT:
            least, most, body = value
            return "".join(
                self._sample(body) for _ in range(self.dice.randint(least, min(most, least + 9)))
            )
        if kind is op.BRANCH:
            return self._sample(self.dice.choice(value[1]))
        if kind is op.SUBPATTERN:
            return self._sample(value[3])
        return ""  # what only looks around


def _members(parts: Any) -> str:
    found = ""
    for kind, value in parts:
        if kind is op.LITERAL:
            found += chr(value)
        elif kind is op.RANGE:
            found += "".join(map(chr, range(value[0], value[1] + 1)))
        elif kind is op.CATEGORY:
            found += _CLASSES[value]
    return found


def vendor_keys(maker: Maker, each: int) -> Iterator[tuple[str, str]]:
    """Yield start and key, some of every start in the table."""
    for row in TABLE["vendors"]:
        for start in row["starts"]:
            for _ in range(each):
                yield start, start + maker.matching(row["rest"])
    for row in TABLE["tokens"]:
        for _ in range(each):
            yield row["kind"], maker.matching(row["pattern"])


ANYWHERE = [
    "%s",
    "I logged in with %s.",
    '{"config": {"value": "%s"}}',
    json.dumps(json.dumps({"out": "a\n%s\nb"})),
    "HOME=/root\nSETTING=%s\nPATH=/bin",
    "curl -H 'X-Extra: %s' https://example.com",
    "https://example.com/?a=%s&b=1",
    "2026-01-01 12:00:00 INFO [%s] accepted",
    "+  value: %s",
    "    12\t%s",
]
"""Where a key is known by itself."""
PASSWORD_PLACES = """\
DB_PASS=%s§SMTP_PASS=%s§export DB_PASS='%s'§MYSQL_PWD=%s§PGPASSWORD=%s psql§PASSWORD="%s"
pass: %s§pwd: %s§pw = %s§"pw": "%s"§passwd=%s§password: %s§password = "%s"§Passphrase: %s
"password": "%s"§'password' => '%s'§{\\"pass\\":\\"%s\\"}§password: |\\n  %s§db_pass => "%s"
<password>%s</password>§<db.password>%s</db.password>§<add key="Password" value="%s"/>
<string name="db_password">%s</string>§define('DB_PASSWORD', '%s');§storePassword '%s'
CREATE USER bob WITH PASSWORD '%s';§ALTER USER x IDENTIFIED BY '%s'
- name: DB_PASSWORD\\n  value: %s§{"name": "DB_PASSWORD", "value": "%s"}§ENV DB_PASSWORD %s
machine h.io login bob password %s§h.example:5432:db:bob:%s§requirepass %s§$env:DB_PASS = '%s'
mysql -u root -p%s db§sshpass -p %s ssh x§docker login -u bob -p %s reg§redis-cli -h x -a %s ping
sqlcmd -S x -U sa -P %s§ldapsearch -D x -w %s§7z x -p%s a.7z§openssl rsa -passin pass:%s
cmd --password %s§cmd --password=%s§keytool -storepass %s§-e MYSQL_ROOT_PASSWORD=%s
curl -u bob:%s https://x§curl -u 'bob:%s' https://x§wget --http-password=%s x
postgres://bob:%s@h/db§postgres:\\/\\/bob:%s@h\\/db§redis://:%s@h§ftp://bob:%s@h/x
Server=x;Uid=y;Pwd=%s;§Server=x;User Id=y;Password=%s;§jdbc:mysql://h/db?user=x&password=%s
echo '%s' | sudo -S ls§echo %s | docker login -u x --password-stdin§user.setPassword("%s")
os.environ.get('DB_PASSWORD', '%s')§| password | %s |"""
TOKEN_PLACES = """\
Bearer %s§Authorization: Bearer %s§authorization: token %s§Authorization: %s§token: %s§jwt=%s
?access_token=%s§refresh_token=%s§client_secret: '%s'§secret = "%s"§CLIENT_SECRET=%s
SECRET_KEY_BASE=%s§aws_secret_access_key = %s§authToken=%s§//registry/:_authToken=%s
PrivateKey = %s§PresharedKey = %s§credential: %s§Cookie: sid=%s§Set-Cookie: session=%s; Path=/
curl -b 'sid=%s' x§.h\tFALSE\t/\tTRUE\t0\tsid\t%s§https://x-access-token:%s@github.com/a/b
api_key: %s§APIKEY=%s§X-Api-Key: %s§STRIPE_KEY=%s§"apiKey":"%s"§?apikey=%s&x"""


def places(text: str) -> list[str]:
    """Return the places of a list."""
    return [place.replace("\\n", "\n") for place in re.split("[§\n]", text)]


def password(maker: Maker) -> str:
    """Return what a person makes up."""
    word = maker.chars(maker.dice.randint(5, 10), string.ascii_letters)
    return word + maker.dice.choice("!@#*^_+?~") + maker.chars(3, string.digits)


def corpus(seed: int, each: int = 1) -> Iterator[tuple[str, str]]:
    """Yield secrets and texts that hold them: every vendor and every place."""
    maker = Maker(seed)
    for _, key in vendor_keys(maker, each):
        yield key, maker.dice.choice(ANYWHERE).replace("%s", key)
    kinds: list[tuple[str, Callable[[], str]]] = [
        (PASSWORD_PLACES, lambda: password(maker)),
        (TOKEN_PLACES, lambda: maker.chars(maker.dice.choice([24, 32, 40]))),
        (TOKEN_PLACES, lambda: maker.chars(32, HEX)),
    ]
    for listed, make in kinds:
        for place in places(listed):
            for _ in range(each):
                secret = make()
                yield secret, place.replace("%s", secret)
    for _ in range(each):
        basic = base64.b64encode(f"bob:{maker.chars(12)}".encode()).decode()
        yield basic, f"Authorization: Basic {basic}"
        yield basic, f'{{"auths": {{"https://registry.example": {{"auth": "{basic}"}}}}}}'
