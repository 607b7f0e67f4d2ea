"""Session memory: what there is of it, when it ends, and who was told."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedCounter, LateGauge

SCOPES = Bound("pull", "repository", "installation", "actor")
STATES = Bound("live", "ending")
CHANNELS = Bound("event", "http")
OUTCOMES = Bound("sent", "failed", "given_up")
REASONS = Bound("expired", "deleted", "redacted", "forgotten", "compacted", "orphaned")
USES = Bound("recall", "compare", "record")

SESSIONS = LateGauge(
    "nofx_sessions",
    "Sessions that are remembered, by state and scope, in the whole service. The same"
    " in every process that serves HTTP.",
    {"state": STATES, "scope": SCOPES},
)
EXPIRY = LateGauge(
    "nofx_session_expiry_timestamp_seconds",
    "When the first session of a scope ends, in seconds since 1970. The same in every"
    " process that serves HTTP.",
    {"scope": SCOPES},
)
LAG = LateGauge(
    "nofx_memory_sweep_lag_seconds",
    "For how long a session has been due that no sweeper looked at. The same in every"
    " process that serves HTTP.",
)
PENDING = LateGauge(
    "nofx_memory_redaction_pending_seconds",
    "For how long the oldest redaction has been pending that is not everywhere yet. The"
    " same in every process that serves HTTP.",
)
ALERTS = BoundedCounter(
    "nofx_memory_alerts_total",
    "Alerts before an end that this process sent, by channel and outcome.",
    {"channel": CHANNELS, "outcome": OUTCOMES},
)
ERASED = BoundedCounter(
    "nofx_memory_erased_total",
    "Items that this process erased, by reason.",
    {"reason": REASONS},
)
UNUSED = BoundedCounter(
    "nofx_memory_unused_total",
    "Times that a review or a comment went on without its memory, by what for.",
    {"use": USES},
)
