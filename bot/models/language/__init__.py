"""The reviewer that lets a language model read the change."""

from bot.models.language.reviewer import LanguageReviewer

__all__ = ["LanguageReviewer"]
