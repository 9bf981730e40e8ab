"""The answer: retrain the best trial, open the test set, write report and model."""

from hpo.finalizing.given_answer import report_again
from hpo.finalizing.report_folder import check_not_another_s, open_report_folder
from hpo.finalizing.steps import FinalizeOptions, finalize

__all__ = ["FinalizeOptions", "check_not_another_s", "finalize", "open_report_folder", "report_again"]
