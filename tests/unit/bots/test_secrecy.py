"""Keys of those who only send, by an independent reader of server/sfu/ENCRYPTION.md."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.bots import secrecy
from server.bots.secrecy import Keys

FRAME = bytes(range(200))


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Reader:
    """A member who opens what it is given, and nothing else."""

    def __init__(self, person: str) -> None:
        self.person = person
        self._private = ec.generate_private_key(ec.SECP256R1())
        point = self._private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.public = base64.urlsafe_b64encode(point).decode().rstrip("=")
        self.keys: dict[int, bytes] = {}
        self.serial = 0

    def take(self, box: str, *, person: str, public: str) -> list[int]:
        """The ids of the keys in a box."""
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpacked(public))
        info = f"milieu box 1\ns-1\n{person}\n{public}\n{self.person}\n{self.public}"
        lock = HKDF(algorithm=hashes.SHA256(), length=16, salt=b"", info=info.encode()).derive(
            self._private.exchange(ec.ECDH(), theirs)
        )
        data = unpacked(box)
        inside = AESGCM(lock).decrypt(data[:12], data[12:], None)
        serial = int.from_bytes(inside[:4], "big")
        assert serial > self.serial, "an old box"
        self.serial = serial
        held = {inside[at]: inside[at + 1 : at + 17] for at in range(4, len(inside), 17)}
        self.keys.update(held)
        return list(held)

    def open(self, frame: bytes) -> bytes:
        trailer = frame[-16:]
        clear = trailer[11]
        nonce = trailer[6:10] + b"\0\0" + trailer[:6]
        opened = AESGCM(self.keys[trailer[10]]).decrypt(nonce, frame[clear:-16], frame[:clear] + trailer)
        return frame[:clear] + opened


class Server:
    """Passes on what the ring tells, and boxes; counts turns."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.keys = Keys(self.said.append, session="s-1", person="p-bot")
        self.members: dict[str, dict[str, Any]] = {}
        self._turns = 0
        self.join("c-bot", "p-bot", self.keys.public)

    def join(self, member: str, person: str, key: str | None) -> None:
        self._turns += 1
        self.members[member] = {"member": member, "person": person, "key": key, "turn": self._turns}

    def tell(self) -> dict[str, str]:
        """Tell the ring; the boxes that came back, by member."""
        before = len(self.said)
        self.keys.ring(list(self.members.values()))
        boxes: dict[str, str] = {}
        for message in self.said[before:]:
            boxes.update(message["boxes"])
        return boxes


def test_before_it_is_in_the_ring_nothing_may_leave() -> None:
    server = Server()
    assert server.keys.seal(FRAME, clear=0) is None
    server.keys.ring([])
    assert server.keys.seal(FRAME, clear=0) is None
    server.keys.announce()
    assert server.said == [{"type": "announce_key", "key": server.keys.public}]


async def test_a_member_opens_frames_and_a_changed_bit_or_another_key_does_not() -> None:
    server, robin = Server(), Reader("p-robin")
    server.join("c-robin", robin.person, robin.public)
    boxes = server.tell()
    robin.take(boxes["c-robin"], person="p-bot", public=server.keys.public)
    for clear in (0, 1, 10, 500):
        sealed = server.keys.seal(FRAME, clear=clear)
        assert sealed is not None
        assert len(sealed) == len(FRAME) + 32
        assert sealed[:clear] == FRAME[: min(clear, 200)] if clear <= 200 else True
        assert robin.open(sealed) == FRAME
    for at in (0, 20, -20, -1 - 4, -16):  # clear byte, ciphertext, tag, the count of clear bytes, counter
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises((InvalidTag, KeyError)):
            robin.open(bytes(changed))
    sam = Reader("p-sam")
    with pytest.raises(InvalidTag):
        sam.take(boxes["c-robin"], person="p-bot", public=server.keys.public)


async def test_no_nonce_comes_twice() -> None:
    server = Server()
    server.tell()
    frames = [server.keys.seal(FRAME, clear=0) for _ in range(100)]
    assert len({frame[-16:-6] for frame in frames if frame}) == 100


async def test_who_comes_gets_no_key_that_was_used_and_who_goes_none_that_will_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(secrecy, "ROTATE_S", 0.01)
    server, robin, sam = Server(), Reader("p-robin"), Reader("p-sam")
    server.join("c-robin", robin.person, robin.public)
    first = robin.take(server.tell()["c-robin"], person="p-bot", public=server.keys.public)
    before = server.keys.seal(FRAME, clear=0)

    server.join("c-sam", sam.person, sam.public)
    boxes = server.tell()
    assert robin.take(boxes["c-robin"], person="p-bot", public=server.keys.public) == [*first, first[0] + 1]
    assert sam.take(boxes["c-sam"], person="p-bot", public=server.keys.public) == [first[0] + 1]
    await asyncio.sleep(0.1)
    with_sam = server.keys.seal(FRAME, clear=0)
    assert before and with_sam
    assert robin.open(before) == robin.open(with_sam) == sam.open(with_sam) == FRAME
    with pytest.raises(KeyError):
        sam.open(before)

    del server.members["c-sam"]
    boxes = server.tell()
    assert list(boxes) == ["c-robin"]
    robin.take(boxes["c-robin"], person="p-bot", public=server.keys.public)
    await asyncio.sleep(0.1)
    after = server.keys.seal(FRAME, clear=0)
    assert after
    assert robin.open(after) == FRAME
    with pytest.raises(KeyError):
        sam.open(after)


async def test_a_key_that_waits_is_shared_with_who_comes_but_not_left_with_who_goes() -> None:
    server, robin, sam, kim = Server(), Reader("p-robin"), Reader("p-sam"), Reader("p-kim")
    server.join("c-robin", robin.person, robin.public)
    server.tell()
    server.join("c-sam", sam.person, sam.public)
    first = sam.take(server.tell()["c-sam"], person="p-bot", public=server.keys.public)
    server.join("c-kim", kim.person, kim.public)
    assert kim.take(server.tell()["c-kim"], person="p-bot", public=server.keys.public) == first
    del server.members["c-sam"]
    assert kim.take(server.tell()["c-kim"], person="p-bot", public=server.keys.public)[-1] != first[0]


async def test_who_was_away_for_a_moment_gets_the_same_keys_again_and_nobody_else_anything() -> None:
    server, robin, sam = Server(), Reader("p-robin"), Reader("p-sam")
    for reader in (robin, sam):
        server.join(f"c-{reader.person}", reader.person, reader.public)
    first = robin.take(server.tell()["c-p-robin"], person="p-bot", public=server.keys.public)
    del server.members["c-p-robin"]
    server.join("c-again", robin.person, robin.public)
    boxes = server.tell()
    assert list(boxes) == ["c-again"]
    assert robin.take(boxes["c-again"], person="p-bot", public=server.keys.public) == first
    server.join("c-bot", "p-bot", server.keys.public)  # we were away ourselves: who knows what was lost
    assert len(server.tell()) == 2


async def test_with_somebody_who_cannot_encrypt_frames_leave_as_they_are_until_they_go() -> None:
    server = Server()
    server.join("c-old", "p-old", None)
    server.tell()
    assert server.keys.seal(FRAME, clear=1) == FRAME
    del server.members["c-old"]
    server.tell()
    assert server.keys.seal(FRAME, clear=1) != FRAME


async def test_what_is_no_key_gets_no_box_and_harms_nobody() -> None:
    server, robin = Server(), Reader("p-robin")
    server.join("c-rubbish", "p-rubbish", base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode().rstrip("="))
    server.join("c-robin", robin.person, robin.public)
    assert list(server.tell()) == ["c-robin"]
