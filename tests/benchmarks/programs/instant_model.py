"""A language model that answers at once: it remarks on marked lines, and means it."""

import asyncio
import time

import aiohttp

from core.review.chat import Question
from tests.fakes.hosted_model import KEY, Asked, HostedModel
from tests.fakes.language_answers import on
from tests.fakes.second_looks import claims, says

MARK = "# look"
AT_ONCE = 4
REMARKS = on(MARK, title="Adds the wrong number", body="The sum is off by that much.")
STANDS_BY = says({})


def instant() -> HostedModel:
    """Return the service behind which it answers, over HTTP as a hosted one."""
    return HostedModel(answers=_answer)


async def asked_again(service: HostedModel) -> float:
    """Put its questions again, as many at once as the bot does; returns the seconds."""
    bodies, gate = list(service.sent), asyncio.Semaphore(AT_ONCE)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    url = f"{service.openai_url}/chat/completions"
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask(body: bytes) -> None:
            async with gate, session.post(url, data=body) as answer:
                await answer.read()
                answer.raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*map(ask, bodies))
        return time.perf_counter() - began


def _answer(asked: Asked) -> str:
    question = Question(
        orders=asked.orders, material=asked.material, name="second_look", schema={}
    )
    return STANDS_BY(question) if claims(question) else REMARKS(question)
