"""A schema that contradicts itself is refused where it is written."""

import pytest

from core.store.schema import CollectionSpec, IndexSpec, Schema

BY_NAME = IndexSpec(keys=("name",))


def test_an_index_is_named_as_mongodb_would() -> None:
    """The default name shows the fields; a label goes before it."""
    assert IndexSpec(keys=("stream", "seq")).name == "stream_1_seq_1"
    assert IndexSpec(keys=("a",), label="mine").name == "mine"


def test_an_index_says_its_options_in_mongodbs_words() -> None:
    """Only what was asked for is there."""
    assert BY_NAME.options == {}
    spec = IndexSpec(keys=("a",), unique=True, sparse=True, expire_after_seconds=0)
    assert spec.options == {"unique": True, "sparse": True, "expireAfterSeconds": 0}


def test_an_index_without_fields_is_a_mistake() -> None:
    """There is nothing to look up by."""
    with pytest.raises(ValueError, match="at least one field"):
        IndexSpec(keys=())


def test_two_indexes_of_one_name_are_a_mistake() -> None:
    """The second would never be made."""
    with pytest.raises(ValueError, match="one name"):
        CollectionSpec(name="x", indexes=(BY_NAME, BY_NAME))


def test_two_collections_of_one_name_are_a_mistake() -> None:
    """Two rooms that write one collection would overwrite each other's validator."""
    with pytest.raises(ValueError, match="one name"):
        Schema(version=1, collections=(CollectionSpec(name="x"),) * 2)
