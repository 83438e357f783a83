"""What each role may see, as plain dicts in the shapes of the wire protocol (§5).

Privacy is by construction: `room_part` is made of what the whole group may know; what is private to a person comes
from `you_part` for that person alone; what staff may know comes from `staff_part` and `record_part`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from facilitation import (
    agenda,
    attendance,
    breakoutviews,
    checkin,
    crediting,
    facts,
    measureviews,
    minuteviews,
    noshow,
    noteviews,
    roundviews,
    runviews,
    safetyviews,
)
from facilitation.attendance import Evidence
from facilitation.checkin import Flag, Sheet
from facilitation.crediting import Hours, Tally
from facilitation.forms import Form, Question
from facilitation.ids import PersonId, SegmentId, SmallRoomId
from facilitation.intervals import total_ms
from facilitation.licences import state_name
from facilitation.notes import GROUP
from facilitation.noteviews import draft_part
from facilitation.places import HelpLine
from facilitation.plan import Segment
from facilitation.room import form_offered, watched
from facilitation.seats import Seat
from facilitation.sentences import Sentence, told
from facilitation.state import THE_BEGINNING, RoomState
from facilitation.talk import Message
from facilitation.timebase import Instant

View = dict[str, Any]

OUTSIDE = "outside"
GROUP_AUDIENCE = "group"
CHAT_SHOWN_MAX = 200


def audience_of(state: RoomState, person: PersonId) -> str:
    """Which room part a person gets: 'group' for those in the room and for staff, the name of the small room they are
    in, else 'outside'."""
    seat = state.seats.known(person)
    if seat is None or not (seat.staff or seat.in_room):
        return OUTSIDE
    return state.breakouts.where.get(person, GROUP_AUDIENCE)


# --------------------------------------------------------------- ROOM


def room_part(state: RoomState, audience: str, position: Any = None) -> View:
    """The same for everyone of one audience.

    `position`: the agenda's part, for who has it ready; else it is made as of the last record.
    """
    session = state.opened
    inside = audience != OUTSIDE
    here = SmallRoomId(audience) if audience in state.breakouts.rooms else None
    where = state.breakouts.where
    return {
        "session": session.session,
        "title": session.title,
        "starts_at": session.starts_at,
        "zone": session.zone,
        "phase": state.phase,
        "agenda": (position or agenda_part(state)) if inside else _NO_AGENDA,
        "people": [_person(state, seat) for seat in state.seats.in_room if where.get(seat.person) == here]
        if inside
        else [],
        "elsewhere": breakoutviews.elsewhere_part(state, here) if inside else [],
        "small_room": breakoutviews.small_room_part(state, here) if inside else None,
        "breakouts": breakoutviews.open_part(state) if inside else None,
        "led": breakoutviews.led(state, here),
        "screen": next((each for each in state.screen.showing if where.get(each) == here), None) if inside else None,
        "camera": session.programme.camera,
        "skill": runviews.skill_part(state) if inside else None,
        "exercise": runviews.exercise_part(state) if inside else None,
        "round": roundviews.round_part(state) if inside else None,
        "agreement": agreement_part(state, inside=inside),
        "milestones": milestones_part(state) if inside else [],
        "last_time": runviews.last_time_part(state) if inside else [],
        "weeks": _weeks_shown(state) if inside else [],
        "shared": [*_shared(state), *runviews.shared_before(state)] if inside else [],
        "chat": [_message(state, message) for message in state.talk.heard_in(here)[-CHAT_SHOWN_MAX:]] if inside else [],
    }


_NO_AGENDA: View = {
    "segments": [],
    "position": None,
    "entered_at": None,
    "ends_at": None,
    "left_ms": None,
    "paused": False,
    "next": None,
    "expected_end": None,
    "ahead_ms": 0,
}


def agenda_part(state: RoomState, now: Instant | None = None) -> View:
    """Where the group is in its plan, and how the time goes; `now` None: as of the last record."""
    plan, now = state.agenda, now or state.at
    following = agenda.coming(plan)
    paused = plan.paused_at is not None
    return {
        "segments": [_segment(plan, segment) for segment in plan.plan.segments],
        "position": plan.position,
        "entered_at": plan.entered_at,
        "ends_at": agenda.ends_at(plan, now),
        "left_ms": agenda.left_ms(plan, now) if paused else None,
        "paused": paused,
        "next": following[0].id if following else None,
        "expected_end": agenda.expected_end(plan, now),
        "ahead_ms": agenda.ahead_ms(plan, now),
    }


def _segment(plan: agenda.Agenda, segment: Segment) -> View:
    """`spent_ms` is that of finished visits; of the present one, `ends_at` tells."""
    finished = plan.entered_at or plan.ended_at or THE_BEGINNING
    return {
        "id": segment.id,
        "kind": segment.kind.value,
        "title": segment.title,
        "planned_ms": plan.planned_ms[segment.id],
        "state": _segment_state(plan, segment.id),
        "spent_ms": agenda.spent_ms(plan, segment.id, finished),
        "card": segment.card,
    }


def _segment_state(plan: agenda.Agenda, segment: SegmentId) -> str:
    if segment == plan.position:
        return "now"
    if segment in plan.skipped:
        return "skipped"
    visited = any(span.segment == segment for span in plan.spans)
    if plan.phase == "ended":
        return "done" if visited else "skipped"
    return "next" if segment in {coming.id for coming in agenda.coming(plan)} else "done"


def _person(state: RoomState, seat: Seat) -> View:
    return {
        "person": seat.person,
        "name": seat.name,
        "role": seat.role.value,
        "microphone": seat.microphone,
        "camera": seat.camera,
        "hand": state.seats.hand_rank(seat.person),
        "reaction": None if seat.reaction is None else {"reaction": seat.reaction[0], "at": seat.reaction[1]},
        "connected": state.attendance.of(seat.person).connected,
        "lead": state.lead == seat.person,
    }


def _shared(state: RoomState) -> list[View]:
    """Shared answers of those in the room, question by question."""
    shown: list[View] = []
    for seat in state.seats.in_room:
        for form in state.checkin.forms:
            sheet = state.checkin.sheet(seat.person, form.id)
            if not sheet.shared or sheet.submitted is None:
                continue
            shown.extend(
                {
                    "person": seat.person,
                    "form": form.id,
                    "question": question.id,
                    "label": question.label,
                    "answer": checkin.in_words(question, sheet.submitted.get(question.id)),
                }
                for question in form.questions
                if question.id in sheet.shared
                and question.shareable
                and sheet.submitted.get(question.id) not in (None, "")
            )
    return shown


def milestones_part(state: RoomState) -> list[View]:
    """What those in the room chose to show; of who is glad with them, how many."""
    shown = state.milestones.shown
    return [
        {"person": seat.person, "text": shown[seat.person].text, "glad": len(shown[seat.person].glad)}
        for seat in state.seats.in_room
        if seat.person in shown
    ]


def agreement_part(state: RoomState, *, inside: bool) -> View:
    """The group's own agreement, for whoever is at the door as well; its draft for those inside."""
    agreement, draft = state.agreement, None
    if inside and agreement.draft is not None:
        here = sum(not seat.staff for seat in state.seats.in_room)
        draft = {"lines": list(agreement.draft), "yes": len(agreement.yes), "of": max(here, len(agreement.yes))}
    return {
        "version": agreement.stands.version,
        "lines": list(agreement.stands.lines),
        "revision": agreement.revision,
        "draft": draft,
    }


def own_agreement(state: RoomState, person: PersonId) -> View:
    """Whether I said yes to the draft, and what became of the lines that I proposed."""
    mine = [each for each in state.agreement.proposals if each.person == person]
    return {
        "agreed": person in state.agreement.yes,
        "proposals": [{"text": each.text, "taken": each.taken} for each in mine],
    }


def _weeks_shown(state: RoomState) -> list[View]:
    """Whose week of the diary the group may see parts of, of those in the room; what is in it is asked for apart."""
    shown = ((seat.person, state.showings.of(seat.person)) for seat in state.seats.in_room)
    return [
        {"person": person, "parts": sorted(each.to_group), "at": each.at}
        for person, each in shown
        if each is not None and each.to_group
    ]


def _message(state: RoomState, message: Message) -> View:
    return {
        "id": message.id,
        "at": message.at,
        "person": message.person,
        "name": state.name_of(message.person),
        "to": message.to,
        "text": message.text,
    }


# --------------------------------------------------------------- YOU


def you_part(
    state: RoomState,
    person: PersonId,
    now: Instant,
    tally: Tally | None = None,
    asked: Callable[[Form], Any] | None = None,
) -> View:
    """What one person may know of themself. `asked`: a form as it is shown, for who has it ready."""
    seat = state.seats.of(person)
    arrival = seat.arrival
    return {
        "person": seat.person,
        "role": seat.role.value,
        "name": seat.name,
        "teen": seat.teen,
        "place": seat.place.value,
        "microphone": seat.microphone,
        "camera": seat.camera,
        "hand": state.seats.hand_rank(person),
        "shielded": seat.shielded,
        "may_share": state.screen.may_share(seat),
        "lead": state.lead == person,
        "minutes": minutes(state, person, now, tally),
        "arrival": None
        if arrival is None
        else {
            "name": seat.name,
            "location": arrival.location,
            "callback": arrival.callback,
            "private_space": arrival.private_space,
            "others_present": arrival.others_present,
            "state": arrival.state,
            "contact_name": arrival.contact_name,
            "contact_phone": arrival.contact_phone,
        },
        "unmute_asked": seat.unmute_asked,
        "still_here": minuteviews.still_here_part(state, person),
        "disputes": minuteviews.own_disputes(state, person),
        "forms": {}
        if not seat.treated
        else {form.id: _own_form(state, seat, form, asked or form_part) for form in state.checkin.forms},
        "measures": measureviews.own_part(state, seat, watched=watched(state)),
        "exercises": runviews.own_papers(state, person) if seat.in_room else [],
        "agreement": own_agreement(state, person),
        "glad": [owner for owner, shown in state.milestones.shown.items() if person in shown.glad],
        "turn": roundviews.own_turn(state, person) if seat.in_room else None,
        "week": _own_week(state, seat),
        "help": _help(state, person),
        **breakoutviews.own_part(state, person),
        "chat": [_message(state, message) for message in state.talk.private_of(person)[-CHAT_SHOWN_MAX:]],
    }


def minutes(state: RoomState, person: PersonId, now: Instant, tally: Tally | None = None) -> View:
    """A person's minutes as of `now`, and whether they are running on."""
    tally = tally or Tally(state, now)
    hours = tally.of(person)
    running = state.phase == "running" and state.attendance.of(person).present
    return {
        "present_ms": hours.present_ms,
        "counted_ms": hours.counted_ms,
        "running": running,
        "since": now,
        "counting": running and tally.counting,
        "target_ms": tally.target_ms,
        "corrected_ms": hours.corrected_ms,
    }


def _help(state: RoomState, person: PersonId) -> str | None:
    """After a safety answer, who comes: 'coming'; 'away': nobody who leads is here just now; 'seen_to'."""
    flags = state.checkin.flags_of(person)
    if not flags:
        return None
    if not any(flag.open for flag in flags):
        return "seen_to"
    return "coming" if watched(state) else "away"


def _own_week(state: RoomState, seat: Seat) -> View | None:
    """Whether I show the week of my diary, and what of it to the group; None: I have none to show here."""
    if not seat.treated or not seat.in_room:
        return None
    shown = state.showings.of(seat.person)
    return {
        "shown_at": None if shown is None else shown.at,
        "to_group": [] if shown is None else sorted(shown.to_group),
    }


def _own_form(state: RoomState, seat: Seat, form: Form, asked: Callable[[Form], Any]) -> View:
    sheet = state.checkin.sheet(seat.person, form.id)
    return {
        "form": asked(form),
        "offered": seat.in_room and form_offered(state, form.id),
        "status": sheet.status,
        "answers": dict(sheet.latest),
        "shared": [question.id for question in form.questions if question.id in sheet.shared],
    }


def form_part(form: Form) -> View:
    """A form as its browser sees it: without what raises a flag."""
    return {
        "id": form.id,
        "title": form.title,
        "intro": form.intro,
        "questions": [_question(question) for question in form.questions],
    }


def _question(question: Question) -> View:
    return {
        "id": question.id,
        "kind": question.kind.value,
        "label": question.label,
        "hint": question.hint,
        "low": question.low,
        "high": question.high,
        "low_label": question.low_label,
        "high_label": question.high_label,
        "choices": [{"value": choice.value, "label": choice.label} for choice in question.choices],
        "required": question.required,
        "shareable": question.shareable,
    }


# --------------------------------------------------------------- STAFF


def staff_part(state: RoomState, now: Instant, tally: Tally | None = None) -> View:
    tally = tally or Tally(state, now)
    missing = noshow.missing(state.seats.participants, state.attendance, state.absences, state.at)
    return {
        "people": [
            _staff_person(state, seat, now, tally) | _awaited_part(state, seat, seat.person in missing)
            for seat in state.seats.by_person.values()
        ],
        "flags": [_flag(state, flag) for flag in state.checkin.flags],
        "dispositions": [
            {"disposition": id, **told(label)} for id, label in checkin.DISPOSITIONS.items() if state.checkin.flags
        ],
        "safety": safetyviews.path_part(state.safety.path) if state.checkin.flags else None,
        "notes": _drafts(state),
        "chat": [_message(state, message) for message in state.talk.private[-CHAT_SHOWN_MAX:]],
        "disputes": minuteviews.open_disputes(state),
        "practice": runviews.practice_part(state),
        "rounds": roundviews.rounds_part(state),
        "breakouts": breakoutviews.staff_breakouts_part(state),
        "proposals": [
            {"proposal": each.proposal, "person": each.person, "text": each.text}
            for each in state.agreement.proposals
            if each.taken is None
        ],
        "undo": _undo(state, now),
        "advice": _advice(state, now),
        "seats": {"taken": len(state.seats.in_room), "max": state.opened.seats_max},
        "labels": {
            form.id: {question.id: question.label for question in form.questions} for form in state.checkin.forms
        },
    }


def _staff_person(state: RoomState, seat: Seat, now: Instant, tally: Tally) -> View:
    hours = tally.of(seat.person)
    trace = state.attendance.of(seat.person)
    dropped = seat.in_room and not trace.connected
    return {
        "person": seat.person,
        "name": seat.name,
        "role": seat.role.value,
        "teen": seat.teen,
        "guest": seat.guest,
        "place": seat.place.value,
        "connected": trace.connected,
        "arrived_at": seat.arrived_at,
        "waiting_since": seat.waiting_since,
        "late_ms": _late_ms(state, hours, now),
        **_whereabouts(seat, over=state.phase == "ended"),
        "minutes": minutes(state, seat.person, now, tally),
        "revoked": list(seat.revoked),
        "left_how": "dropped" if dropped else seat.left_how,
        "left_at": (trace.online[-1][1] if trace.online else None) if dropped else seat.left_at,
        **minuteviews.proof_part(state, seat.person),
        "shielded": seat.shielded,
        "may_share": state.screen.may_share(seat),
        "week_shown_at": None if (shown := state.showings.of(seat.person)) is None else shown.at,
        "forms": {}
        if not seat.treated
        else {form.id: _staff_form(state.checkin.sheet(seat.person, form.id)) for form in state.checkin.forms},
        "measures": measureviews.staff_part(state, seat.person),
    }


def _awaited_part(state: RoomState, seat: Seat, missing: bool) -> View:
    """For staff: whether somebody told that they will not come, is missing now, and who was tried to be reached."""
    noticed = state.noshows.noticed.get(seat.person)
    return {
        "told": _told(state, seat.person),
        "missing_since": noticed if missing and state.phase == "running" else None,
        "attempts": _attempts(state, seat.person),
    }


def _told(state: RoomState, person: PersonId) -> View | None:
    told = state.absences.told.get(person)
    return None if told is None else {"name": told.name, "reason": told.reason, "at": told.at}


def _attempts(state: RoomState, person: PersonId) -> list[View]:
    return [
        {
            "whom": attempt.whom.value,
            "outcome": attempt.outcome.value,
            "by": attempt.by,
            "name": state.name_of(attempt.by),
            "at": attempt.at,
        }
        for attempt in state.noshows.attempts_of(person)
    ]


def _whereabouts(seat: Seat, *, over: bool) -> View:
    """Where somebody is and who helps there: while the session goes on, for as long is it needed. The record keeps the
    place."""
    arrival, door = seat.arrival, seat.door
    if over:
        return {"arrival": None, "door": None}
    return {
        "arrival": None
        if arrival is None
        else {
            "location": arrival.location,
            "callback": arrival.callback,
            "private_space": arrival.private_space,
            "others_present": arrival.others_present,
            "state": state_name(arrival.state),
            "contact_name": arrival.contact_name,
            "contact_phone": arrival.contact_phone,
        },
        "door": None
        if door is None
        else {
            "held": list(door.held),
            "words": [told(each) for each in door.said],
            "location": door.location,
            "state": state_name(door.state),
            "callback": door.callback,
            "help": [_help_line(each) for each in door.help],
        },
    }


def _help_line(line: HelpLine) -> View:
    checked = line.checked.isoformat() if line.checked else None
    return {"name": line.name, "phone": line.phone, "checked": checked, "stale": line.stale}


def _late_ms(state: RoomState, hours: Hours, now: Instant) -> int:
    """How late a person came or, while the session runs without them, is by now."""
    if hours.attended or state.phase != "running" or state.agenda.started_at is None:
        return hours.late_ms
    return max(0, now - state.agenda.started_at)


def _staff_form(sheet: Sheet) -> View:
    return {"status": sheet.status, "answers": {} if sheet.submitted is None else dict(sheet.submitted)}


def _flag(state: RoomState, flag: Flag) -> View:
    seat = state.seats.known(flag.person)
    done = state.phase == "ended" and flag.disposition is not None
    arrival = None if seat is None or done else seat.arrival
    return {
        "flag": flag.flag,
        "person": flag.person,
        "name": state.name_of(flag.person),
        "form": flag.form,
        "at": flag.at,
        "questions": [{"label": label, "answer": answer} for label, answer in flag.answers],
        "disposition": flag.disposition,
        "text": flag.text,
        "by": flag.by,
        "disposed_at": flag.disposed_at,
        "location": "" if arrival is None else arrival.location,
        "callback": "" if arrival is None else arrival.callback,
        "state": "" if arrival is None else state_name(arrival.state),
        "contact_name": "" if arrival is None else arrival.contact_name,
        "contact_phone": "" if arrival is None else arrival.contact_phone,
        "help": [] if done or seat is None or seat.door is None else [_help_line(each) for each in seat.door.help],
        **safetyviews.response_part(state, flag),
    }


def _drafts(state: RoomState) -> View:
    subjects = [GROUP, *(seat.person for seat in state.seats.treated)]
    return {subject: draft_part(state.notes.draft(subject)) for subject in subjects}


def _undo(state: RoomState, now: Instant) -> View | None:
    move = state.agenda.last_move
    if move is None or now >= move.at + agenda.UNDO_OFFERED_MS:
        return None
    return {"move": move.how, "to": move.origin, "until": move.at + agenda.UNDO_OFFERED_MS}


def _advice(state: RoomState, now: Instant) -> View | None:
    planned_ms = agenda.advice(state.agenda, now)
    if planned_ms is None:
        return None
    return {"over_ms": -agenda.ahead_ms(state.agenda, now), "planned_ms": planned_ms}


# --------------------------------------------------------------- RECORD


def record_part(state: RoomState, now: Instant) -> View:
    """The record page: figures, what they rest on, drafts and signed notes."""
    session, plan = state.opened, state.agenda.plan
    participants = state.seats.treated
    tally = Tally(state, now)
    hours = {seat.person: tally.of(seat.person) for seat in participants}
    written = noteviews.people_parts(state, hours, now)
    return {
        "status": _record_status(state),
        "started_at": state.agenda.started_at,
        "ended_at": state.agenda.ended_at,
        "plan": {"title": plan.title, "version": plan.version},
        "rules": {"id": session.rules.id, "version": session.rules.version, "title": session.rules.title},
        "segments": [_record_segment(state, segment, now) for segment in plan.segments],
        "gaps": [list(gap) for gap in attendance.gaps_in_session(state.attendance, now)],
        "facilitators": [
            {
                "person": seat.person,
                "name": seat.name,
                "role": seat.role.value,
                "minutes": minutes(state, seat.person, now, tally),
                "location": state.notes.locations.get(seat.person, ""),
            }
            for seat in facts.led_by(state)
        ],
        "head_count": facts.head_count(hours.values()),
        "people": [_record_person(state, seat, hours, written[seat.person], now) for seat in participants],
        "policy": minuteviews.policy_part(state),
        **noteviews.session_part(state, hours),
    }


def _record_status(state: RoomState) -> str:
    if state.phase != "ended":
        return "open"
    return "signed" if all(seat.person in state.notes.signed for seat in state.seats.treated) else "ended"


def _record_segment(state: RoomState, segment: Segment, now: Instant) -> View:
    spans = agenda.spans_of(state.agenda, segment.id, now)
    return {
        "id": segment.id,
        "title": segment.title,
        "kind": segment.kind.value,
        "counts": crediting.counts(state.opened.rules, segment.kind),
        "planned_ms": state.agenda.planned_ms[segment.id],
        "spent_ms": total_ms(spans),
        "spans": [list(span) for span in spans],
    }


def _record_person(state: RoomState, seat: Seat, everyone: Mapping[PersonId, Hours], note: View, now: Instant) -> View:
    person, hours = seat.person, everyone[seat.person]
    zone = state.opened.zone
    return {
        "person": person,
        "name": seat.name,
        "clock_ms": hours.clock_ms,
        "present_ms": hours.present_ms,
        "counted_ms": hours.counted_ms,
        "countable_min": hours.countable_min,
        "first": hours.first,
        "last": hours.last,
        "late_ms": hours.late_ms,
        "left_early_ms": hours.left_early_ms,
        "gap_credit_ms": hours.gap_credit_ms,
        "intervals": [list(interval) for interval in hours.intervals],
        "by_segment": dict(hours.by_segment),
        **minuteviews.person_part(state, hours, now),
        "evidence": [_evidence(line, zone) for line in state.attendance.of(person).evidence],
        "week_shown_at": None if (shown := state.showings.of(person)) is None else shown.at,
        "facts": [
            {"label": str(label), "value": str(value), "told": {"label": told(label), "value": told(value)}}
            for label, value in facts.lines(state, person, everyone)
        ],
        **note,
        "absence": _absence(state, person),
        "makes_up": state.absences.makes_up.get(person),
        "told": _told(state, person),
        "noticed_at": state.noshows.noticed.get(person),
        "attempts": _attempts(state, person),
        "measures": measureviews.staff_part(state, person),
        "blocked": "open_flag" if any(flag.open for flag in state.checkin.flags_of(person)) else None,
    }


def _absence(state: RoomState, person: PersonId) -> View | None:
    absence = state.absences.explained.get(person)
    if absence is None:
        return None
    by = state.name_of(absence.by)
    return {"kind": absence.kind.value, "reason": absence.reason, "by": absence.by, "name": by, "at": absence.at}


def _evidence(line: Evidence, zone: str) -> View:
    text: str | Sentence = line.text
    if line.heard is not None:
        time = facts.time_of(line.heard, zone)
        text = Sentence("{event}, last heard {time}", event=Sentence(line.text), time=time)
    return {"seq": line.seq, "at": line.at, **told(text)}
