"""Which reviewers there are, by the name in NOFX_MODEL."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.model_values import (
    ANY_KEY,
    FORMS,
    KEYS,
    LOCAL,
    OPENAI,
    RULES,
    ModelName,
    ModelOptions,
    names_in,
)
from bot.models.chats.access import Access
from bot.models.chats.fallbacks import Fallbacks
from bot.models.chats.hosted import HostedChat, check_installed
from bot.models.chats.local import LocalChat, LocalServers
from bot.models.language import LanguageReviewer
from bot.models.rules import RulesReviewer
from core.clock import Clock
from core.errors import SettingsError, UnknownModelError
from core.metrics.models import MODEL_NAMES
from core.review.chat import Chat
from core.review.reviewer import ReviewModel
from core.sandbox import Sandbox
from core.secrets import SecretFinder


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What reviewers are built from."""

    sandbox: Sandbox
    finder: SecretFinder
    clock: Clock
    options: ModelOptions = field(default_factory=ModelOptions)
    servers: LocalServers = field(default_factory=LocalServers)


def _rules(equipment: Equipment) -> ReviewModel:
    return RulesReviewer(
        sandbox=equipment.sandbox, finder=equipment.finder, clock=equipment.clock
    )


# Those that are no language models.
MODELS: Mapping[str, Callable[[Equipment], ReviewModel]] = {RULES: _rules}


def make_model(name: str, equipment: Equipment) -> ReviewModel:
    """Build the reviewer called `name`; nothing is asked yet.

    Raises UnknownModelError, also for a language model that the settings do not name,
    SettingsError without its key, ModelExtraError without its library, ModelFileError
    without its file.
    """
    make = MODELS.get(name)
    if make is not None:
        model = make(equipment)
    else:
        chat = make_chat(name, equipment)
        model = LanguageReviewer(
            chat, clock=equipment.clock, budget=equipment.options.budget
        )
    MODEL_NAMES.allow(model.name)
    return model


def make_chat(name: str, equipment: Equipment) -> Chat:
    """Build the language model called `name`, with its fallbacks; raises as above."""
    options = equipment.options
    written = _written(name, options)
    try:
        called = names_in(written) if written is not None else ()
    except ValueError:
        raise UnknownModelError(name=repr(name), known=FORMS) from None
    if not called:
        known = ", ".join(dict.fromkeys((*MODELS, *_choices(options))))
        raise UnknownModelError(name=repr(name), known=known)
    chats = [_chat(one, equipment) for one in called]
    return chats[0] if len(chats) == 1 else Fallbacks(chats)


def check_choices(equipment: Equipment) -> None:
    """Build every reviewer that the settings name, so that a wrong one is told now.

    Raises as `make_model` does.
    """
    for name in _choices(equipment.options):
        make_model(name, equipment)


def label(called: ModelName) -> str:
    """Return the name that people see: a file's without its folder."""
    if called.provider == LOCAL:
        return f"{LOCAL}:{called.model.rpartition('/')[2]}"
    return str(called)


def _choices(options: ModelOptions) -> Iterator[str]:
    yield options.model
    yield from options.allowed


def _written(name: str, options: ModelOptions) -> str | None:
    """Return how the settings write a name, which may be given as people see it."""
    for choice in _choices(options):
        if name == choice:
            return choice
        try:
            seen = ",".join(label(one) for one in names_in(choice))
        except ValueError:
            continue  # whoever chooses it is told
        if name == seen:
            return choice
    return None


def _chat(called: ModelName, equipment: Equipment) -> Chat:
    options = equipment.options
    if called.provider == LOCAL:
        return LocalChat(
            called, equipment.servers, seconds=options.seconds, clock=equipment.clock
        )
    check_installed(called)
    url = options.url if called.provider == OPENAI else None
    key = options.keys.get(called.provider)
    variable = KEYS[called.provider]
    if key is None and url is None:
        raise SettingsError(
            problems=f"{variable} is missing: {called} needs a key of its service, in"
            f" {variable}, or in {ANY_KEY} if it is the first in NOFX_MODEL."
        )
    access = Access(key=key, variable=variable, url=url, seconds=options.seconds)
    return HostedChat(called=called, access=access, clock=equipment.clock)
