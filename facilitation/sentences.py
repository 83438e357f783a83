"""Text for people that remembers how it was made, so that whoever shows it can say it in their language."""

from __future__ import annotations

from collections.abc import Mapping


class Sentence(str):
    """The English sentence, filled in. `message` is how catalogues have it: with `{names}` in the place of `values`.

    A value may be a Sentence itself. Text without values needs none of this: it is its own message.
    """

    __slots__ = ("message", "values")

    message: str
    values: Mapping[str, object]

    def __new__(cls, message: str, /, **values: object) -> Sentence:
        self = super().__new__(cls, message.format_map(values))
        self.message = message
        self.values = values
        return self
