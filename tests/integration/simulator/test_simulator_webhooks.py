"""Webhooks of the simulator: signed, complete by GitHub's schemas, repeatable."""

import aiohttp
import pytest

from bot.simulator.simulator import Simulator
from core.errors import GitReadError, SimulatorClosedError
from tests.fakes.simulated_github import REPO, SimulatedGitHub, lines
from tests.judges.github_requests import GitHubJudges


async def act_out(github: SimulatedGitHub) -> None:
    """Do, as people and as the App, everything that sends a webhook."""
    simulator, caller = github.simulator, github.caller
    await github.with_talk()
    (first, _) = simulator.review_comments(REPO, 1)
    await simulator.resolve_thread(REPO, first["id"])
    await simulator.resolve_thread(REPO, first["id"], resolved=False)
    (run,) = simulator.check_runs(REPO, github.head)
    path = f"/repos/{REPO}/check-runs/{run['id']}"
    await caller.send("PATCH", path, {"conclusion": "success"})
    await simulator.rerequest_check(REPO, run["id"])
    await simulator.press_button(REPO, run["id"], "fix")
    await simulator.rerequest_suite(REPO, github.head)
    await caller.post(f"{path}/rerequest")
    suite = run["check_suite"]["id"]
    await caller.post(f"/repos/{REPO}/check-suites/{suite}/rerequest")
    head = github.repository.commit({"a.py": lines({20: "x"})}, branch="feature")
    await simulator.push(REPO, 1, head)
    await simulator.edit_pull(REPO, 1, title="New", body="Text", base=github.base)
    await simulator.close_pull(REPO, 1, merged=True)
    await simulator.reopen_pull(REPO, 1)
    await simulator.ready_for_review(REPO, 1)
    await simulator.announce_installation(github.installation)
    await simulator.announce_repository(github.installation, REPO)
    await simulator.ping(github.app.app_id)
    await simulator.settled()


NO_TIME = aiohttp.ClientTimeout(total=0.000_001)
EVENTS = {
    "check_run.completed",
    "check_run.created",
    "check_run.requested_action",
    "check_run.rerequested",
    "check_suite.rerequested",
    "installation.created",
    "installation_repositories.added",
    "issue_comment.created",
    "ping.None",
    "pull_request.closed",
    "pull_request.edited",
    "pull_request.opened",
    "pull_request.ready_for_review",
    "pull_request.reopened",
    "pull_request.synchronize",
    "pull_request_review.submitted",
    "pull_request_review_comment.created",
    "pull_request_review_thread.resolved",
    "pull_request_review_thread.unresolved",
}


async def test_every_payload_is_what_github_promises(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """Each event comes, each valid by the schema of its event and action."""
    await act_out(github)
    assert set(github.listener.names) == EVENTS
    for event, payload, _ in github.listener.received:
        assert github_judges.openapi.check_webhook(event, payload) == [], event


async def test_a_delivery_carries_githubs_headers(github: SimulatedGitHub) -> None:
    """The listener itself has checked the signature."""
    event, payload, headers = github.listener.received[0]
    assert (event, payload["number"]) == ("pull_request", 1)
    assert payload["installation"]["id"] == github.installation
    assert headers["User-Agent"].startswith("GitHub-Hookshot/")
    assert headers["X-GitHub-Hook-Installation-Target-ID"] == str(github.app.app_id)
    assert headers["X-GitHub-Hook-ID"]
    assert len(headers["X-GitHub-Delivery"]) == 36


async def test_deliveries_are_listed_shown_and_repeated(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """A redelivery keeps the GUID; failures can be listed alone."""
    github.listener.status = 500
    await github.simulator.comment(REPO, 1, "hello")
    github.listener.status = 202
    github.caller.as_app(github.now)
    deliveries = "/app/hook/deliveries"
    judge = github_judges.openapi.check_answer
    failed = await github.caller.get(f"{deliveries}?status=failure")
    assert judge("GET", deliveries, 200, failed.body) == []
    (lost,) = failed.body
    assert (lost["event"], lost["status_code"]) == ("issue_comment", 500)
    good = await github.caller.get(f"{deliveries}?status=success")
    assert [one["event"] for one in good.body] == ["pull_request"]
    own = f"{deliveries}/{lost['id']}"
    shown = await github.caller.get(own)
    assert judge("GET", own, 200, shown.body) == []
    assert shown.body["request"]["payload"]["comment"]["body"] == "hello"
    again = await github.caller.post(f"{own}/attempts")
    assert again.status == 202
    await github.simulator.settled()
    first, second = github.listener.received[-2:]
    assert first[2]["X-GitHub-Delivery"] == second[2]["X-GitHub-Delivery"]
    assert first[1] == second[1]
    newest = github.simulator.deliveries[-1]
    assert (newest.redelivery, newest.status_code) == (True, 202)
    assert github.simulator.delivery(newest.id)["guid"] == lost["guid"]
    for wrong in (f"{deliveries}/9", f"{deliveries}/9/attempts"):
        method = "POST" if wrong.endswith("attempts") else "GET"
        assert (await github.caller.send(method, wrong)).status == 404


async def test_deliveries_are_paged_by_cursor(github: SimulatedGitHub) -> None:
    """The newest stand first, and a link leads to older ones."""
    for number in range(3):
        await github.simulator.comment(REPO, 1, f"{number}")
    github.caller.as_app(github.now)
    page = await github.caller.get("/app/hook/deliveries?per_page=3")
    link = page.headers["Link"].partition(">")[0].removeprefix("<")
    rest = await github.caller.get(link)
    assert [one["event"] for one in page.body] == ["issue_comment"] * 3
    assert [one["event"] for one in rest.body] == ["pull_request"]
    assert "Link" not in rest.headers


async def test_nobody_listening_is_remembered_as_a_failure(
    github: SimulatedGitHub,
) -> None:
    """The act itself succeeds: GitHub does not wait for its listeners."""
    github.simulator.set_webhook_url("http://127.0.0.1:9/hook")
    number = await github.simulator.comment(REPO, 1, "hello")
    assert number
    last = github.simulator.deliveries[-1]
    assert (last.status_code, last.status) == (0, "failed to connect to host")
    again = await github.simulator.redeliver(last.id)
    assert again is not None
    assert again.guid == last.guid


async def test_an_app_hears_only_what_it_subscribed_to(
    github: SimulatedGitHub,
) -> None:
    """Without an address, or without the event, nothing is sent."""
    (app,) = github.simulator.world.apps.values()
    app.events = ("pull_request",)
    await github.simulator.comment(REPO, 1, "hello")
    assert github.listener.names == ["pull_request.opened"]
    app.webhook_url = None
    assert await github.simulator.ping(app.id) is None


async def test_checks_of_forks_name_no_pull_request(github: SimulatedGitHub) -> None:
    """The head repository of the pull request is the fork."""
    github.repository.commit({"f.py": "f\n"}, branch="forked")
    number = await github.simulator.open_pull(
        REPO, base="main", head="forked", user="bob", fork="bob/hello"
    )
    shown = github.simulator.pull(REPO, number)
    assert shown["head"]["repo"]["full_name"] == "bob/hello"
    assert shown["head"]["label"] == "bob:forked"
    head = shown["head"]["sha"]
    body = {"name": "nofx", "head_sha": head}
    made = await github.caller.post(f"/repos/{REPO}/check-runs", body)
    assert made.body["pull_requests"] == []


async def test_a_ref_that_does_not_exist_is_named(github: SimulatedGitHub) -> None:
    """Opening a pull request from nowhere fails where it is done."""
    with pytest.raises(GitReadError, match="nowhere"):
        await github.simulator.open_pull(REPO, base="main", head="nowhere")


async def test_a_simulator_must_be_started_to_send(github: SimulatedGitHub) -> None:
    """An App with an address cannot be told of anything before."""
    simulator = Simulator(clock=github.clock)
    app = simulator.register_app(webhook_url="http://127.0.0.1:9/")
    with pytest.raises(SimulatorClosedError):
        await simulator.ping(app.app_id)
    await simulator.close()


async def test_a_listener_that_is_too_slow_is_given_up_on(
    github: SimulatedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub waits ten seconds; here the listener's patience is cut short."""
    monkeypatch.setattr("bot.simulator.webhooks.PATIENCE", NO_TIME)
    simulator = Simulator(clock=github.clock)
    await simulator.start()
    app = simulator.register_app(webhook_url=f"{github.simulator.url}/none")
    delivery = await simulator.ping(app.app_id)
    assert delivery is not None
    assert (delivery.status_code, delivery.status) == (0, "timed out")
    await simulator.close()
