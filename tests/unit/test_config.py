"""Settings: what is taken, what is refused and in which words (server/config.py)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from server.config import PREFIX, Settings, SettingsError, explain, load, needed, variable


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def mistakes_with(monkeypatch: pytest.MonkeyPatch, **values: str) -> list[str]:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as error:
        load()
    return error.value.mistakes


@pytest.mark.parametrize(
    ("host", "addresses", "hosts"),
    [
        ("0.0.0.0", "", ("0.0.0.0",)),
        ("0.0.0.0", "203.0.113.7", ("0.0.0.0",)),
        ("0.0.0.0", "203.0.113.7,2001:db8::7", ("0.0.0.0", "::")),
        ("::", "2001:db8::7,203.0.113.7", ("::", "0.0.0.0")),
        ("192.0.2.4", "203.0.113.7,2001:db8::7", ("192.0.2.4",)),
    ],
)
def test_media_listens_on_both_kinds_of_addresses_where_browsers_are_told_both(
    monkeypatch: pytest.MonkeyPatch, host: str, addresses: str, hosts: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MILIEU_UDP_HOST", host)
    monkeypatch.setenv("MILIEU_MEDIA_ADDRESSES", addresses)
    assert load().media_hosts == hosts


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "fe80::1", "fe80::1%eth0", "::ffff:203.0.113.7", "ff02::1", "224.0.0.1"]
)
def test_browsers_are_told_no_address_that_they_cannot_reach(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    (mistake,) = mistakes_with(monkeypatch, MEDIA_ADDRESSES=f"203.0.113.7,{address}")
    assert "IP addresses that others can send to" in mistake


def test_without_any_setting_it_runs_on_this_machine_alone() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.udp_port) == ("127.0.0.1", 8420, 8421)
    assert settings.redis_url is None
    assert settings.base_url == "http://127.0.0.1:8420"
    assert settings.media_hosts == ("127.0.0.1",)
    assert not settings.https


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILIEU_REDIS_URL", "")
    monkeypatch.setenv("MILIEU_PORT", "")
    assert load() == Settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILIEU_MEDIA_ADDRESSES", "203.0.113.7, 2001:db8::7,")
    monkeypatch.setenv("MILIEU_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8")
    settings = load()
    assert settings.media_addresses == ("203.0.113.7", "2001:db8::7")
    assert settings.trusted_proxies == ("127.0.0.1", "10.0.0.0/8")


def test_every_mistake_is_told_at_once_and_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    mistakes = mistakes_with(
        monkeypatch,
        PORT="abc",
        UDP_PORT="70000",
        PROT="1",
        LOG_LEVEL="loud",
        MEDIA_ADDRESSES="203.0.113.7,meet.example.org",
        TLS_CERT="cert.pem",
        PUBLIC_URL="meet.example.org",
    )
    assert sorted(mistakes) == sorted(
        [
            "MILIEU_PORT is 'abc'. Needed: a whole number from 1 to 65535.",
            "MILIEU_UDP_PORT is '70000'. Needed: a whole number from 1 to 65535.",
            "MILIEU_PROT is not a setting. Did you mean MILIEU_PORT?",
            "MILIEU_LOG_LEVEL is 'loud'. Needed: debug, info, warning or error.",
            "MILIEU_MEDIA_ADDRESSES is '203.0.113.7,meet.example.org'. Needed: IP addresses that others can send to, "
            "with commas between them, such as 203.0.113.7,2001:db8::7.",
            "MILIEU_TLS_CERT is set without MILIEU_TLS_KEY. Needed: both, or none.",
            "MILIEU_PUBLIC_URL is 'meet.example.org'. "
            "Needed: an address such as https://meet.example.org, without a path.",
        ]
    )


@pytest.mark.parametrize(("given", "missing"), [("CERT", "KEY"), ("KEY", "CERT")])
def test_half_of_tls_is_a_mistake(monkeypatch: pytest.MonkeyPatch, given: str, missing: str) -> None:
    assert mistakes_with(monkeypatch, **{f"TLS_{given}": "file.pem"}) == [
        f"MILIEU_TLS_{given} is set without MILIEU_TLS_{missing}. Needed: both, or none."
    ]
    with pytest.raises(ValidationError):
        Settings.model_validate({f"tls_{given.lower()}": "file.pem"})


def test_a_name_far_from_any_setting_is_named_without_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mistakes_with(monkeypatch, ZZZZZZZZZZ="1") == ["MILIEU_ZZZZZZZZZZ is not a setting."]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "localhost:6379"),
        ("HOST", "meet.example.org"),
        ("PUBLIC_URL", "https://meet.example.org/rooms"),
        ("PUBLIC_URL", "https://meet.example.org:port"),
        ("PUBLIC_URL", "javascript:alert(1)"),
        ("EXIT_URL", "file:///etc/passwd"),
        ("TRUSTED_PROXIES", "*"),
        ("SECRET", "short"),
        ("CRISIS_LINE", "call us"),
        ("CRISIS_LINE", "9"),
        ("CRISIS_TEXT", "tel:988"),
        ("CRISIS_NAME", "a" * 81),
        ("EMERGENCY_NUMBER", "999<script>"),
        ("SEATS_MAX", "1"),
        ("LINK_HOURS", "0"),
        ("UDP_PORT", "0"),
    ],
)
def test_what_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    (mistake,) = mistakes_with(monkeypatch, **{name: value})
    assert mistake.startswith(f"MILIEU_{name} is '")
    assert "Needed: " in mistake


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=300))
def test_no_rubbish_in_any_setting_breaks_anything_but_itself(rubbish: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in Settings.model_fields:
            monkeypatch.setenv(variable(name), rubbish)
        try:
            load()
        except SettingsError as error:
            assert error.mistakes
            assert all(mistake.startswith(PREFIX) for mistake in error.mistakes)
        assert len(explain()) == len(Settings.model_fields)


def test_no_secret_and_no_password_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILIEU_SECRET", "correct horse")
    monkeypatch.setenv("MILIEU_SECRET_BEFORE", "battery staple " * 5)
    monkeypatch.setenv("MILIEU_REDIS_URL", "redis://clinic:hunter2@store.example.org/0")
    monkeypatch.setenv("MILIEU_SMTP_URL", "smtps://clinic:tr0ub4dor@mail.example.org")
    monkeypatch.setenv("MILIEU_MAIL_FROM", "meetings@example.org")
    with pytest.raises(SettingsError) as error:
        load()
    shown = repr(error.value) + repr(explain())
    monkeypatch.setenv("MILIEU_SECRET", "correct horse " * 5)
    shown += repr(load())
    for hidden in ("correct horse", "battery staple", "hunter2", "tr0ub4dor"):
        assert hidden not in shown
    assert "store.example.org" in repr(explain())


@pytest.mark.parametrize(
    ("url", "sender", "begins"),
    [
        ("https://mail.example.org", "meetings@example.org", "MILIEU_SMTP_URL is"),
        ("smtp://", "meetings@example.org", "MILIEU_SMTP_URL is"),
        ("smtp://mail.example.org/inbox", "meetings@example.org", "MILIEU_SMTP_URL is"),
        ("smtp://mail.example.org", "Meetings", "MILIEU_MAIL_FROM is 'Meetings'"),
        ("smtp://mail.example.org", "", "MILIEU_SMTP_URL is set without MILIEU_MAIL_FROM"),
    ],
)
def test_a_mail_server_is_an_address_and_has_a_sender(
    monkeypatch: pytest.MonkeyPatch, url: str, sender: str, begins: str
) -> None:
    monkeypatch.setenv("MILIEU_SMTP_URL", url)
    monkeypatch.setenv("MILIEU_MAIL_FROM", sender)
    with pytest.raises(SettingsError) as error:
        load()
    assert [mistake.startswith(begins) for mistake in error.value.mistakes] == [True]


def test_every_setting_says_what_it_does_and_what_it_needs() -> None:
    for field in Settings.model_fields.values():
        assert field.description
        assert field.description.endswith(".")
        assert needed(field)


def test_the_public_address_decides_about_https(tmp_path: Path) -> None:
    assert Settings(public_url="https://meet.example.org/").base_url == "https://meet.example.org"
    assert Settings(public_url="https://meet.example.org").https
    assert Settings(tls_cert=tmp_path / "c", tls_key=tmp_path / "k").base_url == "https://127.0.0.1:8420"
    assert Settings(host="0.0.0.0").base_url == "http://127.0.0.1:8420"
    assert Settings(host="::1").base_url == "http://[::1]:8420"


def test_a_secret_is_made_once_and_only_we_may_read_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    (made,) = settings.signing_keys()
    assert len(made) >= 32
    assert settings.signing_keys() == (made,)
    assert stat.S_IMODE((tmp_path / "data/secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret"]


def test_a_set_secret_wins_and_the_one_before_still_opens(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "secret": "n" * 40, "secret_before": "o" * 40})
    assert settings.signing_keys() == ("n" * 40, "o" * 40)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_secret_is_named_and_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("torn")
    with pytest.raises(SettingsError, match="damaged"):
        Settings(data_dir=tmp_path).signing_keys()


@pytest.mark.parametrize(
    ("urls", "secret", "what"),
    [
        ("turns:turn.example.org:443?transport=tcp,turn:192.0.2.1:3478", "t" * 40, ""),
        ("turn.example.org", "t" * 40, "MILIEU_TURN_URLS is"),
        ("turn:a b", "t" * 40, "MILIEU_TURN_URLS is"),
        ("turn:turn.example.org", "", "MILIEU_TURN_URLS is set without MILIEU_TURN_SECRET"),
        ("", "t" * 40, "MILIEU_TURN_SECRET is set without MILIEU_TURN_URLS"),
        ("turn:turn.example.org", "short", "MILIEU_TURN_SECRET is '(5 characters, not shown)'"),
    ],
)
def test_a_turn_server_needs_addresses_and_a_secret(
    monkeypatch: pytest.MonkeyPatch, urls: str, secret: str, what: str
) -> None:
    monkeypatch.setenv("MILIEU_TURN_URLS", urls)
    monkeypatch.setenv("MILIEU_TURN_SECRET", secret)
    if not what:
        assert load().turn_urls[1] == "turn:192.0.2.1:3478"
        return
    with pytest.raises(SettingsError) as mistakes:
        load()
    assert any(mistake.startswith(what) for mistake in mistakes.value.mistakes)
