"""The settings of memory's keys: where they are, and in which forms to mask them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import NoDecode

from core.errors import MemoryKeysUnusableError

SECRET = frozenset({"memory_keys", "memory_key_token"})


def _readable(path: Path | None) -> Path | None:
    if path is not None:
        _checked(path)
    return path


def _usable(keys: SecretStr | None) -> SecretStr | None:
    if keys is not None:
        _checked(keys)
    return keys


def _checked(place: Path | SecretStr) -> Mapping[str, bytes]:
    """Return the keys of a place; raises ValueError with what pydantic then tells."""
    try:
        return keys_at(place)
    except MemoryKeysUnusableError as error:
        where, reason = error.facts["where"], error.facts["reason"]
        raise ValueError(f"{where}: {reason}. {error.way_out}") from None


def _complete(service: str | None, info: ValidationInfo) -> str | None:
    """Refuse a service beside keys, or without what it needs."""
    given = info.data
    if service is None:
        return None
    if given.get("memory_keys") or given.get("memory_key_file"):
        raise ValueError("keys are given beside it")
    if not given.get("memory_key_names"):
        raise ValueError("NOFX_MEMORY_KEY_NAMES is missing")
    if service == "vault" and not given.get("memory_key_url"):
        raise ValueError("NOFX_MEMORY_KEY_URL is missing")
    return service


KeyFile = Annotated[
    Path | None,
    AfterValidator(_readable),
    Field(
        description="the path of a file that only this user can read, with a line"
        " `id:key` for each key of 32 bytes in Base64"
    ),
]
Keys = Annotated[
    SecretStr | None,
    AfterValidator(_usable),
    Field(description="`id:key` for each key of 32 bytes in Base64, split by commas"),
]
KeyService = Annotated[
    Literal["aws", "gcp", "vault"] | None,
    AfterValidator(_complete),
    Field(description="aws, gcp or vault, with the names of its keys"),
]
KeyNames = Annotated[
    tuple[str, ...],
    NoDecode,
    Field(description="names of keys as the service has them, split by commas"),
]
KeyUrl = Annotated[
    str | None,
    Field(description="the key service's https address; http only on this machine"),
]
KeyToken = Annotated[
    SecretStr | None,
    Field(description="a token that may read, encrypt and decrypt at Vault"),
]


def keys_at(place: Path | SecretStr) -> Mapping[str, bytes]:
    """Return the keys of a file or a variable; raises MemoryKeysUnusableError."""
    from core.memory.keys.written import keys_in, read_keys  # noqa: PLC0415  # 40 ms

    if isinstance(place, Path):
        return read_keys(place)
    written = place.get_secret_value()
    return keys_in(written, between=",", where="NOFX_MEMORY_KEYS")


def secrets_in(
    keys: SecretStr | None, file: Path | None, token: SecretStr | None
) -> tuple[str, ...]:
    """Return every form in which a key of memory could turn up, for masking it."""
    found = [token.get_secret_value()] if token is not None else []
    for place in (keys, file):
        if place is not None and not (isinstance(place, Path) and not place.exists()):
            found += _forms_at(place)
    return tuple(found)


def _forms_at(place: Path | SecretStr) -> list[str]:
    from core.memory.keys.written import forms_of  # noqa: PLC0415  # as above

    try:
        return [form for key in keys_at(place).values() for form in forms_of(key)]
    except MemoryKeysUnusableError:
        # Whoever opens memory is told; what cannot be read cannot be let out either.
        return []
