"""What people ask the language model in comments about the change under review."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bot.commands import question_words as words
from bot.commands.grammar import Command
from bot.models.language import LanguageReviewer
from bot.pipeline.asking import counted
from bot.pipeline.overrides import Choices
from bot.pipeline.state import Artifacts, State
from bot.webhooks.event_types import CommentEvent
from core.audit.service import Audit
from core.errors import NofxError, UnavailableError
from core.events import schema
from core.review.chat import Reply
from core.review.questions import About, answer_in, packed
from core.runs.model import Run
from core.runs.service import Runs
from core.runs.work import Key, Work, key_of

KIND = "answer"
# So often a model that is away is asked again before a person is told.
PATIENCE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A question for a model; `key` names its answer."""

    model: LanguageReviewer
    asked: str
    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionCommands:
    """Puts one question to the model of the pull request's current run.

    It sees what that run has read, without the secrets in it, and has no tools. An
    answer that was given once is kept, so that no comment is answered twice.
    """

    runs: Runs
    choices: Choices
    artifacts: Artifacts
    work: Work
    audit: Audit
    mask: Callable[[str], str]

    async def answer(self, event: CommentEvent, asked: Command, *, tries: int) -> str:
        """Return the model's answer, or why there is none.

        Raises UnavailableError while the model is away, at first.
        """
        key = key_of((KIND, event.repository, str(event.comment_id)))
        known = (await self.work.done([key])).get(key)
        if known is not None:
            return str(known["text"])
        run = await self.runs.current(event.repository, event.number)
        if run is None:
            return words.unread()
        state = State.of(await self.runs.state_of(run))
        model = self.choices.model_for(run, state.config)
        if not isinstance(model, LanguageReviewer):
            return words.no_model()
        question = self.mask(" ".join(asked.arguments))
        if not question:
            return words.no_question()
        return await self._put(
            event, run, state, Put(model=model, asked=question, key=key), tries
        )

    async def _put(
        self, event: CommentEvent, run: Run, state: State, put: Put, tries: int
    ) -> str:
        about = await self._about(state)
        if about is None:
            return words.unread()
        budget = put.model.budget_for(state.config)
        fitting = await asyncio.to_thread(
            packed, put.asked, about, put.model.chat, budget
        )
        if fitting is None:
            return words.too_dear(put.model.name)
        try:
            chat = put.model.chat
            reply = await counted(chat.name, chat.ask(fitting.question))
        except UnavailableError as error:
            if tries < PATIENCE:
                raise
            return words.unanswered(error)
        except NofxError as error:
            return words.unanswered(error)
        said = self.mask(await asyncio.to_thread(answer_in, reply.text))
        text = words.answered(said, run, reply, fitting)
        # First the audit: it may stand twice after a crash, but never be missing.
        await self._audit(event, run, reply)
        await self.work.keep(KIND, run.id, {put.key: {"text": text}})
        return text

    async def _about(self, state: State) -> About | None:
        """Return what a run has read of the change, None before it has."""
        if not state.diff_blob:
            return None
        diff = await self.artifacts.diff(state)
        return About(title=state.title, description=state.description, diff=diff)

    async def _audit(self, event: CommentEvent, run: Run, reply: Reply) -> None:
        usage = reply.usage
        await self.audit.record(
            schema.AuditRecorded(
                actor=event.author,
                action="model.asked",
                subject=f"run/{run.id}",
                repository=event.repository,
                pull=event.number,
                facts={
                    "comment": event.comment_id,
                    "model": reply.model,
                    "tokens": usage.tokens,
                    "usd": f"{usage.cost_usd:.6f}",
                },
            )
        )
