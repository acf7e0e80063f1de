"""What only a team's devices can read: libsodium's sealed boxes and authenticated encryption.

A body is sealed under the team key (XChaCha20-Poly1305), bound to its place in the log: the server
can neither read it nor pass it off as another record. The team key is sealed for each device's
public key (X25519), and for the recovery key, whose private half is the recovery phrase.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import Aead

from codemem_core.errors import InputError
from codemem_team.log import Record

_CHECK_BYTES = 3
_GROUP = 4


def new_team_key() -> bytes:
    """Return a fresh team key."""
    return secrets.token_bytes(Aead.KEY_SIZE)


def new_private_key() -> bytes:
    """Return a fresh private key, of a device or for recovery."""
    return bytes(PrivateKey.generate())


def public_key(private_key: bytes) -> bytes:
    """Return the public half of a private key."""
    return bytes(PrivateKey(private_key).public_key)


def seal(team: str, record: Record, body: bytes, *, key: bytes) -> bytes:
    """Return a body that only those who have the key can open, as this very record."""
    return bytes(Aead(key).encrypt(body, _place(team, record)))


def unseal(team: str, record: Record, body: bytes, *, key: bytes) -> bytes | None:
    """Return the body; None when the key, the body or its place in the log is another."""
    try:
        return bytes(Aead(key).decrypt(body, _place(team, record)))
    except (CryptoError, ValueError):
        return None


def _place(team: str, record: Record) -> bytes:
    parts = (team, record.device, record.idx, record.author, record.role)
    return "/".join(map(str, (*parts, record.kind, record.subject, record.hlc))).encode()


def wrap(key: bytes, for_public_key: bytes) -> bytes:
    """Return a team key that only the owner of a private key can unwrap."""
    return SealedBox(PublicKey(for_public_key)).encrypt(key)


def unwrap(wrapped: bytes, private_key: bytes) -> bytes | None:
    """Return the team key, or None when it was wrapped for somebody else."""
    try:
        return SealedBox(PrivateKey(private_key)).decrypt(wrapped)
    except (CryptoError, ValueError):
        return None


def fingerprint(of_public_key: bytes) -> str:
    """Return what two people compare, by voice: `3f2a 91c0 77de 0b14`."""
    told = hashlib.blake2b(of_public_key, digest_size=8).hexdigest()
    return _grouped(told)


def phrase_of(private_key: bytes) -> str:
    """Return a private key as a person writes it down; it ends with a check of itself."""
    return _grouped(base64.b32encode(private_key + _check(private_key)).decode().rstrip("="))


def private_key_of(phrase: str) -> bytes:
    """Return the key of a phrase; raises `InputError` when it was mistyped."""
    letters = "".join(phrase.split()).replace("-", "").upper()
    try:
        data = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError as error:
        raise InputError("the recovery phrase has other letters than A-Z and 2-7") from error
    key, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    if len(key) != PrivateKey.SIZE or check != _check(key):
        raise InputError("the recovery phrase is mistyped or not complete")
    return key


def _check(key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=_CHECK_BYTES).digest()


def _grouped(text: str) -> str:
    return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
