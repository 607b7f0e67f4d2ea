"""Counts the tokens of prompts: PR-Agent's own for changes, and texts as they are.

Reads JSON from standard input and writes JSON. Runs in an environment of its own, with
PR-Agent's functions and the tokens of OpenAI's `o200k_base`.
"""

import json
import sys
from typing import Any

import tiktoken
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from pr_agent.algo.pr_processing import pr_generate_extended_diff
from pr_agent.algo.prompt_fragments import render_diff_hunk_format
from pr_agent.algo.token_handler import TokenHandler
from pr_agent.algo.types import EDIT_TYPE, FilePatchInfo
from pr_agent.config_loader import get_settings

KINDS = {"added": "ADDED", "removed": "DELETED", "renamed": "RENAMED"}


def main() -> None:
    """Answer one request."""
    asked = json.load(sys.stdin)
    encoding = tiktoken.get_encoding("o200k_base")

    def count(text: str) -> int:
        return len(encoding.encode(text, disallowed_special=()))

    answer = []
    for case in asked["cases"]:
        diff = packed(case["files"])
        answer.append(
            {
                "diff": count(diff),
                "prompt": count(prompt(case, diff)),
                "ours_diff": sum(count(text) for text in case["ours_diff"]),
                "ours_prompt": sum(count(text) for text in case["ours_prompt"]),
            }
        )
    json.dump(answer, sys.stdout)


def packed(files: list[dict[str, str]]) -> str:
    """Return a change as PR-Agent shows it to a model when all of it fits."""
    patches = [
        FilePatchInfo(
            base_file=one["base"],
            head_file=one["head"],
            patch=one["patch"],
            filename=one["path"],
            edit_type=EDIT_TYPE[KINDS.get(one["status"], "MODIFIED")],
        )
        for one in files
    ]
    config = get_settings().config
    shown, _, _ = pr_generate_extended_diff(
        [{"language": "all", "files": patches}],
        TokenHandler(),
        add_line_numbers_to_hunks=True,
        patch_extra_lines_before=config.patch_extra_lines_before,
        patch_extra_lines_after=config.patch_extra_lines_after,
    )
    return "\n".join(shown)


def prompt(case: dict[str, Any], diff: str) -> str:
    """Return orders and question of its `/review`, with its own settings."""
    reviewer = get_settings().pr_reviewer
    values = {
        "title": case["title"],
        "branch": "feature",
        "description": case["description"],
        "language": "Python",
        "diff": diff,
        "num_pr_files": len(case["files"]),
        "num_max_findings": reviewer.num_max_findings,
        "require_score": reviewer.require_score_review,
        "require_tests": reviewer.require_tests_review,
        "require_estimate_effort_to_review": reviewer.require_estimate_effort_to_review,
        "require_risk_assessment": False,
        "require_merge_recommendation": False,
        "require_failure_modes": False,
        "require_priority_files": False,
        "require_estimate_contribution_time_cost": False,
        "require_can_be_split_review": reviewer.require_can_be_split_review,
        "require_security_review": reviewer.require_security_review,
        "require_todo_scan": False,
        "question_str": "",
        "answer_str": "",
        "extra_instructions": "",
        "artifact_context": "",
        "skills_context": "",
        "repo_context": "",
        "previous_findings": "",
        "commit_messages_str": case["title"],
        "custom_labels": "",
        "enable_custom_labels": False,
        "is_ai_metadata": False,
        "diff_hunk_format": render_diff_hunk_format(
            include_line_numbers=True, include_ai_metadata=False
        ),
        "related_tickets": [],
        "related_tickets_omitted": 0,
        "duplicate_prompt_examples": False,
        "date": "2026-01-01",
    }
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    texts = get_settings().pr_review_prompt
    return "\n".join(
        environment.from_string(text).render(values)
        for text in (texts.system, texts.user)
    )


if __name__ == "__main__":
    main()
