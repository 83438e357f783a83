"""`python -m server check` tries what is set against the world (server/commands/check.py)."""

from __future__ import annotations

import datetime
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.cli import cli
from server.config import Settings, variable
from tests.support.net import free_port


@pytest.fixture(autouse=True)
def settings_that_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.setenv("MILIEU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MILIEU_PORT", str(free_port()))
    monkeypatch.setenv("MILIEU_UDP_PORT", str(free_port(socket.SOCK_DGRAM)))


def certificate_and_key(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "meet.example.org")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / f"{name}.cert.pem", folder / f"{name}.key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    key_file.chmod(0o600)
    return cert_file, key_file


def check() -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["check"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output


def test_it_names_and_explains_every_setting_and_leaves_no_trace(tmp_path: Path) -> None:
    status, said = check()
    assert status == 0
    for name in Settings.model_fields:
        assert variable(name) in said
    assert "Milieu can run with these settings." in said
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_is_shown_among_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILIEU_SEATS_MAX", "many")
    status, said = check()
    assert status == 1
    assert "MILIEU_SEATS_MAX is 'many'" in said
    assert variable("log_format") in said


def test_a_taken_port_is_named_for_tcp_and_for_udp(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        tcp_port, udp_port = tcp.getsockname()[1], udp.getsockname()[1]
        monkeypatch.setenv("MILIEU_PORT", str(tcp_port))
        monkeypatch.setenv("MILIEU_UDP_PORT", str(udp_port))
        status, said = check()
    assert status == 1
    assert f"MILIEU_PORT: port {tcp_port} of 127.0.0.1 cannot be used: Address already in use." in said
    assert f"MILIEU_UDP_PORT: port {udp_port} of 127.0.0.1 cannot be used: Address already in use." in said


def test_a_data_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MILIEU_DATA_DIR", str(tmp_path / "file"))
    status, said = check()
    assert status == 1
    assert "MILIEU_DATA_DIR: nothing can be written" in said


def test_a_certificate_with_its_key_is_fine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cert, key = certificate_and_key(tmp_path, "ours")
    monkeypatch.setenv("MILIEU_TLS_CERT", str(cert))
    monkeypatch.setenv("MILIEU_TLS_KEY", str(key))
    assert check()[0] == 0


def test_somebody_elses_key_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MILIEU_TLS_CERT", str(certificate_and_key(tmp_path, "ours")[0]))
    monkeypatch.setenv("MILIEU_TLS_KEY", str(certificate_and_key(tmp_path, "theirs")[1]))
    status, said = check()
    assert status == 1
    assert "the key does not belong to the certificate" in said


def test_missing_and_senseless_certificates_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MILIEU_TLS_CERT", str(tmp_path / "missing.pem"))
    (tmp_path / "key.pem").write_text("no key")
    monkeypatch.setenv("MILIEU_TLS_KEY", str(tmp_path / "key.pem"))
    status, said = check()
    assert status == 1
    assert "missing.pem cannot be read: No such file or directory" in said
    (tmp_path / "missing.pem").write_text("no certificate")
    status, said = check()
    assert status == 1
    assert "MILIEU_TLS_CERT and MILIEU_TLS_KEY: " in said


def test_a_store_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILIEU_REDIS_URL", f"redis://:hunter2@127.0.0.1:{free_port()}")
    status, said = check()
    assert status == 1
    assert "MILIEU_REDIS_URL: the store cannot be reached" in said
    assert "hunter2" not in said


def test_a_key_or_secret_that_others_can_read_is_worth_knowing(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/secret").write_text("s" * 40)
    (tmp_path / "data/secret").chmod(0o644)
    status, said = check()
    assert status == 0
    assert "Other accounts can read" in said


@pytest.mark.parametrize(
    ("settings", "remark"),
    [
        ({}, "Only this machine reaches Milieu"),
        ({"HOST": "0.0.0.0"}, "Browsers give no camera to a page without https"),
        ({"PUBLIC_URL": "https://meet.example.org"}, "set MILIEU_TRUSTED_PROXIES"),
        ({"PUBLIC_URL": "https://meet.example.org"}, "set MILIEU_UDP_HOST to 0.0.0.0"),
        ({"PUBLIC_URL": "https://meet.example.org", "UDP_HOST": "0.0.0.0"}, "MILIEU_MEDIA_ADDRESSES is not set"),
        ({"UDP_HOST": "127.0.0.1", "MEDIA_ADDRESSES": "2001:db8::7"}, "media does not listen there"),
    ],
)
def test_what_works_but_perhaps_not_as_meant_is_said(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], remark: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"MILIEU_{name}", value)
    status, said = check()
    assert status == 0
    assert remark in said


def test_serve_refuses_wrong_settings_in_words_and_without_a_traceback() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "server", "serve"],
        env={**os.environ, "MILIEU_PORT": "abc", "MILIEU_TLS_KEY": "key.pem"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "MILIEU_PORT is 'abc'. Needed: a whole number from 1 to 65535.",
        "MILIEU_TLS_KEY is set without MILIEU_TLS_CERT. Needed: both, or none.",
        "More about every setting: python -m server check",
    ]


def test_a_command_that_does_not_exist_is_refused() -> None:
    result = CliRunner().invoke(cli, ["../config"])
    assert result.exit_code == 2
    assert "No such command" in result.output


def test_a_native_core_that_is_not_built_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("server.sfu.native.build.BUILT", tmp_path)
    status, said = check()
    assert status == 0
    assert "Media is forwarded by Python" in " ".join(said.split())
    monkeypatch.setenv("MILIEU_MEDIA_CORE", "native")
    status, said = check()
    assert status == 1
    assert "apt-get install gcc" in " ".join(said.split())
