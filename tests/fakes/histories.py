"""Histories for the feed: several writers that append to each other's streams."""

import random
from collections import Counter
from typing import Any

from core.clock import Clock
from core.errors import ConcurrencyError
from core.events.commit import Commit, Draft
from core.events.journal import Journal
from core.events.schema import RunSuperseded
from core.feed.page import FeedEntry


async def append(
    journal: Journal,
    clock: Clock,
    stream: str,
    seq: int,
    *,
    events: int = 1,
    mark: str = "a" * 40,
) -> Commit:
    """Append a commit of some events, each of which names its place and the mark."""
    happened = tuple(
        RunSuperseded(by_run=f"{stream}:{seq}.{index}", head_sha=mark)
        for index in range(events)
    )
    draft = Draft(stream=stream, seq=seq, time=clock.now(), events=happened)
    return await journal.append(draft)


async def append_next(
    journal: Journal, clock: Clock, stream: str, **said: Any
) -> Commit:
    """Append at the end of a stream, wherever others have brought it meanwhile."""
    while True:
        seq = len(await journal.documents(stream)) + 1
        try:
            return await append(journal, clock, stream, seq, **said)
        except ConcurrencyError:
            continue


async def history(
    journals: list[Journal], clock: Clock, rng: random.Random, length: int
) -> list[str]:
    """Append commits of one to five events and return the events' ids."""
    seqs = dict.fromkeys([f"x/{n}" for n in range(5)], 0)
    ids: list[str] = []
    for _ in range(length):
        stream, events = rng.choice(list(seqs)), rng.choice([1, 1, 2, 5])
        seqs[stream] += 1
        await append(rng.choice(journals), clock, stream, seqs[stream], events=events)
        ids += [f"{stream}:{seqs[stream]}.{index}" for index in range(events)]
    return ids


def faults_in(entries: list[FeedEntry], wanted: set[str]) -> list[str]:
    """Return what is wrong with a whole feed that should hold these events."""
    found = [entry.id for entry in entries]
    said = [f"missing {one}" for one in sorted(wanted - set(found))]
    said += [f"unknown {one}" for one in sorted(set(found) - wanted)]
    said += [f"twice {one}" for one, times in Counter(found).items() if times > 1]
    places: dict[str, tuple[int, int]] = {}
    for position, entry in enumerate(entries, start=1):
        if entry.position != position:
            said.append(f"position {entry.position} instead of {position}")
        stream, _, place = entry.id.rpartition(":")
        seq, _, index = place.partition(".")
        here = (int(seq), int(index))
        if here <= places.get(stream, (0, 0)):
            said.append(f"{entry.id} after {places[stream]}")
        places[stream] = here
    return said
