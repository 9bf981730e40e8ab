"""The packaged portfolios: configurations that were good on other genes, with which a search begins.

`scripts/bench_search portfolio` makes them from recorded tables. There is one for each packaged space that such tables
were drawn from, under its name; a space without tables has none.
"""

import tomllib
from pathlib import Path

from hpo.search.configurations import params_of
from hpo.search.parameters import Value
from hpo.search.space import Space

FOLDER = Path(__file__).parent / "portfolios"


def read_portfolio(name: str, space: Space) -> list[dict[str, Value]]:
    """Reads the portfolio of a packaged space, in the order in which it is to be tried.

    Args:
        name: See `hpo.search.packaged.packaged_name`.
        space: As it is for these genes, which may not have all encodings: what it could not propose is left out.

    Returns:
        Params of the searched parameters, all of them; nothing where the space has no portfolio.
    """
    file = FOLDER / f"{name}.toml"
    configurations = tomllib.loads(file.read_text())["configuration"] if file.exists() else []
    found = [params_of(one, space) for one in configurations]
    return [params for params in found if params]
