"""What GitHub answered, or did not answer, that ended a try.

Every rule here is certain when the error failed its step, likely when the step was not
done after it, possible when a later try got through.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from core.rca.cause import Cause
from core.rca.causes.blame import Blame, again, blamed
from core.rca.causes.faults import Fault
from core.rca.story import Story
from core.rca.words import sentence


def _asked(fault: Fault) -> str:
    method, path = fault.fact("method"), fault.fact("path")
    return " ".join(part for part in (method, path) if part) or "a request"


def _why(fault: Fault) -> str:
    reason = fault.fact("reason")
    return f" ({reason.rstrip('.')})" if reason else ""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One of GitHub's statuses: our code for it, what it means, what to do first."""

    code: str
    status: int
    means: str
    action: str

    def matches(self, fault: Fault) -> bool:
        """Return whether the fault is this refusal."""
        # A limit is told by 403 as well, and has a rule of its own.
        same = fault.failure.status == self.status and fault.code == "github_refused"
        return fault.code == self.code or same

    def of(self, name: str, story: Story) -> Iterator[Cause]:
        """Yield the cause of this name, when GitHub refused so."""
        blame = Blame(
            name=name,
            matches=self.matches,
            sentence=lambda fault: (
                f"GitHub refused {_asked(fault)} with {self.status}{_why(fault)} "
                f"{fault.where}: {self.means}."
            ),
            next_action=lambda fault: (
                self.action.format(
                    needed=fault.fact("needed", "what its permissions lack")
                )
                + f", then {again(story, fault.step)}."
            ),
        )
        return blamed(story, blame)


UNAUTHORIZED = _Refusal(
    "github_credentials",
    401,
    "it does not accept the App's credentials",
    "Check that NOFX_APP_ID and the private key belong to the same App at "
    "NOFX_GITHUB_URL and that this machine's clock is right (`nofx doctor` tells)",
)
FORBIDDEN = _Refusal(
    "github_permission",
    403,
    "the App may not do this",
    "Give the App {needed} on its settings page, let the owner of the installation "
    "accept it",
)
INVALID = _Refusal(
    "github_invalid",
    422,
    "the App's request does not suit GitHub",
    "Look at the request and at GitHub's answer in effects/exchanges.ndjson of the "
    "bundle and at the pull request as it is now",
)


def github_unauthorized(story: Story) -> Iterator[Cause]:
    """Find that GitHub does not accept who the App says it is: 401."""
    return UNAUTHORIZED.of("github_unauthorized", story)


def github_forbidden(story: Story) -> Iterator[Cause]:
    """Find that GitHub knows the App and does not let it: 403."""
    return FORBIDDEN.of("github_forbidden", story)


def github_not_found(story: Story) -> Iterator[Cause]:
    """Find that GitHub has no such thing, or hides it from the App: 404, 410."""
    blame = Blame(
        name="github_not_found",
        matches=lambda fault: fault.code == "github_not_found",
        sentence=lambda fault: (
            f"GitHub has nothing at {fault.fact('path', 'the address')} that the App "
            f"may see (404), {fault.where}: it was deleted, or the App is not "
            f"installed there."
        ),
        next_action=lambda fault: (
            f"Check that the App is installed on {story.run.subject.repository} and "
            f"that the pull request and its branch are still there, then "
            f"{again(story, fault.step)}."
        ),
    )
    return blamed(story, blame)


def github_invalid(story: Story) -> Iterator[Cause]:
    """Find that GitHub took the content of a request for unacceptable: 422."""
    return INVALID.of("github_invalid", story)


def github_rate_limited(story: Story) -> Iterator[Cause]:
    """Find that GitHub asked for silence, for longer than a call may sleep."""
    blame = Blame(
        name="github_rate_limited",
        matches=lambda fault: fault.code == "github_rate_limited",
        sentence=lambda fault: (
            f"GitHub's {fault.fact('kind', 'rate')} rate limit held until "
            f"{fault.moment('retry_at')} {fault.where}."
        ),
        next_action=lambda fault: (
            f"Nothing, when the run waits: it goes on by itself. Else "
            f"{again(story, fault.step)} after that moment; fewer runs at once "
            f"(NOFX_RUNS_PER_INSTALLATION) use the limit up more slowly."
        ),
    )
    return blamed(story, blame)


def github_unavailable(story: Story) -> Iterator[Cause]:
    """Find that GitHub did not answer, or with a status of 500 and more."""
    blame = Blame(
        name="github_unavailable",
        matches=lambda fault: fault.code == "github_unavailable",
        sentence=lambda fault: sentence(
            f"GitHub did not answer {_asked(fault)} {fault.where}: "
            f"{fault.fact('reason', 'no reason is known')}"
        ),
        next_action=lambda fault: (
            f"Look at https://www.githubstatus.com, and check NOFX_GITHUB_URL and the "
            f"network with `nofx doctor`; then {again(story, fault.step)}."
        ),
    )
    return blamed(story, blame)
