"""The challenges that were met in these data, and how each was dealt with."""

from collections.abc import Sequence

from hpo.report.evidence import Evidence
from hpo.report.words.key_point import KeyPoint
from hpo.report.words.names import encoding_name, percent, plural
from model.inspection import EncodingInspection, Inspection

_BALANCED = 0.05  # shares this near to one half count as balanced
_UNEQUAL = 0.9  # lengths count as unequal where the shortest is under this share of the longest
_HARMLESS = 0.99  # contradictions that leave more than this are told, not warned of
_COMMON = 0.2  # one sequence with this share of all rows dominates


def challenges(evidence: Evidence) -> Sequence[KeyPoint]:
    """Describes the challenges, in the order in which the data meet them."""
    data = evidence.data
    found = [
        _sealed(evidence),
        _balance(evidence),
        _reading(evidence),
        _ambiguity(data),
        _early_stops(evidence),
        _lengths(data),
        _mutations(evidence),
        _duplicates(evidence),
        _contradictions(data.encodings, data.rows),
    ]
    return [point for point in found if point is not None]


def _sealed(evidence: Evidence) -> KeyPoint | None:
    if evidence.test is not None:
        return None
    text = f"What follows counts the {plural(evidence.data.rows, 'development gene')}, and no gene of the test set."
    return KeyPoint("plain", "Without the test set", text)


def _balance(evidence: Evidence) -> KeyPoint:
    data = evidence.data
    share = data.resistant / data.rows
    text = f"{data.resistant:,} of {plural(data.rows, 'gene')} are resistant ({percent(share)}). "
    if evidence.contract.settings.class_weights == "balanced":
        text += "Both classes get the same total weight in training, and folds and test hold about the same shares."
    else:
        text += "Classes were not weighted; folds and test hold about the same shares."
    if abs(share - 0.5) <= _BALANCED:
        return KeyPoint("plain", "Balanced classes", text)
    commoner = percent(max(share, 1 - share))
    text += f" Accuracy alone misleads here: always saying the commoner class is right for {commoner}."
    return KeyPoint("caution", "Unequal classes", text)


def _reading(evidence: Evidence) -> KeyPoint | None:
    told = evidence.contract.data.provenance.in_words()
    return KeyPoint("plain", "Read from the file", " ".join(told)) if told else None


def _ambiguity(data: Inspection) -> KeyPoint | None:
    if not data.ambiguous_letters:
        return None
    text = (
        f"{plural(data.ambiguous_letters, 'letter')} of the sequences are ambiguous; all became one token for "
        "'unknown', which the network learns like any other."
    )
    return KeyPoint("plain", "Ambiguous letters", text)


def _early_stops(evidence: Evidence) -> KeyPoint | None:
    stopped = evidence.early_stops
    if not evidence.contract.data.codes:
        text = (
            "Translated as they stand, most of these genes end at a stop before a third of their bases are read: they "
            "do not code, or not from their first base on. Nucleotides were searched by default."
        )
        return KeyPoint("plain", "Genes that do not code", text)
    if not stopped:
        return None
    text = (
        f"{plural(stopped, 'gene')} ({percent(stopped / evidence.data.rows)}) are cut short by an early "
        "stop. Codons and amino acids are read up to the first stop only, as the cell does."
    )
    return KeyPoint("plain", "Early stops", text)


def _lengths(data: Inspection) -> KeyPoint | None:
    length = data.length
    if length.shortest >= _UNEQUAL * length.longest:
        return None
    text = (
        f"Sequences are {length.shortest:,} to {length.longest:,} letters long (median {int(length.median):,}). "
        "Short ones are padded with a token of their own, which the network skips."
    )
    return KeyPoint("plain", "Unequal lengths", text)


def _mutations(evidence: Evidence) -> KeyPoint | None:
    data, limit = evidence.data, percent(evidence.data.largest_divergence, 0)
    related = bool(evidence.contract.data.ancestors)
    if related and data.mutations is not None:
        found = data.mutations
        text = (
            f"A gene has {found.median:g} {encoding_name(found.encoding)} in the median and {found.longest:,} at most, "
            f"told from an ancestor of {plural(found.positions, 'letter')}; {plural(found.far, 'gene')} "
            f"{'differs' if found.far == 1 else 'differ'} from it in more than {limit} of them."
        )
        return KeyPoint("plain", "Descendants of one ancestor", text)
    if not related and data.mutations is None and data.divergence is not None:
        text = (
            f"The genes have no close ancestor in common (in the median they differ in {percent(data.divergence)} of "
            f"the letters; descendants differ in {limit} at most), so whole sequences were read."
        )
        return KeyPoint("plain", "No common ancestor", text)
    return None


def _duplicates(evidence: Evidence) -> KeyPoint | None:
    rows = evidence.data.rows
    most = min(evidence.data.encodings, key=lambda encoding: encoding.distinct, default=None)
    if most is None or most.distinct == rows:
        return None
    text = (
        f"As {encoding_name(most.encoding)}, {plural(rows, 'gene')} are only "
        f"{plural(most.distinct, 'different sequence')}; the commonest stands {plural(most.commonest, 'time')} "
        f"({percent(most.commonest / rows)}). "
    )
    if evidence.contract.splitting.duplicates == "together":
        text += "Identical sequences were kept on one side of every split, so none is tested that was trained on."
        return KeyPoint("plain", "Duplicates", text)
    text += (
        "They were spread over the folds and the test set on request: scores speak for genes as common as these, "
        "not for new sequences, which are counted apart."
    )
    dominated = most.commonest > _COMMON * rows
    return KeyPoint("caution", "One sequence dominates" if dominated else "Duplicates, spread", text)


def _contradictions(encodings: Sequence[EncodingInspection], rows: int) -> KeyPoint | None:
    troubled = [summary for summary in encodings if summary.contradictory_rows]
    if not troubled:
        return None
    worst = max(troubled, key=lambda summary: summary.contradictory_rows)
    text = (
        f"As {encoding_name(worst.encoding)}, {plural(worst.contradictory_rows, 'gene')} "
        f"({percent(worst.contradictory_rows / rows)}) share their sequence with a gene of the other label. "
        f"Nobody who sees only the {encoding_name(worst.encoding)} can be right for more than {percent(worst.ceiling)} "
        "of all genes. Wrong labels of sequences that stand once are not counted in it."
    )
    return KeyPoint("caution" if worst.ceiling < _HARMLESS else "plain", "Contradictory labels", text)
