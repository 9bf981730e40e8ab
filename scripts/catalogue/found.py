"""Finds the messages: where an error of ours is made, and what is handed to it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalogue.spelling import SOMETHING, spelled

ROOMS = ("hpo", "model", "storage")
#: What every error that a user may meet descends from; typer's says what is wrong with an option's value.
ROOTS = {"HpoError", "ModelError", "StorageError", "BadParameter"}
Known = dict[str, ast.expr]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Message:
    """What is said.

    Attributes:
        place: The module's path.
        text: What failed.
        step: What can be done; may be empty.
        reasons: What may stand in the text's <...>, where the module itself says it.
    """

    place: str
    text: str
    step: str
    reasons: tuple[str, ...] = ()


def messages(root: Path) -> list[Message]:
    """Returns every message of the rooms below a folder, once for each place, in order."""
    paths = [path for room in ROOMS for path in sorted((root / room).rglob("*.py"))]
    trees = {path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    errors = _errors(list(trees.values()))
    constants = {name: value for tree in trees.values() for name, value in _assigned(tree.body).items()}
    found = {message for place, tree in trees.items() for message in _of_module(place, tree, errors, constants)}
    return sorted(found)


def _errors(trees: list[ast.Module]) -> set[str]:
    """The names of all errors of ours."""
    bases = {
        node.name: {_word(base) for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = set(ROOTS)
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def _of_module(place: str, tree: ast.Module, errors: set[str], constants: Known) -> Iterator[Message]:
    known = constants | _assigned(tree.body)
    for scope in ast.walk(tree):
        if not isinstance(scope, Function):
            continue
        inner = known | _assigned(list(ast.walk(scope)))
        for parameter in scope.args.args:  # may be anything
            inner.pop(parameter.arg, None)
        for message, step in _said(scope, errors):
            text = spelled(message, inner)
            if text and text.strip("<>. ") not in ("", "reason"):
                yield Message(place, text, _step(step, inner), tuple(_reasons(tree, scope, inner)))


def _said(scope: Function, errors: set[str]) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Message and next step of each error that a function makes, or that it returns as a pair of texts."""
    pairs = scope.returns is not None and ast.unparse(scope.returns) == "tuple[str, str]"
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and _word(node.func) in errors and node.args:
            yield node.args[0], node.args[1] if len(node.args) > 1 else None
        if pairs and isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            yield node.value.elts[0], node.value.elts[1]


def _step(step: ast.expr | None, known: Known) -> str:
    return "" if step is None else spelled(step, known) or SOMETHING


def _reasons(tree: ast.Module, scope: Function, known: Known) -> Iterator[str]:
    """Texts that the module hands to a function which makes the error of them."""
    if scope.returns is None or _word(scope.returns) not in ("DataError", "SavedModelError", "PydanticCustomError"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _word(node.func) == scope.name:
            for argument in node.args:
                if isinstance(argument, ast.JoinedStr | ast.Constant) and (text := spelled(argument, known)):
                    yield text


def _assigned(nodes: list[ast.stmt] | list[ast.AST]) -> Known:
    """What names stand for, where each is given one value."""
    pairs = [
        (node.targets[0].id, node.value)
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def _word(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
