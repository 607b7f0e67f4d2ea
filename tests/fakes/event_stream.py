"""Reads server-sent events strictly, byte by byte if need be, as the standard says.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream.
"""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """What is dispatched to a listener: `name` is `message` unless the stream says."""

    name: str
    data: str
    last_id: str

    @property
    def value(self) -> Any:
        """Return the data as JSON."""
        return json.loads(self.data)


@dataclass
class StreamParser:
    """Takes bytes in any portions; `last_id` is what a client would come back with."""

    last_id: str = ""
    retry: int | None = None
    comments: int = 0
    _rest: bytes = b""
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _id: str = ""

    def __post_init__(self) -> None:
        self._id = self.last_id

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that these bytes complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [one for line in lines if (one := self._take(line)) is not None]

    def _take(self, line: bytes) -> Message | None:
        assert b"\r" not in line, "lines end in LF alone"
        text = line.decode("ascii")
        if not text:
            return self._dispatch()
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "":
                self.comments += 1
            case "event":
                self._name = value
            case "data":
                self._data.append(value)
            case "id":
                self._id = value
            case "retry":
                self.retry = int(value)
            case _:
                raise AssertionError(f"no field is called {name!r}")
        return None

    def _dispatch(self) -> Message:
        assert self._data, "each frame has data"
        self.last_id = self._id
        message = Message(self._name or "message", "\n".join(self._data), self._id)
        self._name, self._data = "", []
        return message
