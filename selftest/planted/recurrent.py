"""Faults of recurrent networks and their cells."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn

from selftest.planted.fault import table
from selftest.planted.module import (
    NARROW,
    REPEATS,
    WIDE,
    ZERO,
    after,
    default,
    each,
    fault,
    filled,
    times,
)


def _gate(number: int, tensor: Tensor, module: Any) -> Tensor:
    size = module.hidden_size
    return tensor[number * size : (number + 1) * size]


def _repeated_gates(weight: Tensor, module: Any) -> None:
    gates = weight.view(-1, module.hidden_size, *weight.shape[1:])
    gates.copy_(gates[:1].expand_as(gates).clone())


def _orthogonal(weight: Tensor, module: Any) -> None:
    for gate in weight.split(module.hidden_size):
        nn.init.orthogonal_(gate)


def _normal(tensor: Tensor) -> None:
    tensor.normal_(std=float(tensor.std(correction=0)) if tensor.numel() > 1 else 1.0)


def _reverse_copies(network: nn.RNNBase) -> None:
    for name, tensor in network.named_parameters():
        if name.endswith("_reverse"):
            tensor.copy_(network.get_parameter(name.removesuffix("_reverse")))


def _biases_alike(network: nn.RNNBase) -> None:
    for name, tensor in network.named_parameters():
        if name.startswith("bias_hh"):
            tensor.copy_(network.get_parameter(name.replace("bias_hh", "bias_ih")))


def _layers_alike(network: nn.RNNBase) -> None:
    for name, tensor in network.named_parameters():
        if "_l2" in name:
            tensor.copy_(network.get_parameter(name.replace("_l2", "_l1")))


def _narrow_if_relu(network: Any) -> float:
    return 0.5 if network.nonlinearity == "relu" else 1


# At the smoke profile the biases of further layers have too few values.
MORE_VALUES = ("--profile", "standard")

FAULTS = table(
    fault(
        "rnn_bound_by_input",
        "the bound is 1 / sqrt(input_size)",
        "RNN.reset_parameters",
        times("*", lambda network: math.sqrt(network.hidden_size / network.input_size)),
        default("float32-RNN"),
        *WIDE,
    ),
    fault(
        "rnn_bound_half_percent",
        "the bound of every weight and bias is 0.5 % too small",
        "modules.rnn.RNNBase.reset_parameters",
        times("*", 0.995),
        default("float64-RNN"),
        *NARROW,
    ),
    fault(
        "lstm_forget_bias_one",
        "the bias of the forget gate is one",
        "LSTM.reset_parameters",
        each("bias_ih*", lambda bias, network: _gate(1, bias, network).fill_(1)),
        default("float32-LSTM"),
        "support",
        says="bias_ih",
    ),
    fault(
        "lstm_forget_gate_normal",
        "the forget gate is normal, with the variance of the uniform law",
        "LSTM.reset_parameters",
        each("weight_ih*", lambda weight, network: _normal(_gate(1, weight, network))),
        default("float32-LSTM"),
        "support",
        says="weight_ih",
    ),
    fault(
        "lstm_projection_zero",
        "the projection of the hidden state is zero",
        "LSTM.reset_parameters",
        filled("weight_hr*", 0),
        default("float32-LSTM"),
        *ZERO,
        says="weight_hr",
    ),
    fault(
        "lstm_projection_bound",
        "the hidden weights of a projected LSTM are bounded by the projection's size",
        "LSTM.reset_parameters",
        times(
            "weight_hh*",
            lambda lstm: math.sqrt(lstm.hidden_size / (lstm.proj_size or lstm.hidden_size)),
        ),
        default("float64-LSTM"),
        "support",
        says="weight_hh",
    ),
    fault(
        "lstm_reverse_copies_forward",
        "the reverse direction starts as a copy of the forward one",
        "LSTM.reset_parameters",
        after(_reverse_copies),
        default("float32-LSTM"),
        "stretches",
        says="_reverse",
    ),
    fault(
        "gru_update_gate_half",
        "the update gate is half as wide",
        "GRU.reset_parameters",
        each("weight_ih*", lambda weight, network: _gate(1, weight, network).mul_(0.5)),
        default("float32-GRU"),
        *NARROW,
        says="weight_ih",
    ),
    fault(
        "gru_second_layer_narrow",
        "the second layer is 10 % narrower",
        "GRU.reset_parameters",
        times("*_l1*", 0.9),
        default("float32-GRU"),
        *NARROW,
        says="_l1",
    ),
    fault(
        "gru_second_layer_bias_narrow",
        "the biases of the second layer are 10 % narrower",
        "GRU.reset_parameters",
        times("bias_*_l1*", 0.9),
        default("float32-GRU"),
        *NARROW,
        says="bias_",
        arguments=MORE_VALUES,
    ),
    fault(
        "gru_layers_repeat",
        "the third layer repeats the second",
        "GRU.reset_parameters",
        after(_layers_alike),
        default("float64-GRU"),
        "between",
        says="_l2",
    ),
    fault(
        "gru_gates_repeat",
        "the hidden weights of every gate are the same",
        "GRU.reset_parameters",
        each("weight_hh*", _repeated_gates),
        default("float32-GRU"),
        *REPEATS,
        says="weight_hh",
    ),
    fault(
        "rnn_hidden_orthogonal",
        "the hidden weights are orthogonal",
        "RNN.reset_parameters",
        each("weight_hh*", _orthogonal),
        default("float32-RNN"),
        *WIDE,
        "atoms",
        says="weight_hh",
    ),
    fault(
        "rnn_biases_alike",
        "both biases of a layer are the same",
        "RNN.reset_parameters",
        after(_biases_alike),
        default("float32-RNN"),
        "between",
        says="bias_hh",
    ),
    fault(
        "rnn_relu_narrow",
        "with the nonlinearity relu every bound is half as wide",
        "RNN.reset_parameters",
        times("*", _narrow_if_relu),
        default("float32-RNN"),
        *NARROW,
    ),
    fault(
        "gru_cell_bias_zero",
        "the biases of a cell are zero",
        "modules.rnn.RNNCellBase.reset_parameters",
        filled("bias_*", 0),
        default("float32-GRUCell"),
        *ZERO,
        says="bias_",
    ),
    fault(
        "rnn_cell_bound_by_input",
        "the input weights of a cell are bounded by 1 / sqrt(input_size)",
        "RNNCell.reset_parameters",
        times("weight_ih", lambda cell: math.sqrt(cell.hidden_size / cell.input_size)),
        default("float32-RNNCell"),
        *WIDE,
        says="weight_ih",
    ),
    fault(
        "lstm_cell_bound_by_gates",
        "the bound of a cell counts the rows of all gates",
        "LSTMCell.reset_parameters",
        times("weight_hh", 0.5),
        default("float64-LSTMCell"),
        *NARROW,
        says="weight_hh",
    ),
)
