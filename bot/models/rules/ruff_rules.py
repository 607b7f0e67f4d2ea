"""Which of ruff's rules are worth a remark in a review, and how much each matters.

The choice is ours alone: what a pull request brings as configuration is never read.
A rule is in when breaking it is likely a bug or a hole, whatever the house style; what
a formatter or a style guide would say is left to the repository's own linters.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.review.findings import Severity

SELECT = (
    "F",  # names that are not there, formats that do not fit, code that cannot run
    "E711,E712,E713,E714,E721,E722",  # comparisons and handlers that catch too much
    "E9",  # files that cannot be read as Python
    "W605",  # escapes that are becoming syntax errors
    "B",  # likely bugs
    "S",  # security
    "ASYNC",  # blocking calls on an event loop
    "PLE",  # errors
    "PLW",  # likely errors
    "T10",  # a debugger left in
    "LOG",  # logging calls that misbehave
    "YTT",  # version checks that break on the next Python
    "PIE794,PIE796",  # a field or a member defined twice
    "RUF006,RUF008,RUF009,RUF012,RUF016,RUF017,RUF018,RUF024,RUF034,RUF040",  # bugs
    "PLR0124,PLR1704,PLR1736",  # comparing with oneself, shadowing an argument
)
IGNORE = (
    "B008,B009,B010,B019,B027,B028,B905",  # habits of frameworks, or mere style
    "PLW0603,PLW0717,PLW1510,PLW2901",  # common and mostly meant
    "RUF012",  # every Django and pydantic class breaks it
    "S101",  # asserts: a matter of taste outside of tests, the point within
    "S108,S310,S404,S603,S606,S607",  # ask about every temporary path and child
)


@dataclass(frozen=True, slots=True)
class Weight:
    """How much a rule matters and how often it is right."""

    severity: Severity
    confidence: float


INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR

# The longest prefix of a rule's code decides.
WEIGHTS: Mapping[str, Weight] = {
    "": Weight(WARNING, 0.6),
    "invalid-syntax": Weight(ERROR, 0.95),  # Python itself refuses the file
    "ASYNC": Weight(WARNING, 0.7),  # stalls everyone, but only when awaited there
    "B": Weight(WARNING, 0.7),  # bugbear is opinionated, and mostly right
    "B006": Weight(WARNING, 0.85),  # one list shared by every call
    "B007": Weight(INFO, 0.8),  # untidy, not wrong
    "B011": Weight(INFO, 0.7),  # only under -O
    "B023": Weight(WARNING, 0.8),  # every closure sees the last value
    "B904": Weight(INFO, 0.8),  # the cause of an error is harder to find
    "E7": Weight(WARNING, 0.8),
    "F": Weight(WARNING, 0.9),  # pyflakes has almost no false alarms
    "F401": Weight(INFO, 0.9),  # harmless until someone relies on it
    "F541": Weight(INFO, 0.9),  # harmless
    "F601": Weight(WARNING, 0.9),
    "F632": Weight(ERROR, 0.95),  # identity of a literal is luck
    "F7": Weight(ERROR, 0.95),  # Python refuses these
    "F811": Weight(WARNING, 0.85),  # the first definition is lost
    "F821": Weight(ERROR, 0.9),  # raises NameError when it runs
    "F822": Weight(ERROR, 0.9),  # `from module import *` fails
    "F823": Weight(ERROR, 0.9),  # raises UnboundLocalError
    "F841": Weight(INFO, 0.85),  # dead, or a typo
    "PLE": Weight(ERROR, 0.85),  # fails when it runs
    "PLW": Weight(WARNING, 0.7),
    "S": Weight(WARNING, 0.6),  # depends on who controls the data
    "S102": Weight(WARNING, 0.8),  # exec
    "S104": Weight(INFO, 0.6),  # listening everywhere is often meant
    "S105": Weight(INFO, 0.4),  # told by the variable's name alone
    "S106": Weight(INFO, 0.4),
    "S107": Weight(INFO, 0.4),
    "S110": Weight(INFO, 0.7),  # swallowed errors
    "S112": Weight(INFO, 0.7),
    "S202": Weight(WARNING, 0.7),  # archives that write outside their folder
    "S307": Weight(WARNING, 0.8),  # eval
    "S311": Weight(INFO, 0.5),  # only matters for secrets
    "S5": Weight(ERROR, 0.8),  # transport security switched off
    "S506": Weight(ERROR, 0.85),  # YAML that builds any object
    "S602": Weight(ERROR, 0.8),  # a shell reads the command
    "S604": Weight(WARNING, 0.7),
    "S605": Weight(ERROR, 0.75),
    "S608": Weight(WARNING, 0.6),  # SQL put together from strings
    "S609": Weight(WARNING, 0.7),
    "S701": Weight(ERROR, 0.75),  # templates without escaping
    "T10": Weight(ERROR, 0.95),  # stops the program and waits
    "W605": Weight(WARNING, 0.95),
}

# In tests these are how tests are written: made-up passwords, chance, direct SQL.
FINE_IN_TESTS = (
    *("B011", "B015", "B017", "B018"),
    *("S105", "S106", "S107", "S110", "S112", "S113", "S311", "S324", "S608"),
)


def weight(code: str) -> Weight:
    """Return how much the rule with this code matters."""
    prefixes = (code[:length] for length in range(len(code), -1, -1))
    return next(WEIGHTS[prefix] for prefix in prefixes if prefix in WEIGHTS)


def is_security(code: str) -> bool:
    """Return whether the rule is one of the security rules, `S` and a number."""
    return code[:1] == "S" and code[1:].isdigit()
