"""Takes bundles away in which a text may stand that must go."""

from core.rca.store import BundleStore
from core.redaction.places import Order, Reached


class BundleCopies:
    """The place `bundles`: what was built of the repository's runs is deleted.

    All of the repository's, for a bundle tells of other runs too, such as the last
    green one. To forget one costs building it again, from what was redacted by then. It
    comes after the places that bundles are built from, and asks again while somebody
    may still be writing to one.
    """

    name = "bundles"

    def __init__(self, store: BundleStore) -> None:
        self._store = store

    async def redact(self, order: Order) -> Reached:
        """Delete the bundles; raises StoreUnavailableError."""
        if order.repository is None:
            return Reached()
        told = await self._store.revoke(order.repository)
        left = f"{told.held} bundles are still being written" if told.held else ""
        return Reached(changed=told.gone, left=left)
