"""`nofx metrics`: the dashboard and the alerts that go with `/metrics`."""

import typer

from bot.cli.running import guarded
from bot.terminal import emit
from core.metrics import shipped

metrics = typer.Typer(
    name="metrics",
    no_args_is_help=True,
    help="Print the dashboard and the alerts that belong to `/metrics`.",
)


def dashboard() -> None:
    """Print the dashboard for Grafana; import it, and choose your Prometheus there.

    For example:

    ```
    nofx metrics dashboard > nofx-dashboard.json
    ```
    """
    emit(shipped.dashboard())


def alerts() -> None:
    """Print the alerts as a file of rules for Prometheus.

    For example:

    ```
    nofx metrics alerts > /etc/prometheus/nofx-alerts.yml
    ```
    """
    emit(shipped.alerts())


for command in (dashboard, alerts):
    metrics.command()(guarded(command))
