"""The document of a contract, of each format, to be changed."""

import copy
import json
from typing import Any

from hpo.search.space import read_space
from hpo.study.contract import versions
from model import gpu
from model.configuration import TrainingSettings, original_configuration

ROWS = {"artifact": "0" * 64, "fingerprint": "f" * 64, "rows": 10, "resistant": 5}


#: As `create-study` writes it today.
DOCUMENT: dict[str, Any] = {
    "format": 7,
    "study": "s",
    "created": "2026-01-01T00:00:00+00:00",
    "seed": 1,
    "data": {
        "source": "genes.csv",
        "fingerprint": "f" * 64,
        "alphabet": "dna",
        "ambiguous_letters": 0,
        "columns": {
            "sequence": "seq",
            "label": "phenotype",
            "id": None,
            "ignored": ["note"],
            "also_ignored": 0,
            "where": {"drug": "colistin"},
        },
        "labels": {"resistant": "R", "susceptible": "S"},
        "cleaning": {
            "gaps": "remove",
            "odd_letters": "unknown",
            "inner_stops": None,
            "missing": "drop",
            "gaps_removed": {"-": 3},
            "gaps_kept": {},
            "read_as_unknown": {"~": 1, "#": 2},
            "cut": 0,
            "dropped": {"label missing": 4},
        },
        "codes": True,
        "ancestors": {"mutation": "MK", "mutation_nucleotide": "ATGAAA"},
        "development": {**ROWS},
        "test": {**ROWS},
    },
    "splitting": {"folds": 5, "test_size": 0.2, "duplicates": "together"},
    "search": {
        "sampler": "tpe",
        "objective": "accuracy",
        "pruner": "paired",
        "startup_trials": 10,
        "space": json.loads(read_space(None, "dna", related=("mutation", "mutation_nucleotide")).model_dump_json()),
        "portfolio": [],
    },
    "training": TrainingSettings().as_dict(),
    "original": "one-fold",
    "baseline": original_configuration("dna").as_dict(),
    "leases": {"beat_interval_s": 10.0, "timeout_s": 60.0, "max_deaths": 3},
    "versions": versions(),
    "gpu_arithmetic": gpu.ARITHMETIC,
}


#: As it wrote it before workers took folds.
FOURTH: dict[str, Any] = {**DOCUMENT, "format": 4}


#: As it wrote it before sequences were cleaned by rules.
THIRD: dict[str, Any] = {
    **FOURTH,
    "format": 3,
    "data": {
        name: value
        for name, value in DOCUMENT["data"].items()
        if name not in ("columns", "labels", "cleaning", "codes")
    },
}


#: As it wrote it before genes could be told by their mutations, and trial 0 be cut short.
SECOND: dict[str, Any] = {
    **{name: value for name, value in THIRD.items() if name != "original"},
    "format": 2,
    "data": {name: value for name, value in THIRD["data"].items() if name != "ancestors"},
    "search": {**DOCUMENT["search"], "space": json.loads(read_space(None, "dna").model_dump_json())},
}


#: As it wrote it first.
FIRST: dict[str, Any] = {
    **{name: value for name, value in SECOND.items() if name != "gpu_arithmetic"},
    "format": 1,
    "splitting": {**DOCUMENT["splitting"], "seed": 1},
}


Path = tuple[str | int, ...]


def without(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """The document without one of its fields."""
    other: Any = copy.deepcopy(document)
    within = other
    for part in path[:-1]:
        within = within[part]
    del within[path[-1]]
    return other
