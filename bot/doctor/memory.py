"""The check of session memory: is it on, with the right key, is a rotation open."""

from bot.base import reached
from bot.doctor.results import Finding, ok, warn
from bot.memory_keys import provider_of
from bot.plain import counted
from bot.settings import Settings
from core.clock import Clock
from core.memory.keys.ring import KeyRing
from core.memory.keys.state import Ring
from core.memory.keys.wrapped import SESSION, Wrapped
from core.store.database import Database

OFF = "Set NOFX_MEMORY_KEY_FILE, with a line from: nofx memory keys generate k1"


async def check_memory(settings: Settings, clock: Clock) -> Finding:
    """Prove the active key, and count what is under others; nothing is written.

    Raises MemoryKeyError, MemoryKeysUnusableError, StoreUnavailableError.
    """
    own = settings.own_keys
    if own is not None and not own.exists():
        return ok(f"A first key will be made in {own} when it is needed.")
    provider = provider_of(settings)
    if provider is None:
        return warn("Session memory is off: no key is configured.", OFF)
    async with reached(settings, settings.data_dir) as database:
        keyring = KeyRing(database, provider, clock=clock)
        ring = await keyring.store.get()
        if ring is None:
            first = ", ".join(await provider.ids())
            return ok(f"Keys ({provider.name}): {first}; none is in use yet.")
        for key in ring.keys:
            if key.id == ring.active:
                await keyring.prove(key)
        return await _judged(database, keyring, ring)


async def _judged(database: Database, keyring: KeyRing, ring: Ring) -> Finding:
    wrapped = Wrapped(database, keyring)
    older = 0
    for key in ring.keys:
        if key.id != ring.active:
            older += (await wrapped.under(key.id)).get(SESSION.collection, 0)
    proved = f"On: key {ring.active} ({keyring.provider.name}) is active and proved"
    if older:
        sessions = counted(older, "session")
        return warn(
            f"{proved}; {sessions} under older keys.", "Run `nofx memory keys rewrap`."
        )
    return ok(f"{proved}; no session is under an older one.")
