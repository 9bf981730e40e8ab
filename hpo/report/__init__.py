"""The report: `finalize` gathers the evidence, this package writes the answer. Imports no torch."""

from hpo.report.evidence import Evidence
from hpo.report.writing import summary_note, write_report

__all__ = ["Evidence", "summary_note", "write_report"]
