"""Where a review goes: the form of `--format` to one place, further forms to files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.formats.form import Format
from core.errors import OptionsError

FORMS = frozenset(Format)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One form of a review and its file; None is standard output."""

    form: Format
    path: Path | None


def outputs_of(given: Sequence[str], form: Format) -> tuple[Output, ...]:
    """Return where each form goes, the files first.

    `FILE` takes what would be printed, `FORM=FILE` is written besides. Raises
    OptionsError for two places of what is printed, and for two forms in one file.
    """
    wanted = [_output(one, form) for one in given]
    plain = [one for one, is_plain in wanted if is_plain]
    files = [one for one, _ in wanted]
    if len(plain) > 1:
        reason = "--output without a form can be given once."
        raise OptionsError(reason=reason, command="review")
    if len({one.path for one in files}) < len(files):
        reason = "Each --output needs a file of its own."
        raise OptionsError(reason=reason, command="review")
    return (*files, *(() if plain else (Output(form=form, path=None),)))


def _output(text: str, form: Format) -> tuple[Output, bool]:
    """Return one output, and whether it takes what would be printed."""
    word, equals, rest = text.partition("=")
    if equals and word in FORMS and rest:
        return Output(form=Format(word), path=Path(rest)), False
    return Output(form=form, path=Path(text)), True
