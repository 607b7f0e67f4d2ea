"""The kinds of value that settings take, and the checks of files and addresses."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from bot.private_keys import rsa_key
from core.errors import DatabaseUrlError

KEY_FORM = "an RSA private key in PEM form, as GitHub lets you download it"
URL_FORM = "an https address such as https://api.github.com; http only on this machine"


class PublisherKind(StrEnum):
    """The road on which a review reaches GitHub."""

    REST = "rest"
    MCP = "mcp"


class LogLevel(StrEnum):
    """The least important line that is still logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks; `auto` is console on a terminal and JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredentials:
    """What a GitHub App proves itself with; the first webhook secret is current."""

    app_id: int
    private_key: SecretStr
    webhook_secrets: tuple[SecretStr, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPolicy:
    """How many may listen at once; `secure` cookies are sent over https alone."""

    most: int
    most_a_token: int
    secure: bool


def read_key(path: Path) -> str:
    """Return the file's text; raises ValueError when it cannot be read."""
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise ValueError(f"{path}: {reason}") from None


def check_mongodb(url: str) -> None:
    """Raise ValueError unless the text is an address of MongoDB."""
    from core.store.address import database_in  # noqa: PLC0415  # 100 ms

    try:
        database_in(url)
    except DatabaseUrlError as error:
        raise ValueError(str(error.facts["reason"])) from None


def http_url(value: str) -> str:
    """Return the address; raises ValueError unless it is plain http or https."""
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        raise ValueError("not an address") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("not an http address")
    if url.username or url.password or url.query or url.fragment:
        raise ValueError("an address without a name, password, ? or #")
    return value


def safe_for_tokens(value: str) -> str:
    """Return the address without a slash at its end.

    Raises ValueError unless it is https, or http on this machine.
    """
    url = urlsplit(http_url(value))
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        raise ValueError("plain http would show tokens to the network")
    return value.rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def own_cache(environ: Mapping[str, str]) -> Path:
    """Return where this user's programs keep what can be made again.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/.
    """
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "nofx"


def _mongodb(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        check_mongodb(value.get_secret_value())
    return value


def _key_file(value: Path | None) -> Path | None:
    if value is not None:
        rsa_key(read_key(value))
    return value


MongodbUrl = Annotated[
    SecretStr | None,
    AfterValidator(_mongodb),
    Field(
        description="a mongodb:// or mongodb+srv:// address, or unset for the embedded"
        " server"
    ),
]
KeyFile = Annotated[
    Path | None,
    AfterValidator(_key_file),
    Field(description=f"the path of a readable file with {KEY_FORM}"),
]
