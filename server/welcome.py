"""What an operator sees first: where Milieu is, and for a demo clinic what to open; and simulated participants."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from rich.console import Console

from facilitation.people import Role
from server.accounts.first import First
from server.config import Settings
from server.tour import Meeting, Tour
from server.web.site import ROOT

BOTS_STOP_WITHIN_S: Final = 2.0


async def welcome(settings: Settings, tour: Tour) -> list[str]:
    """Say where Milieu is and what to open. Returns the participants' links of the demo's first group, if any."""
    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold]Milieu is running.[/bold]  Ctrl-C stops it.")
    console.print(f"  Pages  {settings.base_url}")
    console.print(f"  Media  UDP port {settings.udp_port} of {' and '.join(settings.media_hosts)}")
    outside = "the store of MILIEU_REDIS_URL, and " if settings.redis_url else ""
    console.print(f"  Data   {outside}{settings.data_dir.absolute()}")
    mail = f"{settings.outbox.absolute()}, a file each" if settings.smtp_url is None else "by the mail server"
    console.print(f"  Mail   {mail}")
    if not await tour.is_on():
        _print_first(console, await tour.first())
        return []
    meetings = await tour.meetings()
    console.print("\nA made-up clinic is here to look around in. [bold]Open this first[/bold]: it leads in as anybody.")
    console.print(f"  {tour.address}")
    for meeting in meetings:
        _print_links(console, settings.base_url, meeting, everybody=meeting is meetings[0])
    _print_codes(console, meetings)
    _print_first(console, await tour.first())
    return [settings.base_url + guest.path for guest in meetings[0].participants]


def _print_first(console: Console, first: First | None) -> None:
    """While nobody can sign in as an administrator: the link with which somebody becomes the first."""
    if first is None:
        return
    console.print("\nNobody keeps the accounts of this clinic yet.", end=" ")
    if first.link is None:
        again = "Lost it? [dim]python -m server invite[/dim] prints another."
        console.print(f"{first.person.name} has an invitation that waits to be used. {again}")
    else:
        console.print("Whoever opens this link first does; it works once, within seven days:")
        console.print(f"  [dim]administrator[/dim]  {first.link}")


def _print_links(console: Console, base_url: str, meeting: Meeting, *, everybody: bool) -> None:
    """The first group with everybody; of the others who leads, who supervises and two participants."""
    console.print(
        f"\n[bold]{meeting.title}[/bold] can start now. Each of these made-up people has a link of their own:"
    )
    supervisors = [guest for guest in meeting.guests if guest.role is Role.SUPERVISOR]
    shown = meeting.guests if everybody else [meeting.guests[0], *supervisors, *meeting.participants[:2]]
    width = max(len(guest.name) for guest in shown)
    for guest in shown:
        console.print(f"  {guest.name:{width}}  [dim]{guest.role:13}[/dim]  {base_url}{guest.path}")


def _print_codes(console: Console, meetings: Sequence[Meeting]) -> None:
    codes = {guest.name: guest.code for meeting in meetings for guest in meeting.guests if guest.code}
    width = max(map(len, codes))
    console.print("\nAt their first signature each of the staff chooses a signing PIN, with this set-up code:")
    for name, code in codes.items():
        console.print(f"  {name:{width}}  {code}")


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
