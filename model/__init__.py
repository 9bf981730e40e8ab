"""The learner: genes in, probabilities out. Knows neither Optuna, nor a database, nor a command line."""
