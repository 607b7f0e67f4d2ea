"""What nofx answers about a run's bundle."""

from bot.naming import PREFIX
from core.rca.kept import Bundle
from core.review.sanitize import clean_comment, clean_line, code_span
from core.runs.model import Run

SHORT_SHA = 7
LINE = 600


def bundled(run: Run, bundle: Bundle, site: str | None) -> str:
    """Return why a run came out as it did, and where the whole story is.

    `site` is where people reach nofx; without it there is only a command.
    """
    command = f"`nofx rca download {run.id}`"
    where = command
    if site is not None:
        where = f"[{bundle.name}]({site}/runs/{run.id}/rca), or {command}"
    sha = run.subject.head_sha[:SHORT_SHA]
    about = f"Run {code_span(run.id)} on {sha} is **{run.status}**."
    return (
        f"**{_line(bundle.sentence)}**\n\n"
        f"Confidence: {_line(bundle.confidence)}. {_line(bundle.next_action)}\n\n"
        f"{about} All that it left: {where}."
    )


def not_done(run: Run) -> str:
    """Return the answer while a bundle takes its time."""
    return (
        f"The bundle of run {code_span(run.id)} is still being made. Ask again with"
        f" `{PREFIX} rca` in a minute."
    )


def _line(text: str) -> str:
    return clean_comment(clean_line(text, limit=LINE)).strip()
