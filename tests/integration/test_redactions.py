"""Redactions over a real database: what was said is gone, and all made of it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.errors import (
    PreconditionError,
    RedactionTargetError,
    SealBrokenError,
    SessionHeldError,
    SessionNotFoundError,
    SessionRedactedError,
)
from core.events import schema
from core.memory.documents import hold_document
from core.memory.model import Draft, Hold, Item, Kind, Scope
from core.memory.redaction_rules import MessageTarget, PatternTarget, SpanTarget
from core.memory.redaction_standing import RedactionStanding
from core.memory.redaction_store import RedactionStore
from core.memory.redactor import LOOK, Redactor
from core.memory.schema import ITEMS, REDACTIONS
from core.metrics.memory import PENDING
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.copies import Copies
from tests.fakes.memory import PULL, Remembering, message, remembering

SECRET = "correct horse battery staple"
WHO: dict[str, Any] = {"actor": "token:boss", "reason": "it was a password"}


@pytest.fixture
async def copies(database: Database) -> Copies:
    """Give a place outside memory."""
    return Copies(database)


@pytest.fixture
async def here(
    database: Database, clock: FakeClock, copies: Copies
) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
    made = await remembering(database, clock, places=(copies,))
    yield made
    await made.close()


def summary(text: str, *lineage: int) -> Draft:
    """Return what stands for some items."""
    return Draft(kind=Kind.SUMMARY, content={"text": text}, lineage=lineage)


async def pending(here: Remembering) -> float:
    """Return for how long the gauge says that a redaction has been pending."""
    store = RedactionStore(here.database)
    await RedactionStanding(store, clock=here.clock).read()
    (sample,) = next(iter(PENDING.collect())).samples
    return float(sample.value)


async def talked(here: Remembering, *drafts: Draft) -> str:
    """Return a session in which something was said."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, drafts)
    await here.memory.sealing.flush()
    return session.id


def contents(items: Sequence[Item]) -> list[object]:
    """Return what items say, without markers."""
    return [one.content for one in items if one.facts.kind is not Kind.MARKER]


async def told(here: Remembering, session_id: str) -> list[str]:
    """Return the kinds of events of a session's redactions."""
    events = await here.memory.sealing.telling.events(session_id)
    return [one.type for one in events if one.type.startswith("memory.redaction")]


async def test_a_span_is_cut_wherever_its_text_is(
    here: Remembering, copies: Copies
) -> None:
    """In its own item, in others, in other sessions, in copies; its summaries go."""
    start = len("it is ")
    session_id = await talked(
        here,
        message(f"it is {SECRET}, ada"),
        message("thank you"),
        message(f"> it is {SECRET}, ada\n\nreally?"),
        summary("Ada told a password.", 1, 2),
        summary("People talk.", 4),
        summary("Somebody was thanked.", 2),
    )
    other = await here.memory.of(Scope(kind="pull", repository="octo/hello", pull=8))
    await here.memory.append(other.id, [message(f"not {SECRET}?")])
    foreign = await here.memory.of(Scope(kind="pull", repository="octo/other", pull=8))
    await here.memory.append(foreign.id, [message(f"mine is {SECRET}")])
    await copies.put(json.dumps({"body": f"it is {SECRET}"}))

    target = SpanTarget(seq=1, pointer="/text", start=start, end=start + len(SECRET))
    done = await here.redactions.request(session_id, target, **WHO)

    mark = f"[redacted:{done.id}]"
    assert (done.status, done.items, done.length) == ("complete", (1, 3, 4, 5), "17-64")
    items = await here.memory.read(session_id)
    assert contents(items) == [
        {"text": f"it is {mark}, ada"},
        {"text": "thank you"},
        {"text": f"> it is {mark}, ada\n\nreally?"},
        None,
        None,
        {"text": "Somebody was thanked."},
    ]
    (stone,) = items[0].facts.tombstones
    assert stone["by"] == "token:boss"
    assert (stone["why"], stone["rule"]) == ("it was a password", "span")
    assert items[3].facts.erased == {**stone}
    (elsewhere, _) = await here.memory.read(other.id)
    assert elsewhere.content == {"text": f"not {mark}?"}
    assert contents(await here.memory.read(foreign.id)) == [
        {"text": f"mine is {SECRET}"}
    ]
    assert await copies.texts() == [json.dumps({"body": f"it is {mark}"})]
    assert await told(here, session_id) == [
        "memory.redaction_requested",
        "memory.redaction_reached",
        "memory.redaction_reached",
        "memory.redaction_completed",
    ]
    (kept,) = await here.database.db[REDACTIONS].find({}).to_list(None)
    assert "sealed" not in kept
    entries = [one.events[0] for one in await here.audit.volume(1)]
    assert [getattr(one, "action", "") for one in entries] == [
        "memory.redact",
        "memory.redact_complete",
    ]


async def test_a_message_goes_whole_with_each_of_its_lines(
    here: Remembering, copies: Copies
) -> None:
    """Whoever quoted a line has what must go; short words stay."""
    session_id = await talked(
        here, message(f"Hello!\nThe password is {SECRET}."), message("Hello!")
    )
    await copies.put(f"ada wrote: The password is {SECRET}.")

    await here.redactions.request(session_id, MessageTarget(seqs=(1,)), **WHO)

    first, second, _ = await here.memory.read(session_id)
    assert first.content is None
    assert first.facts.erased is not None
    assert first.facts.erased["rule"] == "message"
    assert second.content == {"text": "Hello!"}
    assert SECRET not in str(await copies.texts())


async def test_a_pattern_goes_from_all_items(here: Remembering) -> None:
    """Names and numbers too, and the pattern itself is kept nowhere in the clear."""
    number = 4111111111111111
    draft = Draft(kind=Kind.PREFERENCE, content={"value": number, "4111-2": [True]})
    session_id = await talked(here, message(f"pay with {number}"), draft)

    target = PatternTarget(pattern="4111[0-9-]*")
    done = await here.redactions.request(session_id, target, **WHO)

    mark = f"[redacted:{done.id}]"
    assert contents(await here.memory.read(session_id)) == [
        {"text": f"pay with {mark}"},
        {"value": mark, mark: [True]},
    ]
    for name in await here.database.db.list_collection_names():
        for one in await here.database.db[name].find({}).to_list(None):
            # Four digits alone can stand in any hash.
            assert not re.search(r"4111(?:1111|-2|\[)", str(one)), name


async def test_a_dry_run_changes_nothing_and_is_recorded(
    here: Remembering, copies: Copies
) -> None:
    """It says which items and places; that somebody looked is in the audit."""
    session_id = await talked(here, message(f"it is {SECRET}"), summary("Yes.", 1))

    target = PatternTarget(pattern="horse.*staple")
    would = await here.redactions.request(session_id, target, dry_run=True, **WHO)

    assert (would.status, would.items) == ("planned", (1, 2))
    assert list(would.places) == ["items", "copies"]
    assert contents(await here.memory.read(session_id)) == [
        {"text": f"it is {SECRET}"},
        {"text": "Yes."},
    ]
    assert (await told(here, session_id), copies.orders) == ([], [])
    assert await here.redactions.of(session_id) == ()
    (entry,) = [one.events[0] for one in await here.audit.volume(1)]
    assert getattr(entry, "action", "") == "memory.redact_preview"


async def test_who_read_before_a_redaction_cannot_write_after_it(
    here: Remembering, clock: FakeClock
) -> None:
    """Another process still has the old text, and the session's old end, in memory."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    there = await remembering(here.database, clock)
    opened = await there.memory.opened(session_id)
    (read,) = await there.memory.read(session_id)

    await here.redactions.request(session_id, MessageTarget(seqs=(1,)), **WHO)

    with pytest.raises(SessionRedactedError):
        await there.memory.append(
            session_id, [message(str(read.content))], epoch=opened.epoch
        )
    fresh = await there.memory.opened(session_id)
    await there.memory.append(session_id, [message("anew")], epoch=fresh.epoch)
    assert SECRET not in str(contents(await here.memory.read(session_id)))
    await there.close()


async def test_what_is_written_meanwhile_is_cut_too(
    here: Remembering, clock: FakeClock
) -> None:
    """Many writers and several redactions at once: none of the texts is left."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    there = await remembering(here.database, clock)

    async def write(number: int) -> None:
        who = (here, there)[number % 2]
        await who.memory.append(session_id, [message(f"{number}: {SECRET}")])

    patterns = ("correct horse", "battery staple")
    await asyncio.gather(
        *map(write, range(8)),
        *(
            one.redactions.request(session_id, PatternTarget(pattern=pattern), **WHO)
            for one, pattern in zip((here, there), patterns, strict=True)
        ),
    )
    # One that is last finds what came behind the others' last look.
    await here.memory.append(session_id, [message(SECRET)])
    whole = PatternTarget(pattern="correct|horse|battery|staple")
    await here.redactions.request(session_id, whole, **WHO)

    items = contents(await here.memory.read(session_id))
    assert len(items) == 10
    assert not any(word in str(items) for word in SECRET.split())
    await there.close()


@pytest.mark.parametrize("covered", [(), (1,)])
async def test_what_is_held_goes_only_with_an_override_and_a_reason(
    here: Remembering, covered: tuple[int, ...]
) -> None:
    """A hold of another item is no matter."""
    session_id = await talked(here, message(f"it is {SECRET}"), message("well, well"))
    session = await here.memory.session(session_id)
    hold = Hold(
        id="hold_1",
        kind="legal",
        reason="case 7",
        actor="boss",
        at=here.clock.now(),
        items=covered,
    )
    await here.store.change(session, {"holds": [hold_document(hold)]})
    whole = MessageTarget(seqs=(1,))

    for dry_run in (False, True):
        with pytest.raises(SessionHeldError, match="case 7"):
            await here.redactions.request(session_id, whole, dry_run=dry_run, **WHO)
    with pytest.raises(SessionHeldError):
        await here.redactions.request(
            session_id, whole, actor="boss", reason=" ", override_hold=True
        )
    with pytest.raises(SessionHeldError):
        await here.redactions.forget(session_id, [1], actor="ada", reason="x")
    if covered:
        await here.redactions.request(session_id, MessageTarget(seqs=(2,)), **WHO)
    done = await here.redactions.request(session_id, whole, override_hold=True, **WHO)
    assert done.status == "complete"


async def test_a_place_that_is_away_or_busy_is_asked_again_until_it_is_done(
    here: Remembering, copies: Copies, clock: FakeClock
) -> None:
    """The redaction is pending till then, and what must go is kept, sealed."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    await copies.put(f"ada: it is {SECRET}")
    copies.away, copies.busy = 1, 1

    asked = await here.redactions.request(session_id, MessageTarget(seqs=(1,)), **WHO)
    assert asked.status == "pending"
    assert "away" in asked.places["copies"].left
    assert await here.redactions.take_up() == 0, "it is not due yet"
    there = await remembering(here.database, clock, places=(copies,))
    clock.jump(10)
    assert await there.redactions.take_up() == 0
    found = await there.redactions.get(session_id, asked.id)
    assert found.places["copies"].left == "a run is under way"
    assert await pending(here) == 10
    clock.jump(60)
    assert await there.redactions.take_up() == 1

    done = await here.redactions.get(session_id, asked.id)
    assert (done.status, done.places["copies"].changed) == ("complete", 1)
    assert await pending(here) == 0
    assert SECRET not in str(await copies.texts())
    assert len({order.redaction_id for order in copies.orders}) == 1
    await there.close()


async def test_one_that_a_bug_stops_does_not_stop_the_others(
    here: Remembering, copies: Copies, clock: FakeClock
) -> None:
    """It is named in the log, and tried again with its next lease."""
    session_id = await talked(here, message(f"it is {SECRET}"), message("other words"))
    copies.away = 2
    asked = [
        await here.redactions.request(session_id, MessageTarget(seqs=(seq,)), **WHO)
        for seq in (1, 2)
    ]
    clock.jump(60)
    copies.broken = 1

    with capture_logs() as logs:
        assert await here.redactions.take_up() == 1

    failed = [one for one in logs if one["event"] == "memory.redaction_failed"]
    assert len(failed) == 1
    assert failed[0]["redaction_id"] in {one.id for one in asked}
    clock.jump(600)
    assert await here.redactions.take_up() == 1


async def test_nobody_puts_back_what_was_redacted(here: Remembering) -> None:
    """Neither the old bytes of an item, nor an end without its marker."""
    session_id = await talked(here, message(f"it is {SECRET}"), message("well"))
    db = here.database.db[ITEMS]
    old = await db.find_one({"_id": f"{session_id}:1"})
    await here.redactions.request(session_id, PatternTarget(pattern="horse"), **WHO)
    await here.memory.sealing.flush()
    marker = await db.find_one({"_id": f"{session_id}:3"})
    assert old is not None
    assert marker is not None

    await db.replace_one({"_id": old["_id"]}, old)
    with pytest.raises(SealBrokenError, match="as it was before"):
        await here.memory.read(session_id, 1, 1)
    await db.delete_one({"_id": marker["_id"]})
    there = await remembering(here.database, here.clock)
    with pytest.raises(SealBrokenError):
        await there.memory.read(session_id, 1, 1)
    await there.close()


async def test_a_content_that_nobody_erased_is_missed(here: Remembering) -> None:
    """A word that it was erased is not enough: a marker must say so."""
    session_id = await talked(here, message("one"), message("two"))
    gone = {"$set": {"erased": {"reason": "redacted"}}, "$unset": {"sealed": ""}}
    await here.database.db[ITEMS].update_one({"_id": f"{session_id}:1"}, gone)

    with pytest.raises(SealBrokenError, match="without a word"):
        await here.memory.read(session_id)


async def test_what_was_read_at_another_revision_is_not_redacted(
    here: Remembering,
) -> None:
    """The caller looks again, and decides anew."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    session = await here.memory.session(session_id)
    await talked(here, message("more"))
    whole = MessageTarget(seqs=(1,))

    with pytest.raises(PreconditionError):
        await here.redactions.request(
            session_id, whole, revision=session.revision, **WHO
        )
    now = await here.memory.session(session_id)
    done = await here.redactions.request(
        session_id, whole, revision=now.revision, **WHO
    )
    assert done.status == "complete"


@pytest.mark.parametrize(
    "target",
    [
        MessageTarget(seqs=(9,)),
        SpanTarget(seq=1, pointer="/nothing", start=0, end=1),
        SpanTarget(seq=1, pointer="text", start=0, end=1),
        SpanTarget(seq=1, pointer="", start=0, end=1),
        SpanTarget(seq=1, pointer="/text", start=2, end=2),
        SpanTarget(seq=1, pointer="/text", start=0, end=999),
        PatternTarget(pattern="never said"),
        PatternTarget(pattern=r"(a)\1"),
        PatternTarget(pattern="(?=a)"),
        PatternTarget(pattern="a*"),
        PatternTarget(pattern=r"\b"),
        PatternTarget(pattern="("),
        PatternTarget(pattern=""),
        PatternTarget(pattern="a" * 501),
        PatternTarget(pattern=r"[\p{L}]{500}"),
        PatternTarget(pattern="\ud800"),
    ],
)
async def test_what_cannot_be_found_or_is_dangerous_is_refused(
    here: Remembering, target: MessageTarget | SpanTarget | PatternTarget
) -> None:
    """Nothing is written down, and the session stays as it was."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    with pytest.raises(RedactionTargetError):
        await here.redactions.request(session_id, target, **WHO)
    assert await here.redactions.of(session_id) == ()
    assert len(await here.memory.read(session_id)) == 1
    with pytest.raises(SessionNotFoundError):
        await here.redactions.request("session_1", target, **WHO)


async def test_what_is_forgotten_goes_with_its_summaries(here: Remembering) -> None:
    """It is not looked for elsewhere; asking again changes nothing."""
    session_id = await talked(
        here, message("use tabs"), message("use tabs"), summary("Tabs.", 1)
    )
    for _ in range(2):
        await here.redactions.forget(session_id, [1], actor="ada", reason="no more")

    items = await here.memory.read(session_id)
    assert contents(items) == [None, {"text": "use tabs"}, None]
    assert items[0].facts.erased is not None
    assert items[0].facts.erased["reason"] == "forgotten"
    events = await here.memory.sealing.telling.events(session_id)
    (erased,) = [one for one in events if isinstance(one, schema.MemoryErased)]
    assert (erased.items, erased.why) == ((1, 3), "no more")
    assert erased.effective_backups_by - erased.effective_live_at == timedelta(days=30)


async def test_what_a_summary_stands_for_can_go_without_it(here: Remembering) -> None:
    """Compacting erases the messages, and keeps what was made of them."""
    session_id = await talked(here, message("long"), summary("Short.", 1))
    await here.redactions.forget(session_id, [1], actor="nofx", reason="compacted")
    assert contents(await here.memory.read(session_id)) == [None, {"text": "Short."}]


async def test_a_session_does_not_end_before_its_redactions_are_everywhere(
    here: Remembering, copies: Copies, clock: FakeClock
) -> None:
    """What is to go elsewhere is known only with its key; then it may."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    copies.away = 1
    whole = MessageTarget(seqs=(1,))
    asked = await here.redactions.request(session_id, whole, **WHO)
    assert asked.status == "pending"

    with pytest.raises(SessionHeldError, match="not everywhere"):
        await here.mortality.end(session_id, actor="boss", reason="over")
    clock.jump(60)
    assert await here.redactions.take_up() == 1
    await here.mortality.end(session_id, actor="boss", reason="over")
    with pytest.raises(SessionNotFoundError):
        await here.memory.read(session_id)


async def test_a_session_that_is_over_waits_for_its_redactions(
    here: Remembering, copies: Copies, clock: FakeClock
) -> None:
    """It is not read any more, and ends when nothing is left anywhere."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    await copies.put(f"it is {SECRET}")
    copies.away = 1
    await here.redactions.request(session_id, MessageTarget(seqs=(1,)), **WHO)
    session = await here.memory.session(session_id)
    life = session.expires_at - clock.now()

    # The last alert goes out, and its hour passes.
    clock.jump(life.total_seconds() - 1800)
    await here.sweeper.sweep()
    clock.jump(3700)
    for _ in range(2):
        await here.sweeper.sweep()
    found = await here.store.get(session_id)
    assert found is not None
    assert found.key is not None
    assert await here.redactions.take_up() == 1
    assert SECRET not in str(await copies.texts())
    clock.jump(3600)
    await here.sweeper.sweep()
    ended = await here.store.get(session_id)
    assert ended is None or ended.key is None


async def test_whoever_serves_takes_up_what_is_due(
    here: Remembering, copies: Copies, clock: FakeClock
) -> None:
    """Every few seconds, and on when the database was away for a while."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    copies.away = 1
    asked = await here.redactions.request(session_id, MessageTarget(seqs=(1,)), **WHO)
    redactor = Redactor(here.redactions, clock=clock)
    running = asyncio.create_task(redactor.run())
    async with asyncio.timeout(30):
        while True:
            await clock.sleeping()
            found = await here.redactions.get(session_id, asked.id)
            if found.status == "complete":
                break
            await clock.advance(LOOK)
    redactor.stop()
    await running
    assert (found.attempts, found.sealed) == (1, None)


@pytest.mark.parametrize("is_held", [False, True])
@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_refusal_is_in_the_audit_for_it_tells_what_is_there(
    here: Remembering, *, is_held: bool, dry_run: bool
) -> None:
    """Whoever asks letter by letter would read a text that nobody saw them read."""
    session_id = await talked(here, message(f"it is {SECRET}"))
    if is_held:
        await here.mortality.hold(session_id, kind="legal", actor="ada", reason="so")
    pattern = "correct.*" if is_held else "wrong.*"
    refusal = SessionHeldError if is_held else RedactionTargetError

    with pytest.raises(refusal):
        await here.redactions.request(
            session_id,
            PatternTarget(pattern=pattern),
            actor="token:boss",
            reason=f"is it {SECRET}?",
            dry_run=dry_run,
        )

    entry = [one.events[0] for one in await here.audit.volume(1)][-1]
    assert isinstance(entry, schema.AuditRecorded)
    assert (entry.actor, entry.action) == ("token:boss", "memory.redact_refused")
    assert SECRET not in str(entry)
