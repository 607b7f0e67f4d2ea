"""A check run as nofx wants it shown, held within GitHub's limits."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.github.clipping import CHECK_TEXT, clip
from core.errors import CheckDraftError

ANNOTATIONS_A_REQUEST = 50
MAX_ACTIONS = 3
LABEL, DESCRIPTION, IDENTIFIER = 20, 40, 20
TITLE = 255

Json = dict[str, Any]


class Conclusion(StrEnum):
    """How a check run can end; `stale` is GitHub's own to give."""

    ACTION_REQUIRED = "action_required"
    CANCELLED = "cancelled"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    SUCCESS = "success"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"


class Level(StrEnum):
    """How loud an annotation is."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A remark beside lines of a file at the head; lines count from 1."""

    path: str
    start_line: int
    end_line: int
    level: Level
    title: str
    message: str

    def payload(self) -> Json:
        """Return it as GitHub takes it: message in 64 KiB, title in 255 characters."""
        return {
            "path": self.path,
            "start_line": self.start_line,
            "end_line": self.end_line,
            "annotation_level": self.level.value,
            "title": self.title[:TITLE],
            "message": clip(self.message, CHECK_TEXT // 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAction:
    """A button on the check run; `identifier` comes back in the webhook.

    Raises CheckDraftError past GitHub's lengths: a cut label would be ours to regret.
    """

    label: str
    description: str
    identifier: str

    def __post_init__(self) -> None:
        limits = {"label": LABEL, "description": DESCRIPTION, "identifier": IDENTIFIER}
        for name, limit in limits.items():
            value: str = getattr(self, name)
            if not 1 <= len(value) <= limit:
                reason = (
                    f"an action's {name} has 1 to {limit} characters, not {value!r}"
                )
                raise CheckDraftError(reason=reason)

    def payload(self) -> Json:
        """Return it as GitHub takes it."""
        return {
            "label": self.label,
            "description": self.description,
            "identifier": self.identifier,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDraft:
    """What a check run says now.

    With a `conclusion` it is completed, without one `in_progress` once `started_at` is
    set, before that queued; so "completed without conclusion" cannot be said.
    Raises CheckDraftError when it has more than three actions.
    """

    name: str
    head_sha: str
    external_id: str
    title: str
    summary: str
    text: str = ""
    conclusion: Conclusion | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    details_url: str | None = None
    annotations: tuple[Annotation, ...] = ()
    actions: tuple[CheckAction, ...] = ()

    def __post_init__(self) -> None:
        if len(self.actions) > MAX_ACTIONS:
            reason = f"it has {len(self.actions)} actions, at most {MAX_ACTIONS} fit"
            raise CheckDraftError(reason=reason)
        if self.completed_at is not None and self.conclusion is None:
            raise CheckDraftError(reason="completed_at asks for a conclusion")

    @property
    def status(self) -> str:
        """Return GitHub's word: queued, in_progress or completed."""
        if self.conclusion is not None:
            return "completed"
        return "queued" if self.started_at is None else "in_progress"

    def payload(self) -> Json:
        """Return all but name, commit and annotations, as GitHub takes them."""
        known = {
            "external_id": self.external_id,
            "status": self.status,
            "conclusion": self.conclusion.value if self.conclusion else None,
            "started_at": _stamp(self.started_at),
            "completed_at": _stamp(self.completed_at),
            "details_url": self.details_url,
            "actions": [action.payload() for action in self.actions],
            "output": self.output(),
        }
        return {key: value for key, value in known.items() if value is not None}

    def output(self, annotations: tuple[Annotation, ...] = ()) -> Json:
        """Return title, summary and text, each cut to its limit, and `annotations`."""
        output: Json = {
            "title": self.title[:TITLE],
            "summary": clip(self.summary, CHECK_TEXT),
        }
        if self.text:
            output["text"] = clip(self.text, CHECK_TEXT)
        if annotations:
            output["annotations"] = [item.payload() for item in annotations]
        return output


def _stamp(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
