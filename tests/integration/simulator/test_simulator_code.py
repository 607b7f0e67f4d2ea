"""Code in the simulator: diffs, files, commits and branches of a real repository."""

import asyncio
import base64

from bot.simulator.simulator import Simulator
from tests.fakes.simulated_github import REPO, SimulatedGitHub, lines

ROOT = f"/repos/{REPO}"
DIFF = "application/vnd.github.diff"
RAW = "application/vnd.github.raw+json"


async def open_pull_of(
    github: SimulatedGitHub, files: dict[str, str | bytes | None], branch: str
) -> int:
    """Open a pull request that changes these files."""
    github.repository.commit(files, branch=branch)
    return await github.simulator.open_pull(REPO, base="main", head=branch)


async def test_a_diff_starts_at_the_merge_base(github: SimulatedGitHub) -> None:
    """What happened on the base branch since is not in it."""
    github.repository.commit({"later.py": "later\n"}, branch="main")
    reply = await github.caller.get(f"{ROOT}/compare/main...feature", Accept=DIFF)
    assert reply.headers["Content-Type"].startswith(DIFF)
    assert b"+twenty" in reply.body
    assert b"later.py" not in reply.body
    same = await github.caller.get(f"{ROOT}/pulls/1", Accept=DIFF)
    assert same.body == reply.body


async def test_a_comparison_counts_both_ways(github: SimulatedGitHub) -> None:
    """Ahead, behind, diverged and identical, as GitHub says them."""
    github.repository.commit({"later.py": "later\n"}, branch="main")
    pairs = {
        "main...feature": "diverged",
        f"{github.base}...feature": "ahead",
        f"feature...{github.base}": "behind",
        "main...main": "identical",
    }
    for pair, status in pairs.items():
        reply = await github.caller.get(f"{ROOT}/compare/{pair}")
        assert reply.body["status"] == status
    whole = await github.caller.get(f"{ROOT}/compare/octo:main...octo:feature")
    assert (whole.body["ahead_by"], whole.body["behind_by"]) == (1, 1)
    names = [one["filename"] for one in whole.body["files"]]
    assert names == ["a.py", "new.py", "old.py"]
    for pair in ("main", "main...nope", "nope...main"):
        assert (await github.caller.get(f"{ROOT}/compare/{pair}")).status == 404


async def test_histories_that_share_nothing_cannot_be_compared(
    github: SimulatedGitHub,
) -> None:
    """GitHub answers 404 for them."""
    tree = github.repository.git("mktree", data=b"").decode().strip()
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    orphan = github.repository.git(*identity, "commit-tree", "-m", "Alone", tree)
    path = f"{ROOT}/compare/main...{orphan.decode().strip()}"
    assert (await github.caller.get(path)).status == 404


async def test_a_diff_beyond_the_limits_is_refused(github: SimulatedGitHub) -> None:
    """Over 300 files, 20 000 lines or a megabyte there is no diff, but a list."""
    many = {f"many/{number}.py": "x\n" for number in range(301)}
    long = {"long.py": lines(count=20_001)}
    wide = {"wide.py": ("x" * 500 + "\n") * 2_500}
    for branch, files in (("many", many), ("long", long), ("wide", wide)):
        number = await open_pull_of(github, dict(files), branch)
        for path in (f"/pulls/{number}", f"/compare/main...{branch}"):
            reply = await github.caller.get(ROOT + path, Accept=DIFF)
            assert reply.status == 406
            assert reply.body["errors"][0]["code"] == "too_large"
        listed = await github.caller.get(f"{ROOT}/pulls/{number}/files?per_page=100")
        assert listed.status == 200
        assert len(listed.body) == min(len(files), 100)


async def test_the_list_of_files_tells_of_each_kind_of_change(
    github: SimulatedGitHub,
) -> None:
    """Renames name the old path; binaries and huge files have no patch."""
    github.repository.commit({"big.txt": "x\n"}, branch="main")
    files: dict[str, str | bytes | None] = {
        "docs/x.md": None,
        "docs/y.md": "x\n",
        "logo": b"\0\2",
        "big.txt": lines(count=60_000),
        "ä ö.py": "new\n",
    }
    number = await open_pull_of(github, files, "kinds")
    reply = await github.caller.get(f"{ROOT}/pulls/{number}/files")
    found = {one["filename"]: one for one in reply.body}
    assert found["docs/y.md"]["status"] == "renamed"
    assert found["docs/y.md"]["previous_filename"] == "docs/x.md"
    assert found["logo"]["status"] == "modified"
    assert "patch" not in found["logo"]
    assert "patch" not in found["big.txt"]
    assert found["big.txt"]["additions"] == 60_000
    assert found["ä ö.py"]["patch"] == "@@ -0,0 +1 @@\n+new"
    shown = await github.caller.get(f"{ROOT}/pulls/{number}")
    assert shown.body["changed_files"] == 4


async def test_a_change_of_mode_or_type_is_told(github: SimulatedGitHub) -> None:
    """A script made executable has no patch; a file made a link is `changed`."""
    repository = github.repository
    blob = repository.git("rev-parse", "main:old.py").decode().strip()
    link = repository.git("hash-object", "-w", "--stdin", data=b"a.py").decode().strip()
    listing = repository.git("ls-tree", "main").decode()
    listing = listing.replace(f"100644 blob {blob}", f"100755 blob {blob}")
    logo = repository.git("rev-parse", "main:logo").decode().strip()
    listing = listing.replace(f"100644 blob {logo}", f"120000 blob {link}")
    tree = repository.git("mktree", data=listing.encode()).decode().strip()
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    parent = ("-p", github.base, "-m", "Modes")
    made = repository.git(*who, "commit-tree", *parent, tree).decode().strip()
    number = await github.simulator.open_pull(REPO, base="main", head=made)
    reply = await github.caller.get(f"{ROOT}/pulls/{number}/files")
    found = {one["filename"]: one["status"] for one in reply.body}
    assert found == {"old.py": "changed", "logo": "changed"}
    shown = await github.caller.get(f"{ROOT}/contents/logo?ref={made}")
    assert (shown.body["type"], shown.body["target"]) == ("symlink", "a.py")


async def test_files_are_read_at_a_ref(github: SimulatedGitHub) -> None:
    """As JSON with base64, or raw; what is not there is 404."""
    reply = await github.caller.get(f"{ROOT}/contents/a.py?ref={github.head}")
    assert base64.b64decode(reply.body["content"]).decode().splitlines()[19] == "twenty"
    before = await github.caller.get(f"{ROOT}/contents/a.py", Accept=RAW)
    assert before.body.decode() == lines()
    for path in ("old.py?ref=feature", "nope", "a.py?ref=nope", "a.py?ref=--help"):
        assert (await github.caller.get(f"{ROOT}/contents/{path}")).status == 404
    folder = await github.caller.get(f"{ROOT}/contents/docs/")
    assert [one["path"] for one in folder.body] == ["docs/x.md"]
    root = await github.caller.get(f"{ROOT}/contents")
    assert [one["type"] for one in root.body] == ["file", "dir", "file", "file"]


async def test_a_file_over_a_megabyte_is_only_had_raw(github: SimulatedGitHub) -> None:
    """Its JSON says encoding none."""
    data = "y" * 1_000_001
    github.repository.commit({"large.txt": data}, branch="main")
    shown = await github.caller.get(f"{ROOT}/contents/large.txt")
    assert (shown.body["encoding"], shown.body["content"]) == ("none", "")
    raw = await github.caller.get(f"{ROOT}/contents/large.txt", Accept=RAW)
    assert raw.body.decode() == data


async def test_a_submodule_is_named_as_one(github: SimulatedGitHub) -> None:
    """It has no contents of its own."""
    listing = f"160000 commit {github.base}\tlib\n".encode()
    tree = github.repository.git("mktree", "--missing", data=listing).decode().strip()
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    made = github.repository.git(*who, "commit-tree", "-m", "Module", tree)
    sha = made.decode().strip()
    shown = await github.caller.get(f"{ROOT}/contents/lib?ref={sha}")
    assert shown.body["type"] == "submodule"


async def test_blobs_are_read_by_their_name(github: SimulatedGitHub) -> None:
    """A tree or nonsense is not found."""
    sha = github.repository.git("rev-parse", "main:logo").decode().strip()
    reply = await github.caller.get(f"{ROOT}/git/blobs/{sha}")
    assert base64.b64decode(reply.body["content"]) == b"\0\1"
    raw = await github.caller.get(f"{ROOT}/git/blobs/{sha}", Accept=RAW)
    assert raw.body == b"\0\1"
    for wrong in (github.base, "0" * 40, "-x"):
        assert (await github.caller.get(f"{ROOT}/git/blobs/{wrong}")).status == 404


async def test_commits_are_shown_as_json_sha_or_diff(github: SimulatedGitHub) -> None:
    """The media type decides."""
    path = f"{ROOT}/commits/feature"
    sha = await github.caller.get(path, Accept="application/vnd.github.sha")
    assert sha.body.decode() == github.head
    diff = await github.caller.get(path, Accept=DIFF)
    assert b"+twenty" in diff.body
    assert (await github.caller.get(f"{ROOT}/commits/nope")).status == 422


async def test_pulls_are_listed_by_state_head_and_base(github: SimulatedGitHub) -> None:
    """The newest stands first."""
    second = await open_pull_of(github, {"b.py": "b\n"}, "second")
    await github.simulator.close_pull(REPO, second)

    async def numbers(query: str) -> list[int]:
        reply = await github.caller.get(f"{ROOT}/pulls?{query}")
        return [one["number"] for one in reply.body]

    assert await numbers("") == [1]
    assert await numbers("state=all") == [second, 1]
    assert await numbers("state=all&direction=asc") == [1, second]
    assert await numbers("state=closed&head=octo:second") == [second]
    assert await numbers("state=all&head=bob:second") == []
    assert await numbers("base=main") == [1]
    assert await numbers("base=other") == []


async def test_pulls_opened_at_once_have_their_own_numbers(
    github: SimulatedGitHub,
) -> None:
    """Two people may open theirs in the same moment."""
    opening = [
        github.simulator.open_pull(REPO, base="main", head="feature") for _ in range(3)
    ]
    assert sorted(await asyncio.gather(*opening)) == [2, 3, 4]


async def test_permissions_are_told_in_old_and_new_words(
    github: SimulatedGitHub,
) -> None:
    """`permission` has four levels, `role_name` all of them."""
    simulator: Simulator = github.simulator
    simulator.set_permission(REPO, "tri", "triage")
    simulator.set_permission(REPO, "main", "maintain")
    expected = {
        "octo": ("admin", "admin"),
        "alice": ("write", "write"),
        "tri": ("read", "triage"),
        "main": ("write", "maintain"),
        "stranger": ("read", "read"),
    }
    for login, (old, role) in expected.items():
        reply = await github.caller.get(f"{ROOT}/collaborators/{login}/permission")
        assert (reply.body["permission"], reply.body["role_name"]) == (old, role)
