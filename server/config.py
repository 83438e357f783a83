"""Settings: one frozen object, read once from MILIEU_… environment variables, every mistake told in words.

`python -m server check` prints all of this with what is set now; the table in server/README.md is kept true by
a test.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import secrets
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "MILIEU_"
SECRET_LENGTH_MIN = 32
SHOWN_CHARACTERS_MAX = 120
US_LIFELINE = "988"
LINE = r"^\+?[0-9][0-9 ().-]{1,29}$"
"""A number that can be dialled; those for emergencies are short."""


class SettingsError(Exception):
    """The settings are wrong; `mistakes` are sentences for the operator, one a mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


# --------------------------------------------------------------------------- kinds of values


def _split(value: object) -> object:
    """'a, b' as a list; what is a list already stays."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("needed") from None


def _public_address(text: str) -> str:
    """One that somebody else can send to: no zone of this machine's, no IPv4 in IPv6's clothes."""
    address = ipaddress.ip_address(_address(text))
    hidden = address.version == 6 and (address.scope_id is not None or address.ipv4_mapped is not None)
    if hidden or address.is_unspecified or address.is_multicast or (address.version == 6 and address.is_link_local):
        raise ValueError("needed")
    return str(address)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text)) if "/" in text else _address(text)
    except ValueError:
        raise ValueError("needed") from None


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # .port may raise ValueError
        raise ValueError("needed")
    return text.rstrip("/")


def _site_address(text: str) -> str:
    parts = urlsplit(_web_address(text))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("needed")
    return text.rstrip("/")


def _turn_address(text: str) -> str:
    if not re.fullmatch(r"turns?:[A-Za-z0-9.\-\[\]:]+(\?transport=(udp|tcp))?", text):
        raise ValueError("needed")
    return text


def _store_address(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("needed")
    return text


def _mail_server(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.port == 0 or parts.path.strip("/"):
        raise ValueError("needed")
    return text


def _mail_address(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>]{1,64}@[A-Za-z0-9.-]{1,190}", text.strip()):
        raise ValueError("needed")
    return text.strip()


def _issuer(text: str) -> str:
    parts = urlsplit(_web_address(text))
    near = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if (parts.scheme != "https" and not near) or parts.query or parts.fragment:
        raise ValueError("needed")
    return text.rstrip("/")


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SECRET_LENGTH_MIN:
        raise ValueError("needed")
    return secret


Port = Annotated[int, Field(ge=1, le=65535)]
Address = Annotated[str, AfterValidator(_address)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]


def _setting(default: Any, what: str, *, needed: str = "", shown: str = "", private: bool = False) -> Any:
    """A setting, what it does, what it needs (where its type does not say), and its default in words."""
    extra: dict[str, Any] = {"needed": needed, "shown": shown}
    return Field(default=default, description=what, json_schema_extra=extra, repr=not private)


# --------------------------------------------------------------------------- the settings


class Settings(BaseSettings):
    """Everything that an operator may choose. Built from the environment, or by name in tests."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    data_dir: Path = _setting(
        Path(".milieu"),
        "Folder of everything that must survive: the embedded store, the secret, this node's name.",
        needed="a folder's path",
    )
    clinic_name: Annotated[str, Field(min_length=1, max_length=120)] = _setting(
        "Example Clinic (made up)",
        "The clinic's name, as it stands on papers.",
        needed="1 to 120 characters",
    )
    clinic_phone: Annotated[str, Field(pattern=r"^\+?[0-9 ().-]{5,30}$")] | None = _setting(
        None,
        "The number that participants can call in your hours, beside the crisis line wherever that stands.",
        needed="a phone number, such as 555 0100",
        shown="none",
    )
    crisis_line: Annotated[str, Field(pattern=LINE)] = _setting(
        US_LIFELINE,
        "The line that people can call at any time when they think of hurting themselves: it stands in the room, at "
        "the door, on the diary and in the skills. 988 is right in the United States alone.",
        needed="a phone number that works where your participants are, such as 116 123",
    )
    crisis_text: Annotated[str, Field(pattern=LINE)] | None = _setting(
        None,
        "The number that takes text messages from them, if there is one.",
        needed="a phone number",
        shown="988 while the crisis line is 988, else none",
    )
    crisis_name: Annotated[str, Field(min_length=1, max_length=80)] | None = _setting(
        None,
        "What that line is called, as it stands beneath its number.",
        needed="1 to 80 characters",
        shown="as in the United States while the crisis line is 988, else none",
    )
    emergency_number: Annotated[str, Field(pattern=LINE)] = _setting(
        "911",
        "The number that sends help when somebody is in danger, where your participants are.",
        needed="a phone number, such as 112",
    )
    redis_url: Annotated[str, AfterValidator(_store_address)] | None = _setting(
        None,
        "Address of an outside Redis or Valkey, used instead of the embedded one.",
        needed="an address that begins with redis://, rediss:// or unix://",
        shown="the embedded Valkey",
        private=True,  # it may hold a password
    )
    host: Address = _setting(
        "127.0.0.1",
        "Address to listen on for pages and websockets; 0.0.0.0 for all of this machine's.",
        needed="an IP address",
    )
    port: Port = _setting(8420, "TCP port of pages and websockets.")
    public_url: Annotated[str, AfterValidator(_site_address)] | None = _setting(
        None,
        "The address that people open, as it stands in links.",
        needed="an address such as https://meet.example.org, without a path",
        shown="made of the host and the port",
    )
    tls_cert: Path | None = _setting(
        None,
        "Certificate (chain) in PEM form. With it Milieu speaks https itself.",
        needed="a file's path",
        shown="no TLS of our own",
    )
    tls_key: Path | None = _setting(
        None, "Private key of that certificate, in PEM form.", needed="a file's path", shown="none"
    )
    trusted_proxies: Annotated[
        tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_split)
    ] = _setting(
        (),
        "Addresses of the TLS proxies whose X-Forwarded-For and X-Forwarded-Proto headers are believed.",
        needed="IP addresses or networks with commas between them, such as 127.0.0.1,10.0.0.0/8",
        shown="none",
    )
    udp_host: Address | None = _setting(
        None,
        "Address to listen on for media. 0.0.0.0 stands for :: as well where one of the public addresses is IPv6.",
        needed="an IP address",
        shown="the same as the host",
    )
    udp_port: Port = _setting(8421, "UDP port of all media.")
    media_addresses: Annotated[
        tuple[Annotated[str, AfterValidator(_public_address)], ...], NoDecode, BeforeValidator(_split)
    ] = _setting(
        (),
        "Public addresses under which browsers reach the UDP port, most wanted first.",
        needed="IP addresses that others can send to, with commas between them, such as 203.0.113.7,2001:db8::7",
        shown="this machine's own",
    )
    media_core: Literal["auto", "native", "python"] = _setting(
        "auto",
        "What forwards media: the native core, built at set-up where there is a C compiler, or a slower one in Python; "
        "auto takes the native one if it is there.",
    )
    example: Literal["auto", "yes", "no"] = _setting(
        "auto",
        "Whether an empty store is filled with a plainly made-up clinic to look at; auto does that while no public "
        "address is set. Say no to begin with a clinic of your own.",
    )
    end_to_end: Literal["preferred", "required"] = _setting(
        "preferred",
        "End-to-end encryption of sound and pictures: preferred lets a room be open, and says so, while somebody's "
        "browser cannot; required gives that person no sound and no pictures instead.",
    )
    turn_urls: Annotated[
        tuple[Annotated[str, AfterValidator(_turn_address)], ...], NoDecode, BeforeValidator(_split)
    ] = _setting(
        (),
        "TURN server for people whose networks let no UDP through.",
        needed="addresses such as turns:turn.example.org:443?transport=tcp with commas between them",
        shown="none",
    )
    turn_secret: Secret | None = _setting(
        None,
        "The secret shared with that TURN server (coturn: static-auth-secret).",
        needed=f"at least {SECRET_LENGTH_MIN} characters",
        shown="none",
    )
    secret: Secret | None = _setting(
        None,
        "What links and tickets are signed with. Whoever has it can enter every room.",
        needed=f"at least {SECRET_LENGTH_MIN} characters",
        shown="made once, kept in the data folder",
    )
    secret_before: Secret | None = _setting(
        None,
        "The secret before that one: links signed with it still open. Unset it a day after a change.",
        needed=f"at least {SECRET_LENGTH_MIN} characters",
        shown="none",
    )
    smtp_url: Annotated[str, AfterValidator(_mail_server)] | None = _setting(
        None,
        "Mail server that takes letters to people: smtps:// has TLS from the start; smtp:// must offer STARTTLS, "
        "unless it is on this machine.",
        needed="an address such as smtps://NAME:PASSWORD@mail.example.org:465",
        shown="none: letters are files in the data folder's outbox",
        private=True,  # it holds a password
    )
    mail_from: Annotated[str, AfterValidator(_mail_address)] | None = _setting(
        None,
        "Address that letters come from. Let it tell nobody what kind of place writes.",
        needed="a mail address such as meetings@example.org",
        shown="none",
    )
    oidc_issuer: Annotated[str, AfterValidator(_issuer)] | None = _setting(
        None,
        "OpenID Connect provider with which staff may sign in. Connect only one that asks for a second factor.",
        needed="an address that begins with https://, such as https://id.example.org/realms/clinic",
        shown="none",
    )
    oidc_client_id: Annotated[str, Field(min_length=1, max_length=200)] | None = _setting(
        None, "What Milieu is called there.", needed="1 to 200 characters", shown="none"
    )
    oidc_client_secret: SecretStr | None = _setting(
        None, "Milieu's secret there.", needed="what the provider gave", shown="none"
    )
    oidc_name: Annotated[str, Field(min_length=1, max_length=60)] = _setting(
        "your clinic", "What staff call it, on the button: “Staff: sign in with …”.", needed="1 to 60 characters"
    )
    exit_url: Annotated[str, AfterValidator(_web_address)] | None = _setting(
        None,
        "Page that a quick exit shows: something that anybody may see.",
        needed="an address that begins with https:// or http://",
        shown="a neutral page of our own",
    )
    seats_max: Annotated[int, Field(ge=2, le=32)] = _setting(16, "People in one session, facilitators included.")
    link_hours: Annotated[int, Field(ge=1, le=336)] = _setting(24, "Hours for which a new link opens.")
    reminder_minutes: Annotated[int, Field(ge=0, le=2_880)] = _setting(
        60,
        "Minutes before a meeting at which whoever takes part and has an account gets a letter with a link; 0: none.",
    )
    staff_links: Literal["auto", "sign-in", "open"] = _setting(
        "auto",
        "What a link to a session does for one of the staff where they are neither signed in nor remembered: sign-in "
        "lets them sign in first and leads on; open lets whoever has the link in; auto is open for the made-up clinic "
        "alone.",
    )
    lock_minutes: Annotated[int, Field(ge=1, le=240)] = _setting(
        15, "Minutes after which a page of the staff that nobody touches locks; a room never does."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting("info", "Least weight of what is logged.")
    log_format: Literal["auto", "text", "json"] = _setting(
        "auto", "Log lines for people or for machines; auto means text in a terminal, else json."
    )

    @model_validator(mode="after")
    def _what_belongs_together_comes_together(self) -> Settings:
        if mistake := _half_of_tls(cert=self.tls_cert, key=self.tls_key):
            raise ValueError(mistake)
        if mistake := _half_of_turn(urls=self.turn_urls, secret=self.turn_secret):
            raise ValueError(mistake)
        if mistake := _half_of_mail(url=self.smtp_url, sender=self.mail_from):
            raise ValueError(mistake)
        if mistake := _part_of_oidc(self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret):
            raise ValueError(mistake)
        return self

    @property
    def base_url(self) -> str:
        """The address that people open, without a slash at its end."""
        if self.public_url is not None:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def named_url(self) -> str:
        """The same by a name where it is a number of this machine's: passkeys belong to names."""
        return re.sub(r"^(https?)://(127\.0\.0\.1|\[::1\])", r"\1://localhost", self.base_url)

    @property
    def shows_example(self) -> bool:
        return self.example == "yes" or (self.example == "auto" and self.public_url is None)

    @property
    def staff_links_open(self) -> bool:
        """Whether a link alone lets one of the staff in."""
        return self.staff_links == "open" or (self.staff_links == "auto" and self.shows_example)

    @property
    def https(self) -> bool:
        """Whether browsers reach us by TLS, ours or a proxy's."""
        return self.base_url.startswith("https://")

    @property
    def outbox(self) -> Path:
        """Where letters lie while there is no mail server."""
        return self.data_dir / "outbox"

    @property
    def media_hosts(self) -> tuple[str, ...]:
        """Addresses to bind for media. Where all of one family are, and browsers are told one of the other, all are."""
        host = self.udp_host or self.host
        other = {"0.0.0.0": "::", "::": "0.0.0.0"}.get(host)
        if other is not None and any((":" in address) == (":" in other) for address in self.media_addresses):
            return host, other
        return (host,)

    def signing_keys(self) -> tuple[str, ...]:
        """The secret, and the one before it: the first signs, both open. Makes and keeps one where none is set."""
        first = self.secret.get_secret_value() if self.secret else _kept_secret(self.data_dir)
        return (first, self.secret_before.get_secret_value()) if self.secret_before else (first,)


def _kept_secret(data_dir: Path) -> str:
    """The secret of this data folder, made on first use; only our account may read it."""
    path = data_dir / "secret"
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        kept = path.read_text().strip()
    except FileNotFoundError:
        kept = secrets.token_urlsafe(48)
        draft = data_dir / f".secret.{os.getpid()}"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "w") as file:  # noqa: PTH123  a descriptor, not a path
            file.write(kept)
            file.flush()
            os.fsync(fd)
        draft.replace(path)  # whole or not at all: a torn secret would shut out everybody
    if len(kept) < SECRET_LENGTH_MIN:
        raise SettingsError(
            [f"{path} is damaged. Restore it from a backup, or remove it: a new one is made, old links then end."]
        )
    return kept


# --------------------------------------------------------------------------- reading them


def load() -> Settings:
    """The settings of this process's environment. Raises SettingsError with every mistake at once."""
    mistakes = list(_unknown_names())
    try:
        settings = Settings()
    except ValidationError as error:
        mistakes += [_in_words(each["loc"]) for each in error.errors() if each["loc"]]
        # The rule over both is not asked once one setting alone is wrong; all mistakes come at once.
        mistakes += _half_of_turn(
            urls=os.environ.get(variable("turn_urls")), secret=os.environ.get(variable("turn_secret"))
        )
        oidc = [os.environ.get(variable(name)) for name in ("oidc_issuer", "oidc_client_id", "oidc_client_secret")]
        mistakes += _part_of_oidc(*oidc)
        mistakes += _half_of_mail(
            url=os.environ.get(variable("smtp_url")), sender=os.environ.get(variable("mail_from"))
        )
        mistakes += _half_of_tls(cert=os.environ.get(variable("tls_cert")), key=os.environ.get(variable("tls_key")))
    else:
        if not mistakes:
            return settings
    raise SettingsError(mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One setting as `check` shows it. Secrets are redacted."""

    name: str
    what: str
    needed: str
    value: str
    origin: Literal["environment", "default"]


def explain() -> list[Explained]:
    """Every setting, its value now and where that comes from. Needs no valid settings; never shows a secret."""
    rows = []
    for name, field in Settings.model_fields.items():
        raw = os.environ.get(variable(name), "")
        rows.append(
            Explained(
                name=variable(name),
                what=field.description or "",
                needed=needed(field),
                value=_redacted(name, raw) if raw else default_in_words(field),
                origin="environment" if raw else "default",
            )
        )
    return rows


def variable(name: str) -> str:
    return PREFIX + name.upper()


def default_in_words(field: FieldInfo) -> str:
    return str(_extra(field)["shown"] or field.default)


def needed(field: FieldInfo) -> str:
    """What a value must be, in words, such as 'a whole number from 1 to 65535'."""
    said: str = _extra(field)["needed"]
    if said:
        return said
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is Literal:
        words = get_args(kind)
        return f"{', '.join(words[:-1])} or {words[-1]}"
    if kind is int:
        low = next(rule.ge for rule in field.metadata if hasattr(rule, "ge"))
        high = next(rule.le for rule in field.metadata if hasattr(rule, "le"))
        return f"a whole number from {low} to {high}"
    raise AssertionError(f"say what a {kind} needs")


def _extra(field: FieldInfo) -> dict[str, Any]:
    assert isinstance(field.json_schema_extra, dict)
    return dict(field.json_schema_extra)


def _in_words(where: tuple[int | str, ...]) -> str:
    name = str(where[0])
    shown = _redacted(name, os.environ.get(variable(name), ""))
    return f"{variable(name)} is '{shown}'. Needed: {needed(Settings.model_fields[name])}."


def _half_of_tls(*, cert: object, key: object) -> list[str]:
    if bool(cert) == bool(key):
        return []
    there, missing = (variable("tls_cert"), variable("tls_key"))[:: 1 if cert else -1]
    return [f"{there} is set without {missing}. Needed: both, or none."]


def _half_of_turn(*, urls: object, secret: object) -> list[str]:
    if bool(urls) == bool(secret):
        return []
    there, missing = (variable("turn_urls"), variable("turn_secret"))[:: 1 if urls else -1]
    return [f"{there} is set without {missing}. Needed: both, or none."]


def _half_of_mail(*, url: object, sender: object) -> list[str]:
    if not url or sender:
        return []
    return [f"{variable('smtp_url')} is set without {variable('mail_from')}. Needed: both, or none."]


def _part_of_oidc(*all_three: object) -> list[str]:
    if all(all_three) or not any(all_three):
        return []
    names = [variable(name) for name in ("oidc_issuer", "oidc_client_id", "oidc_client_secret")]
    missing = [name for name, value in zip(names, all_three, strict=True) if not value]
    there = [name for name in names if name not in missing]
    return [f"{there[0]} is set without {missing[0]}. Needed: all three of {', '.join(names)}, or none."]


def _unknown_names() -> Iterator[str]:
    known = [variable(name) for name in Settings.model_fields]
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            yield f"{name} is not a setting." + (f" Did you mean {near[0]}?" if near else "")


def _redacted(name: str, value: str) -> str:
    """A value fit for a screen that others may see: short, no secret, no password of an address."""
    if name.startswith("secret") or name in ("turn_secret", "oidc_client_secret"):
        return f"({len(value)} characters, not shown)"
    if name in ("redis_url", "smtp_url") and "@" in value:
        scheme, _, rest = value.partition("://")
        value = f"{scheme}://(not shown)@{rest.rpartition('@')[2]}"
    return value if len(value) <= SHOWN_CHARACTERS_MAX else f"{value[:SHOWN_CHARACTERS_MAX]}…"
