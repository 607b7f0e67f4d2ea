"""`nofx work`: works on reviews without answering webhooks."""

import typer

from bot.cli.running import run


def work(context: typer.Context) -> None:
    """Work on reviews that another process has accepted.

    Both use one database: MONGODB_URL, or the embedded one in NOFX_DATA_DIR.
    NOFX_WORKERS says how many reviews are worked on at once. With NOFX_METRICS_PORT
    it answers Prometheus there.

    For example:

    ```
    NOFX_WORKERS=8 nofx work
    ```
    """
    run(context, lambda service, settings: service.work(settings), quiet=False)
