"""Review threads, which GitHub shows and resolves by GraphQL alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.github.client import Connection
from core.errors import GitHubUnavailableError

BOT = "[bot]"
PAGES = 20
THREADS = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id isResolved isOutdated
        comments(first: 50) {
          totalCount
          nodes { databaseId author { __typename login } }
        }
      }
    }
  } }
}"""
RESOLVE = """
mutation($input: ResolveReviewThreadInput!) {
  resolveReviewThread(input: $input) { thread { id isResolved } }
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewThread:
    """A thread on a line; `comment_id` is its first comment.

    `ours_alone` says that every comment in it is the asking bot's.
    """

    id: str
    comment_id: int
    resolved: bool
    outdated: bool
    ours_alone: bool


async def list_threads(
    gh: Connection, repo: str, number: int, author: str
) -> tuple[ReviewThread, ...]:
    """Return a pull request's threads; `author` is our bot's login.

    Past 2000 threads the rest is left out: what is not listed is left as it is.
    """
    owner, _, name = repo.partition("/")
    found: list[ReviewThread] = []
    after: str | None = None
    for _ in range(PAGES):
        asked = {"owner": owner, "name": name, "number": number, "after": after}
        data = await gh.graphql(THREADS, **asked)
        try:
            page = data["repository"]["pullRequest"]["reviewThreads"]
            found += _read(page["nodes"], author)
            info = page["pageInfo"]
        except (KeyError, TypeError, IndexError) as error:
            raise GitHubUnavailableError(
                method="POST", path="/graphql", reason=f"the answer has no {error}"
            ) from None
        if not info["hasNextPage"]:
            break
        after = info["endCursor"]
    return tuple(found)


async def resolve_thread(gh: Connection, thread_id: str) -> None:
    """Resolve a thread; one that is resolved stays so.

    Raises GitHubPermissionError where the App may not: it needs contents:write.
    """
    await gh.graphql(RESOLVE, input={"threadId": thread_id})


def _read(nodes: Sequence[Any], author: str) -> Iterator[ReviewThread]:
    for one in nodes:
        comments = one["comments"]
        listed = comments["nodes"]
        if not listed:
            continue
        whole = comments["totalCount"] == len(listed)
        yield ReviewThread(
            id=one["id"],
            comment_id=listed[0]["databaseId"],
            resolved=one["isResolved"],
            outdated=one["isOutdated"],
            ours_alone=whole and all(_is(each["author"], author) for each in listed),
        )


def _is(author: Any, login: str) -> bool:
    """Return whether an author is our bot, whom GraphQL calls by its bare name."""
    if author is None:  # the account is gone
        return False
    name = author["login"]
    if author["__typename"] == "Bot":
        name = name.removesuffix(BOT) + BOT
    return bool(name == login)
