"""How a review is said to GitHub's MCP server: two dialects of its tools, pure.

Up to 0.18 each step is a tool of its own; later ones have one tool that takes a
`method`. Comments are added alike in both.
"""

from collections.abc import Collection
from dataclasses import dataclass

from bot.github.clipping import COMMENT_TEXT, clip
from bot.github.review_draft import DraftComment, Json, ReviewDraft

COMMENT = "add_comment_to_pending_review"
WRITE = "pull_request_review_write"
CREATE, SUBMIT = (
    "create_pending_pull_request_review",
    "submit_pending_pull_request_review",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a tool."""

    tool: str
    arguments: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The calls of one review; `one_tool` tells the newer dialect from the older."""

    one_tool: bool

    @property
    def name(self) -> str:
        """Return the dialect's name, after its tool for reviews."""
        return WRITE if self.one_tool else CREATE

    def create(self, repo: str, number: int, draft: ReviewDraft) -> Call:
        """Begin a pending review of the draft's commit.

        Its text comes with the submitting: GitHub drops it here.
        """
        arguments = {**_pull(repo, number), "commitID": draft.commit_sha}
        return self._call("create", CREATE, arguments)

    def comment(self, repo: str, number: int, comment: DraftComment) -> Call:
        """Add one comment to the pending review."""
        fields = comment.payload()
        arguments = {
            **_pull(repo, number),
            "path": fields["path"],
            "body": fields["body"],
            "subjectType": "LINE",
            "line": fields["line"],
            "side": fields["side"],
        }
        if "start_line" in fields:
            arguments["startLine"] = fields["start_line"]
            arguments["startSide"] = fields["start_side"]
        return Call(tool=COMMENT, arguments=arguments)

    def submit(self, repo: str, number: int, draft: ReviewDraft) -> Call:
        """Publish the pending review with the draft's text and marker."""
        body = clip(draft.body, COMMENT_TEXT, tail=f"\n\n{draft.marker}")
        arguments = {**_pull(repo, number), "event": "COMMENT", "body": body}
        return self._call("submit_pending", SUBMIT, arguments)

    def _call(self, method: str, tool: str, arguments: Json) -> Call:
        if self.one_tool:
            return Call(tool=WRITE, arguments={"method": method, **arguments})
        return Call(tool=tool, arguments=arguments)


def dialect_of(tools: Collection[str]) -> Dialect | None:
    """Return the dialect that a server speaks, the newer of two; None for neither."""
    if COMMENT not in tools:
        return None
    if WRITE in tools:
        return Dialect(one_tool=True)
    return Dialect(one_tool=False) if {CREATE, SUBMIT} <= set(tools) else None


def _pull(repo: str, number: int) -> Json:
    owner, _, name = repo.partition("/")
    return {"owner": owner, "repo": name, "pullNumber": number}
