"""The answers about what is remembered, cleaned as those of `bot.comments`.

What was remembered is repeated in lists alone, for an answer is remembered as well.
"""

from collections.abc import Sequence

from bot.naming import PREFIX
from bot.plain import counted
from bot.remembering import text_of
from core.errors import NofxError
from core.memory.preferences import Preference
from core.review.sanitize import clean_comment, clean_line, code_span

LINE = 600
SHOWN = 100
HERE, EVERYWHERE = "this pull request", "this repository"


def remembered(number: int, *, repository: bool) -> str:
    """Return the answer to what is remembered from now on."""
    option = " --repository" if repository else ""
    return (
        f"Remembered for {_where(repository=repository)} as preference {number}. "
        f"`{PREFIX} forget {number}{option}` erases it."
    )


def forgotten(count: int, *, repository: bool) -> str:
    """Return the answer to what was erased."""
    of = f"of {_where(repository=repository)}"
    return f"Forgotten: {counted(count, 'preference')} {of}. The texts are erased here."


def listed(own: Sequence[Preference], shared: Sequence[Preference] | None) -> str:
    """Return all preferences; the repository's are None where a fork asks."""
    parts = [_list(f"For {HERE}", own)]
    if shared is None:
        parts.append("What is remembered for the repository is not shown to a fork.")
    else:
        parts.append(_list(f"For {EVERYWHERE}, by `--repository`", shared))
    return "\n\n".join(parts)


def in_short() -> str:
    """Return what is remembered of such a list: not all of it a second time."""
    return "The preferences were listed."


def unusable(error: NofxError) -> str:
    """Return the answer when memory is off or away."""
    return f"Nothing can be remembered here now. {_line(str(error))}"


def _where(*, repository: bool) -> str:
    return EVERYWHERE if repository else HERE


def _list(title: str, kept: Sequence[Preference]) -> str:
    if not kept:
        return f"{title}: nothing is remembered."
    return "\n".join([f"{title}:", "", *map(_item, kept[:SHOWN])])


def _item(one: Preference) -> str:
    name = "" if one.name.startswith("comment-") else f"{code_span(one.name)}: "
    why = f", because {_line(one.why)}" if one.why else ""
    by = f"<sub>{code_span(one.set_by)} on {one.at:%Y-%m-%d}</sub>"
    return f"- **{one.number}** {name}{_line(text_of(one.value))}{why} {by}"


def _line(text: str) -> str:
    return clean_comment(clean_line(text, limit=LINE))
