"""Text for people that remembers how it was made, so that whoever shows it can say it in their language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


class Sentence:
    """`message` is how catalogues have it, in English, with `{names}` in the place of `values`; `str` fills it in.

    A value may be a Sentence itself. Text without values needs none of this: it is its own message.
    """

    __slots__ = ("message", "values")

    def __init__(self, message: str, /, **values: object) -> None:
        self.message = message
        self.values: Mapping[str, object] = values

    def __str__(self) -> str:
        return self.message.format_map(self.values) if self.values else self.message

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sentence) and (self.message, self.values) == (other.message, other.values)

    def __hash__(self) -> int:
        return hash(self.message)

    def __repr__(self) -> str:
        return f"Sentence({str(self)!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A value that each language writes its own way: a day, or a time of day with its seconds. `str`: in English.

    `at`: milliseconds since 1970; `zone`: an IANA name.
    """

    at: int
    zone: str
    shape: Literal["day", "time"]
    text: str

    def __str__(self) -> str:
        return self.text


def told(text: object) -> dict[str, Any]:
    """A text as views have it: `text` in English, and what it was made of, for whoever says it in another language."""
    match text:
        case Sentence(message=message, values=values) if values:
            filled = {
                name: told(value) if isinstance(value, Sentence | Moment) else str(value)
                for name, value in values.items()
            }
            return {"text": str(text), "message": message, "values": filled}
        case Moment(at=at, zone=zone, shape=shape):
            return {"text": str(text), "at": at, "zone": zone, "shape": shape}
        case _:
            return {"text": str(text)}


def joined(texts: Sequence[str | Sentence], between: Literal[", ", "; "]) -> str | Sentence:
    """'a; b; c'; "" of nothing."""
    if not texts:
        return ""
    some = texts[0]
    for each in texts[1:]:
        some = Sentence("{some}, {more}" if between == ", " else "{some}; {more}", some=some, more=each)
    return some


def listed(texts: Sequence[str | Sentence]) -> str | Sentence:
    """'a', 'a and b', 'a, b and c'."""
    if len(texts) < 2:
        return joined(texts, ", ")
    return Sentence("{some} and {last}", some=joined(texts[:-1], ", "), last=texts[-1])


def marked(message: str) -> str:
    """The same: a mark for the catalogues that a text which stands alone here is a message."""
    return message
