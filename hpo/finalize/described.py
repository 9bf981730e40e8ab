"""Contract and data in the report's words."""

import numpy as np

from hpo.report import evidence
from hpo.search.parameters import Choices, Fixed, Range
from hpo.study.contract import Contract
from model.encoding import Encoding, encode
from model.genes import Genes
from model.inspection import inspect

#: A translation shorter than this share of the longest is short.
EARLY = 0.9


def describe_contract(contract: Contract) -> evidence.Contract:
    """What `create-study` froze."""
    settings = contract.settings
    return evidence.Contract(
        fingerprint=contract.data.fingerprint,
        folds=contract.splitting.folds,
        test_size=contract.splitting.test_size,
        seed=contract.seed,
        duplicates=contract.splitting.duplicates,
        encodings=contract.search.space.encodings,
        genetic_code=settings.genetic_code,
        max_epochs=settings.max_epochs,
        patience=settings.patience,
        sampler=contract.search.sampler,
        pruner=contract.search.pruner,
        class_weights=settings.class_weights == "balanced",
        space={name: in_words(entry) for name, entry in contract.search.space.parameters.items()},
        versions=contract.versions,
    )


def in_words(entry: Range | Choices | Fixed) -> str:
    """A parameter's range, choices or value."""
    if isinstance(entry, Range):
        return f"{entry.low:g} to {entry.high:g}" + (", logarithmic" if entry.log else "")
    if isinstance(entry, Choices):
        return ", ".join(str(choice) for choice in entry.choices)
    return f"{entry.value} (fixed)"


def describe_data(contract: Contract, genes: Genes) -> evidence.DataSummary:
    """The rows that the report may speak of: all of them, or the development rows while the test set is sealed."""
    findings = inspect(genes, contract.settings.genetic_code)
    return evidence.DataSummary(
        source=contract.data.source,
        alphabet=genes.alphabet,
        rows=findings.rows,
        resistant=findings.resistant,
        shortest=findings.length.shortest,
        median=int(findings.length.median),
        longest=findings.length.longest,
        ambiguous_letters=findings.ambiguous_letters,
        early_stops=_early_stops(genes, contract.settings.genetic_code),
        encodings=tuple(
            evidence.EncodingSummary(
                encoding=summary.encoding,
                distinct=summary.distinct,
                duplicate_rows=findings.rows - summary.distinct,
                contradictory_rows=summary.contradictory_rows,
                commonest=summary.commonest,
                ceiling=summary.ceiling,
                shortest=summary.length.shortest,
                median=int(summary.length.median),
                longest=summary.length.longest,
            )
            for summary in findings.encodings
        ),
    )


def _early_stops(genes: Genes, genetic_code: int) -> int | None:
    """Count short translations that end before their gene does; a fragment without a stop is short, but not cut."""
    if genes.alphabet == "protein":
        return None
    encoding: Encoding = "amino_acid"
    lengths = encode(genes, encoding, genetic_code).lengths
    codons = np.array([len(sequence) // 3 for sequence in genes.sequences])
    return int(np.count_nonzero((lengths < EARLY * lengths.max()) & (lengths < codons - 1)))
