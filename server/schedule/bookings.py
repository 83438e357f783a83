"""A session as what `facilitation.clashes` looks at: who is taken up by it, from when until when."""

from __future__ import annotations

from facilitation.clashes import Booking
from facilitation.people import STAFF
from facilitation.policy import FACILITATORS
from facilitation.timebase import Instant
from server.store.clinic import ScheduledSession


def booking(session: ScheduledSession, end: Instant) -> Booking:
    """`end`: by its plan."""
    return Booking(
        session=session.session,
        start=session.starts_at,
        end=end,
        leads=frozenset(each.person for each in session.roster if each.role in FACILITATORS),
        guests=frozenset(each.person for each in session.roster if each.role not in STAFF),
    )
