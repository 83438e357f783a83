"""What stands in the audit log, told as what was done: "read the notes of Robin", not the right to it.

The log keeps the names of rights and of deeds for ever (`Trace.action`); here they become words of whoever reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from facilitation.audit import Deed, Trace
from facilitation.ids import PersonId
from facilitation.policy import Action
from server.web.words import Words, marked

NAMED_MAX: Final = 3
"""People who are named in one line; of more, the others are counted."""

DEEDS: Final[Mapping[str, tuple[str, str]]] = {
    # The records of sessions.
    Action.READ_RECORD: (marked("read the notes of {who}"), marked("read the notes of a session")),
    Action.READ_ANY_RECORD: (
        marked("read the signed notes of {who} without being on the list"),
        marked("read the signed notes of a session without being on its list"),
    ),
    Action.BREAK_GLASS: (
        marked("broke the glass to read the notes of {who}"),
        marked("broke the glass to read the notes of a session"),
    ),
    Action.READ_SHOWN_WEEK: (marked("read the week that {who} showed"), marked("read a week that somebody showed")),
    Action.READ_NOTEBOOK: (marked("read the goals of {who}"), marked("read the goals of a group")),
    Action.SEE_DUE_NOTES: (marked("read whose notes are due: {who}"), marked("read whose notes are due")),
    # People's hours.
    Action.READ_STATEMENT: (marked("read the statement of hours of {who}"), marked("read a statement of hours")),
    Action.TAKE_HOURS: (
        marked("asked for the hours of {who} as a file"),
        marked("asked for everybody’s hours as a file"),
    ),
    Action.TAKE_PAPERS: (marked("asked for the papers of {who}"), marked("asked for somebody’s papers")),
    Action.SEE_WEEKS: (marked("read the week of {who}"), marked("read everybody’s week")),
    Action.TAKE_WEEKS: (
        marked("asked for the weeks of {who} as a file"),
        marked("asked for everybody’s week as a file"),
    ),
    Action.SEE_CLINIC: (marked("read how {who} come and stay"), marked("read who comes and who stays")),
    Action.TAKE_CLINIC: (
        marked("asked for the clinic’s figures of {who} as a file"),
        marked("asked for the clinic’s figures as a file"),
    ),
    Action.TELL_AWAY: (marked("read when {who} will be away"), marked("read who will be away")),
    Action.AGREE_MAKE_UPS: (marked("read that {who} asked for a make-up"), marked("read who asked for a make-up")),
    Action.CALL_MISSING: (marked("read whom to call about {who}"), marked("read whom to call about who is missing")),
    Action.LOG_CALLS: (marked("read who was called about {who}"), marked("read who was called about somebody")),
    # Measures.
    Action.SEE_MEASURES: (marked("read the measures of the groups of {who}"), marked("read the measures of groups")),
    Action.READ_MEASURES: (marked("read the measures of {who}"), marked("read somebody’s measures")),
    # Groups and days.
    Action.SEE_MEMBERS: (marked("read who is in a group: {who}"), marked("read who is in a group")),
    Action.SEE_ENROLMENT: (marked("read the groups and days of {who}"), marked("read somebody’s groups and days")),
    Action.PLAN_SCHOOL: (marked("read the school week of {who}"), marked("read somebody’s school week")),
    Action.PLACE_EVERYBODY: (
        marked("read into which groups {who} could go"),
        marked("read who could go into which groups"),
    ),
    Action.KEEP_WAITING_LISTS: (marked("read that {who} waits for a seat"), marked("read the waiting lists")),
    Action.ANSWER_SEAT: (marked("read which seat {who} waits for"), marked("read which seat somebody waits for")),
    # People.
    Action.SEE_PEOPLE: (marked("read that {who} belongs to the clinic"), marked("read the list of people")),
    Action.MANAGE_PEOPLE: (marked("read how {who} is reached"), marked("read how people are reached")),
    Action.READ_CONSENTS: (marked("read the consents of {who}"), marked("read whose signatures are missing")),
    Action.SEE_WARDS: (marked("read how {who} is doing, as their guardian"), marked("read how their teens are doing")),
    Action.SEE_FAMILY: (marked("read what the guardians of {who} see"), marked("read what somebody’s guardians see")),
    Action.INVITE_FAMILY: (
        marked("read who belongs to the family of {who}"),
        marked("read who belongs to somebody’s family"),
    ),
    Action.KEEP_GUARDIANS: (
        marked("read what the guardians of {who} may do"),
        marked("read what somebody’s guardians may do"),
    ),
    Action.SEE_ACCOUNTS: (marked("read whether {who} has an account"), marked("read the list of accounts")),
    Action.SEE_AUDIT: (marked("searched this log for {who}"), marked("searched this log")),
    # Accounts.
    Deed.INVITED: (marked("invited {who}"), marked("invited themselves")),
    Deed.WITHDREW: (marked("withdrew the invitation of {who}"), marked("withdrew their own invitation")),
    Deed.BEGAN: (marked("chose a way to sign in for {who}"), marked("chose a way to sign in")),
    Deed.SIGNED_IN: (marked("signed in as {who}"), marked("signed in")),
    Deed.SIGNED_OUT: (marked("signed {who} out everywhere"), marked("signed out elsewhere")),
    Deed.CHANGED: (marked("changed how {who} signs in"), marked("changed how they sign in")),
    Deed.LOCKED: (marked("locked the account of {who}"), marked("locked an account")),
    Deed.UNLOCKED: (marked("unlocked the account of {who}"), marked("unlocked an account")),
    Deed.GUESSED: (marked("guessed wrong too often at the account of {who}"), marked("guessed wrong too often")),
    Deed.DUTIES: (marked("changed what {who} may do"), marked("changed what somebody may do")),
    # Families and signatures.
    Deed.REMINDED: (marked("reminded {who} to sign"), marked("reminded somebody to sign")),
    Deed.CARE_ENDED: (
        marked("ended that somebody is a guardian: {who}"),
        marked("ended that somebody is a guardian"),
    ),
    Deed.CARE_RESUMED: (
        marked("took back that somebody is a guardian no more: {who}"),
        marked("took back that somebody is a guardian no more"),
    ),
    Deed.CARE_CHANGED: (marked("changed what a guardian may do: {who}"), marked("changed what a guardian may do")),
}
"""Of each: with whom it was about, and where that was nobody else than who did it, or many who are not named."""


def told(trace: Trace, names: Mapping[PersonId, str], words: Words) -> str:
    """What was done, of whom: the words behind the name of whoever did it."""
    others = [names.get(each, each) for each in trace.about if each != trace.by]
    with_whom, alone = DEEDS.get(trace.action, (f"{trace.action}: {{who}}", trace.action))
    if not others:
        return words(alone)
    shown = others if len(others) <= NAMED_MAX else [*others[:NAMED_MAX], words("{n} more", n=len(others) - NAMED_MAX)]
    return words(with_whom, who=words.listed(shown))


def actions_told(text: str, words: Words) -> frozenset[str]:
    """Those whose words, in this language, have all the words of `text` somewhere."""
    wanted = text.casefold().split()
    return frozenset(
        action
        for action, phrases in DEEDS.items()
        if any(all(word in words.gettext(phrase).casefold() for word in wanted) for phrase in phrases)
    )
