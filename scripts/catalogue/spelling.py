"""A text of the code as a reader may meet it: what is known only at the time of the message has a name in < >."""

import ast
from collections.abc import Mapping
from itertools import takewhile

#: What stands where nothing can be told but that something does.
SOMETHING = "..."
#: Functions whose argument is what is shown.
_SEE_THROUGH = {
    "str",
    "int",
    "repr",
    "sorted",
    "redact",
    "printable",
    "join",
    "quote",
    "fspath",
    "first_line",
    "capitalize",
}


def spelled(text: ast.expr, known: Mapping[str, ast.expr]) -> str | None:
    """Spells a text.

    Args:
        text: An expression of the code.
        known: What names of the module, or of the function, stand for.

    Returns:
        The text, or None where the expression is no text that can be told.
    """
    if isinstance(text, ast.Constant):
        return text.value if isinstance(text.value, str) else None
    if isinstance(text, ast.JoinedStr):
        return "".join(_part(part, known) for part in text.values)
    if isinstance(text, ast.BinOp) and isinstance(text.op, ast.Add):
        sides = [spelled(text.left, known), spelled(text.right, known)]
        return None if sides == [None, None] else "".join(side or SOMETHING for side in sides)
    if isinstance(text, ast.IfExp):
        return _either(spelled(text.body, known), spelled(text.orelse, known))
    if isinstance(text, ast.Name) and text.id in known:
        return spelled(known[text.id], {name: value for name, value in known.items() if name != text.id})
    return None


def _either(one: str | None, other: str | None) -> str | None:
    """Spells two texts of which one is said: what they share once, the rest in [ ]."""
    if one is None or other is None:
        return one or other
    begin = _alike(one, other)
    end = _alike(one[begin:][::-1], other[begin:][::-1])
    middles = [text[begin : len(text) - end] for text in (one, other)]
    return f"{one[:begin]}[{' / '.join(filter(None, middles))}]{one[len(one) - end :]}"


def _alike(one: str, other: str) -> int:
    """With how many letters both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _part(part: ast.expr, known: Mapping[str, ast.expr]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)  # noqa: S101 - there is nothing else in an f-string
    value = part.value
    if isinstance(value, ast.Name) and value.id in known and value.id.lstrip("_").isupper():
        constant = known[value.id]
        if isinstance(constant, ast.Constant):
            return str(constant.value)
        return spelled(constant, known) or f"<{value.id.strip('_').lower()}>"
    if isinstance(value, ast.IfExp):
        return spelled(value, known) or f"<{SOMETHING}>"
    return f"<{_name(value)}>"


def _name(value: ast.expr) -> str:
    """One word for a value."""
    if isinstance(value, ast.Name):
        return value.id.strip("_").lower()
    if isinstance(value, ast.Attribute):
        return "reason" if value.attr in ("strerror", "message") else value.attr.strip("_")
    if isinstance(value, ast.Subscript):
        return _name(value.value)
    if isinstance(value, ast.BinOp):
        return _name(value.left)
    if isinstance(value, ast.GeneratorExp | ast.ListComp):
        return _name(value.elt)
    if isinstance(value, ast.Call):
        return _called(value)
    return SOMETHING


def _called(call: ast.Call) -> str:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in ("len", "sum"):
        return "number"
    if name in _SEE_THROUGH and call.args:
        return _name(call.args[0])
    if isinstance(call.func, ast.Attribute) and not call.args:
        return _name(call.func.value)
    return name.strip("_") or SOMETHING
