"""Every setting of coterie, each with a sentence. Values come from the environment as COTERIE_<NAME>."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class SettingError(Exception):
    """A setting has a value that can't be used; the message names it and the way out."""


def _setting(sentence: str, default: object) -> Any:
    return field(default=default, metadata={"help": sentence})


@dataclass(frozen=True)
class Settings:
    """What an operator can set. `field.metadata["help"]` explains each one."""

    database: str = _setting(
        "Database URL: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; empty: SQLite in the data folder.",
        "",
    )
    data_dir: str = _setting("Folder for the embedded database and the secret key.", "var")
    secret: str = _setting(
        "Master secret (32 bytes or more) that encrypts keys at rest; empty: a key file in the data folder.",
        "",
    )
    host: str = _setting("Address to listen on.", "127.0.0.1")
    port: int = _setting("Port to listen on.", 8080)
    public_url: str = _setting("The server's address as clients see it; empty: http://HOST:PORT.", "")
    cors_origins: str = _setting("Origins that browsers may call from, comma separated, or *.", "*")
    max_body: int = _setting("Largest request body in bytes.", 10 * 1024 * 1024)
    max_upload: int = _setting("Largest file that is uploaded for an import, in bytes.", 4 * 1024**3)
    max_url: int = _setting("Longest request target in bytes.", 10 * 1024)
    max_headers: int = _setting("Largest sum of request header bytes.", 60 * 1024)
    bulk_max: int = _setting("Most items in one bulk request.", 200)
    token_seconds: int = _setting("Lifetime of a service token.", 14399)
    anonymous_seconds: int = _setting("Lifetime of an anonymous token.", 3599)
    customer_seconds: int = _setting("Lifetime of a customer token.", 2591999)
    refresh_seconds: int = _setting("Lifetime of a refresh token.", 86399)
    sign_in_attempts: int = _setting(
        "Attempts to sign in, or to have a mail sent, that an account gets in each window; 0: any number.", 10
    )
    sign_in_attempts_address: int = _setting(
        "The same for a client's address, where attempts that succeed don't count; 0: any number.", 100
    )
    sign_in_seconds: int = _setting("Length of that window.", 900)
    proxy_header: str = _setting(
        "Header in which the proxy in front puts the client's address, such as X-Forwarded-For (its last entry "
        "counts); empty: the address of the connection.",
        "",
    )
    opt_in_seconds: int = _setting("Lifetime of the link that activates a new account.", 172800)
    reset_seconds: int = _setting("Lifetime of the link that resets a password.", 3600)
    email_change_seconds: int = _setting("Lifetime of the link that confirms a new e-mail address.", 86400)
    invitation_seconds: int = _setting(
        "Lifetime of the link by which a new employee sets his first password.", 604800
    )
    mail_from: str = _setting("Sender of mails, unless the tenant sets its own.", "coterie@localhost")
    mail_dir: str = _setting(
        "Folder for mails while there is no SMTP host; empty: mail in the data folder.", ""
    )
    mail_templates: str = _setting(
        "Folder of templates that replace the built-in ones of the same name; a subfolder named for a tenant wins.",
        "",
    )
    smtp_host: str = _setting("Host that takes mails; empty: they are written to files.", "")
    smtp_port: int = _setting("Port of the SMTP host.", 587)
    smtp_security: str = _setting("starttls, tls (from the first byte) or none.", "starttls")
    smtp_user: str = _setting("User at the SMTP host; empty: no login.", "")
    smtp_password: str = _setting("Password at the SMTP host.", "")
    exchange_seconds: int = _setting("Lifetime of a customer token that was got by token exchange.", 14399)
    exchange_refresh_seconds: int = _setting("Lifetime of its refresh token.", 15551999)
    token_memory: float = _setting(
        "Seconds for which a worker remembers a verified token and what its holder may do; with 0 a change of groups "
        "made by another worker counts at once.",
        3.0,
    )
    allowed_hosts: str = _setting(
        "Hosts (host or host:port, comma separated) of mixin schemas, identity providers and webhooks that may be "
        "asked although private, or by http.",
        "",
    )
    schema_seconds: float = _setting("Seconds for which a fetched mixin schema is kept.", 3600.0)
    segment_validity: bool = _setting(
        "Whether a segment is active only inside its validity window, besides its status.", True
    )
    segment_memory: int = _setting(
        "Bytes of segments' items and products and of category trees that a worker keeps ready; the texts of product "
        "ids, which segments share, come on top.",
        256 * 1024 * 1024,
    )
    media_dir: str = _setting(
        "Folder for the files of media while there is no bucket, shared by all servers and workers; empty: media in "
        "the data folder.",
        "",
    )
    media_max: int = _setting("Largest file of media in bytes.", 10 * 1024 * 1024)
    media_pixels: int = _setting("Most pixels of an image: width times height.", 100_000_000)
    s3_bucket: str = _setting(
        "Bucket for the files of media in a store that speaks S3; empty: they are on the disk.", ""
    )
    s3_endpoint: str = _setting("Address of that store, such as https://s3.eu-central-1.amazonaws.com.", "")
    s3_region: str = _setting("Region of the bucket.", "us-east-1")
    s3_access_key: str = _setting(
        "Access key of an account that may read, write and delete in the bucket.", ""
    )
    s3_secret_key: str = _setting("Its secret key.", "")
    event_days: int = _setting("Days for which delivered events are kept.", 30)
    svix_url: str = _setting("Where the API of Svix is.", "https://api.svix.com")
    svix_key: str = _setting(
        "API key of the operator's Svix account, for SVIX_SHARED; empty: there is none.", ""
    )
    webhook_limit: int = _setting("Most events that webhooks send for a tenant in a month; 0: any number.", 0)
    job_days: int = _setting("Days for which finished imports and exports are kept, with their files.", 7)
    embedded_worker: bool = _setting("Run the event and job workers inside `coterie serve`.", True)
    shutdown_seconds: int = _setting("Seconds that requests in flight get at shutdown.", 30)
    pool_size: int = _setting(
        "PostgreSQL connections in each of a process's pools: writes, reads, hot reads.", 10
    )
    log_format: str = _setting(
        "json or console; empty: console when standard error is a terminal, else json.", ""
    )
    log_level: str = _setting("debug, info, warning or error.", "info")

    @property
    def database_url(self) -> str:
        """The database URL with the embedded default filled in."""
        return self.database or f"sqlite:///{Path(self.data_dir) / 'coterie.db'}"

    @property
    def embedded(self) -> bool:
        """Whether the database is the embedded SQLite file."""
        return self.database_url.startswith("sqlite")

    @property
    def base_url(self) -> str:
        """The server's address as clients see it, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    def names(self, name: str) -> frozenset[str]:
        """The comma separated setting `name` as a set."""
        return frozenset(part.strip() for part in str(getattr(self, name)).split(",") if part.strip())


def from_environment(environ: Mapping[str, str] | None = None, /, **overrides: object) -> Settings:
    """Settings of the environment, with `overrides` (those not None) on top. Raises SettingError."""
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for each in dataclasses.fields(Settings):
        raw = environ.get(f"COTERIE_{each.name.upper()}")
        if raw is not None:
            values[each.name] = _parsed(each.name, str(each.type), raw)
    values.update({name: value for name, value in overrides.items() if value is not None})
    return Settings(**values)  # type: ignore[arg-type]


def _parsed(name: str, kind: str, raw: str) -> object:
    if kind == "bool":
        if raw.lower() in ("1", "true", "yes", "on"):
            return True
        if raw.lower() in ("0", "false", "no", "off"):
            return False
        raise SettingError(f"COTERIE_{name.upper()}={raw!r} is not a boolean; use true or false.")
    if kind in ("int", "float"):
        try:
            number = int(raw) if kind == "int" else float(raw)
        except ValueError:
            what = "whole number" if kind == "int" else "number"
            raise SettingError(f"COTERIE_{name.upper()}={raw!r} is not a {what}.") from None
        if not 0 <= number < float("inf"):
            raise SettingError(f"COTERIE_{name.upper()}={raw!r} is out of range; use 0 or more.")
        return number
    return raw
