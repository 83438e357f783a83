"""Whom to call about somebody, and in which order: themselves, a teen's guardian, somebody nearby."""

from __future__ import annotations

from dataclasses import dataclass, replace

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.sentences import Sentence
from facilitation.text import CALLBACK_MAX, NAME_MAX, line

NEAREST_MAX = 6
RELATION_MAX = 40
EMAIL_MAX = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """Somebody to call about a person. `relation` in words ("mother"); `guardian`: who they are, if they are known."""

    name: str
    relation: str
    phone: str
    guardian: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How a person is reached. `nearest`: whom to call if they are not, in that order.

    `email` is where invitations go; what somebody signs in with is their account's, which they can change themselves.
    """

    person: PersonId
    email: str = ""
    phone: str = ""
    nearest: tuple[Nearest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One number to dial. `own`: it is the person's."""

    name: str
    relation: str
    phone: str
    own: bool = False


def calls(contact: Contact, name: str) -> tuple[Call, ...]:
    """Whom to call about the person of that name, in order: first themselves. Who has no number is left out."""
    own = Call(name=name, relation="", phone=contact.phone, own=True)
    others = (Call(name=each.name, relation=each.relation, phone=each.phone) for each in contact.nearest)
    return tuple(call for call in (own, *others) if call.phone)


def with_nearest(contact: Contact, nearest: Nearest) -> Contact:
    """With somebody to call, in the place of whoever has the same name, else at the end."""
    names = [each.name.casefold() for each in contact.nearest]
    others = list(contact.nearest)
    if nearest.name.casefold() in names:
        others[names.index(nearest.name.casefold())] = nearest
    else:
        others.append(nearest)
    return replace(contact, nearest=tuple(others))


def check_contact(contact: Contact) -> None:
    """Raises `Refusal` that says in words what cannot be meant."""
    line(contact.email, "the mail address", EMAIL_MAX, required=False)
    line(contact.phone, "the phone number", CALLBACK_MAX, required=False)
    if len(contact.nearest) > NEAREST_MAX:
        raise Refusal("too_many", Sentence("At most {most} people to call can be kept.", most=NEAREST_MAX))
    for each in contact.nearest:
        line(each.name, "the name of whom to call", NAME_MAX)
        line(each.relation, "who they are", RELATION_MAX, required=False)
        line(each.phone, f"the phone number of {each.name}", CALLBACK_MAX, required=False)
