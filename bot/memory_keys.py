"""Finds the keys of session memory where the settings say that they are."""

from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from bot.memory_key_values import keys_at
from bot.settings import Settings
from core.audit.service import Audit
from core.clock import Clock
from core.errors import MemoryKeysUnusableError
from core.events.journal import Journal
from core.memory.keys.local import LocalKeys
from core.memory.keys.provider import KeyProvider
from core.memory.keys.ring import KeyRing
from core.memory.keys.rotation import Rotation
from core.memory.keys.service import Client, ServiceKeys
from core.memory.keys.signing import Signing
from core.memory.keys.written import make_keys, read_keys
from core.store.database import Database

# What each key service's client is imported from; the extra has the service's name.
LIBRARIES = {"aws": "boto3", "gcp": "google.cloud.kms_v1", "vault": "hvac"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyParts:
    """The keyring, what rotates it, and what signs with it."""

    ring: KeyRing
    rotation: Rotation
    signing: Signing


def keys_on(
    database: Database,
    provider: KeyProvider,
    *,
    journal: Journal,
    audit: Audit,
    clock: Clock,
) -> KeyParts:
    """Return the keyring of a database over a provider's keys; nothing is asked yet."""
    ring = KeyRing(database, provider, clock=clock)
    return KeyParts(
        ring=ring,
        rotation=Rotation(database, ring, journal=journal, audit=audit, clock=clock),
        signing=Signing(database, ring, clock=clock),
    )


def provider_of(settings: Settings) -> KeyProvider | None:
    """Return where the keys are; None when nothing says so.

    Raises MemoryKeysUnusableError.
    """
    if settings.memory_keys is not None:
        return LocalKeys(keys_at(settings.memory_keys))
    if settings.memory_key_file is not None:
        return from_file(settings.memory_key_file)
    if settings.memory_key_service is not None:
        return from_service(settings, settings.memory_key_service)
    own = make_own_keys(settings)
    return None if own is None else from_file(own)


def make_own_keys(settings: Settings) -> Path | None:
    """Return the file of keys beside the embedded database, made if it is not there.

    None when the settings name other keys. Raises MemoryKeysUnusableError.
    """
    own = settings.own_keys
    if own is not None:
        make_keys(own)
    return own


def from_file(path: Path) -> LocalKeys:
    """Return the keys of a file, which is read again when one is missed."""
    read = partial(read_keys, path)
    return LocalKeys(read(), name="file", read=read)


def from_service(settings: Settings, name: str) -> ServiceKeys:
    """Return the keys of a key service; nothing is asked of it yet."""
    if not _is_installed(LIBRARIES[name]):
        raise MemoryKeysUnusableError(
            where=f"NOFX_MEMORY_KEY_SERVICE={name}",
            reason=f"{LIBRARIES[name]} is not installed",
            mend=f"Install nofx with the extra [{name}].",
        )
    return ServiceKeys(
        name, settings.memory_key_names, partial(_connected, settings, name)
    )


def _connected(settings: Settings, name: str) -> Client:
    """Return a service's client; its library is loaded by who uses it alone."""
    url, token = settings.memory_key_url, settings.memory_key_token
    match name:
        case "aws":
            from core.memory.keys.aws import AwsClient  # noqa: PLC0415  # an extra

            return AwsClient(url)
        case "gcp":
            from core.memory.keys.gcp import GcpClient  # noqa: PLC0415  # as above

            return GcpClient(url)
        case _:
            from core.memory.keys.vault import VaultClient  # noqa: PLC0415  # as above

            return VaultClient(url or "", token.get_secret_value() if token else None)


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ModuleNotFoundError:  # what it would lie in is not there either
        return False
