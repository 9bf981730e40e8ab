"""What this machine can do, and whether storage, artifacts and devices answer."""

import importlib.util
import platform
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpo.search.space import read_space
from hpo.study.address import StudyAddress
from hpo.study.contract import versions
from hpo.trial.development_rows import DevelopmentRows
from hpo.workers.devices import slots_here
from hpo.workers.lane_count import lanes_for
from model.configuration import TrainingSettings
from model.cores import usable_cores
from model.encoder import Encoder
from model.errors import ModelError
from model.runtime import devices_named
from model.simulation import simulate
from storage.artifacts import open_artifacts
from storage.connection import open_storage
from storage.errors import StorageError
from storage.studies import study_names
from storage.url import redact

#: Where studies are kept when nobody says where.
_USUAL_STORAGE = "sqlite:///hpo.db"
#: Length of the genes that a GPU is tried with: the original's.
_CODONS = 300


@dataclass(frozen=True)
class Finding:
    """One check."""

    what: str
    ok: bool
    says: str


def examine(address: StudyAddress, device: str) -> list[Finding]:
    """Makes every check, in order; none of them raises.

    Args:
        address: Storage and artifacts; no study is looked for.
        device: As `--device` has it.
    """
    return [
        Finding("machine", True, f"{platform.system()} {platform.machine()}, {usable_cores()} cores"),
        Finding("versions", True, ", ".join(f"{name} {version}" for name, version in versions().items())),
        _check("devices", lambda: ", ".join(devices_named(device))),
        _check("engine", _engine),
        _check("workers", lambda: _workers(device)),
        *_places(address),
        Finding("extras", True, _extras()),
    ]


def as_text(findings: list[Finding]) -> str:
    """Returns one line per check."""
    width = max(len(finding.what) for finding in findings)
    return "\n".join(
        f"{'ok ' if finding.ok else 'BAD'}  {finding.what:<{width}}  {finding.says}" for finding in findings
    )


def _check(what: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, ask())
    except (ModelError, StorageError, OSError) as error:
        return Finding(what, False, redact(str(error)))


def _engine() -> str:
    from model.runtime import best_engine

    return best_engine()


def _workers(device: str) -> str:
    """Says what `hpo worker` would start here; a GPU is tried for some seconds."""
    names = devices_named(device)
    if names == ("cpu",):
        count = len(slots_here(device, None))
        return f"1 trial at a time in each of {count} processes" if count > 1 else "1 process, 1 trial at a time"
    return ", ".join(f"{name} trains {_lanes(name)}" for name in names)


def _lanes(device: str) -> str:
    settings = TrainingSettings()
    genes = simulate(200, _CODONS, 0.05, 0).genes
    rows = DevelopmentRows(genes, np.zeros(len(genes), dtype=np.int64), Encoder(settings.genetic_code))
    lanes = lanes_for(read_space(None, "dna"), settings, rows, device)
    at_once = "1 trial at a time" if lanes == 1 else f"{lanes} trials at once"
    return f"{at_once} (measured with genes of {_CODONS} codons and the default search space)"


def _places(address: StudyAddress) -> list[Finding]:
    nobody_said = address.storage == _USUAL_STORAGE and address.artifacts is None
    if nobody_said and not any(path.exists() for path in address.local_paths):
        return [Finding("storage", True, "no study in this folder yet: hpo run or hpo create-study makes one")]
    return [
        _check("storage", lambda: _storage(address.storage)),
        _check("artifacts", lambda: _artifacts(address.artifact_location)),
    ]


def _storage(url: str) -> str:
    names = study_names(open_storage(url))
    return f"{redact(url)} holds {len(names)} stud{'y' if len(names) == 1 else 'ies'}"


def _artifacts(location: str) -> str:
    store = open_artifacts(location)
    # New bytes each time: such as are there already are not written again, and would tell nothing of today's rights.
    probe = f"hpo doctor was here: {uuid.uuid4().hex}\n".encode()
    name = store.put(probe)
    try:
        if store.get(name) != probe:
            raise StorageError(f"The artifacts at {location} do not read back what was written.")
    finally:
        store.remove(name)
    return f"{store.location} can be written and read"


def _extras() -> str:
    found = {
        "postgres": importlib.util.find_spec("psycopg") is not None,
        "s3": importlib.util.find_spec("boto3") is not None,
    }
    return ", ".join(f"{name} {'installed' if there else 'not installed'}" for name, there in found.items())
