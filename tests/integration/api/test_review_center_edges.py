"""Review Center and whoever is not a browser of a person: odd forms, links, origins."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from bs4 import BeautifulSoup

from bot.api.visitors import COOKIE, VISIT
from core.access.ticket_store import COLLECTION
from core.rca.kept import Bundle
from core.store.database import Database
from tests.fakes.api import ApiStage, api_stage
from tests.fakes.center import UNKNOWN, look, own, run_to, send, sign_in
from tests.fakes.streaming import feeding, listening

FORM = "application/x-www-form-urlencoded"


async def post(
    api: ApiStage, path: str, body: bytes, kind: str = FORM, **headers: str
) -> tuple[int, str, str]:
    """Send bytes as a form; returns the status, the media type and the words."""
    sent = {"Content-Type": kind, "Origin": own(api), **headers}
    async with api.client.post(
        path, data=BytesIO(body), headers=sent, allow_redirects=False
    ) as answer:
        words = BeautifulSoup(await answer.text(), "html.parser").get_text(" ")
        return answer.status, answer.content_type, " ".join(words.split())


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"reason=\xff", FORM, 400),
        (b"reason=%ff", FORM, 400),
        (b"reason=x", f"{FORM}; charset=rot13", 303),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
        (b"reason=x", "multipart/form-data", 400),
        (b"{}", "application/json", 400),
        (b"&".join([b"a=b"] * 21), FORM, 400),
        (b"reason=" + b"x" * 2**20, FORM, 413),
        (b"reason=a%00b", FORM, 422),
        (b"reason=a&reason=b", FORM, 303),
    ],
)
async def test_a_form_that_no_page_sends_is_told_so(
    api: ApiStage, body: bytes, kind: str, status: int
) -> None:
    """On a page, and nothing is logged as a bug; who is not signed in is told too."""
    run_id = await api.stage.ask()
    await sign_in(api)
    found, shown, words = await post(api, f"/center/runs/{run_id}/pause", body, kind)
    assert (found, "inside nofx" in words) == (status, False)
    assert shown == "text/html" or status == 303
    moves = ["enqueue", "pause"] if status == 303 else ["enqueue"]
    assert await api.stage.moves(run_id) == moves
    door, _, words = await post(api, "/center/sign-in", body, kind)
    assert (door, "inside nofx" in words) == (
        401 if status in {303, 422} else status,
        False,
    )


async def test_a_form_that_does_not_arrive_is_not_waited_for(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds connections open with halves of forms is let go."""
    monkeypatch.setattr("bot.api.requests.BODY_SECONDS", 0.05)

    async def dripping() -> AsyncIterator[bytes]:
        yield b"token="
        await asyncio.sleep(5)
        yield b"x"

    async with api.client.post(
        "/center/sign-in",
        data=dripping(),
        headers={"Content-Type": FORM, "Origin": own(api)},
    ) as answer:
        assert answer.status == 408
        assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "wanted",
    ["/center/runs/%0d%0aSet-Cookie:a=b", "/center/runs/%00", "/center/runs/%C3%A9"],
)
async def test_a_link_puts_nothing_into_a_header(api: ApiStage, wanted: str) -> None:
    """Whether somebody is signed in already, or does so now."""
    secret = await api.token()
    body = f"token={secret}&next={wanted}".encode()
    for signed_in in (False, True):
        if signed_in:
            path = f"/center/sign-in?next={wanted}"
            async with api.client.get(path, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (
                    303,
                    "/center/runs",
                )
        else:
            assert (await post(api, "/center/sign-in", body))[0] == 303


async def test_who_must_sign_in_first_is_led_no_farther_than_is_short(
    api: ApiStage,
) -> None:
    """A link of any length leads to the door; a form leads back to its run."""
    for path, wanted in (
        (f"/center/runs?repo={'x' * 5000}", "%2Fcenter%2Fruns"),
        ("/center/runs?pull=7", "%2Fcenter%2Fruns%3Fpull%3D7"),
    ):
        async with api.client.get(path, allow_redirects=False) as answer:
            assert answer.headers["Location"] == f"/center/sign-in?next={wanted}"
    async with api.client.post(
        f"/center/runs/{UNKNOWN}/pause",
        headers={"Origin": own(api)},
        allow_redirects=False,
    ) as answer:
        assert answer.headers["Location"].endswith(f"=%2Fcenter%2Fruns%2F{UNKNOWN}")


@pytest.mark.parametrize(
    "origin", ["http://[", "//{host}", "{host}", "ftp://{host}", "http://a@{host}"]
)
async def test_an_origin_is_whole_or_foreign(api: ApiStage, origin: str) -> None:
    """What is no origin of a page is refused on one."""
    named = origin.format(host=own(api).removeprefix("http://"))
    seen = await send(api, "/center/sign-out", {}, origin=named)
    assert (seen.status, "which is not this nofx" in seen.words) == (403, True)


async def test_bytes_that_are_no_text_are_refused_on_a_page(api: ApiStage) -> None:
    """They are shown as what they are."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", api.client.server.port or 0
    )
    writer.write(
        b"POST /center/sign-out HTTP/1.1\r\nHost: a\r\nOrigin: http://\xff\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"http://\\xff" in answer


@pytest.mark.parametrize(
    ("public", "origin", "status"),
    [
        ("https://nofx.example", "https://nofx.example", 200),
        ("https://nofx.example", "http://nofx.example", 403),
        ("https://nofx.example:443/", "https://nofx.example", 200),
        ("https://NOFX.example", "https://nofx.example", 200),
        ("https://nofx.example", "http://other.example", 403),
        ("http://nofx.example", "https://nofx.example", 200),
    ],
)
async def test_a_page_on_plain_http_is_not_ours_where_we_are_on_https(
    database: Database, public: str, origin: str, status: int
) -> None:
    """Whoever sits in the network can make pages there, and send forms from them."""
    async with (
        api_stage(database, public_url=public) as api,
        api.client.post(
            "/center/sign-out", headers={"Origin": origin, "Host": "nofx.example"}
        ) as answer,
    ):
        assert answer.status == status


async def test_links_are_asked_after_without_being_read(api: ApiStage) -> None:
    """As programs do that look whether a link leads anywhere."""
    run_id = await run_to(api, "succeeded")
    await sign_in(api)
    for path in ("", f"/{run_id}", f"/{run_id}/log"):
        async with api.client.head(f"/center/runs{path}") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
    async with api.client.head(f"/center/runs/{UNKNOWN}/report") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("path", ["runs/", "nothing", "runs/%ff", "a/b/c"])
async def test_a_page_that_is_not_there_is_told_on_one(
    api: ApiStage, path: str
) -> None:
    """With a way back, and without repeating what stood in the address as a link."""
    await sign_in(api)
    seen = await look(api, f"/center/{path}")
    assert (seen.status, "That did not work" in seen.words) == (404, True)
    links = {str(one["href"]) for one in seen.html.select("main a")}
    assert links == {"/center/runs"}


async def test_nothing_is_asked_of_a_run_before_it_may_be_seen(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor for who may not read bundles."""
    run_id = await run_to(api, "succeeded")
    asked: list[str] = []

    async def latest(_: object, run_id: str) -> Bundle | None:
        asked.append(run_id)
        return None

    monkeypatch.setattr("core.rca.service.Rca.latest", latest)
    await sign_in(api, "operate", repositories=["octo/other"])
    assert (await look(api, f"/center/runs/{run_id}")).status == 404
    await sign_in(api, "read")
    assert (await look(api, f"/center/runs/{run_id}")).status == 200
    assert asked == []
    await sign_in(api, "operate")
    await look(api, f"/center/runs/{run_id}")
    assert asked == [run_id]


async def test_a_page_listens_as_its_visitor_whatever_listened_before(
    api: ApiStage,
) -> None:
    """A cookie of a stream that was left behind does not get in its way."""
    run_id = await api.stage.ask()
    await sign_in(api, "read")
    for left in (f"nofxs_{'x' * 43}", "nonsense"):
        api.client.session.cookie_jar.update_cookies(
            {COOKIE: left}, api.client.make_url("/")
        )
        async with (
            feeding(api),
            listening(api, f"/runs/{run_id}/events/stream", secret="") as stream,
        ):
            await stream.until_told(1)
    api.client.session.cookie_jar.clear()
    for name, made in ((COOKIE, "session"), (VISIT, "visit")):
        jar = {name: f"nofx{made[0]}_{'x' * 43}"}
        async with api.client.get("/events/stream", cookies=jar) as answer:
            assert answer.status == 401
    kinds = await api.base.database.db[COLLECTION].distinct("kind")
    assert kinds == ["visit"]
