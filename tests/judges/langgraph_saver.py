"""LangGraph's checkpoint saver over our checkpoint store: an adapter for the judge."""

import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from typing_extensions import override

from core.events.base import JSON
from tests.judges.langgraph_threads import Stored, Thread, Threads


class JournalSaver(BaseCheckpointSaver[int]):
    """A thread is a stream, a checkpoint an event that carries its state.

    A namespace is the event's step and the first half of the checkpoint's id. Channel
    values are what LangGraph's serializer makes of them; everything else is JSON as it
    stands. Pruning looks at no delta channels: their history ends where it was cut.
    """

    def __init__(self, threads: Threads) -> None:
        super().__init__()
        self._threads = threads

    @override
    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        thread, namespace, parent = _place(config)
        told = get_checkpoint_metadata(config, metadata)
        values = checkpoint["channel_values"]
        state: JSON = {
            "checkpoint": {**checkpoint, "channel_values": {}},
            "values": {name: self._pack(value) for name, value in values.items()},
            "metadata": dict(told),
        }
        if "run_id" in told:
            await self._threads.join(told["run_id"], thread)
        await self._threads.capture(
            thread,
            f"{namespace}/{checkpoint['id']}",
            step=namespace,
            parent=f"{namespace}/{parent}" if parent else None,
            state=state,
        )
        return _config(thread, f"{namespace}/{checkpoint['id']}")

    @override
    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        thread, namespace, checkpoint_id = _place(config)
        state: JSON = {
            "writes": [
                [channel, WRITES_IDX_MAP.get(channel, place), self._pack(value)]
                for place, (channel, value) in enumerate(writes)
            ]
        }
        key = f"{namespace}/{checkpoint_id}"
        await self._threads.record(thread, key, state, task=task_id, path=task_path)

    @override
    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        thread, namespace, wanted = _place(config)
        held = await self._threads.read(thread)
        keys = _newest_first(held, namespace, wanted)
        return await self._tuple(thread, held, keys[0]) if keys else None

    @override
    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        if config is None:
            msg = "name a thread: the journal is read by stream, and lists no streams"
            raise NotImplementedError(msg)
        thread, _, wanted = _place(config)
        namespace = config["configurable"].get("checkpoint_ns")
        held = await self._threads.read(thread)
        end = get_checkpoint_id(before) if before else None
        given = 0
        for key in _newest_first(held, namespace, wanted):
            if end and key.rpartition("/")[2] >= end:
                continue
            found = await self._tuple(thread, held, key)
            if not (filter or {}).items() <= found.metadata.items():
                continue
            if limit is not None and given >= limit:
                return
            given += 1
            yield found

    @override
    async def adelete_thread(self, thread_id: str) -> None:
        held = await self._threads.read(thread_id)
        await self._threads.redact(thread_id, _gone(held, "delete"), "deleted")

    @override
    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        for run_id in run_ids:
            for thread in await self._threads.joined(run_id):
                held = await self._threads.read(thread)
                keys = [
                    key
                    for key, stored in held.checkpoints.items()
                    if await self._worked(stored) == run_id
                ]
                await self._threads.redact(thread, keys, f"run {run_id} deleted")

    @override
    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        await self._threads.copy(source_thread_id, target_thread_id)

    @override
    async def aprune(
        self, thread_ids: Sequence[str], *, strategy: str = "keep_latest"
    ) -> None:
        for thread in thread_ids:
            held = await self._threads.read(thread)
            await self._threads.redact(thread, _gone(held, strategy), strategy)

    async def _tuple(self, thread: str, held: Thread, key: str) -> CheckpointTuple:
        stored = held.checkpoints[key]
        state = await self._threads.state(stored)
        parents = stored.data["parents"]
        unpacked = {name: self._unpack(one) for name, one in state["values"].items()}
        values = {"channel_values": unpacked}
        return CheckpointTuple(
            config=_config(thread, key),
            checkpoint=cast("Checkpoint", state["checkpoint"] | values),
            metadata=state["metadata"],
            parent_config=_config(thread, parents[0]) if parents else None,
            pending_writes=await self._writes(held.writes.get(key, ())),
        )

    async def _worked(self, stored: Stored) -> str | None:
        """Return which run of LangGraph's made a checkpoint."""
        state = await self._threads.state(stored)
        run_id: str | None = state["metadata"].get("run_id")
        return run_id

    async def _writes(self, recorded: Sequence[Stored]) -> list[PendingWrite]:
        """Return each write once: the first, but the last of what is special."""
        kept: dict[tuple[str, str, int], PendingWrite] = {}
        for one in recorded:
            task, path = one.data["task"], one.data["path"]
            for channel, place, value in (await self._threads.state(one))["writes"]:
                if place < 0 or (path, task, place) not in kept:
                    write = (task, channel, self._unpack(value))
                    kept[path, task, place] = write
        return [kept[place] for place in sorted(kept)]

    def _pack(self, value: Any) -> list[str]:
        kind, data = self.serde.dumps_typed(value)
        return [kind, base64.b64encode(data).decode()]

    def _unpack(self, packed: Sequence[str]) -> Any:
        return self.serde.loads_typed((packed[0], base64.b64decode(packed[1])))


def _place(config: RunnableConfig) -> tuple[str, str, str | None]:
    """Return thread, namespace and checkpoint."""
    named = config["configurable"]
    return named["thread_id"], named.get("checkpoint_ns", ""), get_checkpoint_id(config)


def _config(thread: str, key: str) -> RunnableConfig:
    namespace, _, checkpoint_id = key.rpartition("/")
    return {
        "configurable": {
            "thread_id": thread,
            "checkpoint_ns": namespace,
            "checkpoint_id": checkpoint_id,
        }
    }


def _newest_first(
    held: Thread, namespace: str | None = None, wanted: str | None = None
) -> list[str]:
    """Return the checkpoints' keys by falling id, which rises with time."""
    split = [(*key.rpartition("/")[::2], key) for key in held.checkpoints]
    fitting = [
        (checkpoint_id, key)
        for own, checkpoint_id, key in split
        if namespace in {None, own} and wanted in {None, checkpoint_id}
    ]
    return [key for _, key in sorted(fitting, reverse=True)]


def _gone(held: Thread, strategy: str) -> set[str]:
    """Return what a strategy of pruning takes; raises ValueError for an unknown one."""
    if strategy == "delete":
        return {*held.checkpoints, *held.writes}
    if strategy == "keep_latest":
        oldest_first = reversed(_newest_first(held))
        latest = {key.rpartition("/")[0]: key for key in oldest_first}
        return held.checkpoints.keys() - latest.values()
    msg = f"no such strategy: {strategy}"
    raise ValueError(msg)
