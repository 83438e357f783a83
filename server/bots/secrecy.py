"""End-to-end encryption for those who only send: server/sfu/ENCRYPTION.md in Python.

Simulated participants look at nobody, so they make and give away keys and open none.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROTATE_S = 0.25
KEYFRAME_CLEAR_BYTES, DELTA_CLEAR_BYTES = 10, 1
MARK = b"MLU1"

Message = dict[str, Any]


@dataclass(slots=True)
class MediaKey:
    """One key for frames; `given` are the public keys of the members who may have it."""

    id: int
    raw: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    given: set[str] = field(default_factory=set)


class Keys:
    """The keys of one stay in one room. `tell` sends a message to the server, or drops it while there is no line."""

    def __init__(self, tell: Callable[[Message], None], *, session: str, person: str) -> None:
        self._tell = tell
        self._session = session
        self._person = person
        self._private = ec.generate_private_key(ec.SECP256R1())
        point = self._private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.public = _text(point)
        self.sender = hashlib.sha256(point).digest()[:4]
        self._turns: dict[str, int] = {}
        """Those we have met, by public key, with the turn in which they had their last box."""
        self._own_turn = 0
        self._is_sealed: bool | None = None
        self._current: MediaKey | None = None
        self._next: MediaKey | None = None
        self._last_id = -1
        self._serial = 0
        self._counter = 0
        self._rotation: asyncio.TimerHandle | None = None

    def announce(self) -> None:
        """Show the public key: on entering the room, and after every reconnect."""
        self._tell({"type": "announce_key", "key": self.public})

    def ring(self, members: list[Message]) -> None:
        """Take the members as the server tells them, and give them what they need. We must be among them."""
        mine = next((member for member in members if member["key"] == self.public), None)
        if mine is None:
            return
        able = [member for member in members if member["key"] not in (None, self.public)]
        left = self._turns.keys() - {member["key"] for member in able}
        for key in left:
            del self._turns[key]
        came = [member for member in able if member["key"] not in self._turns]
        if self._current is None:
            self._current = self._fresh()
        elif left or (came and self._next is None):
            self._next = self._fresh()
            if self._rotation is not None:
                self._rotation.cancel()
            self._rotation = asyncio.get_running_loop().call_later(ROTATE_S, self._use_next)
        everybody = left or came or mine["turn"] != self._own_turn
        receivers = able if everybody else [m for m in able if m["turn"] != self._turns[m["key"]]]
        boxes = {member["member"]: box for member in receivers if (box := self._box(member)) is not None}
        if boxes:
            self._tell({"type": "seal_keys", "boxes": boxes})
        self._turns = {member["key"]: member["turn"] for member in able}
        self._own_turn = mine["turn"]
        self._is_sealed = all(member["key"] is not None for member in members)

    # ------------------------------------------------------------------ frames

    def seal(self, frame: bytes, *, clear: int) -> bytes | None:
        """The frame as it may leave; None: it may not. As it is where somebody in the room cannot encrypt."""
        if self._is_sealed is None or self._current is None:
            return None
        if not self._is_sealed:
            return frame
        clear = min(clear, len(frame))
        counter = self._counter.to_bytes(6, "big")
        self._counter += 1
        trailer = counter + self.sender + bytes((self._current.id, clear)) + MARK
        nonce = self.sender + b"\0\0" + counter
        sealed = AESGCM(self._current.raw).encrypt(nonce, frame[clear:], frame[:clear] + trailer)
        return frame[:clear] + sealed + trailer

    # ------------------------------------------------------------------ keys

    def _fresh(self) -> MediaKey:
        self._last_id = (self._last_id + 1) % 256
        return MediaKey(self._last_id)

    def _use_next(self) -> None:
        if self._next is not None:
            self._current, self._next = self._next, None

    def _box(self, member: Message) -> str | None:
        """Our keys, locked for one member: the newest for all, the one before for those who had it already."""
        theirs: str = member["key"]
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(theirs))
        except ValueError:
            return None  # not a key: its owner opens nothing
        newest = self._next or self._current
        assert newest is not None
        newest.given.add(theirs)
        keys = [key for key in (self._current, self._next) if key is not None and theirs in key.given]
        info = "\n".join(("milieu box 1", self._session, self._person, self.public, member["person"], theirs))
        secret = self._private.exchange(ec.ECDH(), point)
        lock = HKDF(algorithm=hashes.SHA256(), length=16, salt=None, info=info.encode()).derive(secret)
        self._serial += 1
        inside = struct.pack(">I", self._serial) + b"".join(bytes((key.id,)) + key.raw for key in keys)
        nonce = secrets.token_bytes(12)
        return _text(nonce + AESGCM(lock).encrypt(nonce, inside, None))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
