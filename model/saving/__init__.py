"""A trained model as a folder: safetensors weights and a JSON configuration. Nothing is pickled.

`config.json` holds the SHA-256 of each `weights-<k>.safetensors`; a file with another is refused before it is parsed.
The number in `config.json` is the format (`model.saving.formats`). Formats before 3 are refused: they name no digests,
so nothing says that their parts belong together. The version of hpo that wrote such a folder still reads it.
"""
