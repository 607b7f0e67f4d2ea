"""GitHub's MCP server as of 0.19, in this process: one tool for a review's steps.

It has the published names and schemas of its tools, and does what it is asked on the
simulator by GraphQL, with the token that it was given, as the real one does.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from jsonschema import Draft202012Validator
from mcp.server.lowlevel import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    TextContent,
    Tool,
)
from typing_extensions import override

from bot.github.reviews_mcp_server import McpServer

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
SIDE: Json = {"type": "string", "enum": ["LEFT", "RIGHT"]}
PULL: Json = {"owner": TEXT, "repo": TEXT, "pullNumber": NUMBER}
EVENTS = ["APPROVE", "REQUEST_CHANGES", "COMMENT"]
READS = [
    *("get", "get_diff", "get_status", "get_files", "get_review_comments"),
    *("get_reviews", "get_comments", "get_check_runs"),
]
SCHEMAS: dict[str, Json] = {
    "pull_request_review_write": {
        "type": "object",
        "properties": {
            **PULL,
            "method": TEXT,
            "body": TEXT,
            "commitID": TEXT,
            "event": {"type": "string", "enum": EVENTS},
        },
        "required": ["method", "owner", "repo", "pullNumber"],
    },
    "add_comment_to_pending_review": {
        "type": "object",
        "properties": {
            **PULL,
            "path": TEXT,
            "body": TEXT,
            "subjectType": {"type": "string", "enum": ["FILE", "LINE"]},
            "line": NUMBER,
            "side": SIDE,
            "startLine": NUMBER,
            "startSide": SIDE,
        },
        "required": ["owner", "repo", "pullNumber", "path", "body", "subjectType"],
    },
    "pull_request_read": {
        "type": "object",
        "properties": {**PULL, "method": {"type": "string", "enum": READS}},
        "required": ["method", "owner", "repo", "pullNumber"],
    },
}
PULL_ID = """query($owner: String!, $name: String!, $number: Int!, $author: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    id reviews(first: 1, author: $author) { nodes { id state } } } } }"""


class RefusalError(Exception):
    """What the server says no to; the text is for the one who asked."""


@dataclass(kw_only=True)
class NewerServer(McpServer):
    """The server; its behaviour at the nth call of a step can be spoiled.

    `spoiled` maps a step (create, comment, submit_pending) and its number from 1 to
    `hang`, `refuse`, `lose` (said to be done, and not), `late` (done, and no answer) or
    `twice`. `tools` can be others than GitHub's.
    """

    graphql_url: str
    spoiled: dict[tuple[str, int], str] = field(default_factory=dict)
    tools: Mapping[str, Json] = field(default_factory=lambda: SCHEMAS)
    asked: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    token: str = field(default="", repr=False)

    @property
    @override
    def name(self) -> str:
        return "newer"

    @override
    async def target(self, token: str, stack: AsyncExitStack) -> Any:
        self.token = token
        return self.server()

    @override
    def last_words(self, token: str) -> str:
        return ""

    def server(self) -> Server[Any]:
        """Return the library's server with these tools."""
        return Server(
            "github-mcp-server", on_list_tools=self._list, on_call_tool=self._call
        )

    async def _list(self, *_: object) -> ListToolsResult:
        tools = [Tool(name=n, input_schema=schema) for n, schema in self.tools.items()]
        return ListToolsResult(tools=tools)

    async def _call(self, _: object, params: CallToolRequestParams) -> CallToolResult:
        given: Json = dict(params.arguments or {})
        Draft202012Validator(dict(SCHEMAS[params.name])).validate(given)
        step = given.get("method", "comment")
        self.asked.append(step)
        spoiled = self.spoiled.get((step, self.asked.count(step)))
        if spoiled == "hang":
            self.reached.set()
            await asyncio.Event().wait()
        if spoiled == "lose":
            return _said("done")
        if spoiled == "refuse":
            return _said("the server has its moods", wrong=True)
        try:
            await self._do(step, given)
            if spoiled == "twice":
                await self._do(step, given)
        except RefusalError as error:
            return _said(str(error), wrong=True)
        if spoiled == "late":
            self.reached.set()
            await asyncio.Event().wait()
        return _said("done")

    async def _do(self, step: str, given: Json) -> None:
        viewer = (await self._graphql("{ viewer { login } }"))["viewer"]["login"]
        found = await self._graphql(
            PULL_ID,
            owner=given["owner"],
            name=given["repo"],
            number=int(given["pullNumber"]),
            author=viewer,
        )
        pull = found["repository"]["pullRequest"]
        if step == "create":
            wanted: Json = {"pullRequestId": pull["id"]}
            if "commitID" in given:
                wanted["commitOID"] = given["commitID"]
            await self._mutate(
                "addPullRequestReview", "AddPullRequestReviewInput", wanted
            )
            return
        latest = next(iter(pull["reviews"]["nodes"]), None)
        if latest is None or latest["state"] != "PENDING":
            raise RefusalError("the latest review is not pending")
        identity = {"pullRequestReviewId": latest["id"]}
        if step == "submit_pending":
            words = {"event": given["event"], "body": given.get("body")}
            kind = "SubmitPullRequestReviewInput"
            await self._mutate("submitPullRequestReview", kind, {**identity, **words})
        elif step == "comment":
            names = ("path", "body", "subjectType", "line", "side")
            place = {
                n: given[n] for n in (*names, "startLine", "startSide") if n in given
            }
            kind = "AddPullRequestReviewThreadInput"
            await self._mutate(
                "addPullRequestReviewThread", kind, {**identity, **place}
            )
        else:
            raise RefusalError(f"unknown method: {step}")

    async def _mutate(self, name: str, kind: str, given: Json) -> None:
        document = f"""mutation($input: {kind}!) {{
          {name}(input: $input) {{ clientMutationId }} }}"""
        await self._graphql(document, input=given)

    async def _graphql(self, query: str, **variables: Any) -> Json:
        headers = {"Authorization": f"bearer {self.token}"}
        body = {"query": query, "variables": variables}
        try:
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.post(self.graphql_url, json=body) as response,
            ):
                response.raise_for_status()
                answer: Json = await response.json()
        except aiohttp.ClientError as error:
            raise RefusalError(f"GitHub did not answer: {error}") from error
        if answer.get("errors"):
            raise RefusalError(answer["errors"][0]["message"])
        data: Json = answer["data"]
        return data


def _said(text: str, *, wrong: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=wrong)
