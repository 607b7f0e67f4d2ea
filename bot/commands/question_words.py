"""What nofx answers to questions about a change, cleaned as `bot.comments` cleans."""

from bot.naming import PREFIX
from bot.plain import counted
from core.errors import NofxError
from core.review.chat import Reply
from core.review.questions import Packed
from core.review.sanitize import clean_comment, clean_line, code_span
from core.runs.model import Run

SHORT_SHA = 7
LINE = 300


def answered(said: str, run: Run, reply: Reply, packed: Packed) -> str:
    """Return a model's answer, labelled with who said it and what it was shown."""
    sha = run.subject.head_sha[:SHORT_SHA]
    shown = f"{packed.shown} of {counted(packed.hunks, 'hunk')}"
    usage = reply.usage
    tokens = usage.tokens
    spent = f" · {tokens} tokens · ${usage.cost_usd:.4f}" if tokens else ""
    cut = "" if reply.finished else " It was cut off at its longest."
    return (
        f"A language model answers; it may be wrong, and its words decide nothing.{cut}"
        f"\n\n{clean_comment(said) or 'It said nothing.'}\n\n"
        f"<sub>{code_span(_plain(reply.model))} · {sha} · shown {shown}{spent}</sub>"
    )


def unanswered(error: NofxError) -> str:
    """Return why the model gave no answer, and what to do."""
    return f"There is no answer. {_line(str(error))} {_line(error.way_out)}"


def no_model() -> str:
    """Return the answer where rules alone review."""
    return (
        "Nobody here can answer: rules review this repository, and no language model is"
        " configured. `NOFX_MODEL` of the service names one."
    )


def no_question() -> str:
    """Return the answer to a question without words."""
    return f"Ask something: `{PREFIX} ask <question>`."


def unread() -> str:
    """Return the answer before any run has read the change."""
    return (
        f"No review has read this change so far: `{PREFIX} review` starts one."
        " Ask again when it has begun."
    )


def too_dear(model: str) -> str:
    """Return the answer where not even a part of the change fits the limits."""
    return (
        f"The question was not asked: with a part of this change it would be more than"
        f" {code_span(_plain(model))} reads at once, or more than the budget allows."
    )


def _plain(name: str) -> str:
    return clean_line(name, limit=LINE)


def _line(text: str) -> str:
    return clean_comment(clean_line(text, limit=LINE))
