"""`nofx serve`: answers GitHub's webhooks."""

from typing import Annotated

import typer

from bot.cli.running import run


def serve(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; else NOFX_HOST, else 127.0.0.1."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; else PORT, else 8080; 0 is any."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=64,
            help="Runs to work on at once; else NOFX_WORKERS, else 2;"
            " 0 leaves the work to `nofx work`.",
        ),
    ] = None,
) -> None:
    """Answer GitHub's webhooks and work on the reviews.

    For example:

    ```
    nofx serve --host 0.0.0.0 --port 8080
    nofx serve --workers 0
    ```
    """
    run(
        context,
        lambda service, settings: service.serve(
            settings,
            host=settings.host if host is None else host,
            port=settings.port if port is None else port,
            workers=settings.workers if workers is None else workers,
        ),
        quiet=False,
    )
