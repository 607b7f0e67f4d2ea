"""The services that hosted models live at, and the library's way to each of them.

What speaks to one of them is imported for that one alone: the others' may be missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx2
from pydantic_ai.models import Model

# The libraries insist on a key. The real one is put into requests behind them.
NO_KEY = "see-transport"
# Where the newer name of the bound on an answer is known; elsewhere it is the older.
NEWER = (".openai.com", ".azure.com", ".microsoft.com")


@dataclass(frozen=True, slots=True)
class Service:
    """Where a provider listens, how a key is shown to it, how a model is made."""

    url: str
    proof: Callable[[str], Mapping[str, str]]
    make: Callable[[str, str, httpx2.AsyncClient], Model]


def _bearer(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


def _openai(name: str, url: str, client: httpx2.AsyncClient) -> Model:
    from openai import AsyncOpenAI  # noqa: PLC0415  # see the module
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415  # as above
    from pydantic_ai.profiles import openai as profiles  # noqa: PLC0415  # as above
    from pydantic_ai.providers import openai as own  # noqa: PLC0415  # as above
    from pydantic_ai.providers import openai_compatible as alike  # noqa: PLC0415

    speaker = AsyncOpenAI(
        api_key=NO_KEY, base_url=url, http_client=client, max_retries=0
    )
    host = httpx2.URL(url).host
    if host == "api.openai.com":
        return OpenAIChatModel(name, provider=own.OpenAIProvider(openai_client=speaker))
    newer = f".{host}".endswith(NEWER)
    return OpenAIChatModel(
        name,
        provider=alike.OpenAICompatibleProvider(
            "openai-compatible", openai_client=speaker
        ),
        profile=profiles.OpenAIModelProfile(
            openai_chat_supports_max_completion_tokens=newer
        ),
    )


def _anthropic(name: str, url: str, client: httpx2.AsyncClient) -> Model:
    from anthropic import AsyncAnthropic  # noqa: PLC0415  # see the module
    from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415  # as above
    from pydantic_ai.providers import anthropic as own  # noqa: PLC0415  # as above

    speaker = AsyncAnthropic(
        api_key=NO_KEY, base_url=url, http_client=client, max_retries=0
    )
    return AnthropicModel(
        name, provider=own.AnthropicProvider(anthropic_client=speaker)
    )


def _google(name: str, url: str, client: httpx2.AsyncClient) -> Model:
    from google.genai import Client  # noqa: PLC0415  # see the module
    from google.genai.types import HttpOptions  # noqa: PLC0415  # as above
    from pydantic_ai.models.google import GoogleModel  # noqa: PLC0415  # as above
    from pydantic_ai.providers import google as own  # noqa: PLC0415  # as above

    speaker = Client(
        vertexai=False,
        api_key=NO_KEY,
        http_options=HttpOptions(base_url=url, httpx_async_client=client),
    )
    return GoogleModel(name, provider=own.GoogleProvider(client=speaker))


SERVICES: Mapping[str, Service] = {
    "openai": Service("https://api.openai.com/v1", _bearer, _openai),
    "anthropic": Service(
        "https://api.anthropic.com", lambda key: {"x-api-key": key}, _anthropic
    ),
    "google": Service(
        "https://generativelanguage.googleapis.com",
        lambda key: {"x-goog-api-key": key},
        _google,
    ),
}
