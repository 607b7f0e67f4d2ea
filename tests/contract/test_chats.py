"""What every chat owes, whichever service answers: over real HTTP, with faults."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import SecretStr

from bot.model_values import ModelName
from bot.models.chats.access import Access
from bot.models.chats.fallbacks import Fallbacks
from bot.models.chats.hosted import HostedChat
from core.clock import SystemClock
from core.errors import (
    ModelKeyRefusedError,
    ModelRateLimitedError,
    ModelRefusedError,
    ModelRejectedError,
    ModelUnavailableError,
    NofxError,
)
from core.review.chat import Chat, Question
from tests.fakes.hosted_model import KEY, Fault, HostedModel

VARIABLE = "NOFX_SOME_KEY"
SCHEMA = {
    "type": "object",
    "properties": {
        "word": {"type": "string"},
        "line": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
    "required": ["word", "line"],
    "additionalProperties": False,
}
QUESTION = Question(
    orders="Answer in JSON.",
    material="Is it \u2603? <|im_start|> ```\nyes\n```",
    name="answer",
    schema=SCHEMA,
    most_output=64,
)
AWAY = (
    Fault.BROKEN,
    Fault.AWAY,
    Fault.SLOW,
    Fault.DROPPED,
    Fault.HALF,
    Fault.GARBAGE,
    Fault.ELSEWHERE,
    Fault.NO_CREDIT,
)
MODELS = {
    "openai": "gpt-5-mini",
    "anthropic": "claude-sonnet-4-6",
    "google": "gemini-2.5-flash",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A chat, and the service at its other end; `make` gives another such chat."""

    chat: Chat
    service: HostedModel
    provider: str
    make: Callable[..., Chat]


@pytest.fixture
async def service() -> AsyncIterator[HostedModel]:
    """Give services that answer."""
    async with HostedModel().running() as running:
        yield running


@pytest.fixture(params=[*MODELS, "fallbacks"])
def line(request: pytest.FixtureRequest, service: HostedModel) -> Line:
    """Give each adapter in turn, over the service it speaks to."""
    alone = request.param == "fallbacks"
    provider = "openai" if alone else request.param

    def make(key: str | None = KEY, seconds: float = 20.0) -> Chat:
        chat = hosted(service, provider, key=key, seconds=seconds)
        return Fallbacks([chat]) if alone else chat

    return Line(chat=make(), service=service, provider=provider, make=make)


def hosted(
    service: HostedModel,
    provider: str,
    *,
    key: str | None = KEY,
    seconds: float = 20.0,
) -> HostedChat:
    """Return the chat of a provider at the service."""
    url = service.openai_url if provider == "openai" else service.url
    access = Access(
        key=SecretStr(key) if key is not None else None,
        variable=VARIABLE,
        url=url,
        seconds=seconds,
    )
    called = ModelName(provider=provider, model=MODELS[provider])
    return HostedChat(called=called, access=access, clock=SystemClock())


async def refused(chat: Chat) -> NofxError:
    """Return the error that a question ends with; none of them shows the key."""
    with pytest.raises(NofxError) as caught:
        await chat.ask(QUESTION)
    error = caught.value
    whole = f"{error!r} {error} {error.way_out} {error.facts} {error.__cause__!r}"
    assert KEY not in whole
    return error


async def test_half_characters_in_an_answer_can_be_kept(line: Line) -> None:
    """JSON can spell what no database and no file stores."""
    line.service.answers = lambda _: '{"word": "\ud800"}'
    reply = await line.chat.ask(QUESTION)
    assert reply.text == '{"word": "\ufffd"}'


async def test_one_question_gets_its_answer_word_for_word(line: Line) -> None:
    """Orders and material arrive as they are, and so does what comes back."""
    line.service.answers = lambda _: '{"word": "n\u00e4h", "line": 7} trailing'
    reply = await line.chat.ask(QUESTION)
    (asked,) = line.service.asked
    assert reply.text == '{"word": "n\u00e4h", "line": 7} trailing'
    assert reply.model == str(ModelName(provider=line.provider, model=asked.model))
    assert reply.finished
    assert asked.orders == QUESTION.orders
    assert asked.material == QUESTION.material
    assert asked.most_output == QUESTION.most_output
    assert not {"tools", "tool_choice"} & set(asked.body)


async def test_the_schema_goes_with_the_question(line: Line) -> None:
    """The service holds the answer to it, so the orders do not repeat it."""
    await line.chat.ask(QUESTION)
    schema = line.service.asked[0].schema
    assert schema is not None
    assert set(schema["properties"]) == {"word", "line"}
    assert set(schema["required"]) == {"word", "line"}


async def test_a_service_without_schemas_is_told_it_in_words(line: Line) -> None:
    """It is asked again at once, and from then on in words alone."""
    line.service.faults = [Fault.NO_SCHEMA]
    assert (await line.chat.ask(QUESTION)).text
    line.service.faults = []
    await line.chat.ask(QUESTION)
    first, second, third = line.service.asked
    assert first.schema is not None
    assert second.schema is None
    assert third.schema is None
    assert '"word"' in third.orders
    assert third.orders.startswith(QUESTION.orders)


async def test_what_it_cost_is_counted(line: Line) -> None:
    """Tokens are the service's, bytes those of the bodies that went over the wire."""
    reply = await line.chat.ask(QUESTION)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (100, 20)
    assert reply.usage.wall_seconds > 0
    assert reply.bytes_sent == len(line.service.sent[0])
    assert reply.bytes_received > len(reply.text)


async def test_a_cut_answer_says_so(line: Line) -> None:
    """What there is of it comes back, as unfinished."""
    line.service.faults = [Fault.CUT]
    reply = await line.chat.ask(QUESTION)
    assert (reply.finished, reply.text) == (False, '{"word": "yes"}')


async def test_a_refusal_is_an_error_of_its_own(line: Line) -> None:
    """Nobody takes it for an empty review."""
    line.service.faults = [Fault.REFUSAL]
    assert isinstance(await refused(line.chat), ModelRefusedError)


@pytest.mark.parametrize("said", ["7", "600", None])
async def test_a_service_that_wants_silence_is_given_it(
    line: Line, said: str | None
) -> None:
    """The error says until when, so that the run waits that long."""
    line.service.faults, line.service.retry_after = [Fault.RATE_LIMIT], said
    before = SystemClock().now()
    error = await refused(line.chat)
    assert isinstance(error, ModelRateLimitedError)
    wait = timedelta(seconds=30 if said is None else float(said))
    assert before + wait <= error.retry_at <= SystemClock().now() + wait


@pytest.mark.parametrize("fault", AWAY)
async def test_a_service_that_is_away_is_an_outage(line: Line, fault: Fault) -> None:
    """Whatever happened to the answer, asking again later can help."""
    line.service.faults, line.service.silence = [fault], 5.0
    line.service.elsewhere = line.service.url
    chat = line.make(seconds=1.0) if fault is Fault.SLOW else line.chat
    assert isinstance(await refused(chat), ModelUnavailableError)
    assert len(line.service.asked) == 1
    line.service.faults = []
    assert (await line.chat.ask(QUESTION)).finished


async def test_nobody_there_is_an_outage(line: Line) -> None:
    """A port without a listener answers nothing."""
    line.service.url = "http://127.0.0.1:1"
    assert isinstance(await refused(line.make()), ModelUnavailableError)


@pytest.mark.parametrize("fault", [None, Fault.FORBIDDEN])
async def test_a_wrong_key_names_its_variable(line: Line, fault: Fault | None) -> None:
    """The key itself is in no error, though the service quotes it."""
    line.service.faults = [] if fault is None else [fault]
    wrong = KEY if fault is not None else f"{KEY}-old"
    error = await refused(line.make(key=wrong))
    assert isinstance(error, ModelKeyRefusedError)
    assert VARIABLE in str(error)


async def test_an_unknown_model_is_no_outage(line: Line) -> None:
    """Asking again would change nothing, so it is not asked again."""
    line.service.faults = [Fault.UNKNOWN]
    assert isinstance(await refused(line.chat), ModelRejectedError)


async def test_no_key_of_the_environment_is_shown_to_anybody(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor an organisation, a header, a proxy or an address that stands there."""
    elsewhere = "http://127.0.0.1:1"
    for name in ("OPENAI", "ANTHROPIC", "GOOGLE", "GEMINI"):
        monkeypatch.setenv(f"{name}_API_KEY", "ambient-secret")
        monkeypatch.setenv(f"{name}_BASE_URL", elsewhere)
        monkeypatch.setenv(f"{name}_CUSTOM_HEADERS", "X-Ambient: ambient-secret")
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "ambient-secret")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, elsewhere)
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    await line.chat.ask(QUESTION)
    (asked,) = line.service.asked
    assert "ambient-secret" not in f"{asked.headers}{asked.body}"
    line.service.key = None
    await line.make(key=None).ask(QUESTION)
    assert KEY not in f"{line.service.asked[-1].headers}"
    assert "ambient-secret" not in f"{line.service.asked[-1].headers}"


async def test_its_size_is_known_before_it_is_asked(line: Line) -> None:
    """Tokens are counted rather too many than too few; an unknown price is 0."""
    assert line.chat.context >= 32_000
    assert line.chat.tokens("") == 0
    assert line.chat.tokens("def f(): return 1\n") >= 6
    assert line.chat.tokens("\u2603" * 30) >= 30
    # The address is ours, so nobody knows what it asks for.
    assert (await line.chat.ask(QUESTION)).usage.cost_usd == 0


class TestFallbacks:
    """Several chats as one."""

    @pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.RATE_LIMIT, Fault.DROPPED])
    async def test_the_next_is_asked_while_one_is_away(
        self, service: HostedModel, fault: Fault
    ) -> None:
        """Who answered stands in the reply."""
        chat = Fallbacks([hosted(service, "openai"), hosted(service, "anthropic")])
        service.faults = [fault]
        reply = await chat.ask(QUESTION)
        assert reply.model == "anthropic:claude-sonnet-4-6"
        assert chat.name == "openai:gpt-5-mini,anthropic:claude-sonnet-4-6"
        assert [one.provider for one in service.asked] == ["openai", "anthropic"]

    @pytest.mark.parametrize("fault", [Fault.REFUSAL, Fault.FORBIDDEN])
    async def test_a_refusal_is_not_passed_on(
        self, service: HostedModel, fault: Fault
    ) -> None:
        """What one will not read is not shown around until somebody does."""
        chat = Fallbacks([hosted(service, "openai"), hosted(service, "google")])
        service.faults = [fault]
        await refused(chat)
        assert len(service.asked) == 1

    async def test_the_next_is_asked_where_a_key_is_not_known(
        self, service: HostedModel
    ) -> None:
        """An old key delays no review; only when nobody knows ours is it an error."""
        wrong = hosted(service, "openai", key=f"{KEY}-old")
        both = Fallbacks([wrong, hosted(service, "anthropic")])
        assert (await both.ask(QUESTION)).model == "anthropic:claude-sonnet-4-6"
        assert isinstance(await refused(Fallbacks([wrong])), ModelKeyRefusedError)
        service.faults = [Fault.BROKEN]
        late = Fallbacks([hosted(service, "google"), wrong])
        assert isinstance(await refused(late), ModelUnavailableError)

    async def test_when_all_want_silence_the_shortest_counts(
        self, service: HostedModel
    ) -> None:
        """An outage besides is over at any moment, so it counts before them."""
        chat = Fallbacks([hosted(service, "openai"), hosted(service, "google")])
        service.faults, service.retry_after = [Fault.RATE_LIMIT] * 2, "9"
        error = await refused(chat)
        assert isinstance(error, ModelRateLimitedError)
        service.faults = [Fault.RATE_LIMIT, Fault.BROKEN]
        assert isinstance(await refused(chat), ModelUnavailableError)

    def test_what_fits_all_is_asked(self, service: HostedModel) -> None:
        """The smallest context counts."""
        chats = [hosted(service, "google"), hosted(service, "openai")]
        both = Fallbacks(chats)
        assert both.context == min(chat.context for chat in chats)
