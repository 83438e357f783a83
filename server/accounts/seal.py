"""Secrets at rest: sealed under a key that follows from the clinic's own, each bound to what it belongs to.

JWE (RFC 7516), `dir` with A256GCM. `kid` says which key; what was sealed with the one before still opens.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact, encrypt_compact
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter

from facilitation.ids import ClinicId

_ALGORITHMS: Final = ["dir", "A256GCM"]


class Broken(Exception):
    """What was sealed does not open: another secret, another record, or it was changed."""


class Seal:
    """`keys`: as for links: the first seals, all open."""

    def __init__(self, keys: Sequence[str], *, clinic: ClinicId) -> None:
        self._keys = {}
        self._secrets = tuple(key.encode() for key in keys)
        self._clinic = clinic
        for key in keys:
            made = hmac.digest(key.encode(), f"milieu.seal\n{clinic}".encode(), "sha256")
            self._keys[sha256(made).hexdigest()[:16]] = OctKey.import_key(made)
        self._first = next(iter(self._keys))
        self._registry = JWERegistry({"about": HeaderParameter("What this belongs to", "str")}, algorithms=_ALGORITHMS)

    def following(self, about: str) -> tuple[str, ...]:
        """A secret that follows from the clinic's own and is kept nowhere: under each key, the one of now first."""
        text = f"milieu.following\n{self._clinic}\n{about}".encode()
        return tuple(urlsafe_b64encode(hmac.digest(key, text, "sha256")).decode().rstrip("=") for key in self._secrets)

    def close(self, secret: str, *, about: str) -> str:
        header = {"alg": "dir", "enc": "A256GCM", "kid": self._first, "about": about}
        return encrypt_compact(header, secret, self._keys[self._first], registry=self._registry)

    def open(self, sealed: str, *, about: str) -> str:
        """Raises Broken."""
        try:
            opened = decrypt_compact(sealed, lambda guest: self._keys[guest.headers()["kid"]], registry=self._registry)
            if opened.protected["about"] != about or opened.plaintext is None:
                raise Broken
            return opened.plaintext.decode()
        except (JoseError, KeyError, ValueError) as error:
            raise Broken from error
