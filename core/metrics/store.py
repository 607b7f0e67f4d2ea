"""The database as its driver sees it: each operation by collection."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedCounter, BoundedHistogram

UNSENT = "unsent"
OPERATIONS = Bound(
    *("find", "getMore", "insert", "update", "delete", "findAndModify", "aggregate"),
    *("count", "distinct", "killCursors", "create", "createIndexes", "dropIndexes"),
    *("collMod", "listCollections", "listIndexes", "drop", "ping", "hello"),
    UNSENT,
)
# The schema names them when it is installed, at every start.
COLLECTIONS = Bound()

DATABASE_SECONDS = BoundedHistogram(
    "nofx_database_seconds",
    "Time from sending a command to the database to its answer; `other` stands for"
    " commands without a collection too.",
    {"operation": OPERATIONS, "collection": COLLECTIONS},
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
)
DATABASE_ERRORS = BoundedCounter(
    "nofx_database_errors_total",
    "Commands that failed as a whole or got no answer; unsent are those that found no"
    " server to be sent to.",
    {"operation": OPERATIONS},
)
