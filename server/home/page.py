"""The home page put together: which cards there are, and who is shown which, in what order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from facilitation.people import Role
from facilitation.policy import Action
from server.books import worklist
from server.clock import Clock
from server.door.consents import Consents
from server.home import meetings, office, writing
from server.home.asked import Asked
from server.home.cohorts import Catalog, Cohorts
from server.home.consents import ConsentsMissing, ToSign
from server.home.covers import Covers
from server.home.diary import Diary, DiaryCard
from server.home.early import EarlyAbsences
from server.home.glass import BrokenGlass
from server.home.invited import Invited
from server.home.licences import LicencesEnding
from server.home.milestones import Milestones
from server.home.of_age import Family, OfAge
from server.home.offers import Offers
from server.home.readings import Readings
from server.home.start import FirstSteps, Start
from server.home.tonight import Tonight
from server.home.tools import tools
from server.home.visit import Visit, Visits
from server.home.wards import Guardians, Wards
from server.home.weeks import NeedHelp, OwnWeek
from server.projections.meters import Meters
from server.store.ports import Store
from server.web.auth import Trail, Visitor
from server.web.words import Words

Maker = Callable[[Visit], Awaitable[Mapping[str, Any] | None]]
"""What a card shows to whoever looks; None: today there is no such card. Raises StoreUnavailable, CorruptLog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`webclient/templates/home/NAME.html` draws what `make` gives, for whoever may do `needs`.

    Whom it names of those who are treated, it says under "named": that stands in the audit log, as `reads`.
    """

    make: Maker
    needs: Action = Action.COME_HOME
    reads: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Names of cards, the most pressing first. `beside`: in a column of their own where there is room."""

    main: tuple[str, ...]
    beside: tuple[str, ...] = ()


LEADING: Final = Layout(main=("now", "flags", "groups", "early", "due", "covers", "coming"), beside=("help", "tools"))
LAYOUTS: Final[Mapping[Role, Layout]] = {
    Role.PARTICIPANT: Layout(
        main=("now", "to_sign", "of_age", "offers", "tonight", "diary", "week", "coming", "milestones", "tools")
    ),
    Role.GUARDIAN: Layout(main=("now", "wards", "coming", "tools")),
    Role.FACILITATOR: LEADING,
    Role.COFACILITATOR: LEADING,
    Role.OBSERVER: Layout(main=("now", "groups", "coming"), beside=("help", "tools")),
    Role.SUPERVISOR: Layout(
        main=("now", "flags", "due", "lagging", "groups", "covers", "coming"), beside=("help", "tools")
    ),
    Role.ADMINISTRATOR: Layout(
        main=(
            *("start", "glass", "now", "early", "gaps", "conflicts", "asked"),
            *("cohorts", "invitations", "consents", "licences"),
        ),
        beside=("counts", "tools"),
    ),
    Role.SCHEDULER: Layout(
        main=("now", "early", "gaps", "conflicts", "asked", "cohorts", "consents", "coming"), beside=("tools",)
    ),
    Role.AUDITOR: Layout(main=("now", "readings"), beside=("tools",)),
}


FIRST: Final = ("start", "glass")
"""What an administrator has to see first, also one by duty whose own meetings fill the page."""


def layout_of(me: Visitor) -> Layout:
    """The cards of their role, then those that their other roles add; FIRST before all."""
    layouts = [LAYOUTS[role] for role in (me.role, *sorted(me.also - {me.role}))]
    main = dict.fromkeys(name for layout in layouts for name in layout.main)
    return Layout(
        main=tuple(sorted(main, key=lambda name: name not in FIRST)),
        beside=tuple(dict.fromkeys(name for layout in layouts for name in layout.beside)),
    )


class HomePage:
    """The port `Home` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, visits: Visits, cards: Mapping[str, Card], *, trail: Trail, clock: Clock) -> None:
        self._visits = visits
        self.cards = cards
        self._trail = trail
        self._clock = clock

    async def page(self, me: Visitor, words: Words) -> dict[str, Any]:
        visit = await self._visits.begin(me, self._clock.now(), words)
        layout = layout_of(me)
        return {
            "now": visit.words.weekday(visit.today),
            "cards": await self._made(layout.main, visit),
            "beside": await self._made(layout.beside, visit),
        }

    async def _made(self, names: tuple[str, ...], visit: Visit) -> list[dict[str, Any]]:
        made = []
        for name in names:
            card = self.cards[name]
            told = await card.make(visit) if visit.me.may(card.needs) else None
            if told is not None:
                if card.reads is not None and (named := told.get("named")):
                    await self._trail.once(visit.me, card.reads, about=frozenset(named), page=f"home {name}")
                made.append({"name": name, **told})
        return made

    async def work(self, me: Visitor, words: Words) -> dict[str, Any]:
        """The notes that are due in the sessions of one of the staff."""
        visit = await self._visits.begin(me, self._clock.now(), words)
        far = await visit.far(visit.mine)
        sessions = [(each.scheduled, each.progress) for each in far]
        return worklist.page(sessions, me, zone=visit.zone, now=visit.now, words=words)


def cards(
    store: Store,
    *,
    catalog: Catalog,
    meters: Meters,
    guardians: Guardians,
    consents: Consents,
    first_steps: FirstSteps,
    diary: Diary,
    family: Family,
    trail: Trail,
) -> dict[str, Card]:
    """Every card there is, by name."""
    offers = Offers(store.register, clinic=store.clinic)
    return {
        "now": Card(make=meetings.now),
        "coming": Card(make=meetings.coming),
        "groups": Card(make=meetings.Groups(store.register), needs=Action.SEE_DUE_NOTES),
        "early": Card(make=EarlyAbsences(store.clinic), needs=Action.SEE_WEEKS, reads=Action.SEE_WEEKS),
        "due": Card(make=writing.due, needs=Action.SEE_DUE_NOTES),
        "flags": Card(make=writing.flags, needs=Action.READ_RECORD, reads=Action.READ_RECORD),
        "lagging": Card(make=writing.lagging, needs=Action.SEE_DUE_NOTES),
        "covers": Card(make=Covers(store.register, clinic=store.clinic), needs=Action.SEE_SCHEDULE),
        "to_sign": Card(make=ToSign(consents), needs=Action.PASS_THE_DOOR),
        "offers": Card(make=offers, needs=Action.ANSWER_OWN_SEAT),
        "of_age": Card(make=OfAge(family), needs=Action.SHARE_WITH_FAMILY),
        "tonight": Card(make=Tonight(store.log, diary), needs=Action.READ_OWN_MINUTES),
        "diary": Card(make=DiaryCard(diary), needs=Action.KEEP_DIARY),
        "milestones": Card(make=Milestones(store.register), needs=Action.MARK_MILESTONES),
        "week": Card(make=OwnWeek(meters), needs=Action.READ_OWN_STATEMENT),
        "wards": Card(
            make=Wards(
                store, guardians=guardians, meters=meters, to_sign=consents.count_to_sign, offers=offers, trail=trail
            ),
            needs=Action.SEE_WARDS,
        ),
        "help": Card(make=NeedHelp(store.clinic, meters), needs=Action.SEE_WEEKS, reads=Action.SEE_WEEKS),
        "start": Card(make=Start(first_steps), needs=Action.SET_UP),
        "asked": Card(make=Asked(store.register, clinic=store.clinic), needs=Action.AGREE_MAKE_UPS),
        "gaps": Card(make=office.gaps, needs=Action.SEE_SCHEDULE),
        "conflicts": Card(make=office.conflicts, needs=Action.SEE_SCHEDULE, reads=Action.SEE_MEMBERS),
        "cohorts": Card(make=Cohorts(store.register, catalog=catalog), needs=Action.SEE_SCHEDULE),
        "invitations": Card(make=Invited(store.register, clinic=store.clinic), needs=Action.SEE_ACCOUNTS),
        "consents": Card(make=ConsentsMissing(consents), needs=Action.READ_CONSENTS, reads=Action.READ_CONSENTS),
        "licences": Card(make=LicencesEnding(store.register, clinic=store.clinic), needs=Action.READ_LICENCES),
        "readings": Card(make=Readings(store.audit, clinic=store.clinic), needs=Action.SEE_AUDIT),
        "counts": Card(make=office.counts, needs=Action.SEE_CLINIC),
        "glass": Card(make=BrokenGlass(store), needs=Action.NOTE_GLASS),
        "tools": Card(make=tools),
    }
