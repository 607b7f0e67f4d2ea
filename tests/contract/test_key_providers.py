"""What the keyring may expect of every provider of keys, wherever the keys are.

Key services are asked by their own libraries, over real HTTP, from a stand-in.
"""

import base64
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.memory_keys import LIBRARIES, provider_of
from bot.schema import SCHEMA
from bot.settings import load_settings
from core.errors import (
    MemoryKeyAwayError,
    MemoryKeyMissingError,
    MemoryKeyRetiredError,
    MemoryKeyWrongError,
)
from core.memory.keys.provider import KeyProvider
from core.memory.keys.ring import KeyRing
from core.memory.keys.state import SETTLED
from core.store.database import Database
from core.store.embedded_process import free_port
from core.store.migrate import migrate
from tests.fakes import key_services
from tests.fakes.clock import FakeClock
from tests.fakes.key_services import Held, served

SECRET, HERE, THERE = b"s" * 32, b"this session", b"another session"
ONE, TWO, THREE = b"1" * 32, b"2" * 32, b"3" * 32
LOCAL = ("k1", "k2", "k3")
ARN = "arn:aws:kms:eu-central-1:111122223333:key/"
RING = "projects/p/locations/europe/keyRings/nofx/cryptoKeys/"


@dataclass(frozen=True)
class Case:
    """A provider as settings make it, over keys that a test changes.

    `ids` are two that it has and one that it lacks.
    """

    ids: tuple[str, str, str]
    settings: Mapping[str, object]
    held: Held = field(default_factory=Held)

    def provider(self, **changed: object) -> KeyProvider:
        """Return the provider of one more process."""
        settings = load_settings(None, **{**self.settings, **changed})
        made = provider_of(settings)
        assert made is not None
        return made


async def case_of(kind: str, folder: Path, stack: AsyncExitStack) -> Case:
    """Set a kind of provider up."""
    if kind in ("file", "environment"):
        lines = lines_of(zip(LOCAL, (ONE, TWO), strict=False))
        if kind == "environment":
            return Case(LOCAL, {"memory_keys": ",".join(lines)})
        path = folder / "memory.keys"
        path.touch(0o600)
        path.write_text("\n".join(lines))
        return Case(LOCAL, {"memory_key_file": path})
    ids, answers = SERVICES[kind]
    held = Held(dict(zip(ids, (ONE, TWO), strict=False)))
    url = await stack.enter_async_context(served(held, answers(held)))
    settings = {
        "memory_key_service": kind,
        "memory_key_names": ",".join(ids[:2]),
        "memory_key_url": url,
        "memory_key_token": key_services.TOKEN,
    }
    return Case(ids, settings, held)


SERVICES = {
    "aws": ((f"{ARN}1", f"{ARN}2", f"{ARN}3"), key_services.aws),
    "gcp": ((f"{RING}k1", f"{RING}k2", f"{RING}k3"), key_services.gcp),
    "vault": (("k1", "k2", "k3"), key_services.vault),
}


def lines_of(keys: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return keys as they are written down."""
    return [f"{name}:{base64.b64encode(key).decode()}" for name, key in keys]


@pytest.fixture(params=["file", "environment", *SERVICES])
async def case(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Case]:
    """Give a provider of each kind."""
    kind: str = request.param
    if kind in LIBRARIES:
        pytest.importorskip(LIBRARIES[kind], reason="an extra that is not installed")
    # The stand-in checks no signature of AWS, but its library will not ask without.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
    async with AsyncExitStack() as stack:
        yield await case_of(kind, tmp_path, stack)


@pytest.fixture
def service(case: Case) -> Case:
    """Give key services alone."""
    if not case.held.keys:
        pytest.skip("the keys are in this process")
    return case


async def test_what_was_wrapped_opens_again_in_another_process(case: Case) -> None:
    """And the secret cannot be read in it; twice the same is wrapped differently."""
    one, two, _ = case.ids
    first, second = case.provider(), case.provider()
    assert list(await first.ids()) == [one, two]
    assert first.name in {*SERVICES, "file", "environment"}
    for key_id in (one, two):
        wrapped = await first.wrap(key_id, SECRET, HERE)
        assert wrapped != await first.wrap(key_id, SECRET, HERE)
        assert SECRET not in wrapped
        assert await second.unwrap(key_id, wrapped, HERE) == SECRET


async def test_what_was_wrapped_opens_nowhere_else(case: Case) -> None:
    """Another context, another key, a changed or shortened text: each is refused."""
    one, two, _ = case.ids
    provider = case.provider()
    wrapped = await provider.wrap(one, SECRET, HERE)
    for key_id, text, context in (
        (one, wrapped, THERE),
        (one, wrapped, b""),
        (two, wrapped, HERE),
        (one, wrapped[:-6], HERE),
        (one, b"", HERE),
        (one, b"\xff" * 60, HERE),
        (one, wrapped[:-8] + b"AAAA" + wrapped[-4:], HERE),
    ):
        with pytest.raises(MemoryKeyWrongError) as caught:
            await provider.unwrap(key_id, text, context)
        assert caught.value.facts == {"key_id": key_id}


async def test_a_key_that_is_not_there_is_named_and_not_made(case: Case) -> None:
    """Also where a service would make one of that name."""
    one, _, missing = case.ids
    provider = case.provider()
    wrapped = await provider.wrap(one, SECRET, HERE)
    for _ in range(2):
        with pytest.raises(MemoryKeyMissingError, match=missing):
            await provider.wrap(missing, SECRET, HERE)
    with pytest.raises(MemoryKeyMissingError, match=missing):
        await provider.unwrap(missing, wrapped, HERE)
    assert missing not in case.held.keys


async def test_the_ring_rotates_over_it(
    case: Case, database: Database, clock: FakeClock
) -> None:
    """From the first start to the retirement of the first key."""
    await migrate(database, SCHEMA)
    one, two, _ = case.ids
    rings = [KeyRing(database, case.provider(), clock=clock) for _ in range(2)]
    assert await rings[0].open() == one
    old = await rings[0].wrap(SECRET, HERE)
    await rings[0].add(two)
    await rings[0].promote(two)
    new = await rings[1].rewrap(old, HERE)
    assert (old.kek, new.kek, new.revision) == (one, two, 2)
    assert await rings[0].unwrap(new, HERE) == SECRET
    await clock.advance(SETTLED.total_seconds())
    await rings[1].retire(one)
    with pytest.raises(MemoryKeyRetiredError, match=one):
        await rings[1].unwrap(old, HERE)


async def test_another_key_of_the_same_name_is_refused(
    service: Case, database: Database, clock: FakeClock
) -> None:
    """The canary in the database is what tells."""
    await migrate(database, SCHEMA)
    one = service.ids[0]
    await KeyRing(database, service.provider(), clock=clock).open()
    service.held.keys[one] = THREE
    with pytest.raises(MemoryKeyWrongError, match=one):
        await KeyRing(database, service.provider(), clock=clock).wrap(SECRET, HERE)


async def test_a_service_that_is_away_or_refuses_says_so(service: Case) -> None:
    """It is asked again at the next call."""
    one = service.ids[0]
    provider = service.provider()
    wrapped = await provider.wrap(one, SECRET, HERE)
    service.held.down = True
    with pytest.raises(MemoryKeyAwayError, match=one):
        await provider.unwrap(one, wrapped, HERE)
    service.held.down = False
    assert await provider.unwrap(one, wrapped, HERE) == SECRET

    nobody = service.provider(memory_key_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(MemoryKeyAwayError, match=one):
        await nobody.wrap(one, SECRET, HERE)


async def test_a_token_that_vault_does_not_know_is_a_service_out_of_reach(
    service: Case,
) -> None:
    """The token itself is not quoted."""
    if service.settings["memory_key_service"] != "vault":
        pytest.skip("another service")
    provider = service.provider(memory_key_token="hvs.unknown")
    with pytest.raises(MemoryKeyAwayError, match="permission denied") as caught:
        await provider.wrap("k1", SECRET, HERE)
    assert "hvs.unknown" not in str(caught.value)
