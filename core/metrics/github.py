"""Requests to GitHub, and what is left of its budgets."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedCounter, BoundedHistogram, LateGauge

METHODS = Bound("GET", "POST", "PATCH", "PUT", "DELETE")
STATUSES = Bound("2xx", "3xx", "4xx", "5xx", "none")
RESOURCES = Bound("core", "graphql", "search", "code_search", "integration_manifest")

REQUESTS = BoundedCounter(
    "nofx_github_requests_total",
    "Requests to GitHub by the class of the answer's status; none got no answer.",
    {"method": METHODS, "status": STATUSES},
)
REQUEST_SECONDS = BoundedHistogram(
    "nofx_github_request_seconds",
    "Time from sending a request to GitHub to its whole answer, waits left out.",
    {"method": METHODS},
)
REMAINING = LateGauge(
    "nofx_github_rate_limit_remaining",
    "Requests that GitHub still allows until the budget begins anew: the lowest over"
    " all installations that this process spoke for.",
    {"resource": RESOURCES},
)
