"""A real coturn on loopback, for one test, with the configuration that server/README.md tells clinics to write."""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import re
import shutil
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.support.net import free_port

SECRET = "shared with the TURN server of one test and with nobody else"
README = Path(__file__).parents[2] / "server/README.md"
UP = re.compile(r"listener opened on *: *127\.0\.0\.1:(\d+)")
MINE = {"listening-ip", "listening-port", "tls-listening-port", "cert", "pkey", "static-auth-secret", "allowed-peer-ip"}
"""What every clinic writes for itself."""


@dataclass(slots=True)
class Turn:
    """`lines` is all that it said; `pinned` is by which a browser may trust the certificate that it shows."""

    port: int
    tls_port: int
    certificate: Path
    pinned: str
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=tcp"

    @property
    def tls_url(self) -> str:
        return f"turns:localhost:{self.tls_port}?transport=tcp"

    def said(self, words: str) -> int:
        return sum(words in line for line in self.lines)


def installed() -> bool:
    return shutil.which("turnserver") is not None


def documented() -> dict[str, list[str]]:
    """What the README's turnserver.conf says, by name."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", README.read_text(), re.S | re.M)
    (block,) = (block for block in blocks if "\nuse-auth-secret\n" in block)
    found: dict[str, list[str]] = {}
    for line in block.splitlines():
        name, _, value = line.partition("=")
        found.setdefault(name, []).append(value)
    return found


@asynccontextmanager
async def turn_server(folder: Path, *, without: Collection[str] = ()) -> AsyncIterator[Turn]:
    """coturn, up and gone at the end. It carries to 127.0.0.1 and nowhere else, unless it is `without` those lines."""
    certificate, key, pinned = _certificate(folder)
    turn = Turn(port=free_port(), tls_port=free_port(), certificate=certificate, pinned=pinned)
    said = documented()
    assert set(said) >= MINE, "the README leaves something out"
    own = {
        "listening-ip": "127.0.0.1",
        "listening-port": str(turn.port),
        "tls-listening-port": str(turn.tls_port),
        "cert": str(certificate),
        "pkey": str(key),
        "static-auth-secret": SECRET,
        "allowed-peer-ip": "127.0.0.1",
        "log-file": "stdout",
        "pidfile": str(folder / "turn.pid"),
        "userdb": str(folder / "turn.db"),
    }
    left_out = {"syslog", "no-stdout-log", *without}
    wanted = {name: values for name, values in said.items() if name not in left_out}
    wanted |= {name: [value] for name, value in own.items()}
    lines = [f"{name}={value}" if value else name for name, values in wanted.items() for value in values]
    configuration = folder / "turnserver.conf"
    configuration.write_text("\n".join([*lines, "allow-loopback-peers", "verbose", ""]))
    process = await asyncio.create_subprocess_exec(
        *("turnserver", "-c", str(configuration)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    up = asyncio.Event()

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            turn.lines.append(line.decode(errors="replace"))
            if {port for each in turn.lines for port in UP.findall(each)} >= {str(turn.port), str(turn.tls_port)}:
                up.set()

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(60):
            await up.wait()
        yield turn
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading


def _certificate(folder: Path) -> tuple[Path, Path, str]:
    """A certificate of localhost, its key, and the hash of its public key as Chromium writes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    at, key_at = folder / "turn-cert.pem", folder / "turn-key.pem"
    at.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_at.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return at, key_at, base64.b64encode(hashlib.sha256(public).digest()).decode()
