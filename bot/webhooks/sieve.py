"""Tells at the door which deliveries ask nothing of nofx, so that nobody works on them.

Most of what GitHub sends is of this kind: talk, and the checks of other Apps. Such
a delivery is kept, with the reason, in the one write that keeps any; pure.
"""

from collections.abc import Callable, Mapping

from bot.naming import PREFIX
from bot.webhooks.event_types import CommentEvent, ReviewCommentCreated
from bot.webhooks.events import parse_event
from bot.webhooks.outcome import Ignored

Sift = Callable[[str, Mapping[str, object]], Ignored | None]


def sieve(app_id: int) -> Sift:
    """Return what judges a delivery by its event's name and its payload, for our App.

    It answers None where somebody must look closer, and raises nothing.
    """

    def sift(name: str, payload: Mapping[str, object]) -> Ignored | None:
        event = parse_event(name, payload, app_id=app_id)
        if isinstance(event, Ignored):
            return event
        # Whether it is a command is not asked here: reading Markdown takes its time.
        if isinstance(event, CommentEvent) and _is_talk(event):
            return Ignored("the comment holds no command")
        return None

    return sift


def _is_talk(event: CommentEvent) -> bool:
    """Return whether a comment is for others: no command, and no reply on a line."""
    if isinstance(event, ReviewCommentCreated) and event.in_reply_to is not None:
        return False
    return PREFIX not in event.body.lower()
