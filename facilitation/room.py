"""The room: commands in, events out; events in, effects out. Every rule of a session is reached from `decide`.

Rules that concern one noun alone stand with that noun (seats, attendance, agenda, checkin, notes, talk, screen …);
those that join several stand here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from facilitation import (
    absences,
    agenda,
    agreement,
    amending,
    attendance,
    breakouts,
    checkin,
    corrections,
    facts,
    measureviews,
    measuring,
    milestones,
    noshow,
    notes,
    policy,
    prompts,
    roundquestions,
    rounds,
    runs,
    safety,
    screen,
    seats,
    showings,
    talk,
)
from facilitation import commands as c
from facilitation import effects as e
from facilitation import events as v
from facilitation.commands import Command
from facilitation.diary import Part
from facilitation.effects import Effect
from facilitation.errors import Refusal
from facilitation.events import Event
from facilitation.exercises import check_repertoire
from facilitation.ids import (
    ExerciseId,
    FormId,
    MeasureId,
    PersonId,
    SegmentId,
    SessionId,
    SkillId,
    SmallRoomId,
    SourceId,
)
from facilitation.measures import check_measures
from facilitation.people import Actor, Role
from facilitation.programme import PLAIN, Programme, check_programme
from facilitation.rules import check_rules
from facilitation.safetypath import check_path
from facilitation.seats import Place, Seat
from facilitation.sentences import Sentence, listed
from facilitation.state import EMPTY, RoomState, evolve, knows, replay
from facilitation.talk import ALL_ROOMS, EVERYONE, STAFF
from facilitation.text import NAME_MAX, TITLE_MAX, line
from facilitation.timebase import MINUTE_MS, Instant

__all__ = ["EMPTY", "RoomState", "decide", "evolve", "knows", "next_deadline", "react", "replay"]

ABANDONED_AFTER_MS = 30 * MINUTE_MS
SEATS_MAX = 64

Events = tuple[Event, ...]


# --------------------------------------------------------------- decide


def decide(state: RoomState, command: Command, *, by: Actor, now: Instant) -> Events:
    """What follows from a command, or raises `Refusal`. Nothing at all follows from asking for what is so already."""
    policy.check(by, command)
    if state.session is None and not isinstance(command, c.OpenSession):
        raise Refusal("not_open", "This session is not open yet.")
    now = max(now, state.at)
    if by.person is None:
        return _decide_for_server(state, command, now)
    asker = state.seats.known(by.person)
    if asker is None or asker.role is not by.role:
        raise Refusal("not_expected", "You are not on the list for this session.")
    if asker.place is Place.REMOVED:
        raise Refusal("removed", "You cannot take part in this session any more. Your facilitator will contact you.")
    if state.phase == "ended" and type(command) not in policy.AFTER_THE_END:
        raise Refusal("session_ended", "This session has ended.")
    return _decide_for_person(state, command, asker, now)


def _decide_for_person(state: RoomState, command: Command, asker: Seat, now: Instant) -> Events:
    me = asker.person
    match command:
        # --- oneself
        case c.Arrive():
            return seats.arrive(asker, command)
        case c.SetMedia(microphone=microphone, camera=camera):
            return seats.set_media(asker, microphone, camera)
        case c.RaiseHand():
            return seats.raise_hand(asker)
        case c.LowerHand(person=person):
            return seats.lower_hand(_whose_hand(state, asker, person))
        case c.Shield(on=on):
            return (*(screen.stop(state.screen, me) if on else ()), *seats.shield(asker, on))
        case c.Leave():
            return seats.leave(asker, "leave")
        case c.QuickExit():
            return seats.leave(asker, "quick_exit")
        # --- talk
        case c.SendChat(text=text, to=to, room=small):
            _check_addressee(state, asker, to)
            if to == EVERYONE and small != state.breakouts.where.get(me):
                raise Refusal("other_room", "You are in another room now. Look who is here, then send it if you like.")
            return talk.send(me, to, text, small)
        case c.React(reaction=reaction):
            return seats.react(asker, reaction)
        # --- others
        case c.Admit(person=person):
            return seats.admit(_participant(state, person))
        case c.AdmitAll():
            return _admit_all(state)
        case c.MoveToWaiting(person=person):
            return seats.move_to_waiting(_participant(state, person))
        case c.Remove(person=person):
            return _remove(state, _participant(state, person))
        case c.MutePerson(person=person):
            return seats.mute(state.seats.of(person))
        case c.AskToUnmute(person=person):
            return seats.ask_to_unmute(state.seats.of(person))
        # --- screen
        case c.ShareScreen(on=on):
            return _share_screen(state, asker) if on else screen.stop(state.screen, me)
        case c.AllowSharing(person=person, on=on):
            return screen.allow(state.screen, _participant(state, person), on)
        case c.StopSharing(person=person):
            return screen.stop(state.screen, state.seats.of(person).person)
        # --- agenda
        case c.StartSession():
            return agenda.start(state.agenda)
        case c.Advance(from_segment=from_segment):
            return agenda.advance(state.agenda, from_segment)
        case c.GoBack(from_segment=from_segment):
            return agenda.go_back(state.agenda, from_segment)
        case c.UndoMove():
            return agenda.undo(state.agenda)
        case c.Extend(segment=segment, by_ms=by_ms):
            return agenda.extend(state.agenda, segment, by_ms)
        case c.Skip(segment=segment, on=on):
            return agenda.skip(state.agenda, segment, on)
        case c.Pause():
            return agenda.pause(state.agenda)
        case c.Resume():
            return agenda.resume(state.agenda)
        case c.Replan(planned_ms=planned_ms):
            return agenda.replan(state.agenda, planned_ms)
        case c.TakeLead():
            return () if state.lead == me else (v.LeadTaken(person=me),)
        case c.EndSession():
            return _end_session(state)
        # --- forms and safety
        case c.SaveForm(form=form, answers=answers):
            _check_offered(state, asker, form)
            return checkin.save(state.checkin, me, form, answers)
        case c.SubmitForm(form=form, answers=answers):
            _check_offered(state, asker, form)
            return checkin.submit(state.checkin, me, form, answers, watched=watched(state))
        case c.ShareAnswer(form=form, question=question, shared=shared):
            seats.check_in_room(asker)
            return checkin.share(state.checkin, me, form, question, shared)
        # --- measures
        case c.AnswerItem(measure=measure, item=item, value=value):
            _check_moment(state, asker, measure)
            flags = len(state.checkin.flags)
            return measuring.answer(state.measuring, me, measure, item, value, watched=watched(state), flags=flags)
        case c.HandInMeasure(measure=measure, page_language=language):
            _check_moment(state, asker, measure)
            return measuring.hand_in(state.measuring, me, measure, watched=watched(state), page_language=language)
        case c.PutOffMeasure(measure=measure, off=off):
            _check_moment(state, asker, measure)
            return measuring.put_off(state.measuring, me, measure, off)
        # --- what the group does together
        case c.ChooseSkill(skill=skill):
            return _choose_skill(state, skill)
        case c.OpenExercise(exercise=exercise):
            return _open_exercise(state, exercise, now)
        case c.StepExercise(run=run, step=number):
            return runs.step(state.practice, run, number, now)
        case c.GroupExercise(run=run):
            return runs.group(state.practice, run, _here(state), state.breakouts.apart)
        case c.JoinExercise(run=run, on=on):
            seats.check_in_room(asker)
            return runs.join(state.practice, run, me, on)
        case c.AnswerExercise(run=run, answers=entries, sent=sent):
            seats.check_in_room(asker)
            return runs.answer(state.practice, run, me, entries, sent=sent, staff=asker.staff)
        case c.ShareExerciseAnswer(run=run, field=field, entry=entry):
            seats.check_in_room(asker)
            return runs.share(state.practice, run, me, field, entry)
        case c.ShowResults(run=run, to_group=to_group, without=without):
            return runs.show(state.practice, run, to_group, without)
        case c.CloseExercise(run=run):
            return runs.close(state.practice, run)
        # --- rounds
        case c.OpenRound():
            return _open_round(state, command)
        case c.MoveRoundOn(round=name, turn=turn):
            here, leads = _in_turn(state, asker)
            return rounds.move_on(state.rounds, name, turn, me, here, now, leads=leads)
        case c.PassTurn(round=name):
            return rounds.pass_(state.rounds, name, me, _in_turn(state, asker)[0], now)
        case c.AskMeLater(round=name):
            return rounds.later(state.rounds, name, me, _in_turn(state, asker)[0], now)
        case c.JoinRound(round=name, person=person):
            seat = asker if person is None else state.seats.of(person)
            return rounds.join(state.rounds, name, asker, seat, leads=_in_turn(state, asker)[1])
        case c.ChooseNext(round=name, person=person):
            return rounds.choose_next(state.rounds, name, person)
        case c.GoBackInRound(round=name, turn=turn):
            return rounds.go_back(state.rounds, name, turn, _in_main(state), _in_turn(state, asker)[0], now)
        case c.ExtendTurn(round=name, turn=turn, by_ms=by_ms):
            return rounds.extend(state.rounds, name, turn, by_ms, now)
        case c.CloseRound(round=name):
            return rounds.close(state.rounds, name)
        # --- small rooms
        case c.DrawBreakouts(size=size, again=again):
            _check_running(state)
            free = [person for person in _here(state) if person not in state.breakouts.where]
            return breakouts.draw(state.breakouts, free, size, again=again, naming=_naming(state))
        case c.PlanBreakouts(rooms=rooms, again=again):
            return breakouts.plan(state.breakouts, rooms, again, participant=lambda one: _participant(state, one))
        case c.OpenBreakouts(minutes=minutes, task=task):
            return _open_breakouts(state, minutes, task, now)
        case c.CallBack(seconds=seconds):
            return breakouts.call_back(state.breakouts, seconds, now)
        case c.ExtendBreakouts(by_ms=by_ms):
            return breakouts.extend(state.breakouts, by_ms, now)
        case c.CloseBreakouts():
            return _moving(state, breakouts.close(state.breakouts))
        case c.MoveTo(person=person, room=small):
            return _move_to(state, person, small)
        case c.Visit(room=small):
            seats.check_in_room(asker)
            return _moving(state, breakouts.visit(state.breakouts, me, small, state.attendance))
        case c.CallForHelp(on=on, alone=alone):
            seats.check_in_room(asker)
            return breakouts.call_for_help(state.breakouts, me, on=on, alone=alone)
        case c.AnswerHelp(person=person):
            return breakouts.answer_help(state.breakouts, person)
        case c.OpenSideRoom(person=person):
            seats.check_in_room(asker)
            return _open_side_room(state, person, me)
        case c.CloseSideRoom(room=small):
            return _moving(state, breakouts.close_side(state.breakouts, small))
        # --- milestones
        case c.ShowMilestone(text=text):
            seats.check_in_room(asker)
            return milestones.show(state.milestones, me, text)
        case c.HideMilestone(person=person):
            leads = asker.role in policy.FACILITATORS
            return milestones.hide(state.milestones, me, person or me, leads=leads)
        case c.BeGlad(person=person):
            seats.check_in_room(asker)
            return milestones.be_glad(state.milestones, me, state.seats.of(person))
        # --- the group's agreement
        case c.ProposeLine(text=text):
            seats.check_in_room(asker)
            return agreement.propose(state.agreement, me, text, leads=asker.role in policy.FACILITATORS)
        case c.AnswerProposal(proposal=proposal, taken=taken, text=text):
            return agreement.answer(state.agreement, proposal, taken, text)
        case c.DropLine(revision=revision, number=number):
            return agreement.drop(state.agreement, revision, number)
        case c.AgreeToDraft(revision=revision):
            seats.check_in_room(asker)
            return agreement.agree(state.agreement, me, revision)
        case c.KeepAgreement(revision=revision):
            return agreement.keep(state.agreement, revision)
        case c.DisposeFlag(flag=flag, disposition=disposition, text=text):
            return checkin.dispose(state.checkin, flag, disposition, text)
        case c.TakeFlag(flag=flag):
            return safety.take(state.safety, state.checkin, flag, me)
        case c.TickStep(flag=flag, step=step, done=done):
            return safety.tick(state.safety, state.checkin, flag, step, done)
        case c.AskScreener(flag=flag, answers=screened):
            return safety.screen(state.safety, state.checkin, flag, screened)
        case c.WritePlan(flag=flag, prompt=prompt, text=text):
            return safety.write_plan(state.safety, state.checkin, flag, prompt, me, text)
        # --- notes
        case c.EditNote(subject=subject, text=text, revision=revision):
            if subject != notes.GROUP:
                _treated(state, PersonId(subject))
            return notes.edit(state.notes, subject, text, revision)
        case c.EditSection(person=person, section=section, text=text, revision=revision):
            subject = _treated(state, person).person
            return notes.edit_section(state.notes, facts.note_form(state), subject, section, text, revision)
        case c.AddressGoals(person=person, goals=goals, revision=revision):
            return notes.address_goals(state.notes, _treated(state, person).person, goals, revision)
        case c.NameSkills(skills=skills):
            return notes.name_skills(state.notes, skills)
        case c.SayLocation(location=location):
            return notes.say_location(state.notes, me, location)
        case c.SignNote():
            if state.phase != "ended":
                raise Refusal("not_ended", "Notes can be signed once the session has ended.")
            return (facts.sign(state, command, asker, now),)
        case c.AddAddendum(person=person, text=text):
            return notes.add(state.notes, _treated(state, person).person, text)
        case c.CosignNote(person=person, hash=hash, addenda=addenda):
            return notes.cosign(state.notes, _treated(state, person).person, hash, addenda)
        case c.ReturnNote(person=person, text=text):
            return notes.give_back(state.notes, _treated(state, person).person, text)
        # --- minutes
        case c.StillHere():
            seats.check_in_room(asker)
            return prompts.answer(state.prompts, me)
        case c.DisputeMinutes(text=text):
            return _dispute(state, me, text)
        case c.TakeBackDispute(dispute=dispute):
            return corrections.take_back_dispute(state.corrections, me, dispute)
        case c.AnswerDispute(dispute=dispute, accepted=accepted, text=text):
            return corrections.answer(state.corrections, dispute, accepted, text)
        case c.CorrectAttendance():
            return _correct(state, command, now)
        case c.TakeBackCorrection(correction=correction, reason=reason):
            return corrections.take_back(state.corrections, correction, reason)
        case c.AmendHours(person=person, reason=reason):
            return (amending.amend(state, _treated(state, person).person, asker, now, reason=reason),)
        # --- absences
        case c.ExplainAbsence(person=person, kind=kind, reason=reason):
            return absences.explain(state.absences, _treated(state, person).person, kind, reason)
        case c.LinkMakeUp(person=person, missed_session=missed):
            return _link_make_up(state, person, missed)
        case c.ReachOut(person=person, whom=whom, outcome=outcome):
            return noshow.reach_out(state.noshows, _treated(state, person).person, whom, outcome)
        # --- only the server's, which the policy never lets through to here
        case (
            c.OpenSession()
            | c.ExpectPerson()
            | c.ListGoals()
            | c.OfferMeasures()
            | c.ListApart()
            | c.TellAbsence()
            | c.AgreeMakeUp()
            | c.TellAgreement()
            | c.KeepCounsellingNote()
            | c.ShowDiary()
            | c.TakeBackDiary()
            | c.CheckDoor()
            | c.TellRevoked()
            | c.TakeOver()
            | c.OpenConnection()
            | c.CloseConnection()
            | c.ConnectMedia()
            | c.LoseMedia()
            | c.Pulse()
            | c.Tick()
        ):
            raise AssertionError(f"policy let {type(command).__name__} through")
        case _:
            assert_never(command)


def _decide_for_server(state: RoomState, command: Command, now: Instant) -> Events:
    """Facts are never refused, but for people who may not come in: a fact of what is unknown changes nothing."""
    match command:
        case c.OpenSession():
            return _open_session(state, command)
        case c.ExpectPerson(expected=expected):
            return _expect(state, expected.person, v.PersonExpected(expected=expected))
        case c.ListGoals(person=person, goals=goals):
            known = state.seats.known(person)
            return () if known is None or not known.treated else notes.list_goals(state.notes, person, goals)
        case c.OfferMeasures(person=person, measures=names, earlier=earlier):
            known = state.seats.known(person)
            shut = known is None or not known.treated or state.phase == "ended"
            return () if shut else measuring.offer(state.measuring, person, names, earlier)
        case c.ListApart(pairs=pairs):
            return () if state.phase == "ended" else breakouts.list_apart(state.breakouts, pairs)
        case c.TellAbsence(person=person):
            _treated(state, person)
            return absences.tell(state.absences, command, begun=state.phase != "lobby")
        case c.AgreeMakeUp(person=person, missed_session=missed):
            return _link_make_up(state, person, missed)
        case c.TellAgreement(version=version, lines=lines, agreed=agreed, at=at):
            over = state.phase == "ended"
            return () if over else agreement.tell(state.agreement, version, lines, agreed, at)
        case c.KeepCounsellingNote(note=note, subject=subject, author=author):
            return notes.keep_counselling_note(state.notes, note, subject, author)
        case c.ShowDiary(person=person, to_group=to_group):
            return _show_diary(state, person, to_group)
        case c.TakeBackDiary(person=person):
            return showings.take_back(state.showings, person)
        case c.CheckDoor(person=person):
            known = state.seats.known(person)
            shut = known is None or known.staff or state.phase == "ended"
            return () if known is None or shut else seats.check_door(known, command)
        case c.TellRevoked(person=person):
            known = state.seats.known(person)
            return () if known is None or state.phase == "ended" else seats.tell_revoked(known, command)
        case c.TakeOver():
            return _take_over(state, command, now)
        case c.OpenConnection():
            return _open_connection(state, command)
        case c.ConnectMedia(peer=peer, person=person):
            return (v.MediaConnected(peer=peer, person=person),) if _may_connect_media(state, peer, person) else ()
        case c.CloseConnection(connection=connection, heard=heard):
            end = attendance.last_heard(state.attendance, connection, heard, now)
            return () if end is None else (v.ConnectionClosed(connection=connection, heard=end),)
        case c.LoseMedia(peer=peer, heard=heard):
            end = attendance.last_heard(state.attendance, peer, heard, now)
            return () if end is None else (v.MediaLost(peer=peer, heard=end),)
        case c.Pulse(heard=heard, spoke=speakers):
            spoke = prompts.spoke(state.prompts, state.attendance, state.agenda, _programme(state), speakers, now)
            return (*attendance.pulse(state.attendance, heard, now), *spoke)
        case c.Tick():
            abandoned = _abandoned_at(state)
            if abandoned is not None and now >= abandoned:
                return (v.SessionEnded(reason="abandoned"),)
            return (
                *prompts.due(state.prompts, state.attendance, state.agenda, _programme(state), now),
                *noshow.due(*_who_is_where(state), state.absences, now),
                *rounds.due(state.rounds, _in_main(state), state.attendance, now),
                *_moving(state, breakouts.due(state.breakouts, state.attendance, now)),
            )
        case _:
            raise AssertionError(f"policy let {type(command).__name__} through")


# --------------------------------------------------------------- the session


def _open_session(state: RoomState, command: c.OpenSession) -> Events:
    if state.session is not None:
        raise Refusal("already_open", "This session is open already.")
    line(command.title, "the title", TITLE_MAX)
    agenda.check_plan(command.plan)
    checkin.check_forms(command.forms)
    check_rules(command.rules)
    check_programme(command.programme)
    check_repertoire(command.repertoire)
    check_measures(command.measures)
    check_path(command.safety)
    if not 1 <= command.seats_max <= SEATS_MAX:
        raise Refusal("bad_session", Sentence("A session has from one to {most} seats.", most=SEATS_MAX))
    people = [expected.person for expected in command.roster]
    if len(set(people)) != len(people):
        raise Refusal("bad_session", "Someone is on the list twice.")
    if len(people) > command.seats_max:
        raise Refusal(
            "list_full", Sentence("The list is longer than the {most} seats of this session.", most=command.seats_max)
        )
    for expected in command.roster:
        line(expected.name, "the name", NAME_MAX)
    return (
        v.SessionOpened(
            session=command.session,
            clinic=command.clinic,
            title=command.title,
            zone=command.zone,
            starts_at=command.starts_at,
            plan=command.plan,
            rules=command.rules,
            forms=command.forms,
            roster=command.roster,
            seats_max=command.seats_max,
            programme=command.programme,
            prompt_seed=command.prompt_seed,
            repertoire=command.repertoire,
            measures=command.measures,
            safety=command.safety,
            apart=command.apart,
            together=command.together,
        ),
    )


def _take_over(state: RoomState, command: c.TakeOver, now: Instant) -> Events:
    """What was kept beside the log goes into it now: from here on the log says everything again."""
    if state.attendance.took_over_at is None:
        return (v.ServerTookOver(node=command.node, epoch=command.epoch, gap_from=None),)
    lived_at = state.at if command.lived_at is None else min(max(state.at, command.lived_at), now)
    return (
        *attendance.pulse(state.attendance, command.heard, lived_at),
        v.ServerTookOver(node=command.node, epoch=command.epoch, gap_from=lived_at),
    )


def _expect(state: RoomState, person: PersonId, event: v.PersonExpected) -> Events:
    if state.seats.known(person) is not None:
        return ()
    if state.phase == "ended":
        raise Refusal("session_ended", "This session has ended.")
    if state.session is not None and len(state.seats) >= state.session.seats_max:
        raise Refusal("list_full", "Every seat of this session is taken.")
    line(event.expected.name, "the name", NAME_MAX)
    return (event,)


def _end_session(state: RoomState) -> Events:
    if state.phase == "ended":
        return ()
    if state.phase == "lobby":
        raise Refusal("not_running", "The session has not started yet.")
    names = dict.fromkeys(state.seats.of(flag.person).name for flag in state.checkin.open_flags)
    if names:
        raise Refusal(
            "open_flag",
            Sentence(
                "Before the session ends: write down what was done about the safety answer of {names}.",
                names=listed(list(names)),
            ),
        )
    return (v.SessionEnded(reason="facilitator"),)


# --------------------------------------------------------------- people


def _open_connection(state: RoomState, command: c.OpenConnection) -> Events:
    seat = state.seats.known(command.person)
    if seat is None:
        raise Refusal("not_expected", "You are not on the list for this session.")
    if seat.place is Place.REMOVED:
        raise Refusal("removed", "You cannot take part in this session any more. Your facilitator will contact you.")
    if state.phase == "ended" and not seat.staff:
        raise Refusal("session_ended", "This session has ended. Thank you for being here.")
    if command.connection in state.attendance.owners:
        return ()
    if not attendance.can_open(state.attendance, command.connection, command.person):
        raise Refusal("too_many_connections", "Too many tabs or devices are connected for you. Close some of them.")
    return (v.ConnectionOpened(connection=command.connection, person=command.person, device=command.device),)


def _remove(state: RoomState, seat: Seat) -> Events:
    """Nobody is sent away over a safety answer that nobody has answered to."""
    if any(flag.open for flag in state.checkin.flags_of(seat.person)):
        raise Refusal(
            "open_flag",
            Sentence("Before {name} is sent out: write down what was done about their safety answer.", name=seat.name),
        )
    return seats.remove(seat)


def _admit_all(state: RoomState) -> Events:
    """Everyone who waits and is connected, in the order they came."""
    waiting = [
        seat
        for seat in state.seats.participants
        if seat.place is Place.WAITING and state.attendance.of(seat.person).connected
    ]
    waiting.sort(key=lambda seat: seat.waiting_since or 0)
    return tuple(v.Admitted(person=seat.person) for seat in waiting)


def _may_connect_media(state: RoomState, peer: SourceId, person: PersonId) -> bool:
    seat = state.seats.known(person)
    if seat is None or not seat.in_room or state.phase == "ended":
        return False
    return attendance.can_open(state.attendance, peer, person)


def _whose_hand(state: RoomState, asker: Seat, person: PersonId | None) -> Seat:
    if person is None or person == asker.person:
        return asker
    if asker.role not in policy.FACILITATORS:
        raise Refusal("not_allowed", "You can lower your own hand only.")
    return state.seats.of(person)


def _check_addressee(state: RoomState, asker: Seat, to: str) -> None:
    """Private messages between participants do not exist."""
    seats.check_in_room(asker)
    if to in (EVERYONE, STAFF) or (to == ALL_ROOMS and asker.role in policy.FACILITATORS):
        return
    if not asker.staff:
        raise Refusal("not_allowed", "You can write to everyone or to your facilitators.")
    _participant(state, PersonId(to))


def _participant(state: RoomState, person: PersonId) -> Seat:
    seat = state.seats.of(person)
    if seat.staff:
        raise Refusal("not_a_participant", "This can be done for participants only.")
    return seat


def _treated(state: RoomState, person: PersonId) -> Seat:
    seat = _participant(state, person)
    if not seat.treated:
        raise Refusal("not_a_participant", "Notes and hours are of those who are treated, not of who comes with them.")
    return seat


def _link_make_up(state: RoomState, person: PersonId, missed: SessionId | None) -> Events:
    assert state.session is not None
    seat = _treated(state, person)
    return absences.link(state.absences, seat.person, missed, session=state.session.session)


# --------------------------------------------------------------- minutes


def _dispute(state: RoomState, person: PersonId, text: str) -> Events:
    if state.phase == "lobby":
        raise Refusal("not_running", "No minutes are counted before the session starts.")
    _treated(state, person)
    return corrections.dispute(state.corrections, person, text)


def _correct(state: RoomState, command: c.CorrectAttendance, now: Instant) -> Events:
    return corrections.correct(
        state.corrections,
        _treated(state, command.person).person,
        command.start,
        command.end,
        present=command.present,
        reason=command.reason,
        dispute=command.dispute,
        session=attendance.session_span(state.attendance, now),
    )


def _share_screen(state: RoomState, asker: Seat) -> Events:
    room = state.breakouts.where.get(asker.person)
    shown = next((each for each in state.screen.showing if state.breakouts.where.get(each) == room), None)
    other = state.seats.known(shown)
    here = other is not None and state.attendance.of(other.person).connected
    return screen.share(state.screen, asker, other, other_is_here=here)


# --------------------------------------------------------------- forms


def _check_offered(state: RoomState, asker: Seat, form: FormId) -> None:
    seats.check_in_room(asker)
    if not asker.treated or not form_offered(state, form):
        raise Refusal("not_offered", "This form comes later in the session.")


def form_offered(state: RoomState, form: FormId) -> bool:
    """Whether those in the room may fill in this form now."""
    kind = state.checkin.form(form).segment_kind
    return state.phase != "ended" and (kind == checkin.CHECK_IN or agenda.reached(state.agenda, kind))


def _check_moment(state: RoomState, asker: Seat, measure: MeasureId) -> None:
    seats.check_in_room(asker)
    asked = state.measuring.offered_to(asker.person, measure)
    if not measureviews.moment_has_come(state, asked):
        raise Refusal("not_offered", "This form comes later in the session.")


def watched(state: RoomState) -> bool:
    """Whether a facilitator is connected, who would see a safety answer at once."""
    return any(
        state.attendance.of(seat.person).present
        for seat in state.seats.by_person.values()
        if seat.role in (Role.FACILITATOR, Role.COFACILITATOR)
    )


# --------------------------------------------------------------- skills and exercises


def _show_diary(state: RoomState, person: PersonId, to_group: frozenset[Part]) -> Events:
    if state.phase == "ended":
        raise Refusal("session_ended", "This session has ended.")
    return showings.show(state.showings, _treated(state, person), to_group)


def _choose_skill(state: RoomState, skill: SkillId | None) -> Events:
    """What is chosen was taught, unless another is chosen instead; facilitators can still name it otherwise."""
    position = _position(state)
    chosen = runs.choose_skill(state.practice, position, skill)
    if not chosen:
        return ()
    titles = {each.id: each.title for each in state.practice.repertoire.skills}
    elsewhere = {name for segment, name in state.practice.skills.items() if segment != position}
    before = state.practice.skills.get(position)
    instead = "" if before is None or before in elsewhere else titles.get(before, "")
    named = [title for title in state.notes.skills if title != instead]
    if skill is not None and titles[skill] not in named and len(named) < notes.SKILLS_MAX:
        named.append(titles[skill])
    if tuple(named) == state.notes.skills:
        return chosen
    return (*chosen, v.SkillsNamed(skills=tuple(named)))


def _open_exercise(state: RoomState, exercise: ExerciseId, now: Instant) -> Events:
    return runs.open_(state.practice, exercise, _position(state), _here(state), now, state.breakouts.apart)


def _open_round(state: RoomState, command: c.OpenRound) -> Events:
    """An appreciation round goes along the row of an exercise that made one: all thought of the one before them."""
    if state.breakouts.open is not None:
        raise Refusal("breakouts_open", "The group is in small rooms. Call them back before a round.")
    row = runs.row(state.practice) if command.kind == roundquestions.Kind.APPRECIATION else ()
    known = state.practice.repertoire.questions
    asked = roundquestions.question_of(known, command.asked).asked(command.teens) if command.asked else command.question
    return rounds.open_(
        state.rounds,
        kind=command.kind,
        question=asked,
        order=rounds.Order.GIVEN if row else command.order,
        wanted=row or command.line,
        turn_ms=command.turn_ms,
        segment=_position(state),
        seats=_in_main(state),
        attendance=state.attendance,
    )


def _in_main(state: RoomState) -> seats.Seats:
    return breakouts.in_main(state.breakouts, state.seats)


def _in_turn(state: RoomState, asker: Seat) -> tuple[tuple[PersonId, ...], bool]:
    """Who can have the turn now, and whether the asker, who is in the room, leads."""
    seats.check_in_room(asker)
    return rounds.here(_in_main(state), state.attendance), asker.role in policy.FACILITATORS


def _position(state: RoomState) -> SegmentId:
    _check_running(state)
    assert state.agenda.position is not None
    return state.agenda.position


def _check_running(state: RoomState) -> None:
    if state.agenda.position is None:
        raise Refusal("not_running", "The session has not started yet.")


def _here(state: RoomState) -> tuple[PersonId, ...]:
    """Participants who can do something with somebody now, in the order they came."""
    return tuple(
        seat.person
        for seat in state.seats.in_room
        if not seat.staff and state.attendance.of(seat.person).connected and not seat.shielded
    )


# --------------------------------------------------------------- small rooms


def _open_breakouts(state: RoomState, minutes: int | None, task: str, now: Instant) -> Events:
    """Of the proposal, whoever is in the room, connected, and not spoken with apart just now."""
    _check_running(state)
    if state.rounds.open is not None:
        raise Refusal("round_open", "A round is still going on. End it before the group goes into small rooms.")
    here = [
        seat.person
        for seat in state.seats.in_room
        if not seat.staff and state.attendance.of(seat.person).connected and seat.person not in state.breakouts.where
    ]
    opened = breakouts.open_(state.breakouts, here, minutes=minutes, task=task, now=now, naming=_naming(state))
    return _moving(state, opened)


def _move_to(state: RoomState, person: PersonId, room: SmallRoomId | None) -> Events:
    seats.check_is_in_room(_participant(state, person))
    return _moving(state, breakouts.move_to(state.breakouts, person, room, _naming(state)))


def _open_side_room(state: RoomState, person: PersonId, facilitator: PersonId) -> Events:
    seats.check_is_in_room(_participant(state, person))
    opened = breakouts.open_side(state.breakouts, person, facilitator, state.attendance, _naming(state))
    return _moving(state, opened)


def _moving(state: RoomState, events: Events) -> Events:
    """Nobody takes their screen along to where they go: others are there."""
    going = breakouts.movers(events)
    stops = [stop for person in sorted(going) for stop in screen.stop(state.screen, person)]
    return (*stops, *events)


def _naming(state: RoomState) -> Callable[[PersonId], str]:
    return lambda person: state.seats.of(person).name


# --------------------------------------------------------------- react


def react(state: RoomState, event: Event) -> tuple[Effect, ...]:
    """What the shell must do after a live event; `state` is the one the event led to."""
    match event:
        case v.MediaConnected(person=person) | v.MediaSet(person=person) | v.ScreenShared(person=person):
            seat = state.seats.of(person)
            forward = e.Forward(
                person=person,
                microphone=seat.microphone,
                camera=seat.camera,
                screen=person in state.screen.showing,
            )
            if isinstance(event, v.MediaSet) and seat.muted_by is not None:
                return forward, e.Nudge(person=person, kind="muted")
            return (forward,)
        case v.BreakoutsOpened() | v.BreakoutsClosed() | v.PersonMoved() | v.SideRoomOpened() | v.SideRoomClosed():
            return (_partition(state),)
        case v.Admitted(person=person):
            return (e.Nudge(person=person, kind="admitted"),)
        case v.UnmuteAsked(person=person):
            return (e.Nudge(person=person, kind="unmute_asked"),)
        case v.MovedToWaiting(person=person):
            return (*_out_of_media(state, person), e.Nudge(person=person, kind="moved_to_waiting"))
        case v.PersonRemoved(person=person):
            return (*_out_of_media(state, person), e.Dismiss(person=person, reason="removed"))
        case v.PersonLeft(person=person, how=how):
            reason = how if how in ("quick_exit", "consent") else "left"
            return (*_out_of_media(state, person), e.Dismiss(person=person, reason=reason))
        case v.SessionEnded():
            return (
                *(_shut(seat.person) for seat in state.seats.in_room),
                e.CloseMedia(),
                *(
                    e.Dismiss(person=seat.person, reason="ended")
                    for seat in state.seats.participants
                    if state.attendance.of(seat.person).connected
                ),
            )
        case v.NoteSigned() | v.HoursAmended():
            return (e.PostHours(),)
        case v.AgreementKept():
            return (e.KeepAgreement(),)
        case v.PersonExpected():
            return (e.Brief(),)
        case _:
            return ()


def _shut(person: PersonId) -> e.Forward:
    return e.Forward(person=person, microphone=False, camera=False)


def _out_of_media(state: RoomState, person: PersonId) -> tuple[Effect, ...]:
    """Who goes is in no small room any more; who was with them in a side room is back."""
    moved = (_partition(state),) if state.breakouts.stays else ()
    return (_shut(person), e.DropMedia(person=person), *moved)


def _partition(state: RoomState) -> e.Partition:
    return e.Partition(rooms=state.breakouts.where)


# --------------------------------------------------------------- time


def next_deadline(state: RoomState) -> Instant | None:
    """When a `Tick` is due: somebody is to be asked, has not answered, is missing or away in their turn, is alone in a
    small room or has to come back from there, or nobody at all has come back."""
    dues = (
        _abandoned_at(state),
        prompts.next_due(state.prompts, state.attendance, state.agenda, _programme(state)),
        noshow.next_due(*_who_is_where(state), state.absences, state.at),
        rounds.next_due(state.rounds, _in_main(state), state.attendance),
        breakouts.next_due(state.breakouts, state.attendance),
    )
    return min((at for at in dues if at is not None), default=None)


def _who_is_where(state: RoomState) -> tuple[noshow.NoShows, tuple[Seat, ...], attendance.Attendance]:
    return state.noshows, state.seats.participants, state.attendance


def _abandoned_at(state: RoomState) -> Instant | None:
    """When a running session that nobody comes back to ends by itself."""
    since = attendance.quiet_since(state.attendance, state.at)
    return None if since is None else Instant(since + ABANDONED_AFTER_MS)


def _programme(state: RoomState) -> Programme:
    return PLAIN if state.session is None else state.session.programme
