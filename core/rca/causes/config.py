"""Settings, overrides and programs of this machine that do not fit."""

from collections.abc import Iterator

from core.errors import (
    AnalyzerUnavailableError,
    InputError,
    McpServerError,
    PublisherMissingError,
    SandboxUnavailableError,
    code_of,
    kinds_of,
)
from core.rca.cause import Cause
from core.rca.causes.blame import Blame, again, blamed
from core.rca.story import Story
from core.rca.words import said, sentence

# Refusals of what is reviewed, which no setting mends.
OF_THE_CHANGE = frozenset(
    {
        *("git_read", "not_a_repository", "unknown_ref", "no_common_history"),
        *("empty_change", "event_file", "diff_syntax", "diff_too_large"),
        *("unsafe_path", "blob_not_json", "state_not_json", "state_too_deep"),
        *("state_unusable", "item_malformed", "item_too_large", "fork_memory"),
    }
)
CODES = frozenset(code_of(kind) for kind in kinds_of(InputError)) - OF_THE_CHANGE
# What a machine lacks that was not set up in full.
LACKING = frozenset(
    map(
        code_of,
        (
            SandboxUnavailableError,
            AnalyzerUnavailableError,
            PublisherMissingError,
            McpServerError,
        ),
    )
)


def configuration_invalid(story: Story) -> Iterator[Cause]:
    """Find that a setting, an override or a program of the machine does not fit.

    Certain when the error failed its step, likely when the step was not done after it,
    possible when it was.
    """
    overridden = ", ".join(sorted(story.run.overrides))
    blame = Blame(
        name="configuration_invalid",
        matches=lambda fault: fault.code in CODES | LACKING,
        sentence=lambda fault: sentence(
            f"The configuration does not fit {fault.where}: {said(fault.words, 300)}"
        ),
        next_action=lambda fault: (
            f"Mend it (`nofx doctor` checks every setting"
            f"{f'; this run has overrides of {said(overridden)}' if overridden else ''}"
            f"), start nofx again, then {again(story, fault.step)}."
        ),
    )
    return blamed(story, blame)
