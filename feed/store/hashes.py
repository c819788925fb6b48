"""Hashes of secrets. Tokens are random and long, so SHA-256 is enough for them; passwords use argon2."""

import hashlib
import hmac
import secrets
import unicodedata
from base64 import b64encode

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from feed import passwords
from feed.store.database import Store

# The OWASP minimum: 25 ms of a core; argon2's default takes 120 ms, which a burst of sign-ins turns into an outage.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _hash_of_nothing() -> str:
    """A hash that no known password matches, made of random bytes. To compute one would take 25 ms at each start."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (_hasher.salt_len, _hasher.hash_len)
    )
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


NOBODY = _hash_of_nothing()  # checked for unknown names, so that they take as long as known ones


def hashed(secret: str, key: bytes = b"") -> str:
    """The hash to store for a random secret; with a key, an HMAC."""
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()


def hash_password(store: Store, password: str, *names: str) -> str:
    """The hash to store for the password of somebody with these names. Takes 25 ms of a core, on a thread of its own.
    Raises Invalid for a password that is easy to guess."""
    return store.passwords.run(_checked_hash, password, *names)


def matches(store: Store, stored: str | None, password: str) -> bool:
    """Whether the password has that hash, on the same thread. Without a hash it takes equally long."""
    return store.passwords.run(_verify, stored or NOBODY, password)


def _checked_hash(password: str, *names: str) -> str:
    return _hasher.hash(passwords.check(password, *names))


def _verify(password_hash: str, password: str) -> bool:
    """Tries it in NFC, and as it was typed: so those were hashed that are older than that rule."""
    return any(
        _is_of(password_hash, each) for each in dict.fromkeys((unicodedata.normalize("NFC", password), password))
    )


def _is_of(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
