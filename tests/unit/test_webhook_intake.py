"""What the server says to a group of inserts is told to each sender."""

import pytest
from pymongo.errors import BulkWriteError

from bot.webhooks.intake import judged
from core.errors import RefusedByDatabaseError, StoreUnavailableError


def test_each_refusal_goes_to_its_own_sender() -> None:
    """A duplicate is known already, an invalid one is a bug, another one unclear."""
    error = BulkWriteError(
        {
            "writeErrors": [
                {"index": 0, "code": 11000, "errmsg": "E11000 duplicate key"},
                {"index": 2, "code": 121, "errmsg": "Document failed validation"},
                {"index": 3, "code": 14031, "errmsg": "out of disk space"},
            ]
        }
    )

    duplicate, new, invalid, full = judged([True] * 4, error)

    assert (duplicate, new) == (False, True)
    assert isinstance(invalid, RefusedByDatabaseError)
    assert isinstance(full, StoreUnavailableError)


def test_nothing_is_acknowledged_that_may_not_be_durable() -> None:
    """A majority that did not answer in time is no answer."""
    error = BulkWriteError({"writeConcernErrors": [{"errmsg": "waiting timed out"}]})

    with pytest.raises(StoreUnavailableError, match="timed out"):
        judged([True], error)
