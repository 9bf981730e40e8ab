"""What sets a study apart from the one that a command asks for, in the words of the options that would settle it."""

from collections.abc import Iterator
from typing import Any

from hpo.study.contract import Contract

#: Not part of what two contracts must agree on: made anew by every call.
_DATED = {"created", "versions", "gpu_arithmetic"}
#: By the places in the contract that options set.
_OPTIONS = {
    "seed": "--seed",
    "splitting.folds": "--folds",
    "splitting.test_size": "--test-size",
    "splitting.duplicates": "--duplicates",
    "search.sampler": "--sampler",
    "search.objective": "--objective",
    "search.pruner": "--pruner",
    "search.startup_trials": "--startup-trials",
    "search.start": "--start",
    "original": "--original",
    "leases.timeout_s": "--lease-timeout",
    "leases.max_deaths": "--retries",
    "data.alphabet": "--alphabet",
    "data.columns.sequence": "--sequence-column",
    "data.columns.label": "--label-column",
    "data.columns.id": "--id-column",
    "data.columns.where": "--where",
    "data.cleaning.gaps": "--gaps",
    "data.cleaning.odd_letters": "--odd-letters",
    "data.cleaning.inner_stops": "--inner-stops",
    "data.cleaning.missing": "--missing",
}
#: Places that follow from others, and are told where nothing else differs.
_FOLLOWING = ("data.", "leases.", "baseline.")
_LONGEST = 60


def differences(earlier: Contract, asked: Contract) -> list[str]:
    """Says what differs, one line for each option; nothing where a command goes on with the study.

    Args:
        earlier: Of the study that is there.
        asked: That the command would make.
    """
    before, now = (contract.model_dump(mode="json", exclude=_DATED) for contract in (earlier, asked))
    for name in ("columns", "labels"):
        if before["data"][name] is None:  # an earlier version did not write it down
            now["data"][name] = None
    spaces = [document["search"].pop("space")["parameters"] for document in (before, now)]
    for document in (before, now):
        document["data"].pop("source")  # the same data may have another name
        # Another version's portfolio is one all the same: the study keeps its own.
        document["search"]["start"] = "portfolio" if document["search"].pop("portfolio") else "random"
    changed = dict(_changed(before, now))
    told = [
        *(_told(option, *changed[place]) for place, option in _OPTIONS.items() if place in changed),
        *(
            _told("--" + place.partition(".")[2].replace("_", "-"), *values)
            for place, values in changed.items()
            if place.startswith("training.")
        ),
        *_of_spaces(*spaces),
    ]
    if "data.fingerprint" in changed:
        told.append("the data: other genes or labels than those of the study")
    rest = [place for place in changed if place not in _OPTIONS and not place.startswith("training.")]
    return told or [place for place in rest if not place.startswith(_FOLLOWING)] or rest


def _changed(before: Any, now: Any, place: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Gives the places where two documents differ, with both values; what an option sets is not taken apart."""
    if isinstance(before, dict) and isinstance(now, dict) and place not in _OPTIONS:
        for name in dict.fromkeys([*before, *now]):
            yield from _changed(before.get(name), now.get(name), f"{place}.{name}" if place else name)
    elif before != now:
        yield place, (before, now)


def _of_spaces(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Compares search spaces; what has become a hyperparameter since is none of the study that is there."""
    for name, entry in before.items():
        asked = now.get(name, {})
        if _unordered(entry) != _unordered(asked):
            yield _told(f"--space, {name}", _entry(entry), _entry(asked))


def _unordered(entry: dict[str, Any]) -> dict[str, Any]:
    """A parameter without the order of its choices, which only says where a search begins: this one has begun."""
    return {**entry, "choices": sorted(entry["choices"], key=str)} if "choices" in entry else entry


def _entry(entry: dict[str, Any]) -> str:
    if "choices" in entry:
        return ", ".join(sorted(map(str, entry["choices"])))
    if "low" in entry:
        rest = "".join(f", {name} {value}" for name, value in entry.items() if name not in ("kind", "low", "high"))
        return f"{entry['low']} to {entry['high']}{rest}"
    return str(entry.get("value", "none"))


def _told(option: str, before: Any, now: Any) -> str:
    return f"{option}: {_shown(before)} in the study, {_shown(now)} here"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={wanted}" for name, wanted in value.items()) or "none"
    shown = "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
