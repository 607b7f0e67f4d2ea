"""What a label may say: known values, and `other`, so that no caller makes series."""

OTHER = "other"
MOST = 100


class Bound:
    """The values that one label may have; whatever else comes is told as `other`.

    Values that only the rooms above know, such as the names of their steps, are
    allowed by them when they start: `most` of them, and what comes later is `other`.
    """

    def __init__(self, *values: str, most: int = MOST) -> None:
        self._values = {value: value for value in values}
        self._most = max(most, len(values))

    def allow(self, *values: str) -> None:
        """Let the label have these values too, as far as there is room for them."""
        for value in values:
            if len(self._values) < self._most:
                self._values[str(value)] = str(value)

    @property
    def known(self) -> tuple[str, ...]:
        """Return every value but `other`."""
        return tuple(self._values)

    @property
    def values(self) -> tuple[str, ...]:
        """Return every value that the label can have now."""
        return (*self.known, OTHER)

    def of(self, value: str) -> str:
        """Return the value if the label can have it, else `other`."""
        return self._values.get(value, OTHER)
