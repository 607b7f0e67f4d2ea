"""What people say about findings in comments: dismiss, resolve, dispute, explain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.commands import finding_words as words
from bot.commands.grammar import Command, Verb
from bot.github.client import Connection
from bot.github.comments import permission
from bot.github.pulls import get_pull
from bot.pipeline.state import Artifacts, State
from bot.webhooks.event_types import CommentEvent, ReviewCommentCreated
from core.audit.service import Audit
from core.errors import FindingNotFoundError, FindingUnclearError, FindingUnnamedError
from core.events import schema
from core.events.base import Payload
from core.review.ledger.model import Entry, Ledger, finding_id
from core.review.ledger.service import Findings, Word, one_named
from core.review.verify import Judged
from core.runs.service import Runs

WORDS: Mapping[Verb, Word] = {
    Verb.DISMISS: schema.FindingDismissed,
    Verb.RESOLVE: schema.FindingAddressed,
    Verb.DISPUTE: schema.FindingDisputed,
}
ABOUT_FINDINGS = frozenset({Verb.EXPLAIN, *WORDS})
LEAST_DIGITS = 6
MOST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCommands:
    """Answers about findings; each call is harmless when it is made again.

    Who dismisses or resolves was asked for write access before.
    """

    findings: Findings
    audit: Audit
    runs: Runs
    artifacts: Artifacts
    mask: Callable[[str], str]

    async def answer(self, gh: Connection, event: CommentEvent, asked: Command) -> str:
        """Do what is asked and return the answer.

        Raises FindingUnnamedError, FindingNotFoundError, FindingUnclearError,
        IllegalTransitionError.
        """
        ledger = await self.findings.of(event.repository, event.number)
        name, rest = _meant(event, asked, ledger)
        if asked.verb is Verb.EXPLAIN:
            return await self._explained(event, ledger, name)
        if asked.verb is Verb.DISPUTE and not await _may_dispute(gh, event):
            return words.may_not_dispute(event.author)
        reason = self.mask(" ".join(rest))[:MOST_REASON]
        if not reason:
            raise FindingUnnamedError(what="why", verb=asked.verb)
        entry = await self.findings.say(
            event.repository,
            event.number,
            one_named(ledger, name).fingerprint,
            WORDS[asked.verb],
            actor=event.author,
            reason=reason,
        )
        await self.audit.record(
            schema.AuditRecorded(
                actor=event.author,
                action=f"finding.{entry.state}",
                subject=finding_id(event.repository, event.number, entry.fingerprint),
                repository=event.repository,
                pull=event.number,
                reason=reason,
                facts={"comment": event.comment_id},
            )
        )
        return words.recorded(entry, ledger)

    async def replied(self, event: CommentEvent) -> None:
        """Note a person's reply to a remark of ours; it decides nothing."""
        if not isinstance(event, ReviewCommentCreated) or event.in_reply_to is None:
            return
        first, reply = event.in_reply_to, event.comment_id

        def decide(known: Ledger) -> Sequence[Payload]:
            entry = known.on_comment([first])
            if entry is None or reply in entry.replies:
                return ()
            name = entry.fingerprint
            noted = schema.FindingNoted(subject=name, reply=reply, actor=event.author)
            return (noted,)

        await self.findings.note(event.repository, event.number, decide)

    async def _explained(self, event: CommentEvent, ledger: Ledger, name: str) -> str:
        try:
            return words.explained(one_named(ledger, name), ledger)
        except FindingNotFoundError:
            found = await self._of_last_run(event, name)
        if not found:
            raise FindingNotFoundError(finding=name)
        if len(found) > 1:
            raise FindingUnclearError(finding=name, count=len(found))
        return words.put_aside(found[0])

    async def _of_last_run(self, event: CommentEvent, name: str) -> tuple[Judged, ...]:
        """Return what the last run found under this name, shown or not."""
        run = await self.runs.current(event.repository, event.number)
        if run is None:
            return ()
        state = State.of(await self.runs.state_of(run))
        if not state.judged_blob:
            return ()
        judged = await self.artifacts.judged(state)
        return tuple(one for one in judged if one.finding.fingerprint.startswith(name))


def _meant(
    event: CommentEvent, asked: Command, ledger: Ledger
) -> tuple[str, tuple[str, ...]]:
    """Return the name of the finding that is meant, and the words behind it.

    In the thread of a finding its name can be left out. Raises FindingUnnamedError.
    """
    first = asked.arguments[0].strip("`#,.:").lower() if asked.arguments else ""
    if len(first) >= LEAST_DIGITS and set(first) <= set("0123456789abcdef"):
        return first, asked.arguments[1:]
    entry: Entry | None = None
    if isinstance(event, ReviewCommentCreated) and event.in_reply_to is not None:
        entry = ledger.on_comment([event.in_reply_to])
    if entry is None:
        raise FindingUnnamedError(what="which finding is meant", verb=asked.verb)
    return entry.fingerprint, asked.arguments


async def _may_dispute(gh: Connection, event: CommentEvent) -> bool:
    if (await permission(gh, event.repository, event.author)).may_write:
        return True
    pull = await get_pull(gh, event.repository, event.number)
    return pull.author == event.author
