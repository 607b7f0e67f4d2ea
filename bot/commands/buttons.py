"""What the check run's own buttons bring about: Waive, Bundle; one answer each."""

from dataclasses import dataclass

from bot import comments
from bot.commands.bundles import BundleCommands
from bot.commands.deciding import PATIENCE, UNDER_WAY
from bot.commands.grammar import Verb
from bot.github.client import Connection, GitHubApp
from bot.github.comments import create_comment, find_comment, permission
from bot.github.markers import effect_marker
from bot.operations import Operations
from bot.pipeline.check_shown import BUNDLE, WAIVE
from bot.pipeline.github_source import connection
from bot.webhooks.event_types import CheckRunActionRequested
from bot.webhooks.outcome import Done, Ignored, Outcome
from core.errors import (
    ConflictError,
    GateNotReachedError,
    InputError,
    NotFoundError,
    RunNotFoundError,
)
from core.runs.gates import in_state, stands
from core.runs.model import Run
from core.runs.service import Runs

PRESSED = "pressed Waive"
FAILED = frozenset({"failed"})
VERBS = {WAIVE.identifier: Verb.WAIVE, BUNDLE.identifier: Verb.RCA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """Does what a button asks for the run of its check, for who may write."""

    runs: Runs
    operations: Operations
    bundles: BundleCommands
    app: GitHubApp

    async def pressed(
        self, event: CheckRunActionRequested, *, name: str, tries: int
    ) -> Outcome:
        """Do and answer; `name` is the press's own, `tries` counts its tries."""
        verb = VERBS.get(event.identifier)
        if verb is None:
            return Ignored(f"the check has no action {event.identifier}")
        run = await self._run(event)
        if run is None:
            return Ignored("no run of ours made this check")
        gh = await connection(self.app, run.subject)
        repository, number = run.subject.repository, run.subject.pull
        marker = effect_marker(f"press-{name}", "answer")
        if tries > 1:
            author = (await self.app.identity()).bot_login
            if await find_comment(gh, repository, number, marker, author):
                return Done()
        text = await self._do(gh, event, run, verb, tries=tries)
        await create_comment(gh, repository, number, text, marker=marker)
        return Done()

    async def _run(self, event: CheckRunActionRequested) -> Run | None:
        if event.external_id is None:
            return None
        try:
            run = await self.runs.load(event.external_id)
        except (RunNotFoundError, InputError):
            return None
        ours = run.subject.repository == event.repository and run.subject.pull
        return run if ours else None

    async def _do(
        self,
        gh: Connection,
        event: CheckRunActionRequested,
        run: Run,
        verb: Verb,
        *,
        tries: int,
    ) -> str:
        allowed = await permission(gh, event.repository, event.sender)
        if not allowed.may_write:
            return comments.may_not(event.sender, verb)
        try:
            if verb is Verb.RCA:
                return await self.bundles.about(run, actor=event.sender)
            return await self._waive(run, event.sender, tries=tries)
        except (InputError, NotFoundError, ConflictError) as error:
            return comments.refused(error)

    async def _waive(self, run: Run, actor: str, *, tries: int) -> str:
        failed = in_state(run.gates, FAILED)
        # GitHub shows a gate a moment before the run has it.
        if not failed and run.status in UNDER_WAY and tries < PATIENCE:
            raise GateNotReachedError(run_id=run.id, gate="that failed")
        for gate in failed:
            run = await self.operations.decide(
                run.id, gate, "waive", actor=actor, reason=PRESSED
            )
        # An earlier try may have waived some, and been cut off before it said so.
        waived = [
            gate
            for gate in run.gates
            if stands(run, gate, "waive", actor=actor, reason=PRESSED)
        ]
        if not waived:
            return comments.nothing_to_waive(run)
        await self.operations.show(run, "waive")
        return comments.decided(run, "waive", ", ".join(waived))
