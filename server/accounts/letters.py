"""What accounts write to people: short, plain, in their language, and of use to nobody who finds it later."""

from __future__ import annotations

from server.mail.letter import Letter
from server.web.words import Words


def invitation(words: Words, *, key: str, to: str, name: str, link: str) -> Letter:
    paragraphs = (
        words("Hello {name},", name=name),
        words("here is your link to begin. It works once, within seven days:"),
        link,
        words(
            "It asks you to choose how you sign in from then on: with your phone or computer (a passkey), or with a "
            "password and a code."
        ),
        words("You did not expect this? Then you can throw it away."),
    )
    return Letter(key=f"invitation-{key}", to=to, subject=words("Your sign-in"), text=_text(*paragraphs))


def code(words: Words, *, key: str, to: str, code: str) -> Letter:
    paragraphs = (
        words("Your code is {code}", code=code),
        words("Type it where you were asked for it. It is good for ten minutes, and once."),
        words(
            "You did not ask for a code? Then somebody else opened a link of yours. They get nowhere without this "
            "code: give it to nobody."
        ),
    )
    return Letter(key=f"code-{key}", to=to, subject=words("Your sign-in"), text=_text(*paragraphs))


def reminder(words: Words, *, key: str, to: str, name: str, when: str, link: str) -> Letter:
    """`when`: 'Tuesday, November 24, 6:00 PM'."""
    paragraphs = (
        words("Hello {name},", name=name),
        words("your meeting begins on {when}. Come in here:", when=when),
        link,
        words(
            "On a device where you have signed in before it opens by itself. Elsewhere it asks for a code, which comes "
            "to this address."
        ),
    )
    return Letter(key=f"reminder-{key}", to=to, subject=words("Your meeting"), text=_text(*paragraphs))


def changed(words: Words, *, key: str, to: str, what: str) -> Letter:
    """So that somebody learns of a change that they did not make. `what`: a message of the catalogue, a sentence."""
    paragraphs = (
        words.of(what),
        words("It was not you? Then tell whoever invited you, today: they can lock your account at once."),
    )
    return Letter(key=f"changed-{key}", to=to, subject=words("Your sign-in"), text=_text(*paragraphs))


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"
