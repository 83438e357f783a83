"""`python -m server serve` as a process: greets, drains, ends, and finds everything again after any end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.door import sign
from tests.support.process import Milieu, alive, gone, milieu
from tests.support.visitor import Visitor

pytestmark = pytest.mark.timeout(120)

ROBIN = "Robin Example"
FAY = "Dr. Fay Facilitator"


@pytest_asyncio.fixture(scope="module")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Milieu]:
    """One server for the tests that leave it standing."""
    async with milieu(tmp_path_factory.mktemp("standing") / "data") as server:
        yield server


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Milieu]:
    async with milieu(tmp_path / "data") as server:
        yield server


async def ticket(server: Milieu, name: str = ROBIN) -> dict[str, Any]:
    link = server.link(name).rpartition("/")[2]
    answer = await server.visitor().send("POST", "/api/ticket", json.dumps({"link": link}).encode())
    assert answer.status == 200, answer.text
    return dict(answer.json)


async def sit_down(seat: dict[str, Any]) -> ClientConnection:
    """A websocket whose person has been welcomed and shown the first view."""
    websocket = await connect(seat["socket"], proxy=None, ping_interval=None, max_size=None)
    hello = {"type": "hello", "protocol": 1, "device": "a-test", "mode": "room", "ticket": seat["ticket"]}
    await websocket.send(json.dumps(hello))
    await until(websocket, "welcome")
    await until(websocket, "view")
    return websocket


async def until(websocket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind; pings are answered meanwhile."""
    async with asyncio.timeout(60):
        while True:
            message = json.loads(await websocket.recv())
            if message["type"] == "ping":
                await websocket.send(json.dumps({"type": "pong", "now": message["now"]}))
            if message["type"] == kind:
                return dict(message)


async def closing_code(websocket: ClientConnection) -> int:
    try:
        async with asyncio.timeout(60):
            while True:
                await websocket.recv()
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code


async def test_it_says_what_to_open_and_the_links_open_it(standing: Milieu) -> None:
    for name in (FAY, ROBIN, "Noa Pretend"):
        visitor = standing.visitor()
        answer = await visitor.get(standing.link(name))
        assert answer.status == 303
        assert (await visitor.get(answer.headers["location"])).status == 200
    health = await standing.visitor().get("/healthz")
    assert (health.status, health.json["ok"]) == (200, True)
    assert standing.output.count("/j/") == 23  # eleven of the first group, four of each other


async def test_staff_find_their_sessions_at_home_and_their_people_from_there(standing: Milieu) -> None:
    visitor = standing.visitor()
    await visitor.get(standing.link(FAY))
    home = await visitor.get("/home")
    assert home.status == 200
    for words in ("Evening group", "Who needs help this week"):
        assert words in home.text
    weeks = (await visitor.get("/weeks")).text
    for words in ("Robin Example", "0 min", "9 h", "6 h"):
        assert words in weeks
    statement = await visitor.get("/statement/p-robin")
    assert statement.status == 200
    assert "Nothing is counted yet this week" in statement.text


async def test_a_browser_that_opened_its_link_joins_with_its_cookie_alone(standing: Milieu) -> None:
    visitor = standing.visitor()
    page = (await visitor.get(standing.link(ROBIN))).headers["location"]
    websocket = await connect(
        f"ws://127.0.0.1:{standing.port}{page}/socket",
        origin=standing.url,
        additional_headers={"Cookie": visitor.cookie},
        proxy=None,
    )
    await websocket.send(json.dumps({"type": "hello", "protocol": 1, "device": "a-test", "mode": "room"}))
    welcome = await until(websocket, "welcome")
    assert (welcome["person"], welcome["role"]) == ("p-robin", "participant")
    assert (await until(websocket, "view"))["you"]["place"] == "arriving"
    await websocket.close()


async def test_quick_exit_by_the_page_takes_the_person_out_of_the_room(standing: Milieu) -> None:
    visitor = standing.visitor()
    page = (await visitor.get(standing.link(ROBIN))).headers["location"]
    websocket = await sit_down(await ticket(standing))
    assert (await visitor.post(f"{page}/exit")).status == 204
    assert (await until(websocket, "bye"))["reason"] == "quick_exit"
    assert await closing_code(websocket) == 1000
    assert (await visitor.get(page)).status == 403


async def test_quick_exit_over_the_websocket_forgets_the_browser_although_its_page_could_not_say_so(
    standing: Milieu,
) -> None:
    visitor = standing.visitor()
    page = (await visitor.get(standing.link("Sam Sample"))).headers["location"]
    websocket = await connect(
        f"ws://127.0.0.1:{standing.port}{page}/socket",
        origin=standing.url,
        additional_headers={"Cookie": visitor.cookie},
        proxy=None,
    )
    await websocket.send(json.dumps({"type": "hello", "protocol": 1, "device": "a-test", "mode": "room"}))
    await until(websocket, "view")
    assert (await visitor.get(page)).status == 200
    await websocket.send(json.dumps({"type": "quick_exit", "command_id": "exit-1"}))
    assert await closing_code(websocket) == 1000
    async with asyncio.timeout(60):
        while (await visitor.get(page)).status != 403:  # noqa: ASYNC110  as Back and Reload do
            await asyncio.sleep(0.02)
    assert (await visitor.get(standing.link("Sam Sample"))).status == 303


async def test_ctrl_c_tells_everybody_and_leaves_nothing_behind(server: Milieu) -> None:
    valkey = server.valkey_pid
    assert valkey is not None and alive(valkey)
    websocket = await sit_down(await ticket(server))
    server.interrupt()
    assert (await until(websocket, "moving"))["in_ms"] == 2_000
    unready = await server.visitor().get("/healthz")
    assert (unready.status, unready.json["accepting"]) == (503, False)
    assert await closing_code(websocket) == 1012
    assert await server.ended() == 0
    assert not alive(valkey)
    assert "Traceback" not in server.output


async def test_with_nobody_there_ctrl_c_waits_for_nothing(server: Milieu) -> None:
    began = asyncio.get_running_loop().time()
    server.interrupt()
    assert await server.ended() == 0
    assert asyncio.get_running_loop().time() - began < 2.0


async def test_a_second_ctrl_c_does_not_wait_for_anybody(server: Milieu) -> None:
    websocket = await sit_down(await ticket(server))
    valkey = server.valkey_pid
    assert valkey is not None
    server.interrupt()
    await until(websocket, "moving")
    began = asyncio.get_running_loop().time()
    server.interrupt()
    assert await server.ended() == 0
    assert asyncio.get_running_loop().time() - began < 1.8
    await gone(valkey)


async def test_the_next_start_finds_the_same_session_and_old_links_open_it(server: Milieu) -> None:
    first = await ticket(server)
    link = server.link(ROBIN)
    websocket = await sit_down(first)
    await websocket.close()
    await server.stop()
    await server.start()
    assert (await ticket(server))["session"] == first["session"]
    assert (await server.visitor().get(link)).status == 303
    await (await sit_down(first)).close()  # the ticket holds as well


async def test_after_a_kill_the_store_is_gone_and_a_restart_knows_everything(server: Milieu) -> None:
    seat = await ticket(server)
    await sign(server.visitor(), seat, "Robin")
    websocket = await sit_down(seat)
    await websocket.send(
        json.dumps(
            {
                "type": "arrive",
                "command_id": "arrive-1",
                "name": "Robin",
                "location": "1 Example Street",
                "callback": "555-0100",
                "private_space": True,
                "agreement": True,
            }
        )
    )
    await until(websocket, "accepted")
    valkey = server.valkey_pid
    assert valkey is not None
    server.kill()
    assert await server.ended() == -signal.SIGKILL
    await gone(valkey)
    await server.start()
    again = await connect(seat["socket"], proxy=None, ping_interval=None, max_size=None)
    hello = {"type": "hello", "protocol": 1, "device": "a-test", "mode": "room", "ticket": seat["ticket"]}
    await again.send(json.dumps(hello))
    assert (await until(again, "view"))["you"]["place"] == "waiting"
    await again.close()


async def test_a_kill_of_the_store_is_shown_and_mended(server: Milieu) -> None:
    websocket = await sit_down(await ticket(server))
    valkey = server.valkey_pid
    assert valkey is not None
    os.kill(valkey, signal.SIGKILL)
    await gone(valkey)

    async def mended() -> bool:
        another = server.valkey_pid not in (None, valkey)
        return another and bool((await server.visitor().get("/healthz")).json["ok"])

    async with asyncio.timeout(60):
        while not await mended():  # noqa: ASYNC110  it is asked, as a proxy does
            await asyncio.sleep(0.05)
    visitor = server.visitor()
    assert (await visitor.get(server.link(ROBIN))).status == 303
    await websocket.close()


async def test_two_servers_on_one_folder_do_not_start(standing: Milieu) -> None:
    second = Milieu(data_dir=standing.data_dir)
    await second.launch()
    assert await second.ended() == 1
    assert "is using" in second.output
    assert "Traceback" not in second.output
    assert (await standing.visitor().get("/healthz")).json["ok"]


async def test_a_port_in_use_is_said_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Milieu(data_dir=tmp_path / "data", port=port)
        await server.launch()
        assert await server.ended() == 1
    assert f"port {port}" in server.output
    assert "Traceback" not in server.output
    assert not (tmp_path / "data").exists()  # nothing was begun


async def test_an_outside_store_is_used_and_left_running(tmp_path: Path, valkey: Redis, valkey_url: str) -> None:
    async with milieu(tmp_path / "data", MILIEU_REDIS_URL=valkey_url) as server:
        assert server.valkey_pid is None
        await (await sit_down(await ticket(server))).close()
    assert await valkey.ping()
    assert any(b"{demo}:log:" in key for key in await valkey.keys())


async def test_an_outside_store_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    server = Milieu(data_dir=tmp_path / "data", environment={"MILIEU_REDIS_URL": f"unix://{tmp_path}/nothing.sock"})
    await server.launch()
    assert await server.ended() == 1
    assert "MILIEU_REDIS_URL" in server.output
    assert "Traceback" not in server.output


async def test_with_a_certificate_it_speaks_https_and_its_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    certificate, key = _self_signed(tmp_path)
    async with milieu(tmp_path / "data", MILIEU_TLS_CERT=str(certificate), MILIEU_TLS_KEY=str(key)) as server:
        link = server.link(ROBIN)
        assert link.startswith(f"https://127.0.0.1:{server.port}/j/")
        trusting = ssl.create_default_context(cafile=str(certificate))
        connection = HTTPSConnection("127.0.0.1", server.port, context=trusting, timeout=60)
        await asyncio.to_thread(connection.request, "GET", link.removeprefix(f"https://127.0.0.1:{server.port}"))
        answer = connection.getresponse()
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-milieu=") and cookie.endswith("; secure")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        connection.close()


async def test_a_certificate_that_is_none_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("not a certificate")
    (tmp_path / "key.pem").write_text("not a key")
    server = Milieu(
        data_dir=tmp_path / "data",
        environment={"MILIEU_TLS_CERT": str(tmp_path / "cert.pem"), "MILIEU_TLS_KEY": str(tmp_path / "key.pem")},
    )
    await server.launch()
    assert await server.ended() == 1
    assert "certificate" in server.output and "Traceback" not in server.output


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Milieu test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


async def test_no_log_line_names_anybody_or_shows_a_link(server: Milieu) -> None:
    visitor: Visitor = server.visitor()
    await visitor.get(server.link(ROBIN))
    await (await sit_down(await ticket(server))).close()
    await visitor.get("/j/" + "x" * 50)
    await server.stop()
    logged = [line for line in server.output.splitlines() if line.startswith("{")]
    assert logged
    for line in logged:
        assert "/j/" not in line and "Robin" not in line and "p-robin" not in line
