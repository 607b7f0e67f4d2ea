"""Where a finding can stand, from a reviewer's remark to what became of it."""

from core.events.machines import Machine, Transition

# Shown at GitHub, on a line or in the summary, and nobody is done with it.
OPEN = ("posted", "summarised", "disputed")
# A person's word that holds although the finding may be found again.
SETTLED = ("dismissed", "waived")
# Gone from the code; found again, it begins anew.
GONE = ("addressed", "outdated")

FINDING = Machine(
    "finding",
    (
        Transition("propose", (None,), "proposed"),
        Transition("verify", ("proposed",), "verified"),
        Transition("filter", ("proposed",), "filtered"),
        Transition("anchor", ("verified",), "anchored"),
        Transition("unanchor", ("verified",), "unanchored"),
        Transition("post", ("anchored",), "posted"),
        Transition("demote", ("anchored",), "unanchored"),
        Transition("summarise", ("unanchored",), "summarised"),
        Transition("address", OPEN, "addressed"),
        Transition("dispute", ("posted", "summarised"), "disputed"),
        Transition("dismiss", OPEN, "dismissed"),
        Transition("waive", OPEN, "waived"),
        Transition("outdate", OPEN, "outdated"),
    ),
)
