"""The codec of the wire protocol (server/wire/messages.py), and that PROTOCOL.md says the same."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.commands import (
    Advance,
    CorrectAttendance,
    EditNote,
    LowerHand,
    OpenSession,
    PersonCommand,
    Replan,
    SaveForm,
    SendChat,
    Shield,
)
from server.rooms.ports import Accepted, Moving, Told, View
from server.wire import messages
from server.wire.messages import (
    COMMANDS,
    MESSAGE_BYTES_MAX,
    Ask,
    Hello,
    Offer,
    Pong,
    ProtocolError,
    Wish,
    command_type,
    decode,
    encode,
)

PROTOCOL = (Path(messages.__file__).parent / "PROTOCOL.md").read_text()


def says(**fields: Any) -> str:
    return json.dumps(fields)


# --------------------------------------------------------------- what is understood


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (says(type="hello", protocol=1, device="d", mode="room"), Hello(protocol=1, device="d", mode="room")),
        (says(type="hello", protocol=1, device="d", mode="record", ticket="t"),
         Hello(protocol=1, device="d", mode="record", ticket="t")),
        (says(type="pong", now=5), Pong(now=5)),
        (says(type="offer", offer_id="o", peer=None, sdp="v=0"), Offer(offer_id="o", peer=None, sdp="v=0")),
        (says(type="wish", peer="m1", heights={"p": 180}, mode="low_data"),
         Wish(peer="m1", heights={"p": 180}, mode="low_data")),
        (says(type="advance", command_id="1", from_segment="a"),
         Ask(command_id="1", command=Advance(from_segment="a"))),
        (says(command_id="1", from_segment="a", type="advance"),
         Ask(command_id="1", command=Advance(from_segment="a"))),
        (says(type="lower_hand", command_id="1"), Ask(command_id="1", command=LowerHand())),
        (says(type="lower_hand", command_id="1", person="p"), Ask(command_id="1", command=LowerHand(person="p"))),
        (says(type="shield", command_id="1", on=True), Ask(command_id="1", command=Shield(on=True))),
        (says(type="send_chat", command_id="1", text="ä 😀 \u0000"),
         Ask(command_id="1", command=SendChat(text="ä 😀 \u0000", to="everyone"))),
        (says(type="replan", command_id="1", planned_ms={"a": 60_000}),
         Ask(command_id="1", command=Replan(planned_ms={"a": 60_000}))),
        (says(type="correct_attendance", command_id="1", person="p", start=1, end=2, present=True, reason="r"),
         Ask(command_id="1", command=CorrectAttendance(person="p", start=1, end=2, present=True, reason="r"))),
        (says(type="save_form", command_id="1", form="f", answers={"a": 1, "b": True, "c": None, "d": "x"}),
         Ask(command_id="1", command=SaveForm(form="f", answers={"a": 1, "b": True, "c": None, "d": "x"}))),
    ],
)  # fmt: skip
def test_a_message_of_the_protocol_becomes_its_value(text: str, message: object) -> None:
    assert decode(text) == message


def test_a_yes_stays_a_yes_and_a_one_a_one() -> None:
    ask = decode(says(type="save_form", command_id="1", form="f", answers={"a": 1, "b": True}))
    assert isinstance(ask, Ask) and isinstance(ask.command, SaveForm)
    assert [type(answer) for answer in ask.command.answers.values()] == [int, bool]


@pytest.mark.parametrize("command", get_args(PersonCommand))
def test_every_command_goes_over_the_wire_and_back_unchanged(command: type[PersonCommand]) -> None:
    examples = {str: "word", int: 7, bool: True, int | None: 7}
    hints = get_type_hints(command)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(command):
        hint = getattr(hints[field.name], "__supertype__", hints[field.name])
        if getattr(hint, "__origin__", None) is dict:
            fields[field.name] = {"a": examples.get(get_args(hint)[1], 7)}
        elif getattr(hint, "__origin__", None) is tuple:
            nested = "tuple" in str(hint.__args__[0])
            fields[field.name] = (("word", "another"),) if nested else ("word", "another")
        else:
            fields[field.name] = 7 if hint == int | None else examples.get(hint, "word")
    text = says(type=command_type(command), command_id="1", **fields)
    assert decode(text) == Ask(command_id="1", command=command(**fields))


def test_only_what_people_may_ask_can_be_said() -> None:
    assert command_type(OpenSession) not in COMMANDS
    for name in ("open_session", "take_over", "pulse", "tick", "open_connection", "lose_media", "welcome", "view"):
        with pytest.raises(ProtocolError):
            decode(says(type=name, command_id="1"))


# --------------------------------------------------------------- what is not


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "5",
        '"hello"',
        "{}",
        "{",
        '{"type": null}',
        '{"type": "nope", "command_id": "1"}',
        '{"type": ["advance"]}',
        says(type="raise_hand"),
        says(type="raise_hand", command_id=""),
        says(type="raise_hand", command_id="x" * 65),
        says(type="raise_hand", command_id=1),
        says(type="raise_hand", command_id="1", person="p-1"),
        says(type="raise_hand", command_id="1", at=5),
        says(type="shield", command_id="1", on=1),
        says(type="shield", command_id="1", on="true"),
        says(type="extend", command_id="1", segment="a", by_ms=1.0),
        says(type="extend", command_id="1", segment="a", by_ms=10**30),
        says(type="extend", command_id="1", segment="a", by_ms=2**53),
        says(type="correct_attendance", command_id="1", person="p", start=1, end=2**53, present=True, reason="r"),
        says(type="extend", command_id="1", segment="a", by_ms=True),
        '{"type": "extend", "command_id": "1", "segment": "a", "by_ms": NaN}',
        '{"type": "extend", "command_id": "1", "segment": "a", "by_ms": Infinity}',
        '{"type": "extend", "command_id": "1", "segment": "a", "by_ms": 1e400}',
        says(type="save_form", command_id="1", form="f", answers={"a": [1]}),
        says(type="save_form", command_id="1", form="f", answers={"a": 1.5}),
        says(type="save_form", command_id="1", form="f", answers=[]),
        says(type="save_form", command_id="1", form="f", answers={str(n): 1 for n in range(201)}),
        says(type="hello", protocol=1, device="", mode="room"),
        says(type="hello", protocol=1, device="d" * 65, mode="room"),
        says(type="hello", protocol=1, device="d", mode="admin"),
        says(type="hello", protocol=1, device="d", person="p-1"),
        says(type="wish", peer="m", heights={"p": -1}),
        says(type="wish", peer="m", heights={"p": "big"}),
        says(type="wish", peer="m", heights={}, mode="fast"),
        '{"type": "raise_hand", "command_id": "\\ud800"}',
        '{"type": "raise_hand", "command_id": "\ud800"}',
        '{"type": "raise_hand", "command_id": "1", "x": ' + "[" * 60_000,
        '{"x": ' + '{"x": ' * 9_000 + "1" + "}" * 9_000 + "}",
        says(type="send_chat", command_id="1", text="x" * MESSAGE_BYTES_MAX),
        says(type="send_chat", command_id="1", text="x" * 33_000 + "ä" * 33_000).replace("\\u00e4", "ä"),
    ],
)
def test_anything_else_is_a_protocol_error(text: str) -> None:
    with pytest.raises(ProtocolError):
        decode(text)


def test_an_error_never_repeats_what_was_typed() -> None:
    with pytest.raises(ProtocolError) as error:
        decode(says(type="edit_note", command_id="1", subject="group", text="secret", revision="secret"))
    assert "secret" not in str(error.value)
    with pytest.raises(ProtocolError) as error:
        decode(says(type="secret", command_id="1"))
    assert "secret" not in str(error.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
FIELDS = sorted({f.name for command in get_args(PersonCommand) for f in dataclasses.fields(command)})
nearly = st.fixed_dictionaries(
    {"type": st.sampled_from([*COMMANDS, "hello", "pong", "offer", "wish"]) | anything},
    optional=dict.fromkeys(["command_id", "peer", "sdp", "now", "device", *FIELDS], anything),
)


@given(st.text() | st.builds(json.dumps, anything | nearly))
def test_rubbish_is_a_message_or_a_protocol_error_and_nothing_third(text: str) -> None:
    try:
        message = decode(text)
    except ProtocolError:
        return
    assert isinstance(message, Hello | Pong | Offer | Wish | Ask)


# --------------------------------------------------------------- what the server says


def test_what_the_server_says_bears_its_name() -> None:
    assert json.loads(encode(Moving(in_ms=2000))) == {"type": "moving", "in_ms": 2000}
    assert json.loads(encode(Accepted(command_id="1", seq=3))) == {"type": "accepted", "command_id": "1", "seq": 3}


def test_the_parts_of_a_view_are_put_in_as_they_are_and_missing_ones_left_out() -> None:
    view = View(version=3, now=5, room=msgspec.Raw(b'{"a":1}'), you=msgspec.Raw(b'{"name":"\xc3\xa4"}'))
    assert json.loads(encode(view)) == {
        "type": "view", "version": 3, "now": 5, "room": {"a": 1}, "you": {"name": "ä"},
    }  # fmt: skip


# --------------------------------------------------------------- the document


def documented() -> dict[str, dict[str, bool]]:
    """Commands of PROTOCOL.md's table: name to fields, each with whether it may be left out."""
    section = PROTOCOL.split("## 4.", 1)[1].split("## 5.", 1)[0]
    found: dict[str, dict[str, bool]] = {}
    for row in re.findall(r"^\| (`.*?) \|(.*?)\|", section, re.MULTILINE):
        pieces = (re.match(r"`([a-z_]+)`(\??)", piece.strip()) for piece in row[1].split(","))
        fields = {piece[1]: piece[2] == "?" for piece in pieces if piece is not None}
        for name in re.findall(r"`([a-z_]+)`", row[0]):
            found[name] = fields
    return found


def can_be_left_out(field: dataclasses.Field[Any]) -> bool:
    return (field.default, field.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)


def test_the_document_lists_exactly_the_commands_and_their_fields() -> None:
    actual = {
        name: {field.name: can_be_left_out(field) for field in dataclasses.fields(command)}
        for name, command in COMMANDS.items()
    }
    assert documented() == actual


def test_the_document_names_everything_the_server_says() -> None:
    for told in [*Told.__subclasses__()]:
        assert f'"type": "{told.__struct_config__.tag}"' in PROTOCOL, told


def test_the_schema_covers_every_message() -> None:
    tags = set(re.findall(r'"const": "(\w+)"|"enum": \["(\w+)"\]', json.dumps(messages.schema())))
    assert {tag for pair in tags for tag in pair if tag} == {
        *COMMANDS,
        *("hello", "pong", "clock", "offer", "wish", "announce_key", "seal_keys"),
    }


def test_a_note_as_long_as_it_may_be_fits_into_a_message() -> None:
    text = "\u0416" * 20_000
    message = decode(json.dumps({"type": "edit_note", "command_id": "1", "subject": "group", "text": text,
                                 "revision": 1}, ensure_ascii=False))  # fmt: skip
    assert isinstance(message, Ask) and message.command == EditNote(subject="group", text=text, revision=1)
