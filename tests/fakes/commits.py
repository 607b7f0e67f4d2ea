"""Commits made by hand, for the rules that never see a database."""

from collections.abc import Sequence
from dataclasses import fields

from typing_extensions import override

from core.errors import ConcurrencyError
from core.events.base import Payload
from core.events.commit import Commit, Draft
from core.events.journal import Journal
from core.runs import decide
from core.runs.evolve import fold
from core.runs.model import Run, Subject
from tests.fakes.clock import NOON

RUN_ID = "run_1"
WRITER = "w_1"
HEAD = "a" * 40
SUBJECT = Subject(repository="octo/hello", pull=7, head_sha=HEAD, base_sha="b" * 40)


def committed(draft: Draft) -> Commit:
    """Return the draft as a journal would have taken it."""
    values = {field.name: getattr(draft, field.name) for field in fields(Draft)}
    return Commit(**values, writer=WRITER, wseq=draft.seq, stored_hash=draft.hash())


class Story:
    """One run's commits as they are made; `run` is always their fold."""

    def __init__(self, subject: Subject = SUBJECT) -> None:
        self.commits = [committed(decide.first_draft(RUN_ID, subject, NOON))]

    @property
    def run(self) -> Run:
        """Return the run as it is now."""
        return fold(RUN_ID, self.commits)

    def add(self, *events: Payload) -> Run:
        """Append one commit of these events."""
        self.commits.append(committed(decide.draft(self.run, events, NOON)))
        return self.run

    def move(self, *transitions: str) -> Run:
        """Move the run along these rows, a commit each."""
        for name in transitions:
            self.add(decide.moved(self.run, name, actor="tester"))
        return self.run


class ListJournal(Journal):
    """A journal of plain lists, with the one rule that a sequence is taken once."""

    def __init__(self, *begun: Sequence[Commit]) -> None:
        self.streams = {commits[0].stream: list(commits) for commits in begun}

    @property
    @override
    def writer(self) -> str:
        return WRITER

    @override
    async def append(self, draft: Draft) -> Commit:
        commits = self.streams.setdefault(draft.stream, [])
        if draft.seq != len(commits) + 1:
            raise ConcurrencyError(stream=draft.stream, seq=draft.seq)
        commits.append(committed(draft))
        return commits[-1]

    @override
    async def read(self, stream: str) -> tuple[Commit, ...]:
        return tuple(self.streams.get(stream, ()))
