"""The reviewers: each stands behind the port in `core.review.reviewer`."""

from bot.models.catalog import make_model

__all__ = ["make_model"]
