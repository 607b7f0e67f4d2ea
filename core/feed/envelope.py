"""An event as it goes over the wire: CloudEvents' attributes around the payload."""

from datetime import datetime
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from core.events.base import JSON
from core.events.schema import TYPES
from core.feed.page import FeedEntry

SCHEMA_PATH = "/events/schema"
# What a stream's noun is called in addresses.
PLACES = {
    "run": "/runs/",
    "pull": "/pulls/",
    "findings": "/findings/",
    "merge": "/merges/",
    "delivery": "/deliveries/",
    "writer": "/writers/",
    "session": "/sessions/",
    "audit": "/audit/",
    "keyring": "/keyrings/",
}


class Envelope(BaseModel):
    """One event of the feed; `id` is unique, and `position` is where it stands.

    Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md for all
    but the last four.
    """

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="`stream:seq.index`, the same for ever")
    source: str = Field(description="the stream, as the path of what it tells of")
    type: str
    subject: str | None = Field(description="`owner/name#7`, `owner/name` or null")
    time: datetime = Field(description="when it was decided")
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = Field(description="where `data` is described, if it is")
    position: int = Field(ge=1, description="its place in the order of all events")
    run_id: str | None = Field(description="the run whose story it belongs to")
    seq: int = Field(ge=1, description="the number of its commit in the stream")
    data: JSON


def envelope(entry: FeedEntry) -> Envelope:
    """Return an entry of the feed as it is shown to others."""
    known = TYPES.get(entry.type)
    return Envelope(
        id=entry.id,
        source=source_of(entry.stream),
        type=entry.type,
        subject=entry.about.subject,
        time=entry.time,
        dataschema=f"{SCHEMA_PATH}#/$defs/{known.__name__}" if known else None,
        position=entry.position,
        run_id=entry.run_id,
        seq=entry.seq,
        data=entry.data,
    )


def encoded(entry: FeedEntry) -> bytes:
    """Return the envelope as one line of JSON that is ASCII alone."""
    return envelope(entry).model_dump_json(ensure_ascii=True).encode("ascii")


def source_of(stream: str) -> str:
    """Return a stream as a URI reference, such as `/runs/run_01…`."""
    noun, _, name = stream.partition("/")
    place = PLACES.get(noun, f"/{quote(noun)}/")
    if noun in {"pull", "findings"}:
        name = name.replace("#", "/")
    return place + quote(name)
