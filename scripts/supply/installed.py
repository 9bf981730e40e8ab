"""The packages that are installed for the project, with those that they need, by what each says of itself."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

#: The extras that a worker may be installed with.
RUNTIME = ("postgres", "s3")
_LONGEST_NAME = 60
_OSI = "License :: OSI Approved :: "


@dataclass(frozen=True)
class Package:
    """One package.

    Attributes:
        name: As PyPI writes it in addresses.
        version: Without a label of how it was built, such as +cpu.
        licence: An SPDX expression, or the package's own words.
        is_spdx: Which of the two.
        needs: Names of the packages that it needs here.
    """

    name: str
    version: str
    licence: str
    is_spdx: bool
    needs: tuple[str, ...]


def packages(extras: Collection[str]) -> list[Package]:
    """Returns the project and all that it needs here, the project first and the rest by name.

    Args:
        extras: Of the project.

    Raises:
        PackageNotFoundError: Something that is needed is not installed.
    """
    found: dict[str, Package] = {}
    waiting = [("hpo", frozenset(extras))]
    asked: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in asked:
            continue
        asked.add((name, wanted))
        try:
            here = distribution(name)
        except PackageNotFoundError as error:
            raise PackageNotFoundError(
                f"{name} is needed and not installed; run scripts/lint, which installs"
            ) from error
        needs = list(_needs(here, wanted))
        waiting += needs
        earlier = found[name].needs if name in found else ()
        names = tuple(sorted({*earlier, *(need for need, _ in needs)}))
        is_spdx = "License-Expression" in here.metadata
        found[name] = Package(name, here.version.split("+")[0], licence(here), is_spdx, names)
    return [found.pop("hpo"), *(found[name] for name in sorted(found))]


def licence(here: Distribution) -> str:
    """Returns what a package says of its licence, shortly."""
    told = here.metadata.get("License-Expression") or ""
    if told:
        return told
    named = [one.removeprefix(_OSI) for one in here.metadata.get_all("Classifier") or () if one.startswith(_OSI)]
    text = (here.metadata.get("License") or "").strip()
    if text and "\n" not in text and len(text) <= _LONGEST_NAME:
        return text
    return " and ".join(named) or "not told"


def canonical(name: str) -> str:
    """Returns a package's name as PyPI writes it in addresses."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _needs(here: Distribution, extras: Collection[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for text in here.requires or ():
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield canonical(need.name), frozenset(need.extras)
