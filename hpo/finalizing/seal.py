"""The seal on the test set: who opens it is counted and dated, before a single row is read."""

import datetime

from hpo.errors import ContractError
from hpo.study.attributes import new_opening, openings_of
from hpo.study.opened import OpenedStudy
from model.genes import Genes
from model.snapshot import from_bytes


def openings(opened: OpenedStudy) -> tuple[str, ...]:
    """Tells when the test set was opened so far: dates in ISO 8601, UTC."""
    return openings_of(opened.handle.attributes())


def open_test(opened: OpenedStudy) -> Genes:
    """Breaks the seal: writes down that it is broken, then reads the test rows.

    Raises:
        ContractError: The artifact holds other rows than the contract says.
        ArtifactMissingError, ArtifactCorruptError: From the store.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    opened.handle.set(new_opening(), now)
    sealed = opened.contract.data.test
    genes, _ = from_bytes(opened.artifacts.get(sealed.artifact))
    if genes.fingerprint() != sealed.fingerprint:
        raise ContractError(
            f"The test data of study {opened.contract.study!r} are not the ones it was made with.",
            f"Expected fingerprint {sealed.fingerprint}, found {genes.fingerprint()}.",
        )
    return genes
