"""The reviewer without a language model: analyzers over the changed files."""

from bot.models.rules.reviewer import RulesReviewer

__all__ = ["RulesReviewer"]
