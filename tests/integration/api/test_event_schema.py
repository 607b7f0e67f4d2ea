"""`GET /events/schema` describes what the API really sends."""

from typing import Any

from jsonschema import Draft202012Validator

from core.clock import SystemClock
from core.events.bus import Bus
from core.feed.feeder import Feeder
from core.live.controls import CONTROLS
from tests.fakes.api import ApiStage
from tests.fakes.stage import serving
from tests.fakes.streaming import feeding, happen, listening


async def described(api: ApiStage) -> dict[str, Any]:
    """Return the schema as it is served to whoever asks."""
    async with api.client.get("/events/schema") as response:
        assert response.status == 200
        assert response.content_type == "application/schema+json"
        schema: dict[str, Any] = await response.json(content_type=None)
        return schema


def valid(schema: dict[str, Any], name: str, value: Any) -> None:
    """Demand that a value is as one of the schema's definitions says."""
    whole = {**schema, "oneOf": [{"$ref": f"#/$defs/{name}"}]}
    Draft202012Validator(whole).validate(value)


async def test_the_events_of_a_run_are_as_the_schema_says(api: ApiStage) -> None:
    """Each in a page, by the whole schema and by the one that it names."""
    run_id = await api.stage.ask()
    async with serving(api.stage.worker()):
        await api.stage.until(run_id, "succeeded")
    clock = SystemClock()
    feeder = Feeder(api.stage.database, holder="test", clock=clock, bus=Bus())
    await feeder.feed_once()
    schema = await described(api)

    page = (await api.ask("/events", params={"limit": "500"})).body

    assert {"run.created", "step.finished"} <= {one["type"] for one in page["events"]}
    for event in page["events"]:
        Draft202012Validator(schema).validate(event)
        valid(schema, event["dataschema"].rpartition("/")[2], event["data"])


async def test_the_frames_of_a_stream_are_as_the_schema_says(api: ApiStage) -> None:
    """Events, and what is told of the stream itself."""
    schema = await described(api)
    async with feeding(api):
        await happen(api, "x/1", range(1, 4))
        async with listening(api, last_id="nonsense") as stream:
            await stream.until_live()
    assert stream.controls == ["stream.reset", "stream.live"]
    for message in stream.messages:
        if message.name == "message":
            Draft202012Validator(schema).validate(message.value)
        else:
            valid(schema, CONTROLS[message.name].__name__, message.value)
