"""Times to offer for a meeting of a few people: soon, at an hour that suits a school day, and not all on one day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, time, timedelta
from typing import Final

FIRST: Final = time(8, 0)
LAST: Final = time(20, 0)
"""Nothing is offered that begins before or after."""
STEP_MIN: Final = 30
LIKED: Final = time(17, 0)
"""School is over, and it is not night yet."""
APART_MIN: Final = 120
"""Two times of one day that lie nearer to each other are no choice."""


def offered(
    days: Iterable[date], free: Callable[[date, time], bool], *, most: int, each_day: int = 2
) -> list[tuple[date, time]]:
    """The first `most` times at which everybody is `free`, by day and hour; of each day those nearest to LIKED."""
    found: list[tuple[date, time]] = []
    for day in days:
        chosen: list[time] = []
        for at in _by_liking():
            if len(chosen) == min(each_day, most - len(found)):
                break
            if all(abs(_minute(at) - _minute(other)) >= APART_MIN for other in chosen) and free(day, at):
                chosen.append(at)
        found += [(day, at) for at in sorted(chosen)]
        if len(found) == most:
            break
    return found


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def _by_liking() -> list[time]:
    steps = range(_minute(FIRST), _minute(LAST) + 1, STEP_MIN)
    return [time(*divmod(at, 60)) for at in sorted(steps, key=lambda at: (abs(at - _minute(LIKED)), at))]


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
