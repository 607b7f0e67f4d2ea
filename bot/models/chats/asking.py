"""Puts one question to one service by the library, and closes what that opened."""

import json
from dataclasses import dataclass

import httpx2
from pydantic_ai.direct import model_request
from pydantic_ai.messages import ModelRequest, ModelResponse
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings

from bot.model_values import ModelName
from bot.models.chats.access import Access
from bot.models.chats.services import Service
from bot.models.chats.transport import OwnRoad, Traffic, client
from core.review.chat import Question

ONLY_JSON = (
    "Answer with one JSON value and nothing else, no code fence. It satisfies this"
    " JSON Schema, named {name}:\n{schema}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Where questions go, and what they are counted in."""

    service: Service
    called: ModelName
    access: Access
    traffic: Traffic

    async def put(self, question: Question, *, schema: bool) -> ModelResponse:
        """Ask; with `schema` the service holds the answer to it, if the model can.

        Raises the library's errors.
        """
        key, url = self.access.key, self.access.url or self.service.url
        proof = self.service.proof(key.get_secret_value()) if key is not None else {}
        road = OwnRoad(url=httpx2.URL(url), headers=proof, traffic=self.traffic)
        async with client(road, seconds=self.access.seconds) as http:
            model = self.service.make(self.called.model, url, http)
            held = schema and model.profile.get("supports_json_schema_output", False)
            return await model_request(
                model,
                [_request(question, held=held)],
                model_settings=_settings(question, self.access),
                model_request_parameters=_parameters(question, held=held),
            )


def _request(question: Question, *, held: bool) -> ModelRequest:
    orders = question.orders
    if not held:
        schema = json.dumps(question.schema, ensure_ascii=False)
        orders += "\n\n" + ONLY_JSON.format(name=question.name, schema=schema)
    return ModelRequest.user_text_prompt(question.material, instructions=orders)


def _parameters(question: Question, *, held: bool) -> ModelRequestParameters:
    if not held:
        return ModelRequestParameters(output_mode="text")
    return ModelRequestParameters(
        output_mode="native",
        output_object=OutputObjectDefinition(
            json_schema=question.schema, name=question.name
        ),
    )


def _settings(question: Question, access: Access) -> ModelSettings:
    # The library would explain its own frames to the model, before our orders; there
    # are none in one question, and a change could imitate what was explained.
    settings = ModelSettings(
        max_tokens=question.most_output, framing_announcement="never"
    )
    if access.temperature is not None:
        settings["temperature"] = access.temperature
    return settings
