"""Models in a file on this machine, for those who may send code nowhere.

llama.cpp's own server speaks as OpenAI's does, so the hosted chat asks it.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from typing_extensions import override

from bot.model_values import LOCAL, OPENAI, ModelName
from bot.models.chats import gguf, local_process
from bot.models.chats.access import Access
from bot.models.chats.hosted import HostedChat, check_installed
from bot.models.chats.local_process import LocalProcess
from core.clock import Clock
from core.review.chat import Chat, Question, Reply

# More would take gigabytes of memory beside the model, whatever it was made for.
MOST_CONTEXT = 16_384


@dataclass(frozen=True, slots=True)
class LocalServers:
    """The servers of this process: one a file, each started by its first question."""

    _by_path: dict[Path, LocalProcess] = field(default_factory=dict)

    def of(self, path: Path, label: str) -> LocalProcess:
        """Return a file's server; raises ModelFileError, ModelExtraError."""
        local_process.check_installed(label)
        if path not in self._by_path:
            context = min(gguf.trained_context(path), MOST_CONTEXT)
            self._by_path[path] = LocalProcess(label=label, path=path, context=context)
        return self._by_path[path]

    async def close(self) -> None:
        """End every server that runs."""
        for process in self._by_path.values():
            await process.close()


class LocalChat(Chat):
    """One file. Its folder is nobody's business, so the name is without it."""

    def __init__(
        self, called: ModelName, servers: LocalServers, *, seconds: float, clock: Clock
    ) -> None:
        path = Path(called.model).expanduser()
        label = f"{LOCAL}:{path.name}"
        served = ModelName(provider=OPENAI, model=path.name)
        check_installed(served)
        self._process = servers.of(path, label)
        access = Access(
            key=None,
            variable="",
            seconds=seconds,
            window=self._process.context,
            temperature=0.0,
        )
        self._hosted = HostedChat(
            called=served, access=access, clock=clock, label=label
        )

    @property
    @override
    def name(self) -> str:
        return self._hosted.name

    @property
    @override
    def context(self) -> int:
        return self._process.context

    @override
    def tokens(self, text: str) -> int:
        return self._hosted.tokens(text)

    @override
    def price(self, input_tokens: int, output_tokens: int) -> float:
        return 0.0

    @override
    async def ask(self, question: Question) -> Reply:
        async with self._process.turn:
            address = await self._process.address()
            hosted = self._hosted
            hosted.access = replace(hosted.access, url=address.url, key=address.key)
            return await hosted.ask(question)
