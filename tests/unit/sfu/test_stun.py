from __future__ import annotations

import pytest
from aioice import stun

from server.sfu.rtp.packet import MalformedPacket
from server.sfu.rtp.stun import StunKind, name_at_first_sight, outline, proves


def check(**attributes: object) -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes.update({"USERNAME": "ours:theirs", "PRIORITY": 5, **attributes})
    message.add_message_integrity(b"password")
    return bytes(message)


def test_a_check_of_a_browser_is_outlined() -> None:
    data = check(**{"ICE-CONTROLLING": 7, "USE-CANDIDATE": None})
    assert outline(data) == (StunKind.REQUEST, data[8:20], "ours:theirs")


@pytest.mark.parametrize("more", [{}, {"ICE-CONTROLLING": 7, "USE-CANDIDATE": None}, {"USERNAME": "o:" + "t" * 256}])
def test_a_code_proves_its_password_and_no_other(more: dict[str, object]) -> None:
    data = check(**more)
    assert proves(data, b"password")
    assert not proves(data, b"passwort")
    for at in (1, 9, 24, len(data) - 12):  # kind, transaction, user name, the code itself
        changed = bytearray(data)
        changed[at] ^= 1
        assert not proves(bytes(changed), b"password")


def test_at_first_sight_a_check_has_the_name_that_a_whole_look_finds_or_none() -> None:
    data = check()
    assert name_at_first_sight(data).decode() == outline(data).username
    assert name_at_first_sight(b"\x01\x01" + data[2:]) == b"", "an answer has none"
    later = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    later.attributes.update({"PRIORITY": 5, "USERNAME": "ours:theirs"})
    later.add_message_integrity(b"password")
    assert name_at_first_sight(bytes(later)) == b""
    assert outline(bytes(later)).username == "ours:theirs"
    for size in range(len(data)):
        assert data[24:].startswith(name_at_first_sight(data[:size]))


def test_two_names_are_refused() -> None:
    name = b"\x00\x06\x00\x0bours:theirs\x00"
    body = name + check()[20:]
    data = check()
    with pytest.raises(MalformedPacket):
        outline(data[:2] + len(body).to_bytes(2, "big") + data[4:20] + body)


def test_truncation_at_every_byte_is_refused() -> None:
    data = check()
    for size in range(len(data)):
        with pytest.raises(MalformedPacket):
            outline(data[:size])


def test_what_would_break_a_reader_further_on_is_refused() -> None:
    for name, size in ((0x0024, 2), (0x802A, 4), (0x8028, 0), (0x0008, 19)):
        attribute = name.to_bytes(2, "big") + size.to_bytes(2, "big") + bytes(size + -size % 4)
        body = attribute + check()[20:]
        data = check()[:2] + len(body).to_bytes(2, "big") + check()[4:20] + body
        with pytest.raises(MalformedPacket):
            outline(data)


def test_unauthenticated_nameless_or_other_messages_are_refused() -> None:
    plain = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    plain.attributes["USERNAME"] = "ours:theirs"
    nameless = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    nameless.add_message_integrity(b"password")
    other = stun.Message(message_method=stun.Method.ALLOCATE, message_class=stun.Class.REQUEST)
    other.attributes["USERNAME"] = "ours:theirs"
    other.add_message_integrity(b"password")
    for message in (plain, nameless, other):
        with pytest.raises(MalformedPacket):
            outline(bytes(message))
    for username in ("no-colon", "x" * 600 + ":y", "\u00e9:y"):
        with pytest.raises(MalformedPacket):
            outline(check(USERNAME=username))
