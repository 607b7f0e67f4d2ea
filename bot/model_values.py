"""The settings of language models, and how their names are written: values alone."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import NoDecode
from typing_extensions import override

from bot.setting_values import http_url, is_loopback
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


def check_address(url: str, *, keyed: bool) -> str:
    """Return the address without a slash at its end.

    Raises ValueError when it is none, or would show a key to the network.
    """
    plain = http_url(url).rstrip("/")
    scheme, _, rest = plain.partition("://")
    host = rest.partition("/")[0].rpartition(":")[0] or rest.partition("/")[0]
    if keyed and scheme == "http" and not is_loopback(host.strip("[]")):
        raise ValueError("plain http would show the key to the network")
    return plain
