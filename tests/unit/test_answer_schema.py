"""The schema that a model is shown: the form, and not our own words about it."""

import json

from core.review.answer_schema import answer_schema
from core.review.prompt.schema import ANSWER, Answer


def test_what_says_nothing_of_the_form_is_not_sent() -> None:
    """No names of classes, no docstrings; a property called title is one."""
    said = ANSWER["$defs"]["Said"]
    assert said["properties"]["title"] == {
        "maxLength": 200,
        "minLength": 1,
        "type": "string",
    }
    assert said["required"] == list(said["properties"])
    assert "title" not in said
    assert "description" not in ANSWER
    whole = json.dumps(Answer.model_json_schema())
    assert len(json.dumps(answer_schema(Answer))) < 0.75 * len(whole)
