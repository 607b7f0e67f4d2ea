"""`nofx eval`: how good a model's reviews are, over changes with known answers."""

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.running import complain, guarded, run

evaluation = typer.Typer(
    name="eval",
    no_args_is_help=True,
    help="Learn how good a model's reviews are, over changes with known answers.",
)


class Benchmark(StrEnum):
    """The benchmarks that can be converted."""

    AACR = "aacr"
    MARTIAN = "martian"


@evaluation.callback()
def group() -> None:
    """Learn how good a model's reviews are, over changes with known answers."""


def run_cases(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of cases; without it, those that nofx ships."),
    ] = None,
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(help="As in NOFX_MODEL, once for each; else NOFX_MODEL's own."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write all scores to this file, as JSON.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Write a chart to this file, as SVG.")
    ] = None,
) -> None:
    """Let models review cases, and print how much of what is known they found.

    A case is a folder with `change.diff`, `case.json` (title, description, expected:
    text, path, start_line, line, severity) and, if need be, `files/` with the changed
    files. Every case walks the service's own pipeline; nothing is posted. A hosted
    model costs money for each: NOFX_REVIEW_USD and NOFX_REVIEW_TOKENS bound one case.

    For example:

    ```
    nofx eval run --model rules
    nofx eval run cases --model openai:gpt-5-mini --chart scores.svg
    ```
    """
    from bot.cli import evaluation_words  # noqa: PLC0415  # help must not wait for it
    from bot.evaluating.chart import chart as drawn  # noqa: PLC0415  # as above
    from bot.evaluating.evaluation import Evaluation  # noqa: PLC0415  # as above
    from bot.evaluating.folder import SHIPPED, read_cases  # noqa: PLC0415  # as above
    from bot.evaluating.results import as_json  # noqa: PLC0415  # as above
    from bot.terminal import emit, write_file  # noqa: PLC0415  # as above
    from core.review.evaluation.scores import together  # noqa: PLC0415  # as above

    cases = read_cases(folder or SHIPPED)
    done = run(
        context,
        lambda service, settings: service.evaluate(
            settings,
            Evaluation(
                models=tuple(dict.fromkeys(model or [settings.model])),
                cases=cases,
                seen=lambda name, one: complain(evaluation_words.seen(name, one)),
            ),
        ),
    )
    scores = [together(name, found) for name, found in done.items()]
    emit(evaluation_words.scores(scores))
    if output is not None:
        write_file(output, json.dumps(as_json(done), indent=2) + "\n")
    if chart is not None:
        write_file(chart, drawn(scores))


def convert(
    benchmark: Annotated[Benchmark, typer.Argument(help="Whose file it is.")],
    file: Annotated[Path, typer.Argument(help="The benchmark's own JSON.")],
    folder: Annotated[Path, typer.Argument(help="Where the cases are written.")],
    *,
    diffs: Annotated[
        Path | None,
        typer.Option(help="Folder with OWNER__NAME__NUMBER.diff (`gh pr diff`)."),
    ] = None,
    clones: Annotated[
        Path | None, typer.Option(help="Folder with OWNER/NAME, git repositories.")
    ] = None,
) -> None:
    """Write a benchmark of others as cases, with the code that is on this machine.

    AACR-Bench's positive_samples.json names commits, so clones will do; Martian's
    golden_comments name pull requests alone, so their diffs are needed. Nothing is
    downloaded.

    For example:

    ```
    nofx eval convert martian sentry.json cases --diffs diffs
    nofx eval convert aacr positive_samples.json cases --clones clones
    ```
    """
    from bot.evaluating.benchmarks import read_benchmark  # noqa: PLC0415  # as above
    from bot.evaluating.converting import Code  # noqa: PLC0415  # as above
    from bot.evaluating.converting import convert as converted  # noqa: PLC0415
    from bot.evaluating.folder import read_bytes  # noqa: PLC0415  # as above
    from bot.pipeline.changes import MAX_EVENT  # noqa: PLC0415  # as above
    from bot.settings import environment  # noqa: PLC0415  # as above

    entries = read_benchmark(benchmark.value, file, read_bytes(file, MAX_EVENT))
    code = Code(diffs=diffs, clones=clones, environ=environment())
    made = asyncio.run(converted(entries, folder, code))
    for label, reason in made.left_out.items():
        complain(f"{label}: {reason}")
    typer.echo(f"{made.written} of {len(entries)} pull requests are cases in {folder}.")


evaluation.command("run")(guarded(run_cases))
evaluation.command()(guarded(convert))
