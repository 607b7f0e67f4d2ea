"""What the database and the disk under it did not give, or take."""

import errno
import re
from collections.abc import Iterator

from core.events import schema
from core.rca.cause import Cause, Confidence
from core.rca.causes.blame import Blame, again, blamed, surest
from core.rca.causes.faults import Fault, shown
from core.rca.story import Story, Told
from core.rca.words import said, sentence

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# What systems and databases say of a full disk.
FULL_WORDS = re.compile(
    r"no space left on device|disk quota exceeded|out ?of ?disk ?space|disk is full"
    r"|database or disk is full",
    re.IGNORECASE,
)
AWAY = frozenset(
    {"store_unavailable", "embedded_server_failed", "embedded_server_missing"}
)
ERASED = frozenset({"blob_corrupt", "blob_not_found", "blob_redacted"})
UNREADABLE = ERASED | {"checkpoint_redacted", "broken_chain"}
CANNOT = "its last checkpoint cannot be read"


def disk_full(story: Story) -> Iterator[Cause]:
    """Find that there was no room on a disk, here or under the database.

    Certain when the error failed its step, likely when the step was not done after it,
    possible when it was.
    """
    blame = Blame(
        name="disk_full",
        matches=is_full,
        sentence=lambda fault: sentence(
            f"There was no room left on a disk {fault.where}"
            f"{f' at {fault.failure.place}' if fault.failure.place else ''}: "
            f"{errno.errorcode.get(fault.failure.errno or 0) or said(fault.words)}"
        ),
        next_action=lambda fault: (
            f"Free some space under NOFX_DATA_DIR, the temporary folder and the "
            f"database (`nofx doctor` tells), then {again(story, fault.step)}."
        ),
        explains=frozenset(
            {"database_lost", "worker_crashed", "losses_exhausted", "lease_lost"}
        ),
    )
    return blamed(story, blame)


def database_lost(story: Story) -> Iterator[Cause]:
    """Find that the database did not answer, in a step or to a worker that left.

    Certain when the error failed its step, likely when the step was not done after it,
    possible when it was.
    """
    blame = Blame(
        name="database_lost",
        matches=lambda fault: fault.code in AWAY and not is_full(fault),
        sentence=lambda fault: sentence(
            f"The database did not answer {fault.where}: "
            f"{fault.fact('reason') or said(fault.words)}"
        ),
        next_action=lambda fault: (
            f"Check MONGODB_URL and that the server runs (`nofx doctor` tells), then "
            f"{again(story, fault.step)}."
        ),
        explains=frozenset(
            {"losses_exhausted", "lease_lost", "worker_fenced", "worker_killed"}
        ),
    )
    return blamed(story, blame)


def checkpoint_unreadable(story: Story) -> Iterator[Cause]:
    """Find that a state or an artifact that the run needs is gone or damaged.

    Certain when the run ended because of it, or the error failed its step; else as
    every error.
    """
    blame = Blame(
        name="checkpoint_unreadable",
        matches=lambda fault: fault.code in UNREADABLE,
        sentence=lambda fault: sentence(
            f"What the run had kept could not be read {fault.where}: "
            f"{said(fault.words)}"
        ),
        next_action=lambda _: (
            f"If nobody redacted it, check the disk and the database; "
            f"`nofx runs verify {story.run.id}` tells whether the history still proves "
            f"itself, {again(story)} begins from the start."
        ),
    )
    return surest(_unread(story), blamed(story, blame))


def is_full(fault: Fault) -> bool:
    """Return whether an error says that a disk is full."""
    return fault.failure.errno in FULL or bool(
        FULL_WORDS.search(f"{fault.words} {fault.fact('reason')}")
    )


def _unread(story: Story) -> Iterator[Cause]:
    for told in story.told:
        if CANNOT in _failed_for(told):
            yield Cause(
                name="checkpoint_unreadable",
                sentence=sentence(
                    f"The run could not go on: {said(_failed_for(told), 300)}"
                ),
                confidence=Confidence.CERTAIN,
                next_action=(
                    f"If nobody redacted it, check the disk and the database; "
                    f"{again(story)} begins from the start."
                ),
                evidence=(shown(told, said(_failed_for(told))),),
                began_at=told.time,
                explains=frozenset({"first_error"}),
            )


def _failed_for(told: Told) -> str:
    event = told.event
    failed = isinstance(event, schema.RunStateChanged) and event.transition == "fail"
    return event.reason if failed and isinstance(event, schema.RunStateChanged) else ""
