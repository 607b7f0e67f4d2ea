"""Language models at a service: OpenAI's and all that speak like it, Anthropic, Google.

One library speaks to all of them. It takes two seconds to import, which only who asks
a model pays, and in a thread, so that nothing else waits for it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING

from typing_extensions import override

from bot.model_values import ModelName
from bot.models.chats.access import Access
from core.clock import Clock
from core.errors import ModelExtraError, ModelRefusedError, ModelUnavailableError
from core.review.chat import Chat, Question, Reply
from core.review.invisible import replace_halves
from core.review.reviewer import Usage
from core.review.sanitize import clean_line

# Only names for types: importing the library is what is put off.
if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse

    from bot.models.chats.services import Service

LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "openai": ("pydantic_ai", "openai"),
    "anthropic": ("pydantic_ai", "anthropic"),
    "google": ("pydantic_ai", "google.genai"),
}
# Bytes a token has at least, in code and in prose of today's vocabularies.
BYTES_PER_TOKEN = 3


@dataclass
class HostedChat(Chat):
    """One model at one service, without tools and without a memory."""

    called: ModelName
    access: Access
    clock: Clock
    label: str | None = None
    schemas: bool = field(default=True, init=False)

    @property
    @override
    def name(self) -> str:
        return self.label or str(self.called)

    @property
    @override
    def context(self) -> int:
        if self.access.window is not None:
            return self.access.window
        from bot.models.chats import prices  # noqa: PLC0415  # the list takes 0.2 s

        return prices.context(self.called.model, self.called.provider)

    @override
    def tokens(self, text: str) -> int:
        return -(-len(text.encode(errors="replace")) // BYTES_PER_TOKEN)

    @override
    def price(self, input_tokens: int, output_tokens: int) -> float:
        return self._price(self.called.model, input_tokens, output_tokens)

    @override
    async def ask(self, question: Question) -> Reply:
        service = await asyncio.to_thread(_service, self.called)
        began = perf_counter()
        try:
            async with asyncio.timeout(self.access.seconds):
                answer, sent, received = await self._answer(service, question)
        except TimeoutError:
            reason = f"no answer within {self.access.seconds:g} seconds"
            raise ModelUnavailableError(model=self.name, reason=reason) from None
        if answer.finish_reason == "content_filter":
            raise ModelRefusedError(model=self.name, reason=_refusal(answer))
        # JSON can spell half a character, which then no database and no file takes.
        text = replace_halves(
            "".join(part.content for part in answer.parts if part.part_kind == "text")
        )
        read = answer.usage.input_tokens or self.tokens(
            question.orders + question.material
        )
        written = answer.usage.output_tokens or self.tokens(text)
        usage = Usage(
            input_tokens=read,
            output_tokens=written,
            cost_usd=self._price(answer.model_name, read, written)
            or self.price(read, written),
            wall_seconds=perf_counter() - began,
        )
        return Reply(
            text=text,
            model=self.name,
            usage=usage,
            finished=answer.finish_reason != "length",
            bytes_sent=sent,
            bytes_received=received,
        )

    async def _answer(
        self, service: "Service", question: Question
    ) -> "tuple[ModelResponse, int, int]":
        """Ask with the schema where the service knows how to, else in words."""
        from pydantic_ai.exceptions import (  # noqa: PLC0415  # see the module
            ModelAPIError,
            UnexpectedModelBehavior,
        )

        from bot.models.chats import asking, failures  # noqa: PLC0415  # as above
        from bot.models.chats.transport import Traffic  # noqa: PLC0415  # as above

        traffic = Traffic()
        one = asking.Asking(
            service=service, called=self.called, access=self.access, traffic=traffic
        )
        try:
            try:
                answer = await one.put(question, schema=self.schemas)
            except ModelAPIError as error:
                if not (self.schemas and failures.about_schema(error)):
                    raise
                answer = await one.put(question, schema=False)
                self.schemas = False
        except ModelAPIError as error:
            # Not raised from it: what the service said may quote what it was shown.
            raise failures.meant(
                error,
                model=self.name,
                variable=self.access.variable,
                key=self.access.key.get_secret_value() if self.access.key else None,
                clock=self.clock,
            ) from None
        except UnexpectedModelBehavior:
            reason = "its answer is not one of such a service"
            raise ModelUnavailableError(model=self.name, reason=reason) from None
        return answer, traffic.sent, traffic.received

    def _price(self, model: str | None, input_tokens: int, output_tokens: int) -> float:
        if model is None or self.access.url is not None:
            return 0.0  # who is behind an address of somebody's own sets the price
        from bot.models.chats import prices  # noqa: PLC0415  # the list takes 0.2 s

        return prices.price(model, self.called.provider, input_tokens, output_tokens)


def check_installed(called: ModelName) -> None:
    """Raise ModelExtraError when what speaks to the provider is not installed."""
    for library in LIBRARIES[called.provider]:
        top = library.partition(".")[0]
        if find_spec(top) is None or find_spec(library) is None:
            raise ModelExtraError(model=called, library=library, extra="models")


def _service(called: ModelName) -> "Service":
    """Return the provider's service; the first call imports the library."""
    check_installed(called)
    import_module(f"pydantic_ai.models.{called.provider}")
    from bot.models.chats.services import SERVICES  # noqa: PLC0415  # see the module

    return SERVICES[called.provider]


def _refusal(answer: "ModelResponse") -> str:
    """Return what the model or its service says of why it does not answer."""
    details = answer.provider_details or {}
    said = details.get("refusal") or details.get("block_reason_message")
    return clean_line(str(said or "its service's filter stopped the answer"))
