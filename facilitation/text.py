"""What people type: bounded here, and refused in words rather than cut."""

from __future__ import annotations

from facilitation.errors import Refusal
from facilitation.sentences import Sentence

NAME_MAX = 60
LOCATION_MAX = 200
CALLBACK_MAX = 40
OTHERS_MAX = 200
CHAT_MAX = 2_000
ANSWER_MAX = 2_000
DISPOSITION_MAX = 2_000
REASON_MAX = 300
NOTE_MAX = 20_000
TITLE_MAX = 120


def line(text: str, what: str | Sentence, length_max: int, *, required: bool = True) -> str:
    """One line: white space runs made single, at most `length_max` characters."""
    return body(" ".join(text.split()), what, length_max, required=required)


def body(text: str, what: str | Sentence, length_max: int, *, required: bool = False) -> str:
    """Any text of at most `length_max` characters, as typed."""
    named = what if isinstance(what, Sentence) else Sentence(what)
    if required and not text.strip():
        raise Refusal("empty_text", Sentence("Please fill in {what}.", what=named))
    if len(text) > length_max:
        message = "That is too long for {what}: at most {most} characters. Please shorten it."
        raise Refusal("too_long", Sentence(message, what=named, most=length_max))
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Refusal("bad_text", Sentence("There is a character in {what} that cannot be kept.", what=named))
    return text
