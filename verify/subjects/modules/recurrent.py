"""Recurrent networks and their cells: every tensor by the hidden size alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

from strategies.modules.recurrent import (
    RecurrentArguments,
    RecurrentCellArguments,
    recurrent_cells,
    recurrents,
)
from verify.laws import Uniform
from verify.subjects.modules._row import row
from verify.subjects.subject import Module
from verify.subjects.tensor_law import TensorLaw

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_WIDTHS = {"RNN": 256, "GRU": 128, "LSTM": 96}  # At which biases cost least to draw.
_WORDS = "every weight and bias, of every gate, uniform within ± 1/√hidden_size"
_FORMULA = "w ~ U(−√k, √k), k = 1 / hidden_size"


def _network(a: RecurrentArguments, gates: int) -> Iterator[TensorLaw]:
    """Layer by layer and direction by direction."""
    directions = ("", "_reverse") if a.bidirectional else ("",)
    for layer in range(a.num_layers):
        inputs = a.input_size if layer == 0 else len(directions) * (a.proj_size or a.hidden_size)
        for direction in directions:
            for kind, shape, blocks in _tensors(a, inputs, gates):
                law = Uniform.for_variance(bound=1 / math.sqrt(a.hidden_size))
                yield TensorLaw(f"{kind}_l{layer}{direction}", shape, law, kind, blocks=blocks)


def _tensors(
    a: RecurrentArguments, inputs: int, gates: int
) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """Name, shape and number of gates of each tensor of one layer and direction."""
    rows = gates * a.hidden_size
    yield "weight_ih", (rows, inputs), gates
    yield "weight_hh", (rows, a.proj_size or a.hidden_size), gates
    if a.bias:
        yield "bias_ih", (rows,), gates
        yield "bias_hh", (rows,), gates
    if a.proj_size:
        yield "weight_hr", (a.proj_size, a.hidden_size), 1


def _cell(a: RecurrentCellArguments, gates: int) -> Iterator[TensorLaw]:
    law, rows = Uniform.for_variance(bound=1 / math.sqrt(a.hidden_size)), gates * a.hidden_size
    yield TensorLaw("weight_ih", (rows, a.input_size), law, blocks=gates)
    yield TensorLaw("weight_hh", (rows, a.hidden_size), law, blocks=gates)
    if a.bias:
        yield TensorLaw("bias_ih", (rows,), law, blocks=gates)
        yield TensorLaw("bias_hh", (rows,), law, blocks=gates)


def _network_row(name: str) -> Module[RecurrentArguments]:
    gates, projects = _GATES[name], name == "LSTM"
    deep = RecurrentArguments(5, 32, num_layers=3, bidirectional=True)
    projected = RecurrentArguments(3, 64, num_layers=2, bidirectional=True, proj_size=32)
    return row(
        name,
        lambda size: recurrents(gates=gates, projections=projects, max_numel=size),
        lambda a: _network(a, gates),
        (RecurrentArguments(1, _WIDTHS[name]), deep, *([projected] if projects else [])),
        words=f"{_WORDS}; layers, directions and projections too",
        formula=_FORMULA,
    )


def _cell_row(name: str) -> Module[RecurrentCellArguments]:
    network = name.removesuffix("Cell")
    gates, width = _GATES[network], _WIDTHS[network]
    return row(
        name,
        lambda size: recurrent_cells(gates=gates, max_numel=size),
        lambda a: _cell(a, gates),
        (RecurrentCellArguments(1, width), RecurrentCellArguments(64, 16)),
        words=_WORDS,
        formula=_FORMULA,
    )


RECURRENT: tuple[Module, ...] = (
    *map(_network_row, _GATES),
    *(_cell_row(f"{name}Cell") for name in _GATES),
)
"""Networks, then single cells."""
