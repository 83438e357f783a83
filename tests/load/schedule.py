"""How long the finder takes, and how many it places: 200 teens, 40 cohorts of three afternoons, and too few seats.

Beside it, in the same run, a greedy clinic: everybody in turn takes the best week that is left. `python -m
tests.load.schedule`
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from statistics import median

from facilitation.finder import Offer, Wish, find
from facilitation.ids import PersonId
from server.schedule.finder import Clinic, place
from tests.support.school import activity, school, weekly, wish

TEENS, COHORTS, SEATS, WEEKS = 200, 40, 4, 8
STARTS = ("15:15", "16:00", "16:30", "17:30", "18:15")
DAYS = ((0, 1, 3), (0, 2, 3), (1, 2, 4))
BUSY = (("15:00", "16:30"), ("16:00", "17:45"), ("17:00", "18:30"), ("18:00", "20:00"))


def figure(name: str, value: float, unit: str, better: str, against: str, n: int) -> None:
    row = {"figure": name, "value": round(value, 3), "unit": unit, "better": better, "against": against, "n": n}
    print(json.dumps(row), flush=True)


def clinic() -> tuple[dict[PersonId, Wish], list[Offer]]:
    """The same made-up clinic in every run."""
    drawn = random.Random(200)
    offers = [
        weekly(f"c{number:02}", day, STARTS[number % len(STARTS)], weeks=WEEKS, seats=SEATS)
        for number in range(COHORTS)
        for day in DAYS[number % len(DAYS)]
    ]
    wishes = {}
    for number in range(TEENS):
        days = drawn.sample(range(5), drawn.choice([0, 1, 2, 3]))
        one = school(
            end=drawn.choice(["14:15", "14:45", "15:00", "15:30"]),
            activities=[activity(f"Practice {day}", day, *drawn.choice(BUSY)) for day in days],
            margin_min=drawn.choice([15, 30, 45]),
        )
        wishes[PersonId(f"p-{number}")] = wish(one, weeks=WEEKS)
    return wishes, offers


def greedy(wishes: dict[PersonId, Wish], offers: list[Offer]) -> int:
    left = {offer.id: offer.seats_left for offer in offers}
    placed = 0
    for each in wishes.values():
        proposals = find(each, [replace(offer, seats_left=left[offer.id]) for offer in offers]).proposals
        if proposals:
            placed += 1
            for offer in proposals[0].offers:
                left[offer.id] -= 1
    return placed


def main() -> None:
    wishes, offers = clinic()
    began = time.perf_counter()
    by_turns = greedy(wishes, offers)
    greedy_s = time.perf_counter() - began
    began = time.perf_counter()
    together = place(Clinic(wishes=wishes, offers=tuple(offers)))
    together_s = time.perf_counter() - began
    assert together.proven, "the number of people placed should be proven"
    against = f"{TEENS} teens in turn: {greedy_s:.2f} s"
    figure("schedule.finder_s", together_s, "s", "lower", against, TEENS)
    figure("schedule.teens_placed", len(together.weeks), "teens", "higher", f"in turn: {by_turns}", TEENS)
    times_ms = []
    for each in wishes.values():
        began = time.perf_counter()
        find(each, offers)
        times_ms.append((time.perf_counter() - began) * 1_000)
    figure("schedule.one_teen_ms", median(times_ms), "ms", "lower", f"the slowest: {max(times_ms):.0f} ms", TEENS)
    full = [replace(offer, seats_left=0) for offer in offers]
    began = time.perf_counter()
    assert find(next(iter(wishes.values())), full).explanation is not None
    figure("schedule.explain_ms", (time.perf_counter() - began) * 1_000, "ms", "lower", "nothing: no seat is left", 1)


if __name__ == "__main__":
    main()
