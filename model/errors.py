"""Errors of the learner. The command line prints them as they are: message, then next step."""


class ModelError(Exception):
    """Root of every error that `model` raises on purpose.

    Args:
        message: What failed, on which row or file, what was got and what is allowed.
        next_step: What the user can do about it; may be empty.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class DataError(ModelError):
    """What the user handed over cannot be used."""


class SavedModelError(ModelError):
    """A model folder is incomplete, damaged, or not one of ours."""


class PredictionError(ModelError):
    """A network answers something that is no probability."""


class CheckpointError(ModelError):
    """The bytes of a checkpoint are not one that this training could go on from."""


class TrainingError(ModelError):
    """Training could not go on."""


class NonFiniteLossError(TrainingError):
    """The loss became infinite or not a number."""


class OutOfMemoryError(TrainingError):
    """The device has too little memory for this configuration."""
