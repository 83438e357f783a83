"""Facts for the record: what the log itself says of one person, in words and figures, and the note made of them.

Facts only: nothing here is judged, guessed or filled in for the facilitator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from facilitation import attendance, checkin, crediting, explain, measures, noshow, roundviews
from facilitation.checkin import DISPOSITIONS
from facilitation.commands import SignNote
from facilitation.crediting import Hours
from facilitation.errors import Refusal
from facilitation.events import NoteSigned
from facilitation.exercises import in_words
from facilitation.explain import MarkKind
from facilitation.forms import QuestionKind
from facilitation.ids import PersonId
from facilitation.intervals import Intervals
from facilitation.licences import state_name
from facilitation.noteforms import NoteForm, format_of
from facilitation.notes import GROUP, check_signable, content_hash
from facilitation.people import Role
from facilitation.runs import Run
from facilitation.seats import Seat
from facilitation.state import RoomState, Session
from facilitation.timebase import SECOND_MS, Instant

CONTENT_FORMAT = 2
"""Version of the shape of a signed note's content. Notes signed before there were sections have 1."""

Facts = list[dict[str, str]]


# --------------------------------------------------------------- in words


def zone_of(name: str) -> tzinfo:
    """The time zone of that name; UTC where it is not known."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def time_text(instant: Instant, zone: tzinfo) -> str:
    """ "4:02:10 PM", on the clock that everybody in the house reads."""
    at = datetime.fromtimestamp(instant // SECOND_MS, zone)
    return f"{at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"


def date_text(instant: Instant, zone: tzinfo) -> str:
    """ "Tuesday 17 November 2026"."""
    day = datetime.fromtimestamp(instant // SECOND_MS, zone)
    return f"{day:%A} {day.day} {day:%B %Y}"


def duration_text(length_ms: int) -> str:
    """ "3 h 05 min 50 s"; parts of a second are dropped."""
    minutes, seconds = divmod(length_ms // SECOND_MS, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min {seconds:02} s"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def intervals_text(intervals: Intervals, zone: tzinfo) -> str:
    """ "4:02:10 PM – 5:30:00 PM, 5:31:00 PM – 7:10:00 PM"."""
    return ", ".join(f"{time_text(start, zone)} – {time_text(end, zone)}" for start, end in intervals)


# --------------------------------------------------------------- the figures of a session


def head_count(everyone: Iterable[Hours]) -> int:
    """How many participants attended, from the figures of all."""
    return sum(hours.attended for hours in everyone)


def facilitators(state: RoomState) -> tuple[Seat, ...]:
    """Who leads by role, in the order of the list."""
    leaders = (Role.FACILITATOR, Role.COFACILITATOR)
    return tuple(seat for seat in state.seats.by_person.values() if seat.role in leaders)


def note_form(state: RoomState) -> NoteForm:
    """The format in which this session's notes are written."""
    return format_of(_session(state).programme.note_format)


def facts(state: RoomState, person: PersonId, everyone: Mapping[PersonId, Hours]) -> Facts:
    """The lines a note begins with. `everyone`: the figures of all participants."""
    hours = everyone[person]
    session = _session(state)
    zone = zone_of(session.zone)
    seat = state.seats.of(person)
    lines: list[tuple[str, str]] = [
        ("Date", date_text(state.agenda.started_at or session.starts_at, zone)),
        ("Service", f"{session.title}: {state.agenda.plan.title}, {_setting(state)} by live video"),
        ("Session", _session_text(state, session, zone)),
        ("Led by", ", ".join(_leader_text(state, leader) for leader in facilitators(state))),
        ("Participants attending", str(head_count(everyone.values()))),
        *_relative_facts(state, zone),
        *_cap_facts(state, everyone.values()),
        *_attendance_facts(state, hours, session, zone),
        *_absence_facts(state, person, zone),
        *_arrival_facts(seat),
        ("Skills taught", ", ".join(state.notes.skills)),
        ("Exercises done together", "; ".join(_run_text(run) for run in state.practice.runs if run.began_at)),
        ("Took part in", "; ".join(_titles_of(state, person))),
        ("Rounds", "; ".join(roundviews.facts_of(state, person))),
        *_form_facts(state, person),
        *_measure_facts(state, person, zone),
        *_shared_facts(state, person),
        *_exercise_facts(state, person),
        *_small_room_facts(state, person, zone),
        *_flag_facts(state, person, zone),
    ]
    return [{"label": label, "value": value} for label, value in lines if value]


def _session_text(state: RoomState, session: Session, zone: tzinfo) -> str:
    if state.agenda.started_at is None:
        return ""
    end = "" if state.agenda.ended_at is None else time_text(state.agenda.ended_at, zone)
    return f"{time_text(state.agenda.started_at, zone)} – {end} ({session.zone})"


def _setting(state: RoomState) -> str:
    relatives = any(seat.guest for seat in state.seats.by_person.values())
    if len(state.seats.treated) > 1:
        return "in a group of families" if relatives else "in a group"
    return "with family" if relatives else "one to one"


def _relative_facts(state: RoomState, zone: tzinfo) -> Iterable[tuple[str, str]]:
    """Who of the family was there, and when; only how many, where they might be somebody else's family."""
    there = {
        seat.name: attendance.presence(state.attendance, seat.person, state.at)
        for seat in state.seats.by_person.values()
        if seat.guest
    }
    came = {name: intervals for name, intervals in there.items() if intervals}
    if came and len(state.seats.treated) == 1:
        yield "Family attending", "; ".join(f"{name} {intervals_text(each, zone)}" for name, each in came.items())
    elif came:
        yield "Family members attending", str(len(came))


def _leader_text(state: RoomState, leader: Seat) -> str:
    place = state.notes.locations.get(leader.person, "")
    return f"{leader.name} ({leader.role.value}{f', at {place}' if place else ''})"


def _cap_facts(state: RoomState, everyone: Iterable[Hours]) -> Iterable[tuple[str, str]]:
    over = crediting.over_caps(state, everyone)
    if over:
        yield (
            "Over the group size of the rule",
            "; ".join(f"{each.segment.title}: {each.people}, at most {each.most}" for each in over),
        )


def _attendance_facts(state: RoomState, hours: Hours, session: Session, zone: tzinfo) -> Iterable[tuple[str, str]]:
    if not hours.attended:
        yield "Attended", "Did not attend"
        return
    yield "Attended", f"{intervals_text(hours.times if hours.corrected else hours.intervals, zone)} ({session.zone})"
    yield "Time present", duration_text(hours.present_ms)
    if hours.gap_credit_ms:
        times = intervals_text(hours.gap_credit, zone)
        yield "Credited over a server gap", f"{duration_text(hours.gap_credit_ms)}: {times}"
    yield from _correction_facts(state, hours, zone)
    units = "" if hours.units is None else f", {hours.units} × {session.rules.unit_min} min"
    yield "Counted", f"{hours.countable_min} min{units} (rule {hours.rules_id}, {hours.rules_version})"
    ran = attendance.session_span(state.attendance, state.at)
    for mark in explain.marks(session.programme, hours, ran, state.agenda.ended_at):
        lasting = duration_text(mark.end - mark.start)
        match mark.kind:
            case MarkKind.LATE:
                yield "Came late by", lasting
            case MarkKind.LEFT_EARLY:
                yield "Left early by", lasting
            case MarkKind.AWAY:
                yield "Away", f"{time_text(mark.start, zone)} – {time_text(mark.end, zone)} ({lasting})"
    titles = {segment.id: segment.title for segment in state.agenda.plan.segments}
    yield (
        "Parts attended",
        ", ".join(
            f"{titles[segment]} {duration_text(length)}" for segment, length in hours.by_segment.items() if length
        ),
    )


def _correction_facts(state: RoomState, hours: Hours, zone: tzinfo) -> Iterable[tuple[str, str]]:
    for one in state.corrections.of(hours.person):
        if one.taken_back is None:
            times = f"{time_text(one.start, zone)} – {time_text(one.end, zone)}"
            what = "counted as present" if one.present else "counted as away"
            by = _name(state, one.by)
            yield "Corrected by hand", f"{times} {what} ({by}, {time_text(one.at, zone)}): {one.reason}"


def _absence_facts(state: RoomState, person: PersonId, zone: tzinfo) -> Iterable[tuple[str, str]]:
    """What was told beforehand, since when somebody was missing, whom one tried to reach; no word of any call."""
    told = state.absences.told.get(person)
    if told is not None:
        reason = f": {told.reason}" if told.reason else ""
        yield "Told beforehand that they would not come", f"{date_text(told.at, zone)}, by {told.name}{reason}"
    noticed = state.noshows.noticed.get(person)
    if noticed is not None:
        yield "Missing", f"noticed at {time_text(noticed, zone)}"
    for attempt in state.noshows.attempts_of(person):
        what = f"{noshow.WHOM_WORDS[attempt.whom]}: {noshow.OUTCOME_WORDS[attempt.outcome]}"
        yield "Tried to reach", f"{time_text(attempt.at, zone)}, {what} ({_name(state, attempt.by)})"


def _arrival_facts(seat: Seat) -> Iterable[tuple[str, str]]:
    if seat.arrival is not None:
        place = (seat.arrival.location, state_name(seat.arrival.state))
        yield "Location given", ", ".join(each for each in place if each)
        yield "Private space", "Yes" if seat.arrival.private_space else "No"
        yield "Others present", seat.arrival.others_present
        yield "Group agreement", "Agreed on arrival"
        if seat.door is not None:
            yield "Consents", "; ".join(seat.door.consents)


def _form_facts(state: RoomState, person: PersonId) -> Iterable[tuple[str, str]]:
    for form in state.checkin.forms:
        submitted = state.checkin.sheet(person, form.id).submitted
        if submitted is None:
            continue
        figures = [
            f"{question.label} {checkin.in_words(question, submitted.get(question.id))}"
            for question in form.questions
            if question.kind is not QuestionKind.TEXT and submitted.get(question.id) is not None
        ]
        yield form.title, "; ".join(figures)


def _measure_facts(state: RoomState, person: PersonId, zone: tzinfo) -> Iterable[tuple[str, str]]:
    """What measures gave, in their own words and figures; of anonymous ones nothing is in anybody's record."""
    for measure in state.measuring.of(person):
        sheet = state.measuring.sheet(person, measure.id)
        if measure.anonymous or sheet.handed_in is None:
            continue
        alerting = [
            f"“{item.text}” {measures.in_words(measure, item, sheet.handed_in.get(item.id))}"
            for item in measure.items
            if measures.alerts(item, sheet.handed_in.get(item.id))
        ]
        before = state.measuring.before(person, measure)
        yield measure.short, "; ".join((*_score_words(measure, sheet.handed_in, before, zone), *alerting))


def _score_words(
    measure: measures.Measure, values: measures.Values, before: measures.Earlier | None, zone: tzinfo
) -> Iterable[str]:
    total = measures.score(measure, values)
    if total is None:
        left_open = [item.id for item in measure.scored if item.id not in values]
        yield f"no score, left open: {', '.join(left_open)}"
        return
    reached = measures.band(measure, total)
    yield f"{total} of {measure.score_max}{f', {reached.title}' if reached else ''}"
    if before is not None:
        apart, day = abs(total - before.score), date_text(before.at, zone)
        how = "as" if not apart else f"{apart} {'lower' if total < before.score else 'higher'} than"
        least = f" (a reliable change is {measure.reliable} or more)" if measure.reliable and apart else ""
        yield f"{how} on {day}{least}"


def _shared_facts(state: RoomState, person: PersonId) -> Iterable[tuple[str, str]]:
    """What a person showed the group of what they wrote."""
    for form in state.checkin.forms:
        sheet = state.checkin.sheet(person, form.id)
        shared = [
            f"{question.label}: {checkin.in_words(question, (sheet.submitted or {}).get(question.id))}"
            for question in form.questions
            if question.id in sheet.shared and (sheet.submitted or {}).get(question.id) is not None
        ]
        yield f"Shared with the group ({form.title})", "; ".join(shared)


def _run_text(run: Run) -> str:
    """ "Paced breathing (3 min 05 s)"."""
    if run.began_at is None or run.closed_at is None:
        return run.exercise.title
    return f"{run.exercise.title} ({duration_text(run.closed_at - run.began_at)})"


def _titles_of(state: RoomState, person: PersonId) -> Iterable[str]:
    """What somebody took part in by their own word or answer. That they sat something out is nobody's record."""
    return dict.fromkeys(run.exercise.title for run in state.practice.runs if run.paper(person).took_part)


def _exercise_facts(state: RoomState, person: PersonId) -> Iterable[tuple[str, str]]:
    """What a person showed the group of what they wrote; words about others are not for their record."""
    for run in state.practice.runs:
        shared = run.paper(person).shared
        told = [
            f"{field.label}: {in_words(field, shared[field.id])}"
            for field in run.exercise.fields
            if field.id in shared and field.quoted and in_words(field, shared[field.id])
        ]
        yield f"Shared with the group ({run.exercise.title})", "; ".join(told)


def _small_room_facts(state: RoomState, person: PersonId, zone: tzinfo) -> Iterable[tuple[str, str]]:
    """When somebody was in a small room, and when they were spoken with apart; never with whom of the group."""
    stays = state.breakouts.stays.get(person, ())
    for label, side in (("In small rooms", False), ("Spoken with apart", True)):
        times = tuple((stay.start, stay.end or state.at) for stay in stays if stay.side is side)
        yield label, intervals_text(times, zone)


def _flag_facts(state: RoomState, person: PersonId, zone: tzinfo) -> Iterable[tuple[str, str]]:
    for flag in state.checkin.flags_of(person):
        asked = "; ".join(f"{label} {answer}" for label, answer in flag.answers)
        if flag.disposition is None or flag.disposed_at is None:
            done = "nothing is written down yet"
        else:
            words = DISPOSITIONS.get(flag.disposition, flag.disposition)
            done = f"{words} ({_name(state, flag.by)}, {time_text(flag.disposed_at, zone)})"
        more = f" {flag.text}" if flag.text else ""
        yield f"Safety answer at {time_text(flag.at, zone)}", f"{asked} → {done}.{more}"


# --------------------------------------------------------------- the signed note


def sign(state: RoomState, ask: SignNote, signer: Seat, now: Instant) -> NoteSigned:
    """The note as it is frozen by `signer` now, or the reason why it cannot be."""
    person = ask.person
    seat = state.seats.of(person)
    if not seat.treated:
        raise Refusal("unknown_person", "Notes are signed for participants who are treated.")
    if any(flag.open for flag in state.checkin.flags_of(person)):
        raise Refusal("open_flag", f"Before you sign: write down what was done about {seat.name}'s safety answer.")
    tally = crediting.Tally(state)
    everyone = {each.person: tally.of(each.person) for each in state.seats.treated}
    check_signable(
        state.notes,
        note_form(state),
        person,
        group_revision=ask.group_revision,
        person_revision=ask.person_revision,
        sections=ask.sections,
        goals_revision=ask.goals_revision,
        attended=everyone[person].attended,
    )
    content = _content(state, seat, signer, everyone, now)
    return NoteSigned(person=person, content=content, content_hash=content_hash(content), evidence=(1, state.seq))


def _content(
    state: RoomState, seat: Seat, signer: Seat, everyone: Mapping[PersonId, Hours], now: Instant
) -> dict[str, object]:
    session, plan, hours = _session(state), state.agenda.plan, everyone[seat.person]
    programme, form = session.programme, note_form(state)
    group, own = state.notes.draft(GROUP), state.notes.draft(seat.person)
    goals = state.notes.goals_of(seat.person)
    drafts = [(part, state.notes.section(seat.person, part.id)) for part in form.sections]
    return {
        "format": CONTENT_FORMAT,
        "session": {
            "session": session.session,
            "title": session.title,
            "zone": session.zone,
            "starts_at": session.starts_at,
            "started_at": state.agenda.started_at,
            "ended_at": state.agenda.ended_at,
        },
        "plan": {"id": plan.id, "version": plan.version, "title": plan.title},
        "rules": {"id": session.rules.id, "version": session.rules.version, "title": session.rules.title},
        "programme": {
            "id": programme.id,
            "version": programme.version,
            "title": programme.title,
            "part2": programme.part2,
            "cosign": programme.cosign,
        },
        "person": {"person": seat.person, "name": seat.name},
        "attended": hours.attended,
        "figures": crediting.figures_part(hours),
        "intervals": [list(interval) for interval in hours.intervals],
        "times": [list(interval) for interval in hours.times],
        "segments": crediting.segments_part(state, hours),
        "corrections": crediting.corrections_part(state, hours.person),
        "facts": facts(state, seat.person, everyone),
        "group_text": group.text,
        "group_revision": group.revision,
        "text": own.text,
        "revision": own.revision,
        "note": {
            "format": form.id,
            "title": form.title,
            "sections": [
                {"id": part.id, "title": part.title, "text": draft.text, "revision": draft.revision}
                for part, draft in drafts
            ],
        },
        "goals": [{"goal": goal.goal, "text": goal.text} for goal in goals.addressed],
        "goals_revision": goals.revision,
        "skills": list(state.notes.skills),
        "signed_by": {"person": signer.person, "name": signer.name, "role": signer.role.value},
        "signed_at": now,
    }


def _session(state: RoomState) -> Session:
    if state.session is None:
        raise ValueError("no session was opened")
    return state.session


def _name(state: RoomState, person: PersonId | None) -> str:
    seat = state.seats.known(person)
    return "" if seat is None else seat.name
