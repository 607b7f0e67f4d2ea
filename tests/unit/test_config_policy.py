"""What the base branch's configuration makes of a change: pure rules, case by case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pipeline.approving import reasons
from bot.pipeline.gating import checks_of
from bot.pipeline.overrides import Choices
from bot.pipeline.reported import Findings, Reviewer, report_of
from bot.pipeline.review import offered
from core.review.config import ApprovalFor, Gate, Paths, ReviewConfig
from core.review.config import Model as Chosen
from core.review.coverage import measure
from core.review.findings import Severity
from core.review.globs import Globs
from core.review.hunks import Diff, parse_diff
from core.review.report import Conclusion, CoverageState, ReviewReport
from core.review.reviewer import ReviewModel
from core.review.selection import excluded, without
from core.review.verify import Policy
from tests.fakes.commits import Story
from tests.fakes.reports import a_finding
from tests.fakes.scripted_model import ScriptedModel, saying

CUT = (("", "too many files"),)


def diff_of(*paths: str) -> Diff:
    """Return a diff that changes one line of each file."""
    one = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -1 +1 @@\n-old\n+new\n"
    return parse_diff("".join(one.format(path) for path in paths).encode())


def moved(old: str, new: str) -> Diff:
    """Return a diff that moves a file and changes a line of it."""
    head = f"diff --git a/{old} b/{new}\nsimilarity index 80%\nrename from {old}\n"
    body = f"rename to {new}\n--- a/{old}\n+++ b/{new}\n@@ -1 +1 @@\n-old\n+new\n"
    return parse_diff((head + body).encode())


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("docs/**", "docs/a/b.md", True),
        ("docs/", "docs/a/b.md", True),
        ("docs", "src/docs/a.md", True),
        ("/docs", "src/docs/a.md", False),
        ("*.pb.go", "api/v1/a.pb.go", True),
        ("src/*.py", "src/a/b.py", False),
        ("**", "anything", True),
    ],
)
def test_globs_are_those_of_gitignore(glob: str, path: str, *, matches: bool) -> None:
    """People know them from there."""
    assert Globs((glob,)).match(path) is matches


def test_a_glob_is_matched_in_linear_time() -> None:
    """A path made to be slow for such a glob is not: Python's engine needs minutes."""
    slow = Globs(("**/x/" * 40 + "y",))
    assert not slow.match("x/" * 2000 + "z")


def test_a_moved_file_is_left_out_only_at_both_names() -> None:
    """Else code could move out of sight, or in from there unseen."""
    paths = Paths(exclude=("vendor/**",))
    assert excluded(paths, moved("a.py", "vendor/a.py"), ()) == ()
    assert excluded(paths, moved("vendor/a.py", "a.py"), ()) == ()
    both = moved("vendor/a.py", "vendor/b.py")
    assert excluded(paths, both, ()) == ("vendor/b.py",)


def test_a_file_that_the_diff_does_not_show_is_left_out_too() -> None:
    """What nobody was to read does not make the rest a part."""
    paths = Paths(exclude=("*.lock",))
    hidden = (("big.lock", "too large"), ("big.py", "too large"), *CUT)
    assert excluded(paths, diff_of("a.py"), hidden) == ("big.lock",)


NAMES = st.lists(
    st.sampled_from(["a.py", "vendor/a.py", "docs/a.md", "b/vendor/c", "x.lock"]),
    unique=True,
)
GLOBS = st.lists(st.sampled_from(["vendor/**", "*.md", "/a.py", "**", "!a.py"]))


@given(NAMES, GLOBS, GLOBS)
def test_every_file_is_reviewed_or_named(
    names: list[str], include: list[str], exclude: list[str]
) -> None:
    """Whatever the globs, no hunk goes missing, and no count says otherwise."""
    diff = diff_of(*names) if names else Diff(files=())
    left_out = excluded(Paths(include=tuple(include), exclude=tuple(exclude)), diff, ())
    rest = without(diff, left_out)
    assert sorted([*left_out, *(file.path for file in rest.files)]) == sorted(names)
    coverage = measure(rest, {}, (), left_out)
    assert coverage.hunks_total + len(coverage.excluded) == len(names)
    nothing = bool(names) and len(left_out) == len(names)
    assert (coverage.state is CoverageState.NOT_REVIEWED) is nothing


def report(
    config: ReviewConfig, *, unread: bool = False, broken: bool = False
) -> ReviewReport:
    """Return the report of a change of one file, in which nothing was found."""
    found = Findings(
        diff=diff_of("a.py"),
        judged=(),
        missing=(),
        unread=(("a.py:0", "no budget"),) if unread else (),
        usage=None,
        config=config,
        config_broken=broken,
    )
    reviewer = Reviewer(name="rules", is_model=False)
    return report_of("run_1", found, reviewer=reviewer, fail_on=Severity.ERROR)


@pytest.mark.parametrize("partial", ["neutral", "failure", "action_required"])
@pytest.mark.parametrize("unread", [False, True])
@pytest.mark.parametrize("broken", [False, True])
def test_green_needs_everything_read_and_a_file_without_errors(
    partial: str, *, unread: bool, broken: bool
) -> None:
    """No policy makes green what was not read, or what nobody knows the wish for."""
    config = ReviewConfig.model_validate({"gate": {"partial": partial}})
    verdict = report(config, unread=unread, broken=broken).verdict
    green = verdict.conclusion is Conclusion.SUCCESS
    assert green is not (unread or broken)
    if unread:
        assert verdict.conclusion == partial


@pytest.mark.parametrize("model", [None, "scripted"])
def test_what_was_not_read_fails_the_readers_gate_where_that_is_wanted(
    model: str | None,
) -> None:
    """With a language model it is the model's, else the analyzers'."""
    config = ReviewConfig(gate=Gate(partial="failure"))
    checks = checks_of(
        report(config, unread=True),
        model=model,
        fail_on=Severity.ERROR,
        asks=None,
        blocking=True,
        partial="failure",
    )
    failed = [(one.gate, one.reason) for one in checks if one.outcome == "fail"]
    gate = "llm_review" if model else "static_analysis"
    assert failed == [(gate, "only 0 of 1 hunks were reviewed")]


def test_an_approval_is_asked_for_what_the_file_names() -> None:
    """Paths by either name, excluded or not; lines that were added and removed."""
    wanted = ApprovalFor(paths=("/.github/",), changed_lines=3, forks=True)
    assert reasons(wanted, diff_of("a.py"), (), fork=False) == ()
    assert reasons(wanted, diff_of("a.py", ".github/x.yml"), (), fork=True) == (
        "it comes from a fork",
        "it changes .github/x.yml",
        "it changes 4 lines, more than 3",
    )
    gone = moved(".github/x.yml", "x.yml")
    assert reasons(wanted, gone, (), fork=False) == ("it changes .github/x.yml",)


def test_what_nobody_can_see_has_to_be_approved() -> None:
    """A change that was cut by its size cannot be shown to be small."""
    diff = diff_of("a.py")
    by_size = ApprovalFor(changed_lines=100)
    assert reasons(ApprovalFor(), diff, CUT, fork=True) == ()
    assert reasons(by_size, diff, CUT, fork=False) == (
        "the change is too large to be seen whole",
    )
    assert reasons(by_size, diff, (("b.py", "too large"),), fork=False) == (
        "nobody can see how many lines of 1 file it changes",
    )
    by_path = ApprovalFor(paths=("b.py",))
    assert reasons(by_path, diff, (("b.py", "too large"),), fork=False) == (
        "it changes b.py",
    )


class Making:
    """Makes a model of any name, and remembers which were wanted."""

    def __init__(self) -> None:
        """Begin with none."""
        self.names: list[str] = []

    def __call__(self, name: str) -> ReviewModel:
        """Return a model that finds nothing."""
        self.names.append(name)
        return ScriptedModel(saying("[]"))


def test_a_repository_chooses_from_what_the_service_offers() -> None:
    """A branch wins over it, and what is not offered is told."""
    making, offers = Making(), ("openai:b",)
    choices = Choices(make=making, model="openai:a", policy=Policy(), offered=offers)
    for wanted in (None, "rules", "openai:b", "openai:c"):
        config = ReviewConfig(review=Chosen(model=wanted))
        choices.model_for(Story().run, config)
    assert making.names == ["openai:a", "rules", "openai:b", "openai:a"]
    refused = choices.refused(ReviewConfig(review=Chosen(model="openai:c")))
    assert refused == (
        "review.model: openai:c is not offered here, only rules, openai:a, openai:b"
    )


def test_what_fails_is_the_files_then_the_services() -> None:
    """The file's word wins where it says one."""
    choices = Choices(make=Making(), model="rules", policy=Policy())
    run = Story().run
    assert choices.policy_for(run, ReviewConfig()).fail_on is Severity.ERROR
    config = ReviewConfig(gate=Gate(fail_on=Severity.INFO))
    assert choices.policy_for(run, config).fail_on is Severity.INFO


def test_no_code_is_offered_to_a_fork() -> None:
    """The finding stays, and what it says."""
    one = a_finding().model_copy(update={"suggestion": "x = 1"})
    assert [left.suggestion for left in offered([one], fork=False)] == ["x = 1"]
    (kept,) = offered([one], fork=True)
    assert (kept.suggestion, kept.body) == (None, one.body)
