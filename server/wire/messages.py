"""The codec of the wire protocol: text in, typed messages out, and back. Pure; see PROTOCOL.md.

Commands are not written down a second time: their messages are derived from the dataclasses of
`facilitation.commands` (type = name in snake_case, fields = fields, plus `command_id`).
"""

from __future__ import annotations

import dataclasses
import re
from typing import Annotated, Any, Final, Literal, cast, get_args, get_type_hints

import msgspec
from msgspec import Meta

from facilitation.commands import PersonCommand
from facilitation.ids import CommandId
from server.rooms.ports import Told

PROTOCOL: Final = 1
MESSAGE_BYTES_MAX: Final = 64 * 1024
INTEGER_MAX: Final = 2**53 - 1  # what every JSON reader keeps exactly
MEMBERS_MAX: Final = 200

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Whole = Annotated[int, Meta(ge=-INTEGER_MAX, le=INTEGER_MAX)]


class ProtocolError(Exception):
    """A message that nobody who read PROTOCOL.md would send; says where it is wrong, never quotes it."""


class _Incoming(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class Hello(_Incoming, tag="hello"):
    protocol: Whole
    device: Name
    mode: Literal["room", "record"] = "room"
    ticket: Annotated[str, Meta(max_length=4096)] | None = None


class Pong(_Incoming, tag="pong"):
    now: Whole


class ClockAsked(_Incoming, tag="clock"):
    """What is your time? `mark` comes back with the answer."""

    mark: Whole


class Offer(_Incoming, tag="offer"):
    offer_id: Name
    sdp: str
    peer: Name | None = None


class Wish(_Incoming, tag="wish"):
    peer: Name
    heights: Annotated[dict[Name, Annotated[int, Meta(ge=0, le=4320)]], Meta(max_length=MEMBERS_MAX)]
    mode: Literal["normal", "low_data", "audio_only"] = "normal"
    screen: bool = True


PublicKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{87}$")]
"""An uncompressed point of P-256 in base64url: 65 bytes."""
Box = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,256}$")]


class AnnounceKey(_Incoming, tag="announce_key"):
    key: PublicKey | None


class SealKeys(_Incoming, tag="seal_keys"):
    boxes: Annotated[dict[Name, Box], Meta(max_length=MEMBERS_MAX)]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A command from the wire, with the id its sender gave it."""

    command_id: CommandId
    command: PersonCommand


Message = Hello | Pong | ClockAsked | Offer | Wish | AnnounceKey | SealKeys | Ask


class Ping(Told):
    now: int


class ClockTold(Told, tag="clock"):
    mark: int
    now: int


class SlotCount(msgspec.Struct, frozen=True, kw_only=True):
    audio: int
    video: int
    screen: int


class Welcome(Told):
    connection: str
    session: str
    person: str
    role: str
    now: int
    slots: SlotCount
    ice_servers: list[dict[str, Any]]
    encryption: Literal["preferred", "required"]
    exit_url: str
    protocol: int = PROTOCOL


# --------------------------------------------------------------------------- commands


def command_type(command: type) -> str:
    """What a command is called on the wire."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", command.__name__).lower()


def _bounded(hint: Any) -> Any:
    """The same type, refusing integers that JSON readers disagree about and objects without end."""
    if hint is int or getattr(hint, "__supertype__", None) is int:  # an `Instant` is one, too
        return Whole
    if getattr(hint, "__origin__", None) is tuple:  # any number of one kind
        each, _ = get_args(hint)
        return Annotated[tuple[_bounded(each), ...], Meta(max_length=MEMBERS_MAX)]  # type: ignore[misc]  # made as it runs
    if dict in (hint, getattr(hint, "__origin__", None)):
        key, value = get_args(hint)
        return Annotated[dict[key, _bounded(value)], Meta(max_length=MEMBERS_MAX)]  # type: ignore[misc, valid-type]
    alternatives = get_args(hint)
    if alternatives:  # a union of plain types
        union = _bounded(alternatives[0])
        for alternative in alternatives[1:]:
            union = union | _bounded(alternative)
        return union
    return hint


def _message_of(command: type) -> type[msgspec.Struct]:
    hints = get_type_hints(command)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [("command_id", Name)]
    for field in dataclasses.fields(command):
        hint = _bounded(hints[field.name])
        if field.default_factory is not dataclasses.MISSING:
            fields.append((field.name, hint, msgspec.field(default_factory=field.default_factory)))
        elif field.default is dataclasses.MISSING:
            fields.append((field.name, hint))
        else:
            fields.append((field.name, hint, field.default))
    return msgspec.defstruct(command.__name__, fields, bases=(_Incoming,), kw_only=True, tag=command_type(command))


COMMANDS: Final[dict[str, type[PersonCommand]]] = {command_type(each): each for each in get_args(PersonCommand)}
_COMMAND_OF: Final = {_message_of(command): command for command in COMMANDS.values()}
_FIELDS_OF: Final = {
    message: tuple(name for name in message.__struct_fields__ if name != "command_id") for message in _COMMAND_OF
}


def _any_incoming() -> Any:
    union: Any = Hello | Pong | ClockAsked | Offer | Wish | AnnounceKey | SealKeys
    for message in _COMMAND_OF:
        union = union | message
    return union


_decoder: Final = msgspec.json.Decoder(_any_incoming())
_encoder: Final = msgspec.json.Encoder()


def decode(text: str) -> Message:
    """The message that a text is. Raises ProtocolError for everything that PROTOCOL.md does not describe."""
    if len(text) > MESSAGE_BYTES_MAX:
        raise ProtocolError("the message is longer than 64 KiB")
    try:
        raw = text.encode()
        if len(raw) > MESSAGE_BYTES_MAX:
            raise ProtocolError("the message is longer than 64 KiB")
        message = _decoder.decode(raw)
    except msgspec.MsgspecError as error:
        raise ProtocolError(_without_quotes(str(error))) from None
    except RecursionError:
        raise ProtocolError("the message is nested too deeply") from None
    except UnicodeError:
        raise ProtocolError("the message is not Unicode text") from None
    command = _COMMAND_OF.get(type(message))
    if command is None:
        return cast(Message, message)
    fields = {name: getattr(message, name) for name in _FIELDS_OF[type(message)]}
    return Ask(command_id=message.command_id, command=command(**fields))


def encode(message: Told) -> str:
    """The text of a message from the server."""
    return _encoder.encode(message).decode()


def schema() -> dict[str, Any]:
    """JSON Schema of every message that may be sent to the server."""
    return msgspec.json.schema(_any_incoming())


def _without_quotes(text: str) -> str:
    """An error's text without what was sent: that may be somebody's note."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "…", text)[:200]
