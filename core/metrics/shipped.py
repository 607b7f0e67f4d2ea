"""What goes with the metrics: a dashboard for Grafana, alerts for Prometheus."""

from pathlib import Path

_ROOM = Path(__file__).parent
DASHBOARD = _ROOM / "dashboard.json"
ALERTS = _ROOM / "alerts.yml"


def dashboard() -> str:
    """Return the dashboard as JSON; it asks for its data source itself."""
    return DASHBOARD.read_text("utf-8")


def alerts() -> str:
    """Return the rules as YAML, for `rule_files` of a Prometheus."""
    return ALERTS.read_text("utf-8")
