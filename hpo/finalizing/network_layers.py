"""The final network, layer by layer: the report draws it, and knows no torch to look inside."""

from typing import Any

from hpo.report.evidence import Layer
from model.configuration import LearnerConfig
from model.linear import ByPosition
from model.network import BiLSTM


def network_layers(network: BiLSTM, config: LearnerConfig) -> tuple[Layer, ...]:
    """Lists the layers from input to output, with what each hands on and how many of its numbers are learnt."""

    def count(part: Any) -> int:
        return sum(weights.numel() for weights in part.parameters())

    hidden = 2 * config.hidden_size
    dropout = f"dropout {config.dropout:.2g}" if config.dropout else ""
    recurrent = [
        Layer(name=f"BiLSTM {number}", output=f"T × {hidden}", parameters=count(part), note=dropout)
        for number, part in enumerate(network.recurrent, start=1)
    ]
    return (
        Layer(
            name=f"Embedding ({config.encoding.replace('_', ' ')})",
            output=f"T × {config.embedding_size}",
            parameters=count(network.embedding) + (0 if network.positions is None else network.positions.numel()),
            note="" if network.positions is None else "with positions",
        ),
        *recurrent,
        Layer(name=f"Pooling: {config.pooling}", output=str(hidden), parameters=0),
        *_linear_path(network),
        Layer(name="Sigmoid unit", output="1", parameters=count(network.output)),
    )


def _linear_path(network: BiLSTM) -> tuple[Layer, ...]:
    if network.linear is None:
        return ()
    name = "Linear path, by position" if isinstance(network.linear, ByPosition) else "Linear path, by word"
    return (Layer(name=name, output="1", parameters=network.linear.weight.numel(), note="beside the layers above"),)
