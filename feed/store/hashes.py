"""Secrets are stored as SHA-256 hashes. They are random and long, so nothing slower is needed. Passwords use argon2."""

import hashlib
import hmac


def hashed(secret: str, key: bytes = b"") -> str:
    """The hash to store for a random secret; with a key, an HMAC."""
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()
