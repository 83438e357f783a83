"""Text for people that remembers how it was made, so that whoever shows it can say it in their language."""

from __future__ import annotations

from collections.abc import Mapping


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


def marked(message: str) -> str:
    """The same: a mark for the catalogues that a text which stands alone here is a message."""
    return message
