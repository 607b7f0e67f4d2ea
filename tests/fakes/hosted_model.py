"""Three services of language models in one process, over real HTTP.

It speaks OpenAI's chat completions, Anthropic's messages and Google's generateContent,
each with the answers and the errors that the service is known for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import web

Json = dict[str, Any]
KEY = "sk-test-7Qm2Vw9ZpL4xN8cB1dF6"


class Fault(StrEnum):
    """What goes wrong instead of an answer."""

    RATE_LIMIT = "429"
    OVERLOADED = "529"
    BROKEN = "500"
    AWAY = "503"
    FORBIDDEN = "403"
    REFUSAL = "refusal"
    CUT = "cut"
    SLOW = "slow"
    DROPPED = "dropped"
    HALF = "half"
    GARBAGE = "garbage"
    NO_SCHEMA = "no schema"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "404"
    NO_CREDIT = "402"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as the service saw it."""

    provider: str
    model: str
    orders: str
    material: str
    schema: Json | None
    most_output: int | None
    headers: dict[str, str]
    body: Json


@dataclass
class HostedModel:
    """Answers with what `answers` returns, unless a fault is next in line."""

    answers: Callable[[Asked], str] = field(default=lambda _: '{"word": "yes"}')
    key: str | None = KEY
    faults: list[Fault] = field(default_factory=list)
    retry_after: str | None = "7"
    silence: float = 30.0
    asked: list[Asked] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    elsewhere: str = ""
    url: str = ""

    @property
    def openai_url(self) -> str:
        """Return the root of the OpenAI-compatible service."""
        return f"{self.url}/v1"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["HostedModel"]:
        """Serve on a free port of the loopback within the body."""
        site = web.Application(client_max_size=64_000_000)
        site.router.add_post("/v1/chat/completions", self._openai)
        site.router.add_post("/v1/messages", self._anthropic)
        site.router.add_post("/v1beta/models/{model}:generateContent", self._google)
        runner = web.AppRunner(site, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        orders = _said(body["messages"], ("system", "developer"))
        form = body.get("response_format") or {}
        asked = Asked(
            provider="openai",
            model=body["model"],
            orders=orders,
            material=_said(body["messages"], ("user",)),
            schema=(form.get("json_schema") or {}).get("schema"),
            most_output=body.get("max_completion_tokens") or body.get("max_tokens"),
            headers=dict(request.headers),
            body=body,
        )
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return await self._answer(request, asked, shown, _openai_answer, _openai_error)

    async def _anthropic(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        system = body.get("system") or ""
        form = (body.get("output_config") or {}).get("format") or {}
        asked = Asked(
            provider="anthropic",
            model=body["model"],
            orders=system if isinstance(system, str) else _parts(system),
            material=_said(body["messages"], ("user",)),
            schema=(form or body.get("output_format") or {}).get("schema"),
            most_output=body["max_tokens"],
            headers=dict(request.headers),
            body=body,
        )
        shown = request.headers.get("X-Api-Key", "")
        return await self._answer(
            request, asked, shown, _anthropic_answer, _anthropic_error
        )

    async def _google(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        options = body.get("generationConfig") or {}
        schema = options.get("responseJsonSchema") or options.get("responseSchema")
        asked = Asked(
            provider="google",
            model=request.match_info["model"],
            orders=_parts((body.get("systemInstruction") or {}).get("parts") or []),
            material="".join(_parts(one["parts"]) for one in body["contents"]),
            schema=schema,
            most_output=options.get("maxOutputTokens"),
            headers=dict(request.headers),
            body=body,
        )
        shown = request.headers.get("X-Goog-Api-Key", "")
        return await self._answer(request, asked, shown, _google_answer, _google_error)

    async def _answer(
        self,
        request: web.Request,
        asked: Asked,
        shown: str,
        made: Callable[[Asked, str, Fault | None], Json],
        error: Callable[[int, str], Json],
    ) -> web.StreamResponse:
        self.asked.append(asked)
        self.sent.append(await request.read())
        if self.key is not None and shown != self.key:
            said = f"Incorrect API key provided: {shown}"
            return web.json_response(error(401, said), status=401)
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.NO_SCHEMA and asked.schema is not None:
            self.faults.insert(0, fault)
            said = "response_format / output_config: json schema is not supported"
            return web.json_response(error(400, said), status=400)
        if fault is not None and fault.value.isdigit():
            status, said = int(fault.value), f"It went wrong for {shown}"
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return web.json_response(
                error(status, said), status=status, headers=headers
            )
        broken = await self._broken(request, fault)
        if broken is not None:
            return broken
        return web.json_response(made(asked, self.answers(asked), fault))

    async def _broken(
        self, request: web.Request, fault: Fault | None
    ) -> web.StreamResponse | None:
        """Do what is no answer of such a service at all."""
        match fault:
            case Fault.SLOW:
                await asyncio.sleep(self.silence)
                return None
            case Fault.DROPPED:
                return self._drop(request)
            case Fault.HALF:
                return await self._half(request)
            case Fault.GARBAGE:
                return web.Response(text="<html>Welcome</html>")
            case Fault.ELSEWHERE:
                return web.Response(status=307, headers={"Location": self.elsewhere})
            case _:
                return None

    @staticmethod
    def _drop(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    @staticmethod
    async def _half(request: web.Request) -> web.StreamResponse:
        """Promise a whole answer, and hang up after the half."""
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        answer.content_type = "application/json"
        await answer.prepare(request)
        await answer.write(b'{"choices": [')
        assert request.transport is not None
        request.transport.abort()
        return answer


def _openai_answer(asked: Asked, text: str, fault: Fault | None) -> Json:
    refused = fault is Fault.REFUSAL
    reason = "length" if fault is Fault.CUT else "stop"
    message = {
        "role": "assistant",
        "content": None if refused else text,
        "refusal": "I will not." if refused else None,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


def _openai_error(status: int, said: str) -> Json:
    codes = {
        401: "invalid_api_key",
        402: "insufficient_quota",
        404: "model_not_found",
        429: "rate_limit_exceeded",
    }
    return {"error": {"message": said, "type": "error", "code": codes.get(status)}}


def _anthropic_answer(asked: Asked, text: str, fault: Fault | None) -> Json:
    stops = {Fault.CUT: "max_tokens", Fault.REFUSAL: "refusal"}
    refused = fault is Fault.REFUSAL
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [] if refused else [{"type": "text", "text": text}],
        "stop_reason": stops.get(fault, "end_turn") if fault else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 20},
    }


def _anthropic_error(status: int, said: str) -> Json:
    types = {
        400: "invalid_request_error",
        401: "authentication_error",
        402: "billing_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
        529: "overloaded_error",
    }
    kind = types.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": said}}


def _google_answer(asked: Asked, text: str, fault: Fault | None) -> Json:
    refused = fault is Fault.REFUSAL
    reasons = {Fault.CUT: "MAX_TOKENS", Fault.REFUSAL: "SAFETY"}
    candidate: Json = {"index": 0, "finishReason": "STOP"}
    if fault in reasons:
        candidate["finishReason"] = reasons[fault]
    if not refused:
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 100,
            "candidatesTokenCount": 20,
            "totalTokenCount": 120,
        },
        "modelVersion": asked.model,
        "responseId": "r-1",
    }


def _google_error(status: int, said: str) -> Json:
    words = {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        429: "RESOURCE_EXHAUSTED",
        503: "UNAVAILABLE",
    }
    word = words.get(status, "INTERNAL")
    return {"error": {"code": status, "message": said, "status": word}}


def _said(messages: list[Json], roles: tuple[str, ...]) -> str:
    contents = [one["content"] for one in messages if one["role"] in roles]
    return "".join(one if isinstance(one, str) else _parts(one) for one in contents)


def _parts(parts: list[Json]) -> str:
    return "".join(str(part.get("text", "")) for part in parts)
