"""The original's network in Keras on TensorFlow, on padded rows: `python with_keras.py DATA THREADS BATCH SEED`."""

import os
import sys
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

import keras  # type: ignore[import-not-found]
import tensorflow as tf  # type: ignore[import-not-found]
from keras import layers
from protocol import load, serve


def network(steps: int, vocabulary: int) -> Any:
    """Embedding, two bidirectional layers of 62 units, dropout, one sigmoid unit, as the original had them."""
    model = keras.Sequential(
        [
            keras.Input((steps,)),
            layers.Embedding(vocabulary, 50),
            layers.Bidirectional(layers.LSTM(62, return_sequences=True)),
            layers.Dropout(0.18),
            layers.Bidirectional(layers.LSTM(62)),
            layers.Dropout(0.18),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def main() -> None:
    """Serves training and inference."""
    data, threads, batch, seed = load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    # The two directions of a layer may run at once.
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(seed)
    tokens, labels = data["tokens"].astype("int32"), data["labels"].astype("float32")
    held = data["held"]  # rows to validate with
    model = network(tokens.shape[1], int(data["vocabulary"]))
    weights = {0: 0.5 / (labels[~held] == 0).mean(), 1: 0.5 / (labels[~held] == 1).mean()}

    def train() -> dict[str, Any]:
        model.fit(tokens[~held], labels[~held], batch_size=batch, class_weight=weights, verbose=0)
        return {}

    def infer() -> dict[str, Any]:
        chosen = tokens[held] if held.any() else tokens
        told = model.predict(chosen, batch_size=batch, verbose=0)[:, 0] > 0.5
        return {"accuracy": float((told == (labels[held] if held.any() else labels)).mean())}

    serve({"train": train, "infer": infer})


main()
