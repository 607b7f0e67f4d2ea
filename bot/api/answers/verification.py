"""The proof of a run's history as the API shows it."""

from pydantic import Field

from bot.api.answers.base import Shown


class VerificationDetail(Shown):
    """Whether a run's history is as it was written."""

    run_id: str
    intact: bool
    entries: int = Field(description="how many entries the history has")
    states: int = Field(description="how many states have the digest they should have")
    redacted: int = Field(description="how many states were erased on purpose")
    head: str | None = Field(description="the hash of the last entry")
    broken_seq: int | None = Field(description="the first entry that is not as it was")
    reason: str | None
