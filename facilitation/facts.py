"""Facts for the record: what the log itself says of one person, in words and figures, and the note made of them.

Facts only: nothing here is judged, guessed or filled in for the facilitator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from facilitation import attendance, checkin, crediting, explain, measures, noshow, roundviews, safetyviews
from facilitation.checkin import DISPOSITIONS
from facilitation.commands import SignNote
from facilitation.crediting import Hours
from facilitation.errors import Refusal
from facilitation.events import NoteSigned
from facilitation.exercises import in_words
from facilitation.explain import MarkKind
from facilitation.forms import Answers, Question, QuestionKind
from facilitation.ids import PersonId
from facilitation.intervals import Intervals
from facilitation.licences import state_name
from facilitation.noteforms import NoteForm, format_of
from facilitation.notes import GROUP, check_signable, content_hash
from facilitation.people import Role
from facilitation.runs import Run
from facilitation.seats import Seat
from facilitation.sentences import Moment, Sentence, joined, marked
from facilitation.state import RoomState, Session
from facilitation.timebase import SECOND_MS, Instant

CONTENT_FORMAT = 2
"""Version of the shape of a signed note's content. Notes signed before there were sections have 1."""

Facts = list[dict[str, str]]
Text = str | Sentence | Moment
Line = tuple[str | Sentence, Text]
"""What is known, and what of it."""


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


def time_of(instant: Instant, zone: str) -> Moment:
    return Moment(at=instant, zone=zone, shape="time", text=time_text(instant, zone_of(zone)))


def day_of(instant: Instant, zone: str) -> Moment:
    return Moment(at=instant, zone=zone, shape="day", text=date_text(instant, zone_of(zone)))


def _span(start: Instant, end: Instant, zone: str) -> Sentence:
    return Sentence("{start} – {end}", start=time_of(start, zone), end=time_of(end, zone))


def _times(intervals: Intervals, zone: str) -> Text:
    """ "4:02:10 PM – 5:30:00 PM, 5:31:00 PM – 7:10:00 PM"."""
    return joined([_span(start, end, zone) for start, end in intervals], ", ")


# --------------------------------------------------------------- the figures of a session


def head_count(everyone: Iterable[Hours]) -> int:
    """How many participants attended, from the figures of all."""
    return sum(hours.attended for hours in everyone)


def led_by(state: RoomState) -> tuple[Seat, ...]:
    """Who leads by role and was there, by the log, while the session ran (so far); in the order of the list."""
    leaders = (Role.FACILITATOR, Role.COFACILITATOR)
    until, runs = state.agenda.ended_at or state.at, state.phase == "running"
    return tuple(
        seat
        for seat in state.seats.by_person.values()
        if seat.role in leaders
        and (
            attendance.presence(state.attendance, seat.person, until)
            or (runs and state.attendance.of(seat.person).present)
        )
    )


def note_form(state: RoomState) -> NoteForm:
    """The format in which this session's notes are written."""
    return format_of(state.opened.programme.note_format)


def facts(state: RoomState, person: PersonId, everyone: Mapping[PersonId, Hours]) -> Facts:
    """The lines a note begins with, in English, as it is signed. `everyone`: the figures of all participants."""
    return [{"label": str(label), "value": str(value)} for label, value in lines(state, person, everyone)]


def lines(state: RoomState, person: PersonId, everyone: Mapping[PersonId, Hours]) -> list[Line]:
    """The same, as whoever reads another language needs it."""
    hours = everyone[person]
    session = state.opened
    zone = session.zone
    seat = state.seats.of(person)
    found: list[Line] = [
        (marked("Date"), day_of(state.agenda.started_at or session.starts_at, zone)),
        (marked("Service"), _service(state, session)),
        (marked("Session"), _session_text(state, session)),
        (marked("Led by"), joined([_leader_text(state, leader) for leader in led_by(state)], ", ")),
        (marked("Participants attending"), str(head_count(everyone.values()))),
        *_relative_facts(state, zone),
        *_cap_facts(state, everyone.values()),
        *_attendance_facts(state, hours, session),
        *_absence_facts(state, person, zone),
        *_arrival_facts(seat),
        (marked("Skills taught"), joined([Sentence(each) for each in state.notes.skills], ", ")),
        (
            marked("Exercises done together"),
            joined([_run_text(run) for run in state.practice.runs if run.began_at], "; "),
        ),
        (marked("Took part in"), joined([Sentence(each) for each in _titles_of(state, person)], "; ")),
        (marked("Rounds"), joined(roundviews.facts_of(state, person), "; ")),
        *_form_facts(state, person),
        *_measure_facts(state, person, zone),
        *_shared_facts(state, person),
        (marked("Diary"), marked("Showed the facilitators their week") if state.showings.of(person) else ""),
        *_exercise_facts(state, person),
        *_small_room_facts(state, person, zone),
        *_flag_facts(state, person, zone),
    ]
    return [(label, value) for label, value in found if str(value)]


def _service(state: RoomState, session: Session) -> Sentence:
    setting = Sentence(_setting(state))
    plan = Sentence(state.agenda.plan.title)
    return Sentence("{title}: {plan}, {setting} by live video", title=session.title, plan=plan, setting=setting)


def _session_text(state: RoomState, session: Session) -> Text:
    if state.agenda.started_at is None:
        return ""
    start, zone = time_of(state.agenda.started_at, session.zone), session.zone
    end = "" if state.agenda.ended_at is None else time_of(state.agenda.ended_at, zone)
    return Sentence("{start} – {end} ({zone})", start=start, end=end, zone=zone)


def _setting(state: RoomState) -> str:
    relatives = any(seat.guest for seat in state.seats.by_person.values())
    if len(state.seats.treated) > 1:
        return marked("in a group of families" if relatives else "in a group")
    return marked("with family" if relatives else "one to one")


def _relative_facts(state: RoomState, zone: str) -> Iterable[Line]:
    """Who of the family was there, and when; only how many, where they might be somebody else's family."""
    there = {
        seat.name: attendance.presence(state.attendance, seat.person, state.at)
        for seat in state.seats.by_person.values()
        if seat.guest
    }
    came = {name: intervals for name, intervals in there.items() if intervals}
    if came and len(state.seats.treated) == 1:
        each = [Sentence("{name} {times}", name=name, times=_times(times, zone)) for name, times in came.items()]
        yield marked("Family attending"), joined(each, "; ")
    elif came:
        yield marked("Family members attending"), str(len(came))


def _leader_text(state: RoomState, leader: Seat) -> Sentence:
    place, role = state.notes.locations.get(leader.person, ""), Sentence(leader.role.value)
    if place:
        return Sentence("{name} ({role}, at {place})", name=leader.name, role=role, place=place)
    return Sentence("{name} ({role})", name=leader.name, role=role)


def _cap_facts(state: RoomState, everyone: Iterable[Hours]) -> Iterable[Line]:
    over = crediting.over_caps(state, everyone)
    if over:
        each = [
            Sentence(
                "{part}: {people}, at most {most}", part=Sentence(one.segment.title), people=one.people, most=one.most
            )
            for one in over
        ]
        yield marked("Over the group size of the rule"), joined(each, "; ")


def _attendance_facts(state: RoomState, hours: Hours, session: Session) -> Iterable[Line]:
    zone = session.zone
    if not hours.attended:
        yield marked("Attended"), marked("Did not attend")
        return
    times = _times(hours.times if hours.corrected else hours.intervals, zone)
    yield marked("Attended"), Sentence("{times} ({zone})", times=times, zone=zone)
    yield marked("Time present"), duration_text(hours.present_ms)
    if hours.gap_credit_ms:
        gap = _times(hours.gap_credit, zone)
        length = duration_text(hours.gap_credit_ms)
        yield marked("Credited over a server gap"), Sentence("{length}: {times}", length=length, times=gap)
    yield from _correction_facts(state, hours, zone)
    yield marked("Counted"), _counted(hours, session)
    ran = attendance.session_span(state.attendance, state.at)
    for mark in explain.marks(session.programme, hours, ran, state.agenda.ended_at):
        lasting = duration_text(mark.end - mark.start)
        match mark.kind:
            case MarkKind.LATE:
                yield marked("Came late by"), lasting
            case MarkKind.LEFT_EARLY:
                yield marked("Left early by"), lasting
            case MarkKind.AWAY:
                span = _span(mark.start, mark.end, zone)
                yield marked("Away"), Sentence("{times} ({length})", times=span, length=lasting)
    titles = {segment.id: segment.title for segment in state.agenda.plan.segments}
    parts = [
        Sentence("{part} {length}", part=Sentence(titles[segment]), length=duration_text(length))
        for segment, length in hours.by_segment.items()
        if length
    ]
    yield marked("Parts attended"), joined(parts, ", ")


def _counted(hours: Hours, session: Session) -> Sentence:
    rule = {"minutes": hours.countable_min, "id": hours.rules_id, "version": hours.rules_version}
    if hours.units is None:
        return Sentence("{minutes} min (rule {id}, {version})", **rule)
    unit = session.rules.unit_min
    return Sentence("{minutes} min, {units} × {unit} min (rule {id}, {version})", units=hours.units, unit=unit, **rule)


def _correction_facts(state: RoomState, hours: Hours, zone: str) -> Iterable[Line]:
    for one in state.corrections.of(hours.person):
        if one.taken_back is None:
            yield (
                marked("Corrected by hand"),
                Sentence(
                    "{times} {what} ({by}, {time}): {reason}",
                    times=_span(one.start, one.end, zone),
                    what=Sentence("counted as present" if one.present else "counted as away"),
                    by=state.name_of(one.by),
                    time=time_of(one.at, zone),
                    reason=one.reason,
                ),
            )


def _absence_facts(state: RoomState, person: PersonId, zone: str) -> Iterable[Line]:
    """What was told beforehand, since when somebody was missing, whom one tried to reach; no word of any call."""
    told = state.absences.told.get(person)
    if told is not None:
        said = Sentence("{day}, by {name}", day=day_of(told.at, zone), name=told.name)
        if told.reason:
            said = Sentence("{said}: {reason}", said=said, reason=told.reason)
        yield marked("Told beforehand that they would not come"), said
    noticed = state.noshows.noticed.get(person)
    if noticed is not None:
        yield marked("Missing"), Sentence("noticed at {time}", time=time_of(noticed, zone))
    for attempt in state.noshows.attempts_of(person):
        yield (
            marked("Tried to reach"),
            Sentence(
                "{time}, {whom}: {outcome} ({by})",
                time=time_of(attempt.at, zone),
                whom=Sentence(noshow.WHOM_WORDS[attempt.whom]),
                outcome=Sentence(noshow.OUTCOME_WORDS[attempt.outcome]),
                by=state.name_of(attempt.by),
            ),
        )


def _arrival_facts(seat: Seat) -> Iterable[Line]:
    if seat.arrival is not None:
        place = (_typed(seat.arrival.location), Sentence(state_name(seat.arrival.state)))
        yield marked("Location given"), joined([each for each in place if str(each)], ", ")
        yield marked("Private space"), marked("Yes" if seat.arrival.private_space else "No")
        yield marked("Others present"), _typed(seat.arrival.others_present)
        yield marked("Group agreement"), marked("Agreed on arrival")
        if seat.door is not None:
            standing = [_typed(each) if isinstance(each, str) else each for each in seat.door.standing]
            yield marked("Consents"), joined(standing, "; ")


def _form_facts(state: RoomState, person: PersonId) -> Iterable[Line]:
    for form in state.checkin.forms:
        submitted = state.checkin.sheet(person, form.id).submitted
        if submitted is None:
            continue
        figures = [
            Sentence("{question} {answer}", question=Sentence(question.label), answer=_answer(question, submitted))
            for question in form.questions
            if question.kind is not QuestionKind.TEXT and submitted.get(question.id) is not None
        ]
        yield Sentence(form.title), joined(figures, "; ")


def _measure_facts(state: RoomState, person: PersonId, zone: str) -> Iterable[Line]:
    """What measures gave, in their own words and figures; of anonymous ones nothing is in anybody's record."""
    for measure in state.measuring.of(person):
        sheet = state.measuring.sheet(person, measure.id)
        if measure.anonymous or sheet.handed_in is None:
            continue
        alerting = [
            Sentence(
                "“{question}” {answer}",
                question=item.text,
                answer=measures.in_words(measure, item, sheet.handed_in.get(item.id)),
            )
            for item in measure.items
            if measures.alerts(item, sheet.handed_in.get(item.id))
        ]
        before = state.measuring.before(person, measure)
        apart = measure.answered_in(sheet.page_language)
        said = [*_score_words(measure, sheet.handed_in, before, zone), *alerting, *([apart] if apart else [])]
        yield Sentence(measure.short), joined(said, "; ")


def _score_words(
    measure: measures.Measure, values: measures.Values, before: measures.Earlier | None, zone: str
) -> Iterable[Sentence]:
    total = measures.score(measure, values)
    if total is None:
        left_open = [item.id for item in measure.scored if item.id not in values]
        yield Sentence("no score, left open: {items}", items=", ".join(left_open))
        return
    reached = measures.band(measure, total)
    score = Sentence("{score} of {most}", score=total, most=measure.score_max)
    yield Sentence("{score}, {band}", score=score, band=Sentence(reached.title)) if reached else score
    if before is not None:
        apart, day = abs(total - before.score), day_of(before.at, zone)
        if not apart:
            yield Sentence("as on {day}", day=day)
            return
        lower = total < before.score
        change = Sentence("{n} lower than on {day}" if lower else "{n} higher than on {day}", n=apart, day=day)
        if measure.reliable:
            change = Sentence("{change} (a reliable change is {n} or more)", change=change, n=measure.reliable)
        yield change


def _shared_facts(state: RoomState, person: PersonId) -> Iterable[Line]:
    """What a person showed the group of what they wrote."""
    for form in state.checkin.forms:
        sheet = state.checkin.sheet(person, form.id)
        answers = sheet.submitted or {}
        shared = [
            Sentence("{question}: {answer}", question=Sentence(question.label), answer=_answer(question, answers))
            for question in form.questions
            if question.id in sheet.shared and answers.get(question.id) is not None
        ]
        yield Sentence("Shared with the group ({form})", form=Sentence(form.title)), joined(shared, "; ")


def _typed(text: str) -> Sentence:
    """What somebody wrote: it stands so in every language, even where it is a word that catalogues know."""
    return Sentence("{text}", text=text)


def _answer(question: Question, answers: Answers) -> str | Sentence:
    """In words of the form where it was chosen; as it was written where it was written."""
    said = checkin.in_words(question, answers.get(question.id))
    return _typed(said) if question.kind is QuestionKind.TEXT else Sentence(said)


def _run_text(run: Run) -> Sentence:
    """ "Paced breathing (3 min 05 s)"."""
    title = Sentence(run.exercise.title)
    if run.began_at is None or run.closed_at is None:
        return title
    return Sentence("{title} ({length})", title=title, length=duration_text(run.closed_at - run.began_at))


def _titles_of(state: RoomState, person: PersonId) -> Iterable[str]:
    """What somebody took part in by their own word or answer. That they sat something out is nobody's record."""
    return dict.fromkeys(run.exercise.title for run in state.practice.runs if run.paper(person).took_part)


def _exercise_facts(state: RoomState, person: PersonId) -> Iterable[Line]:
    """What a person showed the group of what they wrote; words about others are not for their record."""
    for run in state.practice.runs:
        shared = run.paper(person).shared
        said = [
            Sentence("{question}: {answer}", question=Sentence(field.label), answer=in_words(field, shared[field.id]))
            for field in run.exercise.fields
            if field.id in shared and field.quoted and in_words(field, shared[field.id])
        ]
        yield Sentence("Shared with the group ({form})", form=Sentence(run.exercise.title)), joined(said, "; ")


def _small_room_facts(state: RoomState, person: PersonId, zone: str) -> Iterable[Line]:
    """When somebody was in a small room, and when they were spoken with apart; never with whom of the group."""
    stays = state.breakouts.stays.get(person, ())
    for label, side in ((marked("In small rooms"), False), (marked("Spoken with apart"), True)):
        times = tuple((stay.start, stay.end or state.at) for stay in stays if stay.side is side)
        yield label, _times(times, zone)


def _flag_facts(state: RoomState, person: PersonId, zone: str) -> Iterable[Line]:
    for flag in state.checkin.flags_of(person):
        asked = joined(
            [
                Sentence("{question} {answer}", question=Sentence(label), answer=Sentence(answer))
                for label, answer in flag.answers
            ],
            "; ",
        )
        done = Sentence("nothing is written down yet")
        if flag.disposition is not None and flag.disposed_at is not None:
            done = Sentence(
                "{what} ({by}, {time})",
                what=Sentence(DISPOSITIONS.get(flag.disposition, flag.disposition)),
                by=state.name_of(flag.by),
                time=time_of(flag.disposed_at, zone),
            )
        said = Sentence("{asked} → {done}.", asked=asked, done=done)
        if flag.text:
            said = Sentence("{said} {more}", said=said, more=flag.text)
        yield Sentence("Safety answer at {time}", time=time_of(flag.at, zone)), said
        yield from safetyviews.facts_of(state, flag, lambda at: time_of(at, zone))


# --------------------------------------------------------------- the signed note


def sign(state: RoomState, ask: SignNote, signer: Seat, now: Instant) -> NoteSigned:
    """The note as it is frozen by `signer` now, or the reason why it cannot be."""
    person = ask.person
    seat = state.seats.of(person)
    if not seat.treated:
        raise Refusal("unknown_person", "Notes are signed for participants who are treated.")
    if any(flag.open for flag in state.checkin.flags_of(person)):
        raise Refusal(
            "open_flag",
            Sentence("Before you sign: write down what was done about {name}'s safety answer.", name=seat.name),
        )
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
    session, plan, hours = state.opened, state.agenda.plan, everyone[seat.person]
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
