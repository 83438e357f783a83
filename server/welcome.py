"""What an operator sees first: where Milieu is, and for a demo clinic what to open; and simulated participants."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from rich.console import Console

from facilitation.people import Expected, Role
from facilitation.policy import FACILITATORS, SUPERVISORS
from facilitation.timebase import HOUR_MS, Instant
from server import demo
from server.accounts.first import first_administrator
from server.accounts.parts import operators_parts
from server.config import Settings
from server.signing import SetUpCodes
from server.store.ports import Store
from server.web.links import Links
from server.web.site import CLINIC, ROOT

BOTS_STOP_WITHIN_S: Final = 2.0
SIGNERS: Final = FACILITATORS | SUPERVISORS

Invited = Sequence[tuple[Expected, str]]
"""Everybody on a session's list, each with their link."""


async def welcome(settings: Settings, store: Store, *, now: Instant) -> list[str]:
    """Say where Milieu is and what to open. Returns the participants' links of the demo's first group, if any."""
    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold]Milieu is running.[/bold]  Ctrl-C stops it.")
    console.print(f"  Pages  {settings.base_url}")
    console.print(f"  Media  UDP port {settings.udp_port} of {' and '.join(settings.media_hosts)}")
    outside = "the store of MILIEU_REDIS_URL, and " if settings.redis_url else ""
    console.print(f"  Data   {outside}{settings.data_dir.absolute()}")
    mail = f"{settings.outbox.absolute()}, a file each" if settings.smtp_url is None else "by the mail server"
    console.print(f"  Mail   {mail}")
    if not settings.shows_example or not await demo.belongs(store):
        await _print_first(console, settings, store)
        return []
    links = Links(settings.signing_keys(), clinic=CLINIC)
    until = Instant(now + settings.link_hours * HOUR_MS)
    groups: list[Invited] = []
    for session in await demo.prepare(store, clinic=CLINIC, now=now):
        seats = demo.seats(session, until=until)
        groups.append([(each, f"{settings.base_url}/j/{links.link(seat)}") for each, seat in seats])
        _print_links(console, session.title, groups[-1], everybody=len(groups) == 1)
    _print_codes(console, settings, groups)
    await _print_first(console, settings, store)
    return [link for each, link in groups[0] if each.role is Role.PARTICIPANT]


async def _print_first(console: Console, settings: Settings, store: Store) -> None:
    """While nobody can sign in as an administrator: the link with which somebody becomes the first."""
    again = "Lost it? [dim]python -m server invite[/dim] prints another."
    parts = operators_parts(settings, store)
    first = await first_administrator(parts, await store.clinic.list_people(), zone=demo.ZONE)
    if first is None:
        return
    console.print("\nNobody keeps the accounts of this clinic yet.", end=" ")
    if first.link is None:
        console.print(f"{first.person.name} has an invitation that waits to be used. {again}")
    else:
        console.print("Whoever opens this link first does; it works once, within seven days:")
        console.print(f"  [dim]administrator[/dim]  {first.link}")


def _print_links(console: Console, title: str, invited: Invited, *, everybody: bool) -> None:
    """The first group with everybody; of the others who leads, who supervises and two participants."""
    console.print(f"\n[bold]{title}[/bold] can start now. Each of these made-up people has a link of their own:")
    participants = [each for each in invited if each[0].role is Role.PARTICIPANT]
    supervisors = [each for each in invited if each[0].role is Role.SUPERVISOR]
    shown = invited if everybody else [invited[0], *supervisors, *participants[:2]]
    width = max(len(each.name) for each, _ in shown)
    for each, link in shown:
        console.print(f"  {each.name:{width}}  [dim]{each.role:13}[/dim]  {link}")


def _print_codes(console: Console, settings: Settings, groups: Sequence[Invited]) -> None:
    codes = SetUpCodes(settings.signing_keys(), clinic=CLINIC)
    signers = {each.person: each.name for invited in groups for each, _ in invited if each.role in SIGNERS}
    width = max(map(len, signers.values()))
    console.print("\nAt their first signature each of the staff chooses a signing PIN, with this set-up code:")
    for person, name in signers.items():
        console.print(f"  {name:{width}}  {codes.of(person)}")


@asynccontextmanager
async def simulated(links: Sequence[str]) -> AsyncIterator[None]:
    """Simulated participants for all links but the first, which is left for whoever looks.

    They run in a process of their own: their pictures must not cost the server its time.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.bots", *links[1:]),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the server, which dismisses them when it has drained
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(BOTS_STOP_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
