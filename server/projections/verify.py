"""Is the ledger right? Every entry is derived anew from the logs and compared with what stands there.

It only reads, and it may run beside a working server: the ledger is read before the logs, so that what is posted
meanwhile looks missing at most, and whoever seems to miss something is read once more at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from server.projections.log_reader import Reader, Told, reader_of
from server.rooms.ports import CorruptLog
from server.store import chain, hours
from server.store.checkpoint import Checkpoint
from server.store.hours import Account, HoursFacts, Line, Row
from server.store.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not right.

    `kind`: 'log' (a log cannot be trusted), 'note' (a signed note does not follow from its log), 'chain' (an entry
    or its place was changed), 'differs' (an entry says something else than the log), 'missing', 'waiting' (signed,
    not yet posted), 'extra' (no signed note behind it), 'total', 'index', 'rewritten' (not what a checkpoint holds),
    'disclosed' (the log of disclosures).
    """

    kind: str
    text: str
    person: str | None = None
    session: str | None = None


@dataclass(slots=True, kw_only=True)
class Report:
    """What was read, and what is wrong with it."""

    sessions: int = 0
    records: int = 0
    notes: int = 0
    amendments: int = 0
    people: int = 0
    entries: int = 0
    minutes: int = 0
    disclosures: int = 0
    kept: int = 0
    """People of the checkpoint whose entries of then are still there, unchanged."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def right(self) -> bool:
        return not self.findings


def unwatched(what: str, done: int, of: int) -> None:
    """Nobody looks on."""


async def verify(
    store: Store,
    watch: Callable[[str, int, int], None] = unwatched,
    *,
    against: Checkpoint | None = None,
    read: Reader | None = None,
) -> Report:
    """Check every log, chain, entry and total of the clinic; with `against`, that nothing of that checkpoint changed.

    `watch` is told what is read, how many are done, and of how many. `read`: how the logs are read; None: one after
    the other, here. Raises StoreUnavailable.
    """
    report = Report()
    names = set(await store.ledger.people()) | {person.person for person in await store.clinic.list_people()}
    names |= against.heads.keys() if against else set()
    accounts: dict[str, Account] = {}
    for done, person in enumerate(sorted(names), 1):
        await _read_account(store, person, accounts, report)
        watch("people", done, len(names))

    expected: dict[str, dict[str, HoursFacts]] = {}
    unreadable: set[str] = set()
    sessions = await _sessions(store, accounts.values())
    done = 0
    async for told in (read or reader_of(store))(sessions):
        _take(told, expected, report)
        if told.unreadable is not None:
            unreadable.add(told.session)
        done += 1
        watch("sessions", done, len(sessions))

    owed = await store.ledger.owed()  # before reading again: what is posted then is settled after that
    await _read_again(store, accounts, expected, report)
    for person in sorted(accounts.keys() | expected.keys()):
        account = accounts.get(person)
        if account is not None:
            _check_account(account, expected.get(person, {}), unreadable, owed, report)
            report.people += bool(account.rows)
    await _read_disclosures(store, report)
    if against is not None:
        _check_against(against, accounts, report)
    return report


async def _read_disclosures(store: Store, report: Report) -> None:
    try:
        async for _ in store.disclosures.all():
            report.disclosures += 1
    except CorruptLog as error:
        report.findings.append(Finding(kind="disclosed", text=_sentence(str(error))))


def _check_against(checkpoint: Checkpoint, accounts: Mapping[str, Account], report: Report) -> None:
    """Each chain must still hold the end it had then: its hash covers every entry before it.

    The hashes are those that the stored entries give now, not those that stand with them: whoever changed an entry
    and computed all hashes anew comes to another end.
    """
    for person, head in sorted(checkpoint.heads.items()):
        if person not in accounts:
            continue  # cannot be read, and was named for it
        rows = accounts[person].rows
        now = hours.genesis(person)
        for row in rows[: head.number]:
            now = chain.link(now, row.line)
        if len(rows) < head.number:
            text = f"Hours of {person}: the checkpoint ends at entry {head.number}, and now there are {len(rows)}."
        elif now != head.hash:
            text = f"Hours of {person}: entries 1 to {head.number} are not those of the checkpoint."
        else:
            report.kept += 1
            continue
        report.findings.append(Finding(kind="rewritten", text=text, person=person))


# --------------------------------------------------------------- reading


async def _read_account(store: Store, person: str, accounts: dict[str, Account], report: Report) -> None:
    try:
        accounts[person] = await store.ledger.account(person)
    except CorruptLog as error:
        report.findings.append(Finding(kind="index", text=_sentence(str(error)), person=person))


async def _sessions(store: Store, accounts: Iterable[Account]) -> list[str]:
    """Every session that anything knows of."""
    names = set(await store.log.sessions()) | set(await store.ledger.owed())
    names |= {session.session for session in await store.clinic.list_sessions()}
    names |= {entry.facts.session for account in accounts for entry in _readable(account)}
    return sorted(names)


def _take(told: Told, expected: dict[str, dict[str, HoursFacts]], report: Report) -> None:
    """Note which hours a log gives."""
    report.sessions += told.records > 0
    report.records += told.records
    report.notes += told.notes
    report.amendments += told.amendments
    for facts in told.hours:
        expected.setdefault(facts.person, {}).setdefault(facts.entry, facts)
    for person, text in told.wrong:
        report.findings.append(Finding(kind="note", text=_sentence(text), person=person, session=told.session))
    if told.unreadable is not None:
        report.findings.append(Finding(kind="log", text=_sentence(told.unreadable), session=told.session))


async def _read_again(
    store: Store, accounts: dict[str, Account], expected: dict[str, dict[str, HoursFacts]], report: Report
) -> None:
    """Whose entries seem to be missing may have been given them meanwhile."""
    unreadable = {finding.person for finding in report.findings if finding.kind == "index"}
    for person, facts in expected.items():
        account = accounts.get(person)
        if person not in unreadable and (account is None or not facts.keys() <= account.posted.keys()):
            await _read_account(store, person, accounts, report)


def _said(row: Row) -> Line | None:
    """What an entry says, if it can be read at all."""
    try:
        return hours.read(row)
    except ValueError:
        return None


def _readable(account: Account) -> list[Line]:
    return [line for row in account.rows if (line := _said(row)) is not None]


# --------------------------------------------------------------- comparing


def _check_account(
    account: Account, expected: dict[str, HoursFacts], unreadable: set[str], owed: dict[str, int], report: Report
) -> None:
    person = account.person

    def find(kind: str, text: str, session: str | None = None) -> None:
        report.findings.append(Finding(kind=kind, text=text, person=person, session=session))

    previous = hours.genesis(person)
    for number, row in enumerate(account.rows, 1):
        try:
            hours.check(person, number, row, previous)
        except CorruptLog as error:
            line = _said(row)
            find("chain", _sentence(str(error)), line.facts.session if line else None)
        previous = row.hash

    entries = _readable(account)
    report.entries += len(account.rows)
    seen: set[str] = set()
    for entry in entries:
        facts = entry.facts
        about = f"Hours of {person}, entry {entry.number}, for session {facts.session}"
        report.minutes += facts.countable_min
        right = expected.get(facts.entry)
        if facts.entry in seen:
            find("extra", f"{about}: it stands there twice.", facts.session)
        elif facts.session in unreadable:
            find("log", f"{about}: it cannot be checked, for its log cannot be read.", facts.session)
        elif right is None:
            find("extra", f"{about}: there is no signed note behind it.", facts.session)
        else:
            for name in _differences(facts, right):
                there, derived = getattr(facts, name), getattr(right, name)
                text = f"{about}: {name} is {_short(there)}, and the log gives {_short(derived)}."
                find("differs", text, facts.session)
        if facts.corrects and facts.corrects not in seen:
            find("chain", f"{about}: what it corrects does not stand before it.", facts.session)
        seen.add(facts.entry)
        if account.posted.get(facts.entry) != (entry.number, facts.digest):
            find("index", f"{about}: the index of what is posted does not say so.", facts.session)

    for name, facts in expected.items():
        if name in seen:
            continue
        about = f"Hours of {person} for session {facts.session}: signed"
        if facts.session in owed:
            find("waiting", f"{about}, and not posted yet. A running server posts it.", facts.session)
        else:
            find("missing", f"{about}, and not in the ledger.", facts.session)
    for name, (number, _) in account.posted.items():
        if name not in seen and name not in expected:
            find("index", f"Hours of {person}: the index names an entry {number} that is not there.")

    totals: Counter[str] = Counter()
    for entry in entries:
        totals[entry.facts.week.isoformat()] += entry.facts.countable_min
    for week in sorted(totals.keys() | account.weeks.keys()):
        if totals[week] != account.weeks.get(week, 0):
            find(
                "total",
                f"Hours of {person}, week of {week}: the total says {account.weeks.get(week, 0)} minutes, "
                f"and the entries add up to {totals[week]}.",
            )


def _differences(facts: HoursFacts, right: HoursFacts) -> list[str]:
    return [name for name in HoursFacts.__struct_fields__ if getattr(facts, name) != getattr(right, name)]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
