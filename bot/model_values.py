"""The settings of language models, and how their names are written: values alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field, SecretStr
from pydantic_settings import NoDecode
from typing_extensions import override

from bot.setting_values import http_url, safe_for_tokens
from core.review.chat import Budget

RULES = "rules"
OPENAI, LOCAL = "openai", "local"
# The variable of each service's own key.
KEYS = {
    OPENAI: "NOFX_OPENAI_KEY",
    "anthropic": "NOFX_ANTHROPIC_KEY",
    "google": "NOFX_GOOGLE_KEY",
}
ANY_KEY = "NOFX_MODEL_KEY"
SECRET = frozenset({"model_key", "openai_key", "anthropic_key", "google_key"})
FORMS = "rules, openai:NAME, anthropic:NAME, google:NAME or local:PATH.gguf"

Model = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][\w.:/@+~, -]*$",
        max_length=500,
        description=f"{FORMS}; several of them, separated by commas, are asked in turn"
        " when one is away",
    ),
]
Models = Annotated[
    tuple[str, ...],
    NoDecode,
    Field(
        description=f"names that a repository or a command may choose besides: {FORMS},"
        " separated by commas"
    ),
]
Key = Annotated[SecretStr | None, Field(description="a key of the model's service")]
Url = Annotated[
    str | None,
    Field(
        description="the address of an OpenAI-compatible service, such as"
        " http://localhost:11434/v1; https where a key is sent beyond this machine"
    ),
]
Seconds = Annotated[
    float,
    Field(ge=1, le=3600, description="seconds for one answer of a model, 1 to 3600"),
]
# Some forty thousand changed lines: whoever may open a pull request may spend it.
MOST_TOKENS = 1_000_000
Tokens = Annotated[
    int,
    Field(
        ge=0,
        le=1_000_000_000,
        description="tokens in and out that one review may take, 0: any number",
    ),
]
Usd = Annotated[
    float,
    Field(
        ge=0,
        le=100_000,
        description="US dollars that one review may cost, 0: any sum",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """A provider and what it calls the model: `openai` and `gpt-5-mini`."""

    provider: str
    model: str

    @override
    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.provider}:{self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """What the settings say of language models.

    `model` is asked unless a run names one of `allowed`. `keys` holds the key of each
    provider that has one, `url` is where OpenAI-compatible questions go.
    """

    model: str = RULES
    allowed: tuple[str, ...] = ()
    keys: dict[str, SecretStr] = field(default_factory=dict)
    url: str | None = None
    seconds: float = 300.0
    budget: Budget = field(default_factory=Budget)


def names_in(text: str) -> tuple[ModelName, ...]:
    """Return the language models of a name such as `openai:a,local:b.gguf`, in order.

    Raises ValueError with what is wrong; `rules` is no language model.
    """
    return tuple(_name(part.strip()) for part in text.split(","))


def _name(part: str) -> ModelName:
    provider, colon, model = part.partition(":")
    if provider not in (*KEYS, LOCAL) or not colon or not model.strip():
        raise ValueError(f"{part!r} is not of the form {FORMS}")
    if provider == LOCAL and Path(model).suffix != ".gguf":
        raise ValueError(f"{part!r} does not end in .gguf")
    return ModelName(provider=provider, model=model.strip())


def keys_for(
    model: str, any_key: SecretStr | None, own: dict[str, SecretStr | None]
) -> dict[str, SecretStr]:
    """Return the key of each provider.

    A key that is not said to be one provider's is that of the first in `model` alone:
    no service is shown the key of another.
    """
    keys = {provider: key for provider, key in own.items() if key is not None}
    first = model.partition(":")[0]
    if any_key is not None and first in KEYS:
        keys.setdefault(first, any_key)
    return keys


class Given(Protocol):
    """The settings of language models, as they were given."""

    @property
    def model(self) -> str:
        """Return NOFX_MODEL."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """Return NOFX_MODELS."""
        ...

    @property
    def model_key(self) -> SecretStr | None:
        """Return NOFX_MODEL_KEY."""
        ...

    @property
    def openai_key(self) -> SecretStr | None:
        """Return NOFX_OPENAI_KEY."""
        ...

    @property
    def anthropic_key(self) -> SecretStr | None:
        """Return NOFX_ANTHROPIC_KEY."""
        ...

    @property
    def google_key(self) -> SecretStr | None:
        """Return NOFX_GOOGLE_KEY."""
        ...

    @property
    def model_url(self) -> str | None:
        """Return NOFX_MODEL_URL."""
        ...

    @property
    def model_seconds(self) -> float:
        """Return NOFX_MODEL_SECONDS."""
        ...

    @property
    def review_tokens(self) -> int:
        """Return NOFX_REVIEW_TOKENS."""
        ...

    @property
    def review_usd(self) -> float:
        """Return NOFX_REVIEW_USD."""
        ...


def options_of(given: Given) -> ModelOptions:
    """Return what the settings say of language models.

    Raises ValueError when their address would show a key to the network.
    """
    own = {
        OPENAI: given.openai_key,
        "anthropic": given.anthropic_key,
        "google": given.google_key,
    }
    keys = keys_for(given.model, given.model_key, own)
    check_url(given.model_url, keys)
    return ModelOptions(
        model=given.model,
        allowed=given.models,
        keys=keys,
        url=given.model_url.rstrip("/") if given.model_url else None,
        seconds=given.model_seconds,
        budget=Budget(tokens=given.review_tokens or None, usd=given.review_usd or None),
    )


def check_url(url: str | None, keys: Mapping[str, SecretStr]) -> None:
    """Raise ValueError when the address is none, or would show a key to the network."""
    if url is None:
        return
    try:
        http_url(url)
        if OPENAI in keys:
            safe_for_tokens(url)
    except ValueError as error:
        right = "an https address, or http on this machine or without a key"
        raise ValueError(
            f"NOFX_MODEL_URL cannot be used ({error}): it should be {right}."
        ) from None


def secrets_of(given: Given) -> tuple[SecretStr | None, ...]:
    """Return every key, for masking it."""
    services = (given.openai_key, given.anthropic_key, given.google_key)
    return (given.model_key, *services)
