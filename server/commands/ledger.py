"""`python -m server ledger`: prove the hours, or look at one person's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from facilitation.facts import zone_of
from server.cli import give_up
from server.clock import RoomClock
from server.commands import _weeks, _what_if
from server.commands._log_pool import quick_reader_of
from server.operator import work_with_store
from server.projections.verify import Finding, Report, verify
from server.store import checkpoint, hours
from server.store.checkpoint import BadCheckpoint, Checkpoint
from server.store.hours import HoursEntry, HoursFacts
from server.store.ports import Store

Readable = click.Path(path_type=Path, exists=True, dir_okay=False)
Folder = click.Path(path_type=Path, exists=True, file_okay=False)
Writable = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """Hours: prove them against the logs, or show one person's."""


command.add_command(_what_if.command, "what-if")
command.add_command(_weeks.command, "weeks")


@command.command("verify")
@click.option("--against", metavar="FILE", type=Readable, help="A saved checkpoint: its history must still be there.")
@click.option("--backup", metavar="FOLDER", type=Folder, help="A folder that “backup” made, instead of the data.")
def verify_command(against: Path | None, backup: Path | None) -> None:
    """Derive every entry anew from the logs, check every chain and total, and say what is not right.

    Reads only; a server may run meanwhile. Status 1 if anything is not right.
    """
    then = None if against is None else _read_checkpoint(against)
    work_with_store(lambda store: _verify(store, then), backup=backup)


@command.command("checkpoint")
@click.option("--save", metavar="FILE", type=Writable, help="A new file that holds it, for “ledger verify --against”.")
def checkpoint_command(save: Path | None) -> None:
    """Put the whole ledger under one hash, to be printed or sent away.

    Whoever keeps it can prove later that nothing of today's ledger was rewritten, whoever owns the server.
    """
    work_with_store(lambda store: _checkpoint(store, save))


@command.command("show")
@click.argument("person")
@click.option(
    "--as-of",
    metavar="DAY",
    type=click.DateTime(["%Y-%m-%d"]),
    help="As they stood at the end of that day (2026-11-20), where each session was held.",
)
def show_command(person: str, as_of: datetime | None) -> None:
    """The hours of PERSON (an id): every entry, every week."""
    work_with_store(lambda store: _show(store, person, as_of and as_of.date()))


def _read_checkpoint(file: Path) -> Checkpoint:
    try:
        with file.open("rb") as opened:
            return checkpoint.read(opened.read(checkpoint.FILE_BYTES_MAX))
    except (OSError, BadCheckpoint) as error:
        give_up(f"{file}: {error}")


async def _checkpoint(store: Store, save: Path | None) -> int:
    people = await store.ledger.people()
    known = {person.person for person in await store.clinic.list_people()}
    heads = await store.ledger.heads(sorted({*people, *known}))
    made = Checkpoint(clinic=store.keys.clinic, taken=RoomClock().now(), heads=heads)
    for line in told(made):
        click.echo(line)
    if save is not None:
        try:
            with save.open("xb") as file:
                file.write(checkpoint.write(made))
        except OSError as error:
            click.echo(f"It was not saved: {error}.", err=True)
            return 1
        click.echo(f"Saved as {save}. Keep it, and the hash on paper, where nobody who owns this server can change it.")
    return 0


def told(made: Checkpoint) -> list[str]:
    """A checkpoint on a few lines of paper: neither names nor ids stand in it."""
    digits = made.hash
    return [
        f"Milieu hours ledger, clinic {made.clinic}, checkpoint of {checkpoint.taken(made)}",
        f"{_many(made.entries, 'entry', 'entries')} of {_many(len(made.heads), 'person', 'people')}",
        "SHA-256 " + " ".join(digits[start : start + 8] for start in range(0, 64, 8)),
    ]


async def _verify(store: Store, against: Checkpoint | None) -> int:
    if against is not None and against.clinic != store.keys.clinic:
        click.echo(f"The checkpoint is of clinic {against.clinic}, and this is {store.keys.clinic}.", err=True)
        return 1
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bars = {"people": progress.add_task("Hours", total=None), "sessions": progress.add_task("Logs", total=None)}
        report = await verify(
            store,
            lambda what, done, of: progress.update(bars[what], completed=done, total=of),
            against=against,
            read=quick_reader_of(store),
        )
    for line in in_words(report):
        click.echo(line)
    if against is not None:
        for line in compared(report, against):
            click.echo(line)
    return 0 if report.right else 1


def in_words(report: Report) -> list[str]:
    """What was checked, and everything that is not right, a sentence a line."""
    amended = f" and {_many(report.amendments, 'amendment')}" if report.amendments else ""
    checked = (
        f"Checked {_many(report.sessions, 'log')} with {_many(report.records, 'record')} and "
        f"{_many(report.notes, 'signed note')}{amended}, and "
        f"{_many(report.entries, 'hours entry', 'hours entries')} of "
        f"{_many(report.people, 'person', 'people')}, {_many(report.minutes, 'minute')} in all."
    )
    if report.disclosures:
        checked += f" {_many(report.disclosures, 'disclosure')} in a whole chain."
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


def compared(report: Report, against: Checkpoint) -> list[str]:
    """Which checkpoint it was, and whether all of it is still there. The hash is to be compared with the paper."""
    rewritten = len(against.heads) - report.kept
    if rewritten:
        verdict = f"The history of {_many(rewritten, 'person', 'people')} in it is not what it was."
    else:
        verdict = (
            f"All {_many(against.entries, 'entry', 'entries')} in it are still there, unchanged; "
            f"{_many(report.entries - against.entries, 'entry', 'entries')} came after it."
        )
    return ["", "Compared with:", *told(against), verdict]


def _line(finding: Finding) -> str:
    return f"  {finding.kind:<9} {finding.text}"


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


async def _show(store: Store, person: str, day: date | None) -> int:
    account = await store.ledger.account(person)
    if not account.rows:
        known = ", ".join(await store.ledger.people()) or "nobody yet"
        click.echo(f"{person} has no hours. Hours were posted for: {known}.", err=True)
        return 1
    entries = account.entries()
    weeks = dict(account.weeks)
    if day is not None:
        entries = hours.as_of(entries, day)
        click.echo(f"As it stood at the end of {day}: {len(entries)} of the {len(account.rows)} entries there are now.")
        weeks = _totals(entries)
    table = Table("no.", "date", "session", "present", "counted", "minutes", "rules", "signed by", "hash", "of note")
    numbers = {entry.facts.entry: entry.number for entry in entries}
    for entry in entries:
        table.add_row(*_row(entry, numbers))
    console = Console(width=None if Console().is_terminal else 140)
    console.print(table)
    for week, minutes in sorted(weeks.items()):
        console.print(f"Week of {week}: {minutes} minutes")
    return 0


def _totals(entries: Sequence[HoursEntry]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for entry in entries:
        totals[entry.facts.week.isoformat()] += entry.facts.countable_min
    return dict(totals)


def _row(entry: HoursEntry, numbers: Mapping[str, int]) -> tuple[str, ...]:
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
        _remark(facts, numbers),
    )


def _remark(facts: HoursFacts, numbers: Mapping[str, int]) -> str:
    """What an entry is, if it is not simply a session's: 'takes back 1: wrong person'."""
    remarks = []
    if facts.corrects:
        verb = "takes back" if facts.kind == hours.REVERSAL else "instead of"
        remarks.append(f"{verb} {numbers.get(facts.corrects, '?')}: {facts.reason}")
    if facts.makes_up:
        remarks.append(f"makes up for {facts.makes_up}")
    return "; ".join(remarks)


def _clock(length_ms: int) -> str:
    minutes, seconds = divmod(abs(length_ms) // 1_000, 60)
    return f"{'-' if length_ms < 0 else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
