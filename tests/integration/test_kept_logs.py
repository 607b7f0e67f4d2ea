"""Log lines in the blobs: what goes in comes out, save for secrets."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.base import Base, assembled
from bot.settings import load_settings
from core.clock import SystemClock
from core.errors import BlobCorruptError, BlobNotFoundError
from core.runs.kept_logs import KeptLogs
from core.runs.run_log import Lines
from core.store.blobs import digest_of
from core.store.database import Database

# Made up: a password in an address.
SECRET = "q8Zk3LmV9xT2wBnR5cYd"
LINES = st.lists(
    st.dictionaries(
        st.text(max_size=4), st.none() | st.integers() | st.text(max_size=9), min_size=1
    ).map(lambda facts: {**facts, "event": "x"}),
    max_size=12,
)


@pytest.fixture
async def base(database: Database) -> AsyncIterator[Base]:
    """Give the services of a process."""
    base = assembled(database, load_settings(None), SystemClock())
    yield base
    await base.runs.close()


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(first=LINES, missing=st.integers(0, 10**9), last=LINES)
async def test_lines_come_back_as_they_were(
    base: Base,
    first: list[dict[str, object]],
    missing: int,
    last: list[dict[str, object]],
) -> None:
    """In their order, with the number of those between."""
    logs = KeptLogs(base.blobs, mask=lambda line: line)
    digest = await logs.keep(Lines(first=first, left_out=missing, last=last))
    assert await logs.read(digest) == ([*first, *last], missing)


async def test_what_looks_like_a_secret_is_not_kept(base: Base) -> None:
    """Also one that is not nofx's own, which the log on standard error may show."""
    shown = {"event": "read", "url": f"mongodb://user:{SECRET}@10.0.0.1/x", "size": 7}
    digest = await base.runs.logs.keep(Lines(first=[shown]))
    ((line,), _) = await base.runs.logs.read(digest)
    assert SECRET not in str(line)
    assert (line["event"], line["size"]) == ("read", 7)


async def test_a_blob_that_is_no_log_is_told(base: Base) -> None:
    """Or one that is not there."""
    digest = await base.blobs.put(b"no JSON\n")
    with pytest.raises(BlobCorruptError):
        await base.runs.logs.read(digest)
    with pytest.raises(BlobNotFoundError):
        await base.runs.logs.read(digest_of(b"never stored"))
