"""A database address is checked early and shown without its password."""

import traceback
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import (
    AutoReconnect,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from core.errors import DatabaseUrlError, StoreUnavailableError
from core.store.address import database_in, without_password
from core.store.database import connect, refusals, translating


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("mongodb://localhost", "nofx"),
        ("mongodb://localhost/", "nofx"),
        ("mongodb://localhost/reviews", "reviews"),
        ("mongodb://u:p%40ss@a:1,b:2/reviews?replicaSet=rs0", "reviews"),
        ("mongodb://[::1]:27017/?tls=true", "nofx"),
        ("mongodb+srv://u:p@cluster.example.net/x", "x"),
    ],
)
def test_a_good_address_names_its_database(url: str, name: str) -> None:
    """The path is the database; without one it is nofx."""
    assert database_in(url) == name


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "does not begin"),
        ("hunter2", "does not begin"),
        ("postgres://u:hunter2@h/x", "does not begin"),
        ("mongodb://", "no host"),
        ("mongodb://u:hunter2@h:99999", "between 1 and 65535"),
        ("mongodb://u:hunter2", "percent-encoded"),
        ("mongodb://u:hunter2%zz@h", "percent-encoded"),
        ("mongodb://u:hunter2/x@h", "percent-encoded"),
        ("mongodb://u:p@hunter2/x@h", "percent-encoded"),
        ("mongodb://u:hunter2@h/?replicaset=a&retryWrites=maybe", "retrywrites"),
        ("mongodb://u:hunter2@h/?replicasets=a", "replicasets"),
        ("mongodb://u:hunter2@h/a b", "forbids"),
        ("mongodb://u:hunter2@h/?w", "cannot read"),
    ],
)
def test_a_bad_address_is_refused_with_its_reason(url: str, reason: str) -> None:
    """The error tells what would be right and never what the password is."""
    with pytest.raises(DatabaseUrlError, match=reason) as caught:
        connect(url)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in str(caught.value.facts)
    assert "MONGODB_URL" in caught.value.way_out


@given(secret=st.text(min_size=4), rest=st.text())
def test_no_password_is_ever_shown(secret: str, rest: str) -> None:
    """Whatever stands before the last @ does not come back."""
    shown = without_password(f"mongodb://user:~{secret}@{rest.replace('@', '')}")
    assert f"~{secret}" not in shown


@given(text=st.text())
def test_any_text_is_a_name_or_a_refusal(text: str) -> None:
    """No address makes anything but a DatabaseUrlError."""
    with suppress(DatabaseUrlError):
        assert database_in(f"mongodb://{text}")


def test_hosts_are_shown() -> None:
    """What an operator needs to see is there."""
    assert without_password("mongodb://u:p@a:1,b:2/x?y") == "mongodb://a:1,b:2"
    assert without_password("mongodb://u:p") == "mongodb://***"


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("connection closed"),
        NetworkTimeout("timed out"),
        NotPrimaryError("stepped down"),
        ServerSelectionTimeoutError("h:1: refused, Timeout: 5s, Topology: …"),
        OperationFailure("interrupted at shutdown", code=11600),
    ],
)
def test_a_server_that_is_away_is_one_error(error: Exception) -> None:
    """Whichever way the driver says it."""
    with pytest.raises(StoreUnavailableError) as caught, translating():
        raise error
    assert caught.value.__cause__ is error
    assert "Topology" not in str(caught.value)


@pytest.mark.parametrize("code", [1, 14031])
def test_a_server_that_can_do_nothing_more_is_away_too(code: int) -> None:
    """As after a full disk: who reads it at three in the morning is told what to do."""
    answer = {"ok": 0.0, "errmsg": "internal server error", "$clusterTime": "noise"}
    error = OperationFailure("internal server error", code=code, details=answer)

    with pytest.raises(StoreUnavailableError) as caught, translating():
        raise error

    assert "full disk" in str(caught.value)
    assert "noise" not in str(caught.value)


def test_what_is_not_a_refused_write_has_no_refusals() -> None:
    """A lost connection and a bad command name no write."""
    assert refusals(AutoReconnect("x")) == ()
    assert refusals(OperationFailure("x", code=1)) == ()


@pytest.mark.parametrize("embedded", [True, False])
async def test_only_the_embedded_server_goes_without_retryable_writes(
    *, embedded: bool
) -> None:
    """On a MongoDB a write that met an election is sent again by the driver."""
    database = connect("mongodb://127.0.0.1:1", embedded=embedded)
    assert database.client.delegate.options.retry_writes is not embedded
    await database.close()
