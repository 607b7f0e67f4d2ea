"""The check of the reviewer: is it set up, and what it is."""

from bot.base import private_folder
from bot.doctor.results import Finding, fail, ok, warn
from bot.model_values import ModelOptions, options_of
from bot.models.catalog import Equipment, check_choices, make_chat, make_model
from bot.settings import Settings
from core.clock import Clock
from core.errors import ModelRefusedError
from core.review.chat import Chat, Question
from core.review.hunks import parse_diff
from core.review.reviewer import ReviewAnswer, ReviewRequest
from core.sandbox.sandbox import Sandbox
from core.secrets.finder import shared_finder

TRIAL = ReviewRequest(
    repository="nofx/doctor",
    title="Trial",
    description="",
    diff=parse_diff(b"--- /dev/null\n+++ b/trial.py\n@@ -0,0 +1 @@\n+TRIAL = 1\n"),
    files={"trial.py": b"TRIAL = 1\n"},
)
QUESTION = Question(
    orders="You are asked whether you are there. Answer with JSON.",
    material="Are you there?",
    name="answer",
    schema={
        "type": "object",
        "properties": {"there": {"type": "boolean"}},
        "required": ["there"],
        "additionalProperties": False,
    },
    most_output=1024,
)


async def check_model(
    settings: Settings, sandbox: Sandbox, clock: Clock, *, ask: bool = False
) -> Finding:
    """Make the reviewer and, when that costs nothing, have it review one line.

    With `ask` a language model is put one tiny question. Raises UnknownModelError,
    SettingsError, ModelExtraError, ModelFileError, UnavailableError.
    """
    options = options_of(settings)
    equipment = Equipment(
        sandbox=sandbox,
        finder=shared_finder(private_folder(settings.cache_dir)),
        clock=clock,
        options=options,
    )
    check_choices(equipment)
    model = make_model(settings.model, equipment)
    if not model.is_model:
        return judged_trial(model.name, await model.review(TRIAL))
    chat = make_chat(settings.model, equipment)
    try:
        found = ok(f"{chat.name} is set up.")
        if ask:
            found = await _asked(chat)
        return found if found.mend else _judged_budget(chat, options, found)
    finally:
        await equipment.servers.close()


def judged_trial(name: str, answer: ReviewAnswer) -> Finding:
    """Say whether a reviewer read the trial change."""
    if answer.unread:
        reasons = ", ".join(sorted(set(answer.unread.values())))
        return fail(
            f"{name} could not read a one-line change: {reasons}.",
            "Install nofx anew, with everything that its lock file names.",
        )
    return ok(f"{name} reviewed a trial change; no language model is set up.")


async def _asked(chat: Chat) -> Finding:
    try:
        reply = await chat.ask(QUESTION)
    except ModelRefusedError as error:
        return warn(f"{chat.name} is there, but: {error}", error.way_out)
    seconds = f"{reply.usage.wall_seconds:.1f} seconds"
    return ok(f"{reply.model} answered in {seconds}.")


def _judged_budget(chat: Chat, options: ModelOptions, found: Finding) -> Finding:
    """Say when a budget in dollars cannot be kept, for nobody knows the price."""
    if options.budget.usd is None or chat.price(1_000_000, 1_000_000) > 0:
        return found
    return warn(
        f"{found.detail} Its price is not known: NOFX_REVIEW_USD bounds nothing.",
        "Set NOFX_REVIEW_TOKENS, which bounds every model.",
    )
