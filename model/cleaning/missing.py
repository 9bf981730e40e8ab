"""Words that stand where a value is missing."""

#: As spreadsheets, pandas, R, SQL and people write them; case does not matter. A few are letters of proteins (NA, NAN),
#: but no gene is that short.
_WORDS = frozenset(
    [
        *("", "-", "--", ".", "?", "na", "n/a", "#n/a", "<na>", "nan", "none", "null", "nil", "\\n", "nd", "n/d"),
        *("unknown", "unk", "missing", "undefined", "not available", "not determined", "not known", "no sequence"),
    ]
)
_LONGEST = max(map(len, _WORDS))
#: Letters that show that more than a word stands there.
_LOOK = 4 * _LONGEST


def is_missing(value: object) -> bool:
    """Says whether a value of a table stands for none: None, not a number, nothing but blanks, or a word for it."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        # Of a whole gene nothing is copied.
        if len(value) > _LOOK and len(value[:_LOOK].strip()) > _LONGEST:
            return False
        word = value.strip()
        return len(word) <= _LONGEST and word.lower() in _WORDS
    # Nothing else differs from itself.
    return value is None or value != value
