"""The answer: retrain the best trial, open the test set, write report and model."""

from hpo.finalize.steps import FinalizeOptions, finalize, open_report_folder

__all__ = ["FinalizeOptions", "finalize", "open_report_folder"]
