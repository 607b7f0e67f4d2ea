"""What every command of `nofx runs` shares: asking, the options, JSON."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer

from bot.api.question import Question
from bot.cli.actor import at_keyboard
from bot.cli.running import run
from bot.terminal import emit

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from pydantic import BaseModel

A = TypeVar("A", bound="BaseModel")

RunId = Annotated[str, typer.Argument(help="The run's id.", metavar="RUN")]
AsJson = Annotated[
    bool, typer.Option("--json", help="For machines: what the API answers.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with your name.")]


def ask(
    context: typer.Context,
    method: str,
    path: str,
    *,
    ids: Mapping[str, str] | None = None,
    query: Mapping[str, str | None] | None = None,
    body: Mapping[str, Any] | None = None,
) -> "BaseModel":
    """Ask an endpoint; what is None in the query is left out."""
    given = {key: value for key, value in (query or {}).items() if value is not None}
    question = Question(
        method=method,
        path=path,
        actor=at_keyboard(),
        ids=ids or {},
        query=given,
        body=body or {},
    )
    return run(context, lambda service, settings: service.ask(settings, question))


def show(answer: "BaseModel", words: Callable[[A], str], *, as_json: bool) -> None:
    """Print an answer as JSON, or in words that command no terminal."""
    if as_json:
        emit(answer.model_dump_json(indent=2) + "\n")
    else:
        emit(words(cast("A", answer)))
