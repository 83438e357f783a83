"""`python -m server check`: every setting, and everything that would keep Milieu from running, in one go."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from server.clock import RoomClock
from server.commands._relays import troubles
from server.config import Settings, SettingsError, explain, load
from server.rooms.ports import StoreUnavailable
from server.sfu.native import build as native
from server.store.connect import connect
from server.store.embedded import in_use_by


@click.command()
def command() -> None:
    """Explain every setting and every mistake. Status 1 if there is any."""
    rows = explain()
    width = max(len(row.name) for row in rows)
    columns = max(60, min(shutil.get_terminal_size((100, 24)).columns, 110))
    for row in rows:
        name = click.style(row.name.ljust(width), bold=row.origin == "environment")
        click.echo(f"{name}  {row.value}" + ("  (set)" if row.origin == "environment" else ""))
        indent = " " * (width + 2)
        text = f"{row.what} Needed: {row.needed}."
        text = textwrap.fill(text, columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        click.echo(click.style(text, dim=True))
    mistakes: list[str] = []
    remarks: list[str] = []
    try:
        settings = load()
    except SettingsError as error:
        mistakes = error.mistakes
    else:
        mistakes = [sentence for check in CHECKS for sentence in check(settings)]
        remarks = list(worth_knowing(settings))
    for heading, sentences in (("Worth knowing", remarks), ("To mend", mistakes)):
        if sentences:
            click.echo(f"\n{click.style(heading, bold=True)}")
            for sentence in sentences:
                click.echo(f"  • {sentence}")
    if mistakes:
        sys.exit(1)
    click.echo(f"\n{click.style('Milieu can run with these settings.', bold=True)}")


def data_folder(settings: Settings) -> Iterator[str]:
    folder = settings.data_dir.absolute()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        yield f"MILIEU_DATA_DIR: nothing can be written to {there}: {error.strerror}."


def certificate(settings: Settings) -> Iterator[str]:
    if settings.tls_cert is None or settings.tls_key is None:
        return
    readable = True
    for name, path in (("MILIEU_TLS_CERT", settings.tls_cert), ("MILIEU_TLS_KEY", settings.tls_key)):
        try:
            path.read_bytes()
        except OSError as error:
            readable = False
            yield f"{name}: {path} cannot be read: {error.strerror}."
    if not readable:
        return
    try:
        # An empty password: an encrypted key is refused here instead of asked for on the terminal.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            settings.tls_cert, settings.tls_key, password=""
        )
    except ssl.SSLError as error:
        reason = {
            "KEY_VALUES_MISMATCH": "the key does not belong to the certificate",
            "NO_START_LINE": "no PEM text is in one of the files",
            "PEM_LIB": "one of the files is no PEM certificate or key",
        }.get(error.reason or "", error.reason or str(error))
        yield f"MILIEU_TLS_CERT and MILIEU_TLS_KEY: {reason}."


def ports(settings: Settings) -> Iterator[str]:
    if in_use_by(settings.data_dir) is not None:
        return  # our own server has them
    for name, host, port, kind in (
        ("MILIEU_PORT", settings.host, settings.port, socket.SOCK_STREAM),
        *[("MILIEU_UDP_PORT", host, settings.udp_port, socket.SOCK_DGRAM) for host in settings.media_hosts],
    ):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind((host, port))
            except OSError as error:
                yield f"{name}: port {port} of {host} cannot be used: {error.strerror}."


def store(settings: Settings) -> Iterator[str]:
    if settings.redis_url is None:
        return
    try:
        asyncio.run(_reach(settings.redis_url))
    except (StoreUnavailable, ValueError) as error:
        yield f"MILIEU_REDIS_URL: {str(error).rstrip('.')}."


async def _reach(url: str) -> None:
    await (await connect(url)).close()


def media_core(settings: Settings) -> Iterator[str]:
    if settings.media_core == "native" and not native.library().exists():
        yield f"MILIEU_MEDIA_CORE: {native.WHY_NOT}."


def relays(settings: Settings) -> Iterator[str]:
    for trouble in asyncio.run(_troubles_of_relays(settings)) if settings.turn_secret else ():
        yield f"MILIEU_TURN_URLS: {trouble}"


async def _troubles_of_relays(settings: Settings) -> list[str]:
    assert settings.turn_secret is not None
    media = [(address, settings.udp_port) for address in settings.media_addresses]
    secret, now = settings.turn_secret.get_secret_value(), RoomClock().now()
    return [each for url in settings.turn_urls async for each in troubles(url, secret, media=media, now=now)]


CHECKS: tuple[Callable[[Settings], Iterator[str]], ...] = (data_folder, certificate, ports, store, media_core, relays)


def worth_knowing(settings: Settings) -> Iterator[str]:
    """What works, but perhaps not as meant."""
    at_home = settings.host in ("127.0.0.1", "::1")
    if holder := in_use_by(settings.data_dir):
        yield f"A Milieu server is running on this data folder (process {holder}); its ports were not tried."
    if at_home and settings.public_url is None:
        yield "Only this machine reaches Milieu. For people elsewhere see server/README.md, For people at home."
    if not at_home and not settings.https:
        yield (
            "Browsers give no camera to a page without https, except on this very machine. "
            "Set MILIEU_TLS_CERT and MILIEU_TLS_KEY, or put a TLS proxy in front and set MILIEU_PUBLIC_URL."
        )
    if settings.https and settings.tls_cert is None and not settings.trusted_proxies:
        yield (
            "MILIEU_PUBLIC_URL is https and Milieu has no certificate, so a proxy must be in front: "
            "set MILIEU_TRUSTED_PROXIES to its address, or everybody looks like one person to rate limits."
        )
    families = {":" in host for host in settings.media_hosts}
    for address in settings.media_addresses:
        if (":" in address) not in families:
            yield (
                f"MILIEU_MEDIA_ADDRESSES names {address}, and media does not listen there: "
                "set MILIEU_UDP_HOST to 0.0.0.0, which stands for :: as well then."
            )
    if settings.public_url and settings.media_hosts[0] in ("127.0.0.1", "::1"):
        yield "Media listens on this machine only: set MILIEU_UDP_HOST to 0.0.0.0 for people elsewhere."
    elif settings.public_url and not settings.media_addresses:
        yield "MILIEU_MEDIA_ADDRESSES is not set: behind a router or cloud address nobody will see or hear anybody."
    if settings.media_core == "auto" and not native.library().exists():
        yield f"Media is forwarded by Python, which takes several times the processor: {native.WHY_NOT}."
    for path in (settings.tls_key, settings.data_dir / "secret"):
        if path is not None and _others_read(path):
            yield f"Other accounts can read {path}: chmod 600 it."


def _others_read(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False
