"""Hash chains: each line's hash covers the line and all before it, so that no line can change unseen.

The first hash of a chain comes from its name: a whole chain cannot be passed off as another's.
"""

from __future__ import annotations

from hashlib import sha256


def genesis(kind: str, name: str) -> str:
    """Hash before the first line of the chain `name`; 64 hex digits, as every hash here."""
    return sha256(f"milieu {kind} 1\n{name}".encode()).hexdigest()


def link(previous: str, line: bytes) -> str:
    """Hash of `line` after `previous`."""
    return sha256(previous.encode() + b"\n" + line).hexdigest()
