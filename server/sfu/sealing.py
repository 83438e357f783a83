"""The session key that RTP is encrypted with, for a core that does so itself instead of asking libsrtp."""

from __future__ import annotations

from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_KEY, _SALT = 0, 2
"""Labels of what is derived (RFC 3711 §4.3.2)."""
_SALT_BYTES = 14


class Sealing(NamedTuple):
    """What AEAD_AES_128_GCM takes: a session key of 16 bytes and a session salt of 12 (RFC 7714 §8)."""

    key: bytes
    salt: bytes


def sealing(master: bytes) -> Sealing:
    """The session key and salt that follow from a master key of 16 bytes and a master salt of 12, one after the other.

    A salt shorter than the derivation's is filled up with zeros (RFC 7714 §11); the key never changes.
    """
    key, salt = master[:16], master[16:]
    return Sealing(derive(key, salt, _KEY, 16), derive(key, salt, _SALT, 12))


def derive(key: bytes, salt: bytes, label: int, size: int) -> bytes:
    """`size` bytes by AES in counter mode, for a key derivation rate of zero (RFC 3711 §4.3.3)."""
    start = int.from_bytes(salt.ljust(_SALT_BYTES, b"\0"), "big") ^ label << 48
    stream = Cipher(AES(key), CTR((start << 16).to_bytes(16, "big"))).encryptor()
    return stream.update(bytes(size))
