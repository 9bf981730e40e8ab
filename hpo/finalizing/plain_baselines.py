"""The plain baselines of a study: the rows that they are compared on, and the regression that the model keeps."""

from dataclasses import replace

from hpo.evaluation.baselines import BaselineData, fit_once
from hpo.study.contract import Contract
from hpo.trial.development_rows import DevelopmentRows, labels_of
from model.baseline import NAMES, KeptBaseline
from model.encoding import Encoding, is_mutation, whole_encoding
from model.genes import Genes

#: What the baselines read, where it was searched.
_COARSEST_FIRST: tuple[Encoding, ...] = ("mutation", "amino_acid", "mutation_nucleotide")


def baseline_data(contract: Contract, development: DevelopmentRows, test: Genes | None) -> BaselineData:
    """Encodes rows by the coarsest encoding that was searched: amino acids where they are.

    Args:
        contract: Of the study.
        development: The rows that baselines learn from.
        test: Those that they are tested on; None while they are sealed.
    """
    encoding = _encoding_of(contract)
    encoded = development.encoded(whole_encoding(encoding))
    data = BaselineData(
        tokens=encoded.tokens,
        labels=labels_of(development.genes),
        folds=development.folds,
        mutations=development.encoded(encoding).tokens if is_mutation(encoding) else None,
    )
    if test is None:
        return data
    sealed = contract.encoder.encode(test, whole_encoding(encoding))
    return replace(
        data,
        test_tokens=sealed.tokens,
        test_labels=labels_of(test),
        test_mutations=contract.encoder.encode(test, encoding).tokens if is_mutation(encoding) else None,
    )


def kept_baseline(
    name: str | None, contract: Contract, development: DevelopmentRows, test: Genes | None
) -> KeptBaseline | None:
    """Fits the regression that the answer advises to use, as it was fitted for the test; None where it advises none.

    Args:
        name: What the answer advises.
        contract: As for `baseline_data`, like all that follows.
        development: Likewise.
        test: Likewise; its labels play no part.
    """
    if name not in NAMES:
        return None
    by_mutations, encoding = NAMES[name] == "mutation", _encoding_of(contract)
    read = encoding if by_mutations else whole_encoding(encoding)
    features, fitted = fit_once(name, baseline_data(contract, development, test))
    return KeptBaseline(
        name=name,
        encoding=read,
        ancestor=contract.encoder.ancestor(read),
        base=features.base,
        size=features.size,
        numbers=features.numbers,
        weights=fitted.coefficients,
        intercept=fitted.intercept,
    )


def _encoding_of(contract: Contract) -> Encoding:
    encodings = contract.search.space.encodings
    return next((one for one in _COARSEST_FIRST if one in encodings), encodings[0])
