"""Arguments of recurrent layers and cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, draw_dropout, draw_two, flag
from strategies.modules.arguments import Arguments


@dataclass(frozen=True)
class RecurrentArguments(Arguments):
    """Constructor arguments of ``torch.nn.RNN``, ``GRU`` and ``LSTM``."""

    input_size: int
    hidden_size: int
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = False
    dropout: float = 0.0
    bidirectional: bool = False
    proj_size: int = 0
    nonlinearity: str = "tanh"


@dataclass(frozen=True)
class RecurrentCellArguments(Arguments):
    """Constructor arguments of ``torch.nn.RNNCell``, ``GRUCell`` and ``LSTMCell``."""

    input_size: int
    hidden_size: int
    bias: bool = True
    nonlinearity: str = "tanh"


@strategy
def recurrents(
    *, gates: int = 1, projections: bool = False, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], RecurrentArguments]:
    """Draw constructor arguments of ``torch.nn.RNN``, ``GRU`` or ``LSTM``.

    One to four layers, in one or both directions; an RNN of either nonlinearity. The sizes of
    input and hidden state are spread over the powers of two and seldom equal. With one layer
    there is no dropout, of which PyTorch would warn.

    Parameters
    ----------
    gates
        How many times the hidden size a weight has rows: 1 for an RNN, 3 for a GRU and 4 for an
        LSTM. It matters for `max_numel`, and only an RNN takes a nonlinearity.
    projections
        Whether to draw a projection, in a third of the draws; only an LSTM takes one.
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four; at least ``2 * gates``.

    Returns
    -------
    SearchStrategy[RecurrentArguments]
        Shrinks to sizes of one and the defaults.

    Raises
    ------
    InvalidArgument
        When `gates` is not a positive integer, `projections` is not a boolean, or `max_numel` is
        not an integer of at least ``2 * gates``.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html (shapes of the weights)

    Examples
    --------
    >>> from hypothesis import find
    >>> find(recurrents(gates=4, projections=True), lambda drawn: drawn.proj_size).keywords()
    {'input_size': 1, 'hidden_size': 2, 'proj_size': 1}
    """
    _check.integers(1, gates=gates)
    _check.booleans(projections=projections)
    _check.integers(2 * gates, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> RecurrentArguments:
        layers, bias = choices.pick((1, 2, 3, 4)), flag(choices, True)
        batch_first, both = flag(choices, False), flag(choices, False)
        dropout = draw_dropout(choices, 0.0)
        eighths = choices.pick((None, None, choices.below(8)))
        kind = _draw_nonlinearity(choices, gates)

        def make(hidden: int, ins: int) -> RecurrentArguments:
            projected = projections and eighths is not None and hidden > 1
            proj = max(1, (eighths or 0) * hidden // 8) if projected else 0
            drop = dropout if layers > 1 else 0.0
            flags = (layers, bias, batch_first, drop, both)
            return RecurrentArguments(ins, hidden, *flags, proj, kind)

        def numel(hidden: int, ins: int) -> int:
            return _numel(make(hidden, ins), gates)

        if numel(1, 1) > max_numel:
            layers, bias, both = 1, False, False
        return make(*draw_two(choices, numel, max_numel))

    return draw_arguments


@strategy
def recurrent_cells(
    *, gates: int = 1, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], RecurrentCellArguments]:
    """Draw constructor arguments of ``torch.nn.RNNCell``, ``GRUCell`` or ``LSTMCell``.

    The sizes of input and hidden state are spread over the powers of two and seldom equal.

    Parameters
    ----------
    gates
        How many times the hidden size a weight has rows: 1 for an RNN, 3 for a GRU and 4 for an
        LSTM. It matters for `max_numel`, and only an RNN takes a nonlinearity.
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four; at least ``2 * gates``.

    Returns
    -------
    SearchStrategy[RecurrentCellArguments]
        Shrinks to sizes of one and a bias.

    Raises
    ------
    InvalidArgument
        When `gates` is not a positive integer, or `max_numel` is not an integer of at least
        ``2 * gates``.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html (shapes of the weights)

    Examples
    --------
    >>> from hypothesis import find
    >>> find(recurrent_cells(gates=3), lambda drawn: drawn.input_size > drawn.hidden_size)
    RecurrentCellArguments(input_size=2, hidden_size=1, bias=True, nonlinearity='tanh')
    """
    _check.integers(1, gates=gates)
    _check.integers(2 * gates, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> RecurrentCellArguments:
        bias = flag(choices, True) and 4 * gates <= max_numel
        kind = _draw_nonlinearity(choices, gates)

        def numel(hidden: int, ins: int) -> int:
            return _numel(RecurrentArguments(ins, hidden, bias=bias), gates)

        hidden, ins = draw_two(choices, numel, max_numel)
        return RecurrentCellArguments(ins, hidden, bias, kind)

    return draw_arguments


def _draw_nonlinearity(choices: Choices, gates: int) -> str:
    """The nonlinearity of an RNN; gates have their own."""
    return choices.pick(("tanh", "relu")) if gates == 1 else "tanh"


def _numel(drawn: RecurrentArguments, gates: int) -> int:
    """Weights of input and hidden state, two biases and the projection, of all layers."""
    rows, directions = gates * drawn.hidden_size, 1 + drawn.bidirectional
    width = drawn.proj_size or drawn.hidden_size
    ins = drawn.input_size + (drawn.num_layers - 1) * directions * width
    each = rows * (width + 2 * drawn.bias) + drawn.proj_size * drawn.hidden_size
    return directions * (rows * ins + drawn.num_layers * each)
