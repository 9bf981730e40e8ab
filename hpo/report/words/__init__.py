"""How the report puts things, one file per subject."""
