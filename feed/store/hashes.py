"""Secrets are stored as SHA-256. They are random and long, so nothing slower is needed; passwords go to argon2."""

import hashlib
import hmac


def hashed(secret: str, key: bytes = b"") -> str:
    """The stored form of a random secret, keyed when a key is given."""
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()
