"""The service: the only room that knows both the learner and the storage.

From Python: `hpo.run`, `hpo.create_study`, `hpo.open_study`, `hpo.work`, `hpo.status`, `hpo.finalize`, `hpo.predict`,
`hpo.trials` and `hpo.load_model`, which do what the commands do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo.api import *  # noqa: F403 - for type checkers: what __getattr__ finds


def __getattr__(name: str) -> Any:
    # `hpo.api` is read when somebody asks for it: commands must begin at once.
    if name.startswith("_") or name not in (api := import_module("hpo.api")).__all__:
        raise AttributeError(f"module 'hpo' has no attribute {name!r}")
    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *import_module("hpo.api").__all__])
