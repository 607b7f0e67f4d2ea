"""The conversation of a pull request: one summary, reactions, permissions."""

from typing import Any

import pytest

from bot.github.comments import (
    Permission,
    create_comment,
    find_summary,
    permission,
    react_to_comment,
    react_to_review_comment,
    upsert_summary,
)
from bot.github.markers import SUMMARY
from core.errors import GitHubPermissionError, UnclearAnswerError
from tests.fakes.github_script import Reply, scene

US = "nofx[bot]"
LIST = "/repos/o/r/issues/5/comments"
ONE = "/repos/o/r/issues/comments/9"


def comment(number: int, author: str, body: str) -> dict[str, Any]:
    """Return an issue comment as GitHub shows it."""
    return {"id": number, "user": {"login": author}, "body": body}


FORGED = comment(1, "mallory", f"Mine!\n\n{SUMMARY}")
OURS = comment(9, US, f"Two findings.\n\n{SUMMARY}")


async def test_the_first_summary_is_written_past_a_forged_one() -> None:
    """Anybody can type the marker: only our own comment counts."""
    async with scene() as s:
        s.hub.on("GET", LIST, Reply(data=[FORGED]))
        s.hub.on("POST", LIST, Reply(status=201, data=OURS))
        written = await upsert_summary(s.gh, "o/r", 5, "Two findings.", US)
        assert written.id == 9
        [call] = s.hub.made("POST", LIST)
        assert call.data == {"body": f"Two findings.\n\n{SUMMARY}"}


async def test_a_known_summary_is_changed_only_when_its_text_is_another() -> None:
    """Nobody is notified of a comment that stays the same."""
    changed = comment(9, US, f"None left.\n\n{SUMMARY}")
    async with scene() as s:
        s.hub.on("GET", LIST, Reply(data=[FORGED, OURS]))
        s.hub.on("PATCH", ONE, Reply(data=changed))
        same = await upsert_summary(s.gh, "o/r", 5, "Two findings.", US)
        assert (same.id, s.hub.made("PATCH", ONE)) == (9, [])
        other = await upsert_summary(s.gh, "o/r", 5, "None left.", US)
        assert other.body.startswith("None left.")
        assert s.hub.made("POST", LIST) == []


async def test_a_summary_that_may_have_been_written_is_found() -> None:
    """After an unclear answer one looks, and does not write again."""
    async with scene() as s:
        s.hub.on("GET", LIST, Reply(data=[]), Reply(data=[OURS]))
        s.hub.on("POST", LIST, Reply(drop=True))
        with pytest.raises(UnclearAnswerError):
            await upsert_summary(s.gh, "o/r", 5, "Two findings.", US)
        found = await find_summary(s.gh, "o/r", 5, US)
        assert found is not None
        assert found.id == 9


async def test_a_comment_too_long_says_so_and_keeps_its_marker() -> None:
    """GitHub takes 65 536 characters."""
    async with scene() as s:
        s.hub.on("POST", LIST, Reply(status=201, data=OURS))
        await create_comment(s.gh, "o/r", 5, "x" * 70_000, marker="<!-- m -->")
        [call] = s.hub.made("POST", LIST)
        body = call.data["body"]
        assert len(body) == 65_536
        assert body.endswith("at most 65,536 characters.*\n\n<!-- m -->")


async def test_reactions_go_to_both_kinds_of_comments() -> None:
    """In the conversation and on a line; an unclear one is simply sent again."""
    talk = "/repos/o/r/issues/comments/9/reactions"
    line = "/repos/o/r/pulls/comments/8/reactions"
    async with scene() as s:
        s.hub.on("POST", talk, Reply(status=502, data={}), Reply(data={"id": 1}))
        s.hub.on("POST", line, Reply(data={"id": 2}))
        await react_to_comment(s.gh, "o/r", 9, "eyes")
        await react_to_review_comment(s.gh, "o/r", 8, "+1")
        assert s.hub.made("POST", talk)[-1].data == {"content": "eyes"}
        assert s.hub.made("POST", line)[-1].data == {"content": "+1"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"permission": "admin", "role_name": "admin"}, Permission.ADMIN),
        ({"permission": "write", "role_name": "maintain"}, Permission.MAINTAIN),
        ({"permission": "read", "role_name": "triage"}, Permission.TRIAGE),
        ({"permission": "write", "role_name": "release crew"}, Permission.WRITE),
        ({"permission": "none", "role_name": ""}, Permission.NONE),
        ({"permission": "everything"}, Permission.NONE),
    ],
)
async def test_a_persons_permission_is_their_role(
    data: dict[str, str], expected: Permission
) -> None:
    """A custom role counts as what it is based on, nonsense as nothing."""
    path = "/repos/o/r/collaborators/alice/permission"
    async with scene() as s:
        s.hub.on("GET", path, Reply(data=data))
        assert await permission(s.gh, "o/r", "alice") is expected


async def test_a_stranger_may_do_nothing() -> None:
    """GitHub answers 404 for a user it does not know here."""
    async with scene() as s:
        assert await permission(s.gh, "o/r", "some[bot]") is Permission.NONE
        assert s.hub.calls[-1].path.endswith("/some%5Bbot%5D/permission")


async def test_an_app_that_may_not_ask_is_no_stranger() -> None:
    """A 403 is our fault, and must not read as "may do nothing"."""
    path = "/repos/o/r/collaborators/alice/permission"
    async with scene() as s:
        s.hub.on("GET", path, Reply(status=403, data={"message": "Not accessible"}))
        with pytest.raises(GitHubPermissionError):
            await permission(s.gh, "o/r", "alice")


def test_who_may_write() -> None:
    """Triage may label, not push."""
    writers = {kind for kind in Permission if kind.may_write}
    assert writers == {Permission.ADMIN, Permission.MAINTAIN, Permission.WRITE}
