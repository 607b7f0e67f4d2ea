"""GraphQL documents about reviews, and what tests do with them most."""

from typing import Any

from tests.fakes.simulated_github import SimulatedGitHub

PULL_ID = """
query($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) { id } }
}"""
NEW_REVIEW = """
mutation($input: AddPullRequestReviewInput!) {
  addPullRequestReview(input: $input) { pullRequestReview { id state body } }
}"""
NEW_THREAD = """
mutation($input: AddPullRequestReviewThreadInput!) {
  addPullRequestReviewThread(input: $input) { thread { id line isResolved } }
}"""
SUBMIT = """
mutation($input: SubmitPullRequestReviewInput!) {
  submitPullRequestReview(input: $input) { pullRequestReview { id state body } }
}"""
DELETE = """
mutation($input: DeletePullRequestReviewInput!) {
  deletePullRequestReview(input: $input) { pullRequestReview { id } }
}"""
RESOLVE = """
mutation($input: ResolveReviewThreadInput!) {
  resolveReviewThread(input: $input) { thread { isResolved resolvedBy { login } } }
}"""
UNRESOLVE = """
mutation($input: UnresolveReviewThreadInput!) {
  unresolveReviewThread(input: $input) { thread { isResolved } }
}"""
REPLY = """
mutation($input: AddPullRequestReviewThreadReplyInput!) {
  addPullRequestReviewThreadReply(input: $input) {
    comment { body replyTo { body } pullRequestReview { state } author { login } }
  }
}"""
OWN_REVIEW = """
query($owner: String!, $repo: String!, $number: Int!, $author: String!) {
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) {
    reviews(first: 1, author: $author) { nodes { id state url } }
  } }
}"""
THREADS = """
query($owner: String!, $repo: String!, $number: Int!, $first: Int, $after: String) {
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) {
    title state headRefOid
    reviewThreads(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor hasPreviousPage startCursor }
      nodes {
        id path line originalLine isResolved isOutdated isCollapsed diffSide
        comments(first: 5) { nodes { body author { login } outdated createdAt } }
      }
    }
  } }
}"""
WHERE = {"owner": "octo", "repo": "hello", "number": 1}
EVERYTHING = """
query($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) { nameWithOwner pullRequest(number: $number) {
    author { login }
    repository { name }
    reviews(last: 1, states: [COMMENTED]) {
      totalCount
      nodes {
        author { login __typename } commit { oid } submittedAt
        pullRequest { number }
        comments(first: 9) { nodes { body line path state diffHunk
          commit { oid } originalCommit { oid } replyTo { id }
          pullRequest { number }
        } }
      }
    }
    reviewThreads(last: 1) { nodes {
      pullRequest { number } repository { name } resolvedBy { login }
      startLine originalStartLine startDiffSide subjectType viewerCanResolve
    } }
  } }
}"""


async def pull_id(github: SimulatedGitHub) -> str:
    """Return the node id of the open pull request."""
    answer = await github.caller.graphql(PULL_ID, **WHERE)
    found: str = answer["data"]["repository"]["pullRequest"]["id"]
    return found


async def new_review(github: SimulatedGitHub, **more: object) -> Any:
    """Begin a review and return what the mutation says of it."""
    given = {"pullRequestId": await pull_id(github), **more}
    answer = await github.caller.graphql(NEW_REVIEW, input=given)
    return answer["data"]["addPullRequestReview"]["pullRequestReview"]


async def new_thread(github: SimulatedGitHub, review: str, **more: object) -> Any:
    """Add a comment to a pending review; None when GitHub could not place it."""
    given = {"pullRequestReviewId": review, "path": "a.py", "body": "Hm", **more}
    answer = await github.caller.graphql(NEW_THREAD, input=given)
    return answer["data"]["addPullRequestReviewThread"]["thread"]
