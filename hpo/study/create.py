"""Making a study: check, split, seal, freeze; `register` puts it into the storage."""

import datetime
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from hpo.choices import MOST, OBJECTIVE, Objective, Original, Pruner, Sampler, Start
from hpo.errors import UsageError
from hpo.search.packaged import packaged_name
from hpo.search.space import Space, possible_encodings, read_space
from hpo.study.address import StudyAddress
from hpo.study.contract import Contract, Leases, SearchSettings, Splitting, first_complaint, versions
from hpo.study.contract_data import Cleaning, Columns, Data, Labels, Rows
from hpo.study.ending import NO_RULES, Rules
from hpo.study.first_trials import choose_portfolio, enqueued
from hpo.study.long_rows import tell_long_row
from hpo.study.objective import choose_pruner, pruner_of
from hpo.study.original import check_answerable, choose_original, estimate_cost, in_words
from hpo.study.register import register
from hpo.study.warm_start import read_warm_start
from hpo.terminal import say
from model import gpu
from model.choices import Duplicates
from model.coding import find_coding
from model.configuration import TrainingSettings, original_configuration
from model.encoder import Encoder
from model.encoding import MutationEncoding
from model.errors import DataError
from model.genes import Genes
from model.mutations import LONGEST_ANCESTOR, find_relation
from model.snapshot import to_bytes
from model.splitting import Split, group_ids, split
from storage.artifacts import ArtifactStore, open_artifacts
from storage.artifacts.notes import keep_notes_from_the_start
from storage.studies import check_name


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the user asked for."""

    study: str
    trials: int
    source: Path
    seed: int
    folds: int
    test_size: float
    duplicates: Duplicates
    space_file: Path | None
    #: None: chosen by cost.
    original: Original | None
    sampler: Sampler
    startup_trials: int
    #: None: the default of this version, for the objective.
    pruner: Pruner | None
    training: TrainingSettings
    lease_timeout_s: float
    retries: int
    #: What trials are compared by.
    objective: Objective = OBJECTIVE
    #: The user's own configurations.
    enqueue: Path | None = None
    #: The earlier study that the search begins from, as `--warm-start` has it.
    warm_start: str | None = None
    #: None: a portfolio, where there is one.
    start: Start | None = None
    #: What ends the search before its budget is spent.
    ends: Rules = NO_RULES
    #: Whether the genes may be read by their mutations; studies of earlier versions were not.
    related: bool = True
    #: Whether it is looked if DNA codes; earlier versions took all for genes that do.
    may_not_code: bool = True

    @property
    def takes_a_portfolio(self) -> bool:
        """Says whether the search begins with nothing of the user's own, and is no random one."""
        return self.sampler == "tpe" and self.space_file is None and self.warm_start is None


def create(address: StudyAddress, genes: Genes, plan: Plan) -> Contract:
    """Makes a study; arguments and errors as `prepare` and `register`."""
    contract = prepare(genes, plan, open_for_creation(address))
    space = contract.search.space
    warm = read_warm_start(plan.warm_start, address, space)
    register(address, contract, plan.trials, plan.ends, enqueued(plan.enqueue, space), warm)
    return contract


def prepare(genes: Genes, plan: Plan, artifacts: ArtifactStore) -> Contract:
    """Splits the genes, stores both parts, and writes down the contract.

    Nothing is put into the storage; two calls with the same input give the same contract, but for the date. What is
    chosen for the user is told on stderr.

    Args:
        genes: With labels.
        plan: What the user asked for.
        artifacts: Where development and test rows go, each as an artifact of its own.

    Raises:
        DataError: The rows cannot be split as asked.
        SpaceError: The search space is not one we can search.
        UsageError: An option has a value that no contract may have, or a configuration of the user's is not of the
            space.
    """
    check_answerable(plan.original, plan.trials)
    check_name(plan.study)
    plan = replace(plan, pruner=choose_pruner(plan.objective, plan.pruner))
    if not 1 <= plan.trials <= MOST:
        raise UsageError(f"--trials is {plan.trials}; allowed are 1 to {MOST:,}.", "Give another number.")
    for line in genes.provenance.in_words():
        say(line)
    # Before rows are dealt out (no label is looked at): what nobody reads need not keep rows together.
    code = plan.training.genetic_code
    coding = find_coding(genes, code) if plan.may_not_code else None
    codes = coding is None or coding.codes
    if coding is not None and not codes:
        say(coding.in_words())
    parts = _divide(genes, plan, codes)
    seen = genes.subset(~parts.test)
    ancestors = (
        find_relation(seen, plan.training.genetic_code, codes=codes).ancestors if _comparable(genes, plan) else {}
    )
    space = read_space(plan.space_file, genes.alphabet, related=tuple(ancestors), codes=codes)
    # What is wrong with it is said before anything is kept.
    enqueued(plan.enqueue, space)
    encoder = Encoder(code, ancestors, genes.provenance.rules.gaps == "keep")
    tell_long_row(seen, encoder, space)
    original = plan.original or _affordable(seen, encoder, space, plan)
    development, test = _seal(genes, parts, artifacts)
    try:
        return _contract(genes, plan, space, original, ancestors, codes, development, test)
    except ValidationError as error:
        raise UsageError(f"No study can be made so ({first_complaint(error)}).", "Change the option.") from error


def _comparable(genes: Genes, plan: Plan) -> bool:
    """Says whether genes may be read by their mutations: whoever opens the test set must be able to read it so too."""
    longest = max(map(len, genes.sequences))
    if plan.related and longest > LONGEST_ANCESTOR:
        say(f"Genes are read whole: one has {longest:,} letters, and up to {LONGEST_ANCESTOR:,} can be compared.")
    return plan.related and longest <= LONGEST_ANCESTOR


def _affordable(rows: Genes, encoder: Encoder, space: Space, plan: Plan) -> Original:
    """Chooses what is done with trial 0, and says so."""
    cost = estimate_cost(rows, encoder, space, folds=plan.folds, trials=plan.trials)
    choice = choose_original(cost)
    say(in_words(choice, cost))
    return choice


def _contract(
    genes: Genes,
    plan: Plan,
    space: Space,
    original: Original,
    ancestors: dict[MutationEncoding, str],
    codes: bool,
    development: Rows,
    test: Rows,
) -> Contract:
    read, packaged = genes.provenance, packaged_name(genes.alphabet, ancestors, codes)
    return Contract(
        study=plan.study,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seed=plan.seed,
        data=Data(
            source=plan.source.name,
            fingerprint=genes.fingerprint(),
            alphabet=genes.alphabet,
            ambiguous_letters=genes.ambiguous_letters,
            columns=Columns.of(read),
            labels=Labels.of(genes.label_words),
            cleaning=Cleaning.model_validate({**read.rules.as_dict(), **read.changes.as_dict()}),
            codes=codes,
            ancestors=ancestors,
            development=development,
            test=test,
        ),
        splitting=Splitting(folds=plan.folds, test_size=plan.test_size, duplicates=plan.duplicates),
        search=SearchSettings(
            sampler=plan.sampler,
            objective=plan.objective,
            pruner=plan.pruner or pruner_of(plan.objective),
            startup_trials=plan.startup_trials,
            space=space,
            portfolio=choose_portfolio(plan.start, packaged if plan.takes_a_portfolio else None, space),
        ),
        training=plan.training,
        original=original,
        baseline=original_configuration(genes.alphabet),
        leases=Leases(
            # Six beats may be lost before a worker is taken for dead.
            beat_interval_s=plan.lease_timeout_s / 6,
            timeout_s=plan.lease_timeout_s,
            max_deaths=plan.retries,
        ),
        versions=versions(),
        gpu_arithmetic=gpu.ARITHMETIC,
    )


def open_for_creation(address: StudyAddress) -> ArtifactStore:
    """Opens the artifact store of a study to be made; its folder is made where it is missing."""
    store = open_artifacts(address.artifact_location, create=True)
    keep_notes_from_the_start(store)
    return store


def _divide(genes: Genes, plan: Plan, codes: bool) -> Split:
    labels = _labels(genes)
    # Whether the genes are relatives is asked of the development rows alone, so it is not known yet.
    encodings = possible_encodings(plan.space_file, genes.alphabet, codes=codes)
    groups = group_ids(genes, encodings, plan.training.genetic_code)
    return split(labels, groups, test_size=plan.test_size, folds=plan.folds, seed=plan.seed, duplicates=plan.duplicates)


def _labels(genes: Genes) -> NDArray[np.bool_]:
    if genes.labels is None:
        raise DataError("A study is made from genes with labels.", "Name the column: --label-column.")
    return genes.labels


def _seal(genes: Genes, parts: Split, artifacts: ArtifactStore) -> tuple[Rows, Rows]:
    labels = _labels(genes)
    dev, test = np.flatnonzero(~parts.test), np.flatnonzero(parts.test)
    return (
        _store(artifacts, genes.subset(dev), labels[dev], parts.fold[dev]),
        _store(artifacts, genes.subset(test), labels[test], None),
    )


def _store(artifacts: ArtifactStore, genes: Genes, labels: NDArray[np.bool_], folds: NDArray[np.int64] | None) -> Rows:
    return Rows(
        artifact=artifacts.put(to_bytes(genes, folds)),
        fingerprint=genes.fingerprint(),
        rows=len(genes.sequences),
        resistant=int(labels.sum()),
    )
