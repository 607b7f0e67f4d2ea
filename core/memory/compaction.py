"""Lets a summary stand for messages, and say for which."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.errors import SessionMovedError, SessionRedactedError
from core.events import schema
from core.events.base import Payload
from core.memory.model import Draft, Facts, Item, Kind, Role, Source
from core.memory.pages import of_kinds
from core.memory.preferences import Forgetting
from core.memory.service import Memory

TALK = frozenset({Kind.MESSAGE, Kind.SUMMARY})
TRIES = 10
LONGEST_LINE = 200
LONGEST = 8000
Summarise = Callable[[Sequence[Item]], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What is to be read of a session: summaries, and what none of them stands for.

    `head` and `epoch` are the session's when it was read.
    """

    items: tuple[Item, ...]
    head: int
    epoch: int


async def conversation(memory: Memory, session_id: str) -> Conversation:
    """Return a session's conversation; raises what `Memory.read` raises.

    When a summary was erased, what it stood for is there again, if that was not.
    """
    chosen = await of_kinds(memory, session_id, TALK)
    stood_for = _stood_for(chosen.items)
    return Conversation(
        items=tuple(one for one in chosen.items if one.seq not in stood_for),
        head=chosen.opened.seq,
        epoch=chosen.epoch,
    )


class Compaction:
    """Puts a summary in the place of the older messages of a session."""

    def __init__(self, memory: Memory, forgetting: Forgetting) -> None:
        self._memory = memory
        self._forgetting = forgetting

    async def compact(
        self,
        session_id: str,
        summarise: Summarise,
        *,
        keep: int = 20,
        erase: bool = False,
        actor: str = "nofx",
    ) -> Facts | None:
        """Sum up all but the newest `keep` items of the conversation.

        None when there is nothing to sum up, or somebody else has done it meanwhile.
        With `erase` everything that summaries stand for is erased afterwards. Raises
        SessionRedactedError when something was redacted while it was written: then it
        was made from what must not be kept.
        """
        facts = await self._sum_up(session_id, summarise, keep=keep, actor=actor)
        if erase:
            chosen = await of_kinds(self._memory, session_id, TALK)
            gone = sorted(_stood_for(chosen.items) & {one.seq for one in chosen.items})
            if gone:
                await self._forgetting.forget(
                    session_id, gone, actor=actor, reason="compacted"
                )
        return facts

    async def _sum_up(
        self, session_id: str, summarise: Summarise, *, keep: int, actor: str
    ) -> Facts | None:
        read = await conversation(self._memory, session_id)
        old = read.items[: max(0, len(read.items) - keep)]
        if len(old) < 2:  # noqa: PLR2004  # one item is no shorter when summed up
            return None
        lineage = tuple(item.seq for item in old)
        draft = Draft(
            kind=Kind.SUMMARY,
            content={"text": await summarise(old)},
            role=Role.SYSTEM,
            source=Source.MODEL,
            author=actor,
            lineage=lineage,
            once=f"summary/{lineage[-1]}",
        )
        facts = await self._append(session_id, draft, read)
        if facts is None:
            return None
        await self._tell(session_id)
        return facts

    async def _append(
        self, session_id: str, draft: Draft, read: Conversation
    ) -> Facts | None:
        """Append the summary while what it stands for is still to be read."""
        at, wanted = read, set(draft.lineage)
        for _ in range(TRIES):
            try:
                (facts,) = await self._memory.append(
                    session_id, [draft], expected=at.head, epoch=read.epoch
                )
            except SessionMovedError:
                at = await conversation(self._memory, session_id)
                if at.epoch != read.epoch:
                    raise SessionRedactedError(session_id=session_id) from None
                if not wanted <= {item.seq for item in at.items}:
                    return None
            else:
                return facts
        return None

    async def _tell(self, session_id: str) -> None:
        """Tell of every summary that was not told of, also by one that crashed."""
        chosen = await of_kinds(self._memory, session_id, {Kind.SUMMARY})

        def untold(told: Sequence[Payload]) -> Sequence[Payload]:
            known = {
                one.summary for one in told if isinstance(one, schema.MemoryCompacted)
            }
            return [
                schema.MemoryCompacted(
                    session_id=session_id, summary=item.seq, lineage=item.facts.lineage
                )
                for item in chosen.items
                if item.seq not in known
            ]

        await self._memory.sealing.telling.tell(session_id, untold)


def _stood_for(items: Sequence[Item]) -> set[int]:
    return {
        seq
        for item in items
        if item.facts.kind is Kind.SUMMARY
        for seq in item.facts.lineage
    }


async def extract(items: Sequence[Item]) -> str:
    """Return the beginning of each message as a line, the newest when all are too long.

    This is the summary where no model writes one.
    """
    lines = [_line(item) for item in items]
    kept: list[str] = []
    room = LONGEST
    for line in reversed(lines):
        room -= len(line) + 1
        if room < 0:
            kept.append(f"({len(lines) - len(kept)} earlier ones are left out)")
            break
        kept.append(line)
    return "\n".join(reversed(kept))


def _line(item: Item) -> str:
    text = str((item.content or {}).get("text", ""))
    if item.facts.kind is Kind.SUMMARY:
        return text
    words = " ".join(text.split())
    short = words if len(words) <= LONGEST_LINE else words[: LONGEST_LINE - 1] + "…"
    return f"{item.facts.author or item.facts.role}: {short}"
