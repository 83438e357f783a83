"""What each may see of small rooms: everyone their own one, who leads all of them.

Who is kept apart from whom stands in the part of staff alone, and in no other's, not even as a reason.
"""

from __future__ import annotations

from typing import Any

from facilitation import breakouts
from facilitation.breakouts import GROUP_MAX, SmallRoom
from facilitation.ids import PersonId, SmallRoomId
from facilitation.partition import pair
from facilitation.state import RoomState

View = dict[str, Any]

# --------------------------------------------------------------- for those in a room


def small_room_part(state: RoomState, name: SmallRoomId | None) -> View | None:
    """The small room that the viewer is in; None: the main one. `alone`: somebody waits there for company."""
    room = None if name is None else state.breakouts.rooms.get(name)
    if room is None:
        return None
    alone = breakouts.alone_since(state.breakouts, state.attendance, room) is not None
    return {"room": room.id, "number": room.number, "side": room.side is not None, "alone": alone}


def open_part(state: RoomState) -> View | None:
    """The time in small rooms, the same for all; None: the group is together."""
    now_open = state.breakouts.open
    if now_open is None:
        return None
    return {
        "opened_at": now_open.opened_at,
        "ends_at": now_open.ends_at,
        "called": now_open.called,
        "task": now_open.task,
    }


def elsewhere_part(state: RoomState, name: SmallRoomId | None) -> list[View]:
    """Who is in the room but not here: that they are elsewhere, and not where."""
    return [
        {"person": seat.person, "name": seat.name}
        for seat in state.seats.in_room
        if state.breakouts.where.get(seat.person) != name
    ]


def led(state: RoomState, name: SmallRoomId | None) -> bool:
    """Whether somebody who leads is here, or everybody is here."""
    if not state.breakouts.rooms:
        return True
    return any(
        seat.staff and state.breakouts.where.get(seat.person) == name and state.attendance.of(seat.person).connected
        for seat in state.seats.in_room
    )


# --------------------------------------------------------------- for oneself


def own_part(state: RoomState, person: PersonId) -> View:
    """`moved`: what brought me to where I am, if it was not me; 'late': I came in while the group was in small rooms.
    `called`: that I called for help."""
    call = state.breakouts.calls.get(person)
    return {
        "moved": state.breakouts.why.get(person, ""),
        "called": None if call is None else {"at": call.at, "alone": call.alone},
    }


# --------------------------------------------------------------- for staff


def staff_breakouts_part(state: RoomState) -> View:
    here = state.breakouts
    return {
        "plan": None if here.plan is None else _plan(state),
        "rooms": [_room(state, room) for room in (*here.groups, *here.sides)],
        "main": [
            {
                "person": seat.person,
                "fits": _fits(state, seat.person),
                "waits": here.open is not None
                and here.why.get(seat.person) in ("late", "gone")
                and state.attendance.of(seat.person).connected,
            }
            for seat in state.seats.in_room
            if not seat.staff and seat.person not in here.where
        ],
        "calls": [
            {"person": person, "at": call.at, "alone": call.alone, "room": here.where.get(person)}
            for person, call in sorted(here.calls.items(), key=lambda one: one[1].at)
        ],
        "apart": sorted(sorted(each) for each in here.apart),
        "group_max": GROUP_MAX,
    }


def _plan(state: RoomState) -> View:
    plan = state.breakouts.plan
    assert plan is not None
    return {
        "rooms": [
            {"people": list(group), "problems": breakouts.problems(state.breakouts, group)} for group in plan.rooms
        ],
        "again": plan.again,
    }


def _room(state: RoomState, room: SmallRoom) -> View:
    return {
        "room": room.id,
        "number": room.number,
        "side": room.side,
        "people": list(state.breakouts.participants(room.id)),
        "visitors": list(state.breakouts.visitors(room.id)),
        "alone_since": breakouts.alone_since(state.breakouts, state.attendance, room),
    }


def _fits(state: RoomState, person: PersonId) -> list[SmallRoomId]:
    """The small rooms that somebody who came late could be put into, the smallest first."""
    here = state.breakouts
    never = here.apart | (here.tired if here.open is not None and not here.open.again else frozenset())
    rooms = [(here.participants(room.id), room) for room in here.groups]
    return [
        room.id
        for people, room in sorted(rooms, key=lambda one: (len(one[0]), one[1].number))
        if 0 < len(people) < GROUP_MAX and not any(pair(person, other) in never for other in people)
    ]
