"""What accounts write to people: short, plain, and of use to nobody who finds it later."""

from __future__ import annotations

from server.mail.letter import ACCOUNT, MEETING, Letter


def invitation(*, key: str, to: str, name: str, link: str) -> Letter:
    text = (
        f"Hello {name},\n\n"
        f"here is your link to begin. It works once, within seven days:\n\n{link}\n\n"
        "It asks you to choose how you sign in from then on: with your phone or computer (a passkey), or with a "
        "password and a code.\n\n"
        "You did not expect this? Then you can throw it away.\n"
    )
    return Letter(key=f"invitation-{key}", to=to, subject=ACCOUNT, text=text)


def code(*, key: str, to: str, code: str) -> Letter:
    text = (
        f"Your code is {code}\n\n"
        "Type it where you were asked for it. It is good for ten minutes, and once.\n\n"
        "You did not ask for a code? Then somebody else opened a link of yours. They get nowhere without this code: "
        "give it to nobody.\n"
    )
    return Letter(key=f"code-{key}", to=to, subject=ACCOUNT, text=text)


def reminder(*, key: str, to: str, name: str, when: str, link: str) -> Letter:
    """`when`: 'Tuesday, 6:00 PM'."""
    text = (
        f"Hello {name},\n\n"
        f"your meeting begins {when}. Come in here:\n\n{link}\n\n"
        "On a device where you have signed in before it opens by itself. Elsewhere it asks for a code, which comes to "
        "this address.\n"
    )
    return Letter(key=f"reminder-{key}", to=to, subject=MEETING, text=text)


def changed(*, key: str, to: str, what: str) -> Letter:
    """So that somebody learns of a change that they did not make. `what`: a sentence."""
    text = f"{what}\n\nIt was not you? Then tell whoever invited you, today: they can lock your account at once.\n"
    return Letter(key=f"changed-{key}", to=to, subject=ACCOUNT, text=text)
