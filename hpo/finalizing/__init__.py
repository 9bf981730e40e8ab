"""The answer: retrain the best trial, open the test set, write report and model."""

from hpo.finalizing.report_folder import open_report_folder
from hpo.finalizing.steps import FinalizeOptions, finalize

__all__ = ["FinalizeOptions", "finalize", "open_report_folder"]
