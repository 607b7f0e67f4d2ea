"""The audit over the API: for supervisors, of what they may see, with its head."""

import pytest

from core.audit.places import Head
from core.audit.proof import AuditProver
from core.events import schema
from core.feed.round import Pace, Round
from tests.fakes.api import ApiStage


def entry(
    repository: str | None, action: str = "memory.read", actor: str = "ada"
) -> schema.AuditRecorded:
    """Return an entry about a repository, or about none."""
    return schema.AuditRecorded(
        actor=actor, action=action, subject="session/s", repository=repository
    )


async def test_entries_about_unseen_repositories_are_left_out(api: ApiStage) -> None:
    """So are those about none, such as a key's, for who does not see everything."""
    for repository in ("octo/hello", "octo/other", None):
        await api.base.audit.record(entry(repository))
    secret = await api.token("supervise", repositories=["octo/hello"])

    some = await api.ask("/audit", secret=secret)
    all_of_them = await api.ask("/audit")

    assert [one["repository"] for one in some.body["entries"]] == ["octo/hello"]
    assert len(all_of_them.body["entries"]) == 3
    assert some.body["head"] == all_of_them.body["head"]


async def test_the_head_is_one_that_a_proof_takes(api: ApiStage) -> None:
    """Whoever keeps it elsewhere can hold the chain against it."""
    await api.base.audit.record(entry(None))
    kept = (await api.ask("/audit")).body["head"]
    await api.base.audit.record(entry(None))

    proof = await AuditProver(api.base.runs.journal).prove(Head.of(kept))

    assert (proof.entries, proof.anchored) == (2, True)


async def test_pages_are_gone_through_by_next(api: ApiStage) -> None:
    """Oldest first behind `after`, newest first before `before`."""
    for number in range(5):
        await api.base.audit.record(entry("octo/hello", actor=f"a{number}"))

    first = (await api.ask("/audit?limit=3")).body
    second = (await api.ask(f"/audit?limit=3&after={first['next']}")).body
    last = (await api.ask("/audit?limit=3&order=desc")).body
    before = (await api.ask(f"/audit?limit=3&order=desc&before={last['next']}")).body

    def actors(*pages: dict[str, list[dict[str, str]]]) -> str:
        return "".join(one["actor"][1] for page in pages for one in page["entries"])

    assert actors(first, second) == "01234"
    assert actors(last, before) == "43210"
    assert second["next"] is before["next"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("actor=bob", 1),
        ("action=memory.export", 1),
        ("subject=session/s", 3),
        ("subject=session/t", 0),
        ("since=2100-01-01T00:00:00Z", 0),
        ("until=2100-01-01T00:00:00Z", 3),
    ],
)
async def test_entries_are_narrowed(api: ApiStage, query: str, count: int) -> None:
    """By who, what, whose and when."""
    await api.base.audit.record(entry("octo/hello"))
    await api.base.audit.record(entry("octo/hello", actor="bob"))
    await api.base.audit.record(entry("octo/hello", action="memory.export"))

    answer = await api.ask(f"/audit?{query}")

    assert len(answer.body["entries"]) == count


async def test_the_audit_is_for_supervisors(api: ApiStage) -> None:
    """Who only operates learns nothing of it."""
    secret = await api.token("operate")

    answer = await api.ask("/audit", secret=secret)

    assert (answer.status, answer.body["code"]) == (403, "scope_missing")


async def test_entries_reach_no_reader_of_events_by_another_ones_repository(
    api: ApiStage,
) -> None:
    """To see the repository of a volume's first entry is not to see the others."""
    for repository in ("octo/hello", "octo/secret"):
        await api.base.audit.record(entry(repository))
    while await Round(api.base.database, clock=api.base.clock, pace=Pace()).run():
        continue
    reader = await api.token("read", repositories=["octo/hello"])

    seen = await api.ask("/events?type=audit.*", secret=reader)
    everything = await api.ask("/events?type=audit.*")

    assert seen.body["events"] == []
    assert len(everything.body["events"]) == 2
