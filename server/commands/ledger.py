"""`python -m server ledger`: prove the hours, or look at one person's."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from facilitation.facts import zone_of
from server.operator import work_with_store
from server.projections.verify import Finding, Report, verify
from server.store.hours import HoursEntry
from server.store.ports import Store


@click.group()
def command() -> None:
    """Hours: prove them against the logs, or show one person's."""


@command.command("verify")
def verify_command() -> None:
    """Derive every entry anew from the logs, check every chain and total, and say what is not right.

    Reads only; a server may run meanwhile. Status 1 if anything is not right.
    """
    work_with_store(_verify)


@command.command("show")
@click.argument("person")
def show_command(person: str) -> None:
    """The hours of PERSON (an id): every entry, every week."""
    work_with_store(lambda store: _show(store, person))


async def _verify(store: Store) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bars = {"people": progress.add_task("Hours", total=None), "sessions": progress.add_task("Logs", total=None)}
        report = await verify(
            store, lambda what, done, of: progress.update(bars[what], completed=done, total=of)
        )
    for line in in_words(report):
        click.echo(line)
    return 0 if report.right else 1


def in_words(report: Report) -> list[str]:
    """What was checked, and everything that is not right, a sentence a line."""
    checked = (
        f"Checked {_many(report.sessions, 'log')} with {_many(report.records, 'record')} and "
        f"{_many(report.notes, 'signed note')}, and {_many(report.entries, 'hours entry', 'hours entries')} of "
        f"{_many(report.people, 'person', 'people')}, {_many(report.minutes, 'minute')} in all."
    )
    if report.right and not report.entries:
        return [checked, "There are no hours yet, and none are owed."]
    if report.right:
        return [checked, "Every entry follows from its log, no chain is broken, every total is right, none is missing."]
    waiting = [finding for finding in report.findings if finding.kind == "waiting"]
    wrong = [finding for finding in report.findings if finding.kind != "waiting"]
    lines = [checked]
    if wrong:
        lines += [f"{_many(len(wrong), 'thing')} not right:", *(_line(finding) for finding in wrong)]
    if waiting:
        lines += [f"{_many(len(waiting), 'entry', 'entries')} not posted yet:", *(_line(each) for each in waiting)]
    return lines


def _line(finding: Finding) -> str:
    return f"  {finding.kind:<8} {finding.text}"


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


async def _show(store: Store, person: str) -> int:
    account = await store.ledger.account(person)
    if not account.rows:
        known = ", ".join(await store.ledger.people()) or "nobody yet"
        click.echo(f"{person} has no hours. Hours were posted for: {known}.", err=True)
        return 1
    entries = account.entries()
    table = Table("no.", "date", "session", "present", "counted", "minutes", "rules", "signed by", "hash")
    for entry in entries:
        table.add_row(*_row(entry))
    console = Console(width=None if Console().is_terminal else 140)
    console.print(table)
    for week, minutes in sorted(account.weeks.items()):
        console.print(f"Week of {week}: {minutes} minutes")
    return 0


def _row(entry: HoursEntry) -> tuple[str, ...]:
    facts = entry.facts
    started = datetime.fromtimestamp(facts.started / 1_000, UTC).astimezone(zone_of(facts.zone))
    return (
        str(entry.number),
        f"{started:%Y-%m-%d %H:%M}",
        facts.session,
        _clock(facts.present_ms),
        _clock(facts.counted_ms),
        str(facts.countable_min),
        f"{facts.rules_id} {facts.rules_version}",
        facts.signer,
        entry.hash[:12],
    )


def _clock(length_ms: int) -> str:
    minutes, seconds = divmod(length_ms // 1_000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
