"""What a notification looks like to whoever receives it, and what is no success."""

from collections.abc import AsyncIterator

import pytest

from bot.notifying import HttpNotifier
from bot.settings import load_settings
from core.errors import NotificationError, SettingsError
from core.memory.policy import DAY, HOUR
from tests.fakes.notified import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Give somebody who takes notifications."""
    async with receiving() as made:
        yield made


async def test_it_is_signed_and_carries_its_key(receiver: Receiver) -> None:
    """The receiver checks both; one that cannot is refused."""
    await receiver.notifier().send("a/session/1/3600/http", {"text": "Grüße"})
    assert receiver.taken == [("a/session/1/3600/http", {"text": "Grüße"})]
    for secret in ("another", None):
        with pytest.raises(NotificationError, match="401"):
            await receiver.notifier(secret).send("a", {"text": "b"})


@pytest.mark.parametrize("status", [302, 404, 429, 500])
async def test_only_success_is_success(receiver: Receiver, status: int) -> None:
    """A redirection is not followed: it could lead anywhere."""
    receiver.answers.append(status)
    with pytest.raises(NotificationError, match=str(status)):
        await receiver.notifier().send("a", {"text": "b"})
    assert receiver.taken == []
    assert sum(receiver.asked.values()) == 1


async def test_an_error_does_not_name_the_address() -> None:
    """For whoever knows it can post there."""
    with pytest.raises(NotificationError) as caught:
        await HttpNotifier("http://127.0.0.1:1/T0/secret", None).send("a", {})
    assert "T0" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://example.org", "https://", "https://u:p@h/x"]
)
def test_an_address_where_others_could_listen_is_refused(url: str) -> None:
    """And not shown, for it is a secret."""
    with pytest.raises(SettingsError) as caught:
        load_settings(None, notify_url=url)
    assert "NOFX_NOTIFY_URL" in str(caught.value)
    assert url not in str(caught.value)


def test_spans_and_days_are_read_as_people_write_them() -> None:
    """In any order, and not otherwise."""
    settings = load_settings(
        None, memory_alerts="1h, 7d,1d", memory_kind_days="message=30,snapshot=14"
    )
    assert settings.memory_alerts == (7 * DAY, DAY, HOUR)
    assert dict(settings.memory_kind_days) == {"message": 30, "snapshot": 14}
    assert load_settings(None).memory_alerts == (7 * DAY, DAY, HOUR)
    for wrong in ({"memory_alerts": "7"}, {"memory_alerts": "7d,x"}):
        with pytest.raises(SettingsError, match="NOFX_MEMORY_ALERTS"):
            load_settings(None, **wrong)
    for days in ("note=3", "message", "marker=3", "message=0"):
        with pytest.raises(SettingsError, match="NOFX_MEMORY_KIND_DAYS"):
            load_settings(None, memory_kind_days=days)
