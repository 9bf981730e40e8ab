"""The portfolios that are shipped: for each packaged space that a table was drawn from, chosen from all tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpo.search.configurations import params_of
from hpo.search.parameters import Value
from hpo.search.portfolio import FOLDER
from hpo.search.space import Space, read_space
from model.alphabet import Alphabet
from model.encoding import mutation_encodings
from searching.portfolio import plausible_regrets, portfolio, relative_seconds
from searching.world import World

#: Of a value that is shipped: more would claim that it matters.
DIGITS = 3
_ALPHABETS: tuple[Alphabet, ...] = ("dna", "protein")


def ship(worlds: Mapping[str, World], size: int, *, writes: bool) -> Iterator[str]:
    """Chooses the portfolio of each space that a table was drawn from, and tells it.

    Args:
        worlds: The tables, by name.
        size: Configurations of each.
        writes: Whether they are put where they are shipped from.
    """
    for name, space in packaged_spaces().items():
        if any(was_drawn_from(world, space) for world in worlds.values()):
            chosen = choose(worlds, space, size)
            yield f"{name}\n"
            yield from in_words(worlds, space, chosen)
            yield ""
            if writes:
                FOLDER.mkdir(exist_ok=True)
                (FOLDER / f"{name}.toml").write_text(as_toml(name, list(worlds), chosen))


def packaged_spaces() -> dict[str, Space]:
    """All of them by name, with every encoding."""
    related = {f"{one}_related": read_space(None, one, related=mutation_encodings(one)) for one in _ALPHABETS}
    whole = {one: read_space(None, one) for one in _ALPHABETS}
    return {**whole, **related, "dna_shifted": read_space(None, "dna", related=("mutation_nucleotide",))}


def was_drawn_from(world: World, space: Space) -> bool:
    """Says whether a table's space is that one, or the part of it with fewer encodings."""
    drawn = world.table.space
    rest, asked = ({name: entry for name, entry in one.parameters.items() if name != "encoding"}
                   for one in (drawn, space))  # fmt: skip
    return rest == asked and set(drawn.encodings) <= set(space.encodings)


def choose(worlds: Mapping[str, World], space: Space, size: int) -> list[dict[str, Value]]:
    """Chooses a space's portfolio among all recorded configurations that it could have proposed.

    The space's own beginning is one of them.
    """
    found: list[Mapping[str, Any]] = [vars(space.start)]
    for world in worlds.values():
        found += [one for one in world.table.configs if params_of(one, space) is not None and one not in found]
    return [_rounded(params_of(found[place], space) or {}) for place in
            portfolio(list(worlds.values()), found, size)]  # fmt: skip


def in_words(worlds: Mapping[str, World], space: Space, chosen: Sequence[Mapping[str, Value]]) -> Iterator[str]:
    """A table: of the beginning and each member, what the recorded tables say, by their forests.

    Args:
        worlds: By name.
        space: Whose portfolio it is.
        chosen: Its members.
    """
    members = [vars(space.start), *(vars(space.start) | dict(one) for one in chosen)]
    heads = [f"{name}: {what}" for name in worlds for what in ("regret", "seconds")]
    yield f"| | {' | '.join(heads)} | {' | '.join(space.searched)} |"
    yield "|---" * (len(heads) + len(space.searched) + 1) + "|"
    figures = [
        (
            # Against the best of all that was recorded there.
            plausible_regrets(world, [*world.table.configs, *members])[:, -len(members) :].mean(axis=0),
            relative_seconds(world, members),
        )
        for world in worlds.values()
    ]
    for place, member in enumerate(members):
        cells = [f"{column[place]:.2f}" for pair in figures for column in pair]
        values = [str(_short(member[name])) for name in space.searched]
        yield f"| {place or 'start'} | {' | '.join([*cells, *values])} |"


def as_toml(name: str, tables: Sequence[str], chosen: Sequence[Mapping[str, Value]]) -> str:
    """The file of a portfolio."""
    lines = [
        f"# Configurations with which a search of the space {name} begins: good on other genes, and soon.",
        "# docs/search.md tells what they are worth.",
        f"# Made by scripts/bench_search portfolio, from the tables of {', '.join(tables)}.",
    ]
    for params in chosen:
        lines += ["", "[[configuration]]", *(f"{name} = {_toml(value)}" for name, value in params.items())]
    return "\n".join(lines) + "\n"


def _rounded(params: Mapping[str, Value]) -> dict[str, Value]:
    return {name: _short(value) for name, value in params.items()}


def _short(value: Value) -> Value:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _toml(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
