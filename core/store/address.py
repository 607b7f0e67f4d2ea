"""What stands in MONGODB_URL: checked before it is used, shown without its password."""

import re

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from core.errors import DatabaseUrlError

SCHEME = re.compile(r"^(mongodb(?:\+srv)?://)(.*)$", re.DOTALL)
HOSTS = re.compile(r"^(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?(?:,[\w.\-:\[\]]+)*$")
DEFAULT_NAME = "nofx"


def without_password(url: str) -> str:
    """Return the scheme and hosts of `url`; `***` for what is not clearly a host."""
    match = SCHEME.match(url)
    if match is None:
        return "***"
    hosts = re.split(r"[/?]", match[2].rpartition("@")[2], maxsplit=1)[0]
    return match[1] + (hosts if HOSTS.match(hosts) else "***")


def database_in(url: str) -> str:
    """Return the database that `url` names, or `nofx` when it names none.

    Asks no name server. Raises DatabaseUrlError, which tells what is wrong and never
    the password.
    """
    match = SCHEME.match(url)
    if match is None:
        reason = "it does not begin with mongodb:// or mongodb+srv://"
        raise DatabaseUrlError(url=without_password(url), reason=reason)
    try:
        parts = parse_uri(f"mongodb://{match[2]}", warn=False)
    except (PyMongoError, ValueError) as error:
        reason = _reason(error)
        raise DatabaseUrlError(url=without_password(url), reason=reason) from None
    name = parts["database"]
    if name and "@" in name:  # an unescaped slash in a password reads as a path
        reason = "its user name or password is not percent-encoded"
        raise DatabaseUrlError(url=without_password(url), reason=reason)
    return name or DEFAULT_NAME


def _reason(error: Exception) -> str:
    """Say what is wrong without PyMongo's text, which may quote parts of the URL."""
    text = str(error)
    if "escaped" in text:
        return "its port is not a number, or its password is not percent-encoded"
    if "Port must be" in text:
        return "its port is not between 1 and 65535"
    if "hostname" in text:
        return "it names no host"
    if match := re.match(r"(?:Unknown option:|The value of) (\w+)", text):
        return f"its option {match[1]} is wrong"
    if "database name" in text:
        return "its database name has characters that MongoDB forbids"
    return "MongoDB's driver cannot read it"
