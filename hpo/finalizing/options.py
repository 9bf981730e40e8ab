"""How the user wants a study answered."""

from dataclasses import dataclass

from hpo.choices import Prefer
from hpo.study.answers import answer_name
from model.configuration import LearnerConfig
from model.encoding import is_mutation

#: Networks of the final model where they are cheap.
ENSEMBLE = 5


@dataclass(frozen=True, kw_only=True)
class FinalizeOptions:
    """How the user wants the study answered."""

    #: For retraining.
    device: str = "auto"
    #: Without, the test set stays sealed and the report silent about it.
    with_test: bool = True
    #: Answer from the trials finished so far.
    early: bool = False
    #: The best trial, or the smallest network among those that cannot be told from it.
    prefer: Prefer = "best"
    #: Networks of the chosen trial, trained from different seeds; their probabilities are averaged. None: where genes
    #: are read by their mutations, which takes seconds, the best trial is blended with trials that complement it, and
    #: a simplest one gets five networks; where genes are read whole, one.
    ensemble: int | None = None
    #: Replace the report of another study.
    overwrite: bool = False
    #: Answer anew what has been answered so.
    again: bool = False

    def answer_name(self, budget: int) -> str:
        """Names the answer that a study with this budget is given so: asked for twice, it is made once."""
        sealed = "with_test" if self.with_test else "sealed"
        return answer_name(budget, self.prefer, self.ensemble or "usual", sealed)

    def blends(self, config: LearnerConfig) -> bool:
        """Says whether other trials than the chosen one have a part in the final model."""
        return self.ensemble is None and self.prefer == "best" and is_mutation(config.encoding)

    def networks(self, config: LearnerConfig) -> int:
        """Returns how many networks of the chosen trial are trained where it stands alone."""
        return self.ensemble or (ENSEMBLE if is_mutation(config.encoding) else 1)
