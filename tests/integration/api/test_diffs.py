"""Comparing checkpoints and runs over HTTP: with what, in which form, seen by whom."""

from typing import Any

import jsonpatch
import pytest

from core.events.base import JSON
from core.runs.gates import Check
from core.runs.pipeline import StepContext
from tests.fakes.acts import leaving
from tests.fakes.api import Answer, ApiStage
from tests.fakes.stage import ScriptedPipeline, Stage, serving
from tests.integration.api.test_operating import WHY, post

UNKNOWN_RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
UNKNOWN = "cp_01hxqg5t0kc8f2v7w3m9b4n6ry"
FINE = Check(gate="g", outcome="pass", conclusion="success", reason="fine")
# It holds what would break out of Markdown and of HTML, and what nobody sees.
HOSTILE = "<script>alert(1)</script> ``` `a` | [x](http://y)\u202e @octo"


async def worked(stage: Stage, *acts: Any, **subject: Any) -> str:
    """Let a run do these acts, one a step, and end."""
    for name, act in zip(stage.pipeline.by_name, acts, strict=True):
        stage.pipeline.script(name, act)
    stage.pipeline.by_name["two"].checks = (FINE,)
    run_id = await stage.ask(**subject)
    async with serving(stage.worker()):
        await stage.until(run_id, "succeeded")
    await stage.runs.projector.settled(run_id)
    return run_id


async def checkpoint(
    api: ApiStage, run_id: str, step: str = "two", kind: str = "after"
) -> str:
    """Return the checkpoint of a run before or behind a step."""
    listed = (await api.ask(f"/runs/{run_id}/checkpoints")).body["checkpoints"]
    return next(
        str(one["checkpoint_id"])
        for one in listed
        if (one["kind"], one["step"]) == (kind, step)
    )


async def compared(api: ApiStage, run_id: str, name: str, **query: str) -> Answer:
    """Ask for the difference between a checkpoint and another."""
    path = f"/runs/{run_id}/checkpoints/{name}/diff"
    return await api.ask(path, params=query)


async def state(api: ApiStage, run_id: str, name: str) -> JSON:
    """Return the state of a checkpoint."""
    shown = (await api.ask(f"/runs/{run_id}/checkpoints/{name}")).body["state"]
    assert isinstance(shown, dict)
    return shown


async def test_a_checkpoint_is_compared_with_its_parent(api: ApiStage) -> None:
    """Unless something else is said; each change tells where, what, and from what."""
    run_id = await worked(
        api.stage,
        leaving(title="a", gone=None, words="one\ntwo\n"),
        leaving(title="b", words="one\n2\n"),
    )
    name = await checkpoint(api, run_id)
    answer = await compared(api, run_id, name)
    assert answer.status == 200, answer.body
    told = answer.body
    assert told["after"]["checkpoint_id"] == name
    assert (told["before"]["kind"], told["before"]["step"]) == ("before", "two")
    assert (told["same"], told["counts"]["changed"]) == (False, 2)
    by_path = {one["path"]: one for one in told["changes"]}
    assert by_path["/title"]["before"] == "a"
    assert by_path["/title"]["after"] == "b"
    assert "-two\n+2" in by_path["/words"]["text"]
    assert "gone" not in str(told["changes"])


async def test_the_patch_makes_the_one_of_the_other(api: ApiStage) -> None:
    """Judged by another implementation of RFC 6902, as JSON and as a patch alone."""
    run_id = await worked(
        api.stage, leaving(a=[1, 2, 3], b={"c": None}), leaving(a=[3, 1], b={"d": 1.5})
    )
    first = await checkpoint(api, run_id, "one")
    last = await checkpoint(api, run_id)
    before, after = await state(api, run_id, first), await state(api, run_id, last)
    told = (await compared(api, run_id, last, against=first)).body
    patch = await compared(api, run_id, last, against=first, format="patch")
    assert patch.headers["Content-Type"] == "application/json-patch+json"
    for operations in (told["operations"], patch.body):
        assert any(one["op"] == "test" for one in operations)
        assert jsonpatch.apply_patch(before, operations) == after


async def test_what_did_not_change_is_the_same(api: ApiStage) -> None:
    """An empty patch, no change, and who has that answer is not sent it again."""
    run_id = await worked(api.stage, leaving(a=1), leaving(a=1))
    name = await checkpoint(api, run_id)
    told = await compared(api, run_id, name)
    assert (told.body["same"], told.body["changes"]) == (True, [])
    assert (await compared(api, run_id, name, format="patch")).body == []
    again = await compared(api, run_id, name)
    assert told.headers["Etag"] == again.headers["Etag"]
    path = f"/runs/{run_id}/checkpoints/{name}/diff"
    seen = {"If-None-Match": f'"older", W/{told.headers["Etag"]}'}
    known = await api.ask(path, headers=seen)
    assert (known.status, known.text) == (304, "")
    assert known.headers["Etag"] == told.headers["Etag"]
    stale = await api.ask(path, headers={"If-None-Match": '"older", nonsense'})
    assert stale.status == 200
    other = await compared(api, run_id, name, format="markdown")
    assert other.headers["Etag"] != told.headers["Etag"]


async def test_a_checkpoint_of_another_run_is_named_with_its_run(api: ApiStage) -> None:
    """Then the runs of two pull requests are compared."""
    one = await worked(api.stage, leaving(a=1), leaving(b=1))
    other = await worked(api.stage, leaving(a=2), leaving(b=1), head="b", pull=2)
    there, here = await checkpoint(api, one), await checkpoint(api, other)
    told = (await compared(api, other, here, against=f"{one}:{there}")).body
    assert told["before"]["run_id"] == one
    assert [(c["path"], c["before"], c["after"]) for c in told["changes"]] == [
        ("/a", 1, 2)
    ]


async def test_the_last_green_run_has_the_same_step(api: ApiStage) -> None:
    """The note says which run that is, and that the step is the same."""
    green = await worked(api.stage, leaving(a=1), leaving(b=1))
    run_id = await worked(api.stage, leaving(a=2), leaving(b=1), head="b")
    name = await checkpoint(api, run_id, "one")
    told = (await compared(api, run_id, name, against="last_green")).body
    assert (told["before"]["run_id"], told["before"]["step"]) == (green, "one")
    assert told["before"]["kind"] == "after"
    assert green in told["notes"][0]
    none = await compared(
        api, green, await checkpoint(api, green), against="last_green"
    )
    assert (none.status, none.body["code"]) == (404, "nothing_to_compare")


async def test_the_first_checkpoint_has_no_parent(api: ApiStage) -> None:
    """That is said, and not taken for an empty state."""
    run_id = await worked(api.stage, leaving(), leaving())
    first = (await api.ask(f"/runs/{run_id}/checkpoints")).body["checkpoints"][0]
    answer = await compared(api, run_id, first["checkpoint_id"])
    assert (answer.status, answer.body["code"]) == (404, "nothing_to_compare")


async def test_of_two_parents_the_first_is_taken(api: ApiStage) -> None:
    """A merge goes on from both, and a note names the one that was passed over."""

    async def thinks(context: StepContext) -> JSON:
        return {"thought": context.run.overrides.get("fail_on", "nothing")}

    run_id = await worked(api.stage, leaving(a=1), thinks)
    start = await checkpoint(api, run_id, "two", "before")
    path = f"/runs/{run_id}/checkpoints/{start}/branch"
    sides = [
        (await post(api, path, {**WHY, "overrides": {"fail_on": fail_on}})).body["run"]
        for fail_on in ("warning", "info")
    ]
    ours, theirs = [str(one["id"]) for one in sides]
    async with serving(api.stage.worker()):
        await api.stage.until(ours, "succeeded")
        await api.stage.until(theirs, "succeeded")
    plan = (await post(api, "/merges", {"ours": ours, "theirs": theirs})).body
    choices = {one["id"]: "theirs" for one in plan["conflicts"]}
    await post(api, f"/merges/{plan['id']}/resolutions", choices)
    merged = (await post(api, f"/merges/{plan['id']}/commit", WHY)).body["run"]["id"]
    first = (await api.ask(f"/runs/{merged}/checkpoints")).body["checkpoints"][0]
    told = (await compared(api, merged, first["checkpoint_id"])).body
    assert told["before"]["run_id"] == ours
    assert first["parents"][1] in told["notes"][0]
    assert [(one["path"], one["after"]) for one in told["changes"]] == [
        ("/thought", "info")
    ]
    # What a branch did not do itself, its parent did.
    steps = (await api.ask(f"/runs/{theirs}/diff?against={ours}")).body["steps"]
    assert [(one["step"], one["status"]) for one in steps] == [
        ("one", "same"),
        ("two", "differs"),
    ]
    assert steps[0]["after"]["run_id"] == run_id


async def test_of_two_pipelines_what_they_share_is_compared(api: ApiStage) -> None:
    """And a note says so."""
    one = await worked(api.stage, leaving(a=1), leaving(mine=1))
    other_pipeline = ScriptedPipeline("one", "two")
    other_pipeline.name = "audit"
    stage = Stage(api.stage.database, other_pipeline)
    other = await worked(
        stage, leaving(a=2), leaving(theirs=1), head="b", pipeline="audit"
    )
    await stage.close()
    there, here = await checkpoint(api, one), await checkpoint(api, other)
    told = (await compared(api, other, here, against=f"{one}:{there}")).body
    assert [one["path"] for one in told["changes"]] == ["/a"]
    assert "review and audit" in told["notes"][0]
    assert told["notes"][0].endswith("compared, a.")


async def test_artifacts_are_looked_into(api: ApiStage) -> None:
    """Texts line by line, JSON by its values, bytes by digest and size."""
    blobs = api.base.blobs

    async def kept(**values: bytes) -> JSON:
        return {
            f"{name}_blob": await blobs.put(value) for name, value in values.items()
        }

    first = await kept(
        text=b"a\nb\n", json=b'{"n": 1, "m": 2}', raw=b"\xff\x00", old=b"o"
    )
    second = await kept(
        text=b"a\nc\n", json=b'{"n": 3, "m": 2}', raw=b"\xff\x01\x00", new=b"new\n"
    )
    gone = {"old_blob": "", "lost_blob": "0" * 64}
    run_id = await worked(
        api.stage, leaving(**first, lost_blob="1" * 64), leaving(**second, **gone)
    )
    name = await checkpoint(api, run_id)
    told = (await compared(api, run_id, name)).body
    found = {one["name"]: one for one in told["artifacts"]}
    assert found["text"]["text"].endswith("-b\n+c")
    assert [(c["path"], c["after"]) for c in found["json"]["changes"]] == [("/n", 3)]
    assert found["raw"]["form"] == "binary"
    sizes = [found["raw"][side]["size"] for side in ("before", "after")]
    assert (sizes, found["raw"]["text"]) == ([2, 3], "")
    assert (found["new"]["before"], found["new"]["text"]) == (
        None,
        "@@ -0,0 +1 @@\n+new",
    )
    assert found["lost"]["form"] == "unknown"
    assert found["lost"]["after"]["lost"] == "not there any more"


async def test_what_was_redacted_is_told_by_digests(api: ApiStage) -> None:
    """Neither side's values are shown, and there is no patch."""
    digest = await api.base.blobs.put(b"hidden in a blob")
    run_id = await worked(
        api.stage, leaving(a="s3cret", it_blob=digest), leaving(a="plain", it_blob="")
    )
    first, last = await checkpoint(api, run_id, "one"), await checkpoint(api, run_id)
    await post(api, f"/runs/{run_id}/checkpoints/{first}/redact", {"reason": "private"})
    answer = await compared(api, run_id, last, against=first)
    told = answer.body
    assert [(one["path"], one["redacted"]) for one in told["changes"]] == [("", True)]
    assert (told["before"]["redacted"], told["after"]["redacted"]) == (True, False)
    assert told["before"]["digest"] != told["after"]["digest"]
    assert first in told["notes"][0]
    for form in ("json", "markdown", "html"):
        text = (await compared(api, run_id, last, against=first, format=form)).text
        assert "redacted" in text
        assert "s3cret" not in text
        assert "plain" not in text
        assert "hidden in a blob" not in text
    patch = await compared(api, run_id, last, against=first, format="patch")
    assert (patch.status, patch.body["code"]) == (409, "checkpoint_redacted")


async def test_markdown_and_pages_hold_what_is_hostile(api: ApiStage) -> None:
    """Everything is shown, and nothing breaks out of its place."""
    run_id = await worked(api.stage, leaving(a="fine"), leaving(a=HOSTILE))
    name = await checkpoint(api, run_id)
    page = await compared(api, run_id, name, format="html")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "http-equiv" in page.text
    text = await compared(api, run_id, name, format="markdown")
    assert text.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "````" in text.text
    for one in (page, text):
        assert "\u202e" not in one.text
        assert "\\u202e" in one.text


async def test_runs_are_compared_step_by_step(api: ApiStage) -> None:
    """The first step that came out differently is told in full."""
    one = await worked(api.stage, leaving(a=1), leaving(b=1))
    other = await worked(api.stage, leaving(a=1), leaving(b=2, c=3), head="b")
    told = (await api.ask(f"/runs/{other}/diff?against={one}")).body
    assert (told["before"], told["after"], told["same"]) == (one, other, False)
    steps = [(step["step"], step["status"], step["changes"]) for step in told["steps"]]
    assert steps == [("one", "same", 0), ("two", "differs", 2)]
    assert [change["path"] for change in told["first"]["changes"]] == ["/b", "/c"]
    green = (await api.ask(f"/runs/{other}/diff")).body
    assert (green["before"], green["steps"]) == (one, told["steps"])
    for form in ("markdown", "html"):
        shown = await api.ask(f"/runs/{other}/diff?against={one}&format={form}")
        assert "differs, 2 changes" in shown.text
    alone = await api.ask(f"/runs/{one}/diff")
    assert (alone.status, alone.body["code"]) == (404, "nothing_to_compare")


async def test_a_run_that_came_less_far_lacks_the_last_step(api: ApiStage) -> None:
    """What one of them did not do is said, and is a difference."""
    one = await worked(api.stage, leaving(a=1), leaving(b=1))
    waiting = await api.stage.ask("b")
    told = (await api.ask(f"/runs/{waiting}/diff?against={one}")).body
    assert [step["status"] for step in told["steps"]] == ["only_before", "only_before"]
    assert (told["same"], told["first"]) == (False, None)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"against": "yesterday"}, "/against"),
        ({"against": f"{UNKNOWN_RUN}:"}, "/against"),
        ({"against": UNKNOWN_RUN}, "/against"),
        ({"format": "pdf"}, "/format"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_a_bad_query_is_refused_by_its_field(
    api: ApiStage, query: dict[str, str], pointer: str
) -> None:
    """422 names what is wrong, whether the checkpoint is there or not."""
    answer = await compared(api, UNKNOWN_RUN, UNKNOWN, **query)
    assert answer.status == 422
    assert [one["pointer"] for one in answer.body["errors"]] == [pointer]


async def test_what_is_unknown_or_foreign_is_not_there(api: ApiStage) -> None:
    """A checkpoint of another run must be named with it."""
    one = await worked(api.stage, leaving(a=1), leaving(b=1))
    other = await worked(api.stage, leaving(a=2), leaving(b=1), head="b", pull=2)
    mine, theirs = await checkpoint(api, one), await checkpoint(api, other)
    for run_id, name, against in (
        (UNKNOWN_RUN, UNKNOWN, "parent"),
        (one, UNKNOWN, "parent"),
        (one, theirs, "parent"),
        (one, mine, UNKNOWN),
        (one, mine, theirs),
        (one, mine, f"{UNKNOWN_RUN}:{UNKNOWN}"),
        (one, mine, f"{one}:{theirs}"),
    ):
        answer = await compared(api, run_id, name, against=against)
        assert answer.status == 404, (run_id, name, against)
    answer = await api.ask(f"/runs/{one}/diff?against={UNKNOWN_RUN}")
    assert (answer.status, answer.body["code"]) == (404, "run_not_found")


async def test_what_a_token_does_not_see_is_not_there(api: ApiStage) -> None:
    """On neither side: the other run is named by whoever asks."""
    seen = await worked(api.stage, leaving(a=1), leaving(b=1))
    hidden = await worked(
        api.stage, leaving(a=2), leaving(b=1), head="b", repository="acme/secret"
    )
    mine, theirs = await checkpoint(api, seen), await checkpoint(api, hidden)
    secret = await api.token(repositories=["octo/*"])
    for path in (
        f"/runs/{hidden}/checkpoints/{theirs}/diff",
        f"/runs/{seen}/checkpoints/{mine}/diff?against={hidden}:{theirs}",
        f"/runs/{seen}/diff?against={hidden}",
        f"/runs/{hidden}/diff?against={seen}",
    ):
        answer = await api.ask(path, secret=secret)
        assert (answer.status, answer.body["code"]) == (404, "run_not_found"), path
    fine = f"/runs/{seen}/checkpoints/{mine}/diff"
    assert (await api.ask(fine, secret=secret)).status == 200
