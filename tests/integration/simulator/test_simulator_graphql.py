"""Reviews and threads over GraphQL, as GitHub's MCP server asks for them."""

from typing import Any

import pytest
from graphql import GraphQLNamedType, build_schema

from bot.simulator.graph.schema import SCHEMA
from tests.fakes.review_documents import (
    DELETE,
    EVERYTHING,
    NEW_REVIEW,
    NEW_THREAD,
    OWN_REVIEW,
    PULL_ID,
    REPLY,
    RESOLVE,
    SUBMIT,
    THREADS,
    UNRESOLVE,
    WHERE,
    new_review,
    new_thread,
    pull_id,
)
from tests.fakes.simulated_github import REPO, SimulatedGitHub
from tests.judges.github_requests import GitHubJudges


async def test_a_review_is_begun_filled_and_submitted(github: SimulatedGitHub) -> None:
    """What was built over GraphQL is there over REST, once it is submitted."""
    review = await new_review(github, body="lost")
    assert (review["state"], review["body"]) == ("PENDING", "")
    thread = await new_thread(github, review["id"], line=21, startLine=20)
    assert thread["line"] == 21
    listed = await github.caller.get(f"/repos/{REPO}/pulls/1/comments")
    assert listed.body == []
    given = {"pullRequestReviewId": review["id"], "event": "COMMENT", "body": "Read"}
    done = await github.caller.graphql(SUBMIT, input=given)
    shown = done["data"]["submitPullRequestReview"]["pullRequestReview"]
    assert (shown["state"], shown["body"]) == ("COMMENTED", "Read")
    (comment,) = github.simulator.review_comments(REPO, 1)
    assert (comment["start_line"], comment["line"]) == (20, 21)
    assert comment["user"]["login"] == "nofx[bot]"


async def test_a_thread_outside_the_diff_comes_back_null(
    github: SimulatedGitHub,
) -> None:
    """GitHub reports no error for it, which is the trap."""
    review = await new_review(github)
    assert await new_thread(github, review["id"], line=3) is None
    assert await new_thread(github, review["id"], line=20, path="nope.py") is None
    whole = await new_thread(github, review["id"], subjectType="FILE")
    assert whole["line"] is None
    assert len(github.simulator.review_comments(REPO, 1)) == 1


async def test_the_own_pending_review_is_found_first_and_deleted(
    github: SimulatedGitHub,
) -> None:
    """An orphan is found by `reviews(first: 1, author:)` behind a submitted one."""
    await github.with_talk()
    orphan = await new_review(github)
    viewer = (await github.caller.graphql("{ viewer { login } }"))["data"]["viewer"]
    asked = {**WHERE, "author": viewer["login"]}
    answer = await github.caller.graphql(OWN_REVIEW, **asked)
    (found,) = answer["data"]["repository"]["pullRequest"]["reviews"]["nodes"]
    assert (found["id"], found["state"]) == (orphan["id"], "PENDING")
    given = {"pullRequestReviewId": found["id"]}
    gone = await github.caller.graphql(DELETE, input=given)
    assert "errors" not in gone
    assert [one["state"] for one in github.simulator.reviews(REPO, 1)] == [
        "COMMENTED",
        "COMMENTED",
    ]


async def test_one_user_has_one_pending_review(github: SimulatedGitHub) -> None:
    """The second is refused with REST's words."""
    await new_review(github)
    given = {"pullRequestId": await pull_id(github)}
    answer = await github.caller.graphql(NEW_REVIEW, input=given)
    assert answer["data"]["addPullRequestReview"] is None
    assert "one pending review" in answer["errors"][0]["message"]


async def test_threads_are_paged_and_show_who_said_what(
    github: SimulatedGitHub,
) -> None:
    """Cursors lead through all threads, forwards."""
    await github.with_talk()
    review = await new_review(
        github,
        event="COMMENT",
        threads=[
            {"path": "a.py", "line": 50, "body": "And this?"},
        ],
        body="More",
    )
    assert review["state"] == "COMMENTED"
    seen: list[Any] = []
    info: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while info["hasNextPage"]:
        after = info["endCursor"]
        answer = await github.caller.graphql(THREADS, **WHERE, first=1, after=after)
        page = answer["data"]["repository"]["pullRequest"]["reviewThreads"]
        assert page["totalCount"] == 2
        seen += page["nodes"]
        info = page["pageInfo"]
    assert [one["line"] for one in seen] == [20, 50]
    talk = [one["body"] for one in seen[0]["comments"]["nodes"]]
    assert talk == ["Why?", "Because."]
    authors = [one["author"]["login"] for one in seen[0]["comments"]["nodes"]]
    assert authors == ["nofx", "alice"]


async def test_resolving_needs_the_right_to_write_contents(
    github: SimulatedGitHub,
) -> None:
    """Without contents:write it is forbidden; with it the App is told by webhook."""
    review = await new_review(github)
    thread = await new_thread(github, review["id"], line=20)
    given = {"threadId": thread["id"]}
    refused = await github.caller.graphql(RESOLVE, input=given)
    assert refused["errors"][0]["type"] == "FORBIDDEN"
    (installation,) = github.simulator.world.installations.values()
    installation.permissions["contents"] = "write"
    await github.caller.as_installation(github.now, github.installation)
    done = await github.caller.graphql(RESOLVE, input=given)
    assert done["data"]["resolveReviewThread"]["thread"] == {
        "isResolved": True,
        "resolvedBy": {"login": "nofx[bot]"},
    }
    await github.simulator.settled()
    assert github.listener.names[-1] == "pull_request_review_thread.resolved"
    back = await github.caller.graphql(UNRESOLVE, input=given)
    assert back["data"]["unresolveReviewThread"]["thread"]["isResolved"] is False


async def test_a_reply_joins_its_thread(github: SimulatedGitHub) -> None:
    """A reply over GraphQL is published at once."""
    await github.with_talk()
    answer = await github.caller.graphql(THREADS, **WHERE, first=5)
    (thread,) = answer["data"]["repository"]["pullRequest"]["reviewThreads"]["nodes"]
    given = {"pullRequestReviewThreadId": thread["id"], "body": "I see"}
    done = await github.caller.graphql(REPLY, input=given)
    comment = done["data"]["addPullRequestReviewThreadReply"]["comment"]
    assert comment["replyTo"]["body"] == "Why?"
    assert comment["pullRequestReview"]["state"] == "COMMENTED"


async def test_nodes_are_found_by_their_id_and_strangers_are_not(
    github: SimulatedGitHub,
) -> None:
    """A node id leads to its thing; unknown names give GitHub's NOT_FOUND."""
    await github.with_talk()
    query = "query($id: ID!) { node(id: $id) { id ... on PullRequest { number } } }"
    found = await github.caller.graphql(query, id=await pull_id(github))
    assert found["data"]["node"]["number"] == 1
    (first, _) = github.simulator.review_comments(REPO, 1)
    comment = await github.caller.graphql(query, id=first["node_id"])
    assert comment["data"]["node"]["id"] == first["node_id"]
    for wrong in ("PR_kw9", "nonsense"):
        lost = await github.caller.graphql(query, id=wrong)
        assert lost["errors"][0]["type"] == "NOT_FOUND"
    other = await github.caller.graphql(PULL_ID, **{**WHERE, "repo": "other"})
    assert other["errors"][0]["type"] == "NOT_FOUND"


async def test_reviews_and_threads_lead_to_all_around_them(
    github: SimulatedGitHub,
) -> None:
    """States narrow the reviews, `last` counts from the end."""
    await github.with_talk()
    answer = await github.caller.graphql(EVERYTHING, **WHERE)
    assert "errors" not in answer
    pull = answer["data"]["repository"]["pullRequest"]
    assert pull["reviews"]["totalCount"] == 2
    (reply,) = pull["reviews"]["nodes"]
    assert reply["author"] == {"login": "alice", "__typename": "User"}
    (said,) = reply["comments"]["nodes"]
    assert (said["body"], said["state"]) == ("Because.", "SUBMITTED")
    assert said["commit"]["oid"] == github.head
    (thread,) = pull["reviewThreads"]["nodes"]
    assert thread["viewerCanResolve"] is True
    missing = await github.caller.graphql(EVERYTHING, **{**WHERE, "number": 9})
    assert missing["data"]["repository"]["pullRequest"] is None


async def test_the_pending_review_of_a_pull_is_meant_when_none_is_named(
    github: SimulatedGitHub,
) -> None:
    """Both threads and submission find it by the pull request."""
    pull = await pull_id(github)
    given = {"pullRequestId": pull, "event": "COMMENT", "body": "Read"}
    refused = await github.caller.graphql(SUBMIT, input=given)
    assert refused["errors"][0]["type"] == "NOT_FOUND"
    await new_review(github)
    thread = {"pullRequestId": pull, "path": "a.py", "body": "Hm", "line": 20}
    added = await github.caller.graphql(NEW_THREAD, input=thread)
    assert added["data"]["addPullRequestReviewThread"]["thread"]["line"] == 20
    done = await github.caller.graphql(SUBMIT, input=given)
    assert "errors" not in done
    assert len(github.simulator.review_comments(REPO, 1)) == 1


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (NEW_REVIEW, {"pullRequestId": "PR_kw1"}),
        (DELETE, {"pullRequestReviewId": "PRR_kw1"}),
        (RESOLVE, {"threadId": "PRRT_kw1"}),
        (UNRESOLVE, {"threadId": "nonsense"}),
    ],
)
async def test_what_is_not_there_cannot_be_written_to(
    document: str, given: dict[str, str], github: SimulatedGitHub
) -> None:
    """Mutations answer NOT_FOUND for it."""
    await github.with_talk()
    await new_review(github)
    answer = await github.caller.graphql(document, input=given)
    assert answer["errors"][0]["type"] == "NOT_FOUND"


async def test_a_reader_cannot_write(github: SimulatedGitHub) -> None:
    """A token with pull_requests:read reads the pull request, and no more."""
    narrow = {"permissions": {"metadata": "read", "pull_requests": "read"}}
    number = github.installation
    await github.caller.as_installation(github.now, number, **narrow)
    given = {"pullRequestId": await pull_id(github)}
    answer = await github.caller.graphql(NEW_REVIEW, input=given)
    assert answer["errors"][0]["type"] == "FORBIDDEN"


async def test_repositories_out_of_reach_stay_hidden(github: SimulatedGitHub) -> None:
    """Neither by name nor by node id does a token see more than its own."""
    await github.with_talk()
    query = "query($id: ID!) { node(id: $id) { id } }"
    found = await pull_id(github)
    record = github.simulator.world.repository(REPO)
    record.full_name = "octo/moved"
    for document, asked in ((PULL_ID, dict(WHERE)), (query, {"id": found})):
        hidden = await github.caller.graphql(document, **asked)
        assert hidden["errors"][0]["type"] == "NOT_FOUND"


async def test_the_rest_of_the_hour_can_be_asked(github: SimulatedGitHub) -> None:
    """`rateLimit` says the same as the headers."""
    answer = await github.caller.graphql("{ rateLimit { limit remaining resetAt } }")
    assert answer["data"]["rateLimit"]["limit"] == 5000
    assert answer["data"]["rateLimit"]["resetAt"] == "2026-01-05T13:00:00Z"


async def test_a_request_without_a_query_is_refused(github: SimulatedGitHub) -> None:
    """GraphQL without a document is a bad request."""
    reply = await github.caller.post(github.simulator.graphql_url, {"query": 7})
    assert reply.status == 400


async def test_every_name_of_the_schema_is_githubs(
    github_judges: GitHubJudges,
) -> None:
    """Each type, field, argument and value here is in GitHub's schema, typed alike."""
    theirs = github_judges.graphql.schema.type_map
    for name, kind in build_schema(SCHEMA).type_map.items():
        assert name in theirs, name
        assert type(kind) is type(theirs[name])
        _compare(kind, theirs[name])


def _compare(ours: GraphQLNamedType, theirs: GraphQLNamedType) -> None:
    """Hold one type against GitHub's."""
    values = set(getattr(ours, "values", {}))
    assert values <= set(getattr(theirs, "values", {})), ours.name
    for name, field in getattr(ours, "fields", {}).items():
        known = getattr(theirs, "fields", {}).get(name)
        assert known is not None, f"{ours.name}.{name}"
        assert str(field.type) == str(known.type), f"{ours.name}.{name}"
        for key, argument in getattr(field, "args", {}).items():
            assert str(argument.type) == str(known.args[key].type), f"{name}({key})"
