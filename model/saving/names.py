"""What the files of a model's folder are called. Imports no torch: whoever only looks at a folder begins at once."""

CONFIGURATION = "config.json"
BASELINE = "baseline.json"


def weights_name(number: int) -> str:
    """Names the weights file of a network, counted from 0."""
    return f"weights-{number}.safetensors"
