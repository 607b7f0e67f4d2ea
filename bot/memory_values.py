"""The settings of session memory, each with its bounds and what it should be."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from bot.setting_values import is_loopback
from core.memory.model import Kind

UNITS = {"d": 86_400, "h": 3600, "m": 60}
SPAN = re.compile(r"([1-9][0-9]{0,4})([dhm])")
DAYS = re.compile(r"([a-z]+)=([1-9][0-9]{0,3})")
MORTAL = tuple(kind.value for kind in Kind if kind is not Kind.MARKER)


def _spans(value: object) -> object:
    """Return seconds, longest first; raises ValueError for what is no span."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    found = [SPAN.fullmatch(part) for part in parts]
    seconds = {int(one[1]) * UNITS[one[2]] for one in found if one}
    if None in found:
        raise ValueError("not all of it are spans of time")
    return tuple(sorted(seconds, reverse=True))


def _by_kind(value: object) -> object:
    """Return days by kind of item; raises ValueError for what is none."""
    if not isinstance(value, str):
        return value
    days: list[tuple[str, int]] = []
    for part in filter(None, map(str.strip, value.split(","))):
        found = DAYS.fullmatch(part)
        if found is None or found[1] not in MORTAL:
            raise ValueError("not all of it are kinds and days")
        days.append((found[1], int(found[2])))
    return tuple(days)


def _notify_url(value: str | None) -> str | None:
    """Return an address to send to; raises ValueError when others could listen."""
    if value is None:
        return None
    url = urlsplit(value)
    safe = url.scheme == "https" or (
        url.scheme == "http" and is_loopback(url.hostname or "")
    )
    if not safe or not url.hostname or url.username or url.fragment:
        raise ValueError("not an https address")
    return value


Days = Annotated[
    int,
    Field(
        ge=1,
        le=3650,
        description="days a session lives after its last item, 1 to 3650",
    ),
]
BackupDays = Annotated[
    int,
    Field(ge=0, le=3650, description="days after which no backup is left, 0 to 3650"),
]
KindDays = Annotated[
    tuple[tuple[str, int], ...],
    NoDecode,
    BeforeValidator(_by_kind),
    Field(
        description="kinds of item and the days that they live, such as"
        f" message=30,snapshot=14; the kinds are {', '.join(MORTAL)}"
    ),
]
# As people write it, for the README to say; it is read as theirs is.
ALERTS: Any = "7d,1d,1h"
Thresholds = Annotated[
    tuple[int, ...],
    NoDecode,
    BeforeValidator(_spans),
    Field(
        validate_default=True,
        max_length=10,
        description="how long before an end people are told, such as 7d,1d,1h",
    ),
]
GraceDays = Annotated[
    float,
    Field(
        ge=0,
        le=365,
        description="days that what is over waits for its alert at most, 0 to 365",
    ),
]
Sliding = Annotated[
    bool,
    Field(description="true or false: whether each item puts its session's end off"),
]
NotifyUrl = Annotated[
    SecretStr | None,
    AfterValidator(
        lambda value: value and SecretStr(_notify_url(value.get_secret_value()) or "")
    ),
    Field(
        description="the https address to which alerts are posted; http only on this"
        " machine"
    ),
]
NotifySecret = Annotated[
    SecretStr | None,
    Field(description="the secret with which notifications are signed"),
]
