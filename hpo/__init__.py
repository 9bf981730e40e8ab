"""The service: the only room that knows both the learner and the storage.

From Python: `hpo.run`, `hpo.create_study`, `hpo.open_study`, `hpo.work`, `hpo.status`, `hpo.finalize`, `hpo.predict`,
`hpo.trials` and `hpo.load_model`, which do what the commands do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo.api import *  # noqa: F403

# Known here so that tools complete them; `hpo.api` is read when one of them is used: commands must begin at once.
__all__ = [  # noqa: F822
    "GeneClassifier",
    "HpoError",
    "ModelError",
    "Prediction",
    "Status",
    "StorageError",
    "Study",
    "create_study",
    "finalize",
    "load_model",
    "open_study",
    "predict",
    "run",
    "status",
    "trials",
    "work",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'hpo' has no attribute {name!r}")
    return getattr(import_module("hpo.api"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
