"""The names by which people see and call nofx at GitHub."""

PREFIX = "/nofx"
CHECK = "nofx review"
# Where a run is shown, below the address at which nofx is reached.
RUN_PAGE = "/center/runs/{run_id}"
