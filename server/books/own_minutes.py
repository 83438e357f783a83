"""Participants' own minutes of one session, told from its log in the words of the page that shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any, Final

from facilitation import attendance, crediting, explain
from facilitation.corrections import Correction, Dispute
from facilitation.events import Recorded
from facilitation.explain import Cause, Piece, Seen
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.programme import policy_words
from facilitation.state import RoomState
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant
from server.projections.fold import Room
from server.store.clinic import ScheduledSession
from server.store.ports import Store
from server.web.words import Words, local

SHORTEST_GAP_MS: Final = SECOND_MS
"""Below this nobody calls it being away."""


class OwnMinutes:
    """The port `Minutes` of the pages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, session: SessionId, person: PersonId, words: Words) -> dict[str, Any] | None:
        """What one person may read of their minutes; None where there are none to read of them.

        Raises StoreUnavailable and CorruptLog.
        """
        records = await self._store.log.read(session)
        if not records:
            scheduled = await self._store.clinic.get_session(session)
            return None if scheduled is None else _nothing_yet(scheduled, words)
        kept = await self._store.leases.proofs(session)
        state = await asyncio.to_thread(_replay, records)  # a long evening takes a while
        seat = state.seats.known(person)
        if seat is None or seat.role is not Role.PARTICIPANT:
            return None
        return _told(state, person, state.at if kept is None else max(state.at, kept.at), words)


def _replay(records: Sequence[Recorded]) -> RoomState:
    room = Room()
    for record in records:
        room.add(record)
    return room.state


# --------------------------------------------------------------------------- in words


def _nothing_yet(scheduled: ScheduledSession, words: Words) -> dict[str, Any]:
    starts = local(scheduled.starts_at, scheduled.zone)
    empty: dict[str, Any] = dict.fromkeys(("rows", "corrections", "disputes", "policy"), ())
    return empty | {
        "title": scheduled.title,
        "phase": "lobby",
        "day": words.weekday(starts.date()),
        "time": words.clock_time(starts),
        "zone": scheduled.zone,
        "counted_text": words.minutes(0),
        "present_text": words.minutes(0),
        "corrected_ms": 0,
        "attended": False,
        "waiting": False,
    }


def _told(state: RoomState, person: PersonId, now: Instant, words: Words) -> dict[str, Any]:
    """`now`: as far as is known; a room in which nobody says anything writes nothing."""
    session = state.session
    assert session is not None
    zone = session.zone
    hours = crediting.credit(state, person, now)
    ran = attendance.session_span(state.attendance, now)
    began = state.agenda.started_at or session.starts_at
    mine = state.corrections
    return {
        "title": session.title,
        "phase": state.phase,
        "day": words.weekday(local(began, zone).date()),
        "time": words.span(*ran[0], zone) if ran else words.clock_time(local(began, zone)),
        "zone": zone,
        "counted_text": words.minutes(hours.countable_min),
        "present_text": words.minutes(hours.present_ms // MINUTE_MS),
        "corrected_ms": hours.corrected_ms,
        "attended": hours.attended,
        "rows": _rows(explain.pieces(state, hours, now), ran, zone, words),
        "corrections": [_correction(state, one, zone, words) for one in mine.of(person) if one.taken_back is None],
        "disputes": [_dispute(state, one, zone, words) for one in mine.disputes_of(person)],
        "waiting": any(one.open for one in mine.disputes_of(person)),
        "policy": [words.of(each) for each in policy_words(session.programme, session.rules)],
    }


def _rows(
    pieces: Sequence[Piece], ran: Sequence[tuple[Instant, Instant]], zone: str, words: Words
) -> list[dict[str, Any]]:
    """The session from its start to its end as times of one kind each; `x` and `width` in percent of it."""
    if not ran:
        return []
    start, end = ran[0]
    rows: list[dict[str, Any]] = []

    def add(first: Instant, last: Instant, kind: str, why: tuple[Cause | None, Cause | None] = (None, None)) -> None:
        if kind == "away" and last - first < SHORTEST_GAP_MS:
            return
        length = max(1, end - start)
        rows.append(
            {
                "kind": kind,
                "from": words.exact_time(local(first, zone)),
                "to": words.exact_time(local(last, zone)),
                "length": _lasting(last - first),
                "x": f"{(first - start) / length * 100:.3f}",
                "width": f"{(last - first) / length * 100:.3f}",
                "began": "" if why[0] is None else words.of(why[0].text),
                "ended": "" if why[1] is None else words.of(why[1].text),
            }
        )

    at = start
    for kind, together in _joined(pieces):
        first, last = together[0].start, together[-1].end
        if first > at:
            add(at, first, "away")
        add(first, last, kind, (together[0].began, together[-1].ended))
        at = last
    if end > at:
        add(at, end, "away")
    return rows


def _joined(pieces: Sequence[Piece]) -> list[tuple[str, list[Piece]]]:
    """Pieces that touch and are of one kind, whatever segment they lie in."""
    apart = [index for index, (one, next_) in enumerate(pairwise(pieces), 1) if one.end != next_.start]
    runs = [pieces[a:b] for a, b in pairwise([0, *apart, len(pieces)])]
    return [(kind, list(some)) for run in runs for kind, some in groupby(run, key=_kind)]


def _kind(piece: Piece) -> str:
    if not piece.stands:
        return "taken"
    return {Seen.CONNECTED: "here", Seen.SERVER_GAP: "credited", Seen.NO: "added"}[piece.seen]


def _correction(state: RoomState, one: Correction, zone: str, words: Words) -> dict[str, Any]:
    return {
        "from": words.exact_time(local(one.start, zone)),
        "to": words.exact_time(local(one.end, zone)),
        "present": one.present,
        "reason": one.reason,
        "by": _name(state, one.by),
        "at": words.moment(one.at, zone),
    }


def _dispute(state: RoomState, one: Dispute, zone: str, words: Words) -> dict[str, Any]:
    return {
        "dispute": one.dispute,
        "text": one.text,
        "at": words.moment(one.at, zone),
        "taken_back": one.taken_back is not None,
        "accepted": one.accepted,
        "answer": one.answer,
        "by": _name(state, one.by),
        "answered_at": "" if one.answered_at is None else words.moment(one.answered_at, zone),
    }


def _name(state: RoomState, person: PersonId | None) -> str:
    seat = state.seats.known(person)
    return "" if seat is None else seat.name


def _lasting(length_ms: int) -> str:
    """'1 h 08 min', '12 min 5 s', '9 s'."""
    minutes, seconds = divmod(length_ms // SECOND_MS, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
