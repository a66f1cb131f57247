"""Configurations of the models of the transformers package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, flag, largest
from strategies.modules.arguments import Arguments

_HEADS = (1, 2, 3, 4)
_LAYERS = (1, 2, 3)
_RANGE = 0.02
_RANGES = (_RANGE, 0.01, 0.05, 0.1)

_Core = Callable[[int, int, int], int]
"""Entries of a model with one row of everything, by its heads, their size and its layers."""


def _sizes(
    choices: Choices, heads: int, layers: int, core: _Core, max_numel: int
) -> tuple[int, int, int, int]:
    """Heads, the size of each, layers, and how many entries are left for more rows.

    One head and one layer where more of them are too large already.
    """
    if core(heads, 1, layers) > max_numel:
        heads, layers = 1, 1
    size = choices.log_integer(1, largest(lambda of: core(heads, of, layers), max_numel // 2))
    return heads, size, layers, max(0, max_numel - core(heads, size, layers))


@dataclass(frozen=True)
class EncoderArguments(Arguments):
    """Fields of a ``transformers.BertConfig``, and whether the model has a pooler."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int = 2
    pad_token_id: int = 0
    initializer_range: float = _RANGE
    num_labels: int = 2
    tie_word_embeddings: bool = True
    pooled: bool = True

    def keywords(self) -> dict[str, Any]:
        """The fields of the configuration alone."""
        return {name: value for name, value in super().keywords().items() if name != "pooled"}


@dataclass(frozen=True)
class DecoderArguments(Arguments):
    """Fields of a ``transformers.GPT2Config``."""

    vocab_size: int
    n_positions: int
    n_embd: int
    n_layer: int
    n_head: int
    n_inner: int | None = None
    initializer_range: float = _RANGE


@dataclass(frozen=True)
class ArchitectureArguments(Arguments):
    """Fields that most configurations of transformers have, under these names or their own.

    `switched` stands for the variant that each architecture has: tied weights, say.
    """

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    head_dim: int
    pad_token_id: int
    initializer_range: float = _RANGE
    switched: bool = False


@strategy
def encoders(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], EncoderArguments]:
    """Draw the configuration of a small BERT.

    One to three layers of one to four heads; vocabularies, inner layers and labels of any size
    that is left. The padding index is the first in half of the draws, else any. The standard
    deviation is 0.02 in one draw of eight.

    Parameters
    ----------
    max_numel
        The largest total number of entries of any model built from it; at least 64.

    Returns
    -------
    SearchStrategy[EncoderArguments]
        Shrinks to one layer, one head, sizes of one and the documented defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 64.

    References
    ----------
    https://huggingface.co/docs/transformers/model_doc/bert#transformers.BertConfig

    Examples
    --------
    >>> from hypothesis import find
    >>> find(encoders(), lambda drawn: drawn.num_attention_heads == 2).hidden_size
    2
    """
    _check.integers(64, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> EncoderArguments:
        def core(heads: int, size: int, layers: int) -> int:
            hidden = heads * size
            # Attention, its norms, pooler, transform, and one row of everything else.
            return layers * (4 * hidden**2 + 11 * hidden + 1) + 2 * hidden**2 + 18 * hidden + 5

        heads, layers = choices.pick(_HEADS), choices.pick(_LAYERS)
        heads, size, layers, left = _sizes(choices, heads, layers, core, max_numel)
        hidden = heads * size

        def rows(cost: int) -> int:
            return choices.log_integer(1, 1 + left // 5 // cost)

        vocabulary, other = rows(2 * hidden + 2), choices.one_in(2)
        padding = choices.below(vocabulary)
        return EncoderArguments(
            vocab_size=vocabulary,
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=rows(layers * (2 * hidden + 1)),
            max_position_embeddings=rows(hidden),
            type_vocab_size=rows(hidden),
            pad_token_id=padding if other else 0,
            initializer_range=choices.scale(1e-3, 1.0, _RANGES),
            num_labels=rows(hidden + 1),
            tie_word_embeddings=flag(choices, True),
            pooled=flag(choices, True),
        )

    return draw_arguments


@strategy
def decoders(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], DecoderArguments]:
    """Draw the configuration of a small GPT-2.

    One to eight layers of one to four heads; the inner layer is left at its default, four times
    the width, in half of the draws.

    Parameters
    ----------
    max_numel
        The largest total number of entries of the model; at least 64.

    Returns
    -------
    SearchStrategy[DecoderArguments]
        Shrinks to one layer, one head and sizes of one.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 64.

    References
    ----------
    https://huggingface.co/docs/transformers/model_doc/gpt2#transformers.GPT2Config

    Examples
    --------
    >>> from hypothesis import find
    >>> find(decoders(), lambda drawn: drawn.n_layer > 1).keywords()
    {'vocab_size': 1, 'n_positions': 1, 'n_embd': 1, 'n_layer': 2, 'n_head': 1}
    """
    _check.integers(64, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> DecoderArguments:
        def core(heads: int, size: int, layers: int) -> int:
            width = heads * size
            return layers * (12 * width**2 + 13 * width) + 4 * width

        heads, layers = choices.pick(_HEADS), choices.log_integer(1, 8)
        heads, size, layers, left = _sizes(choices, heads, layers, core, max_numel)
        width = heads * size
        share = left // (2 * width)
        inner, own = choices.log_integer(1, 4 * width), choices.one_in(2)
        return DecoderArguments(
            vocab_size=choices.log_integer(1, 1 + share),
            n_positions=choices.log_integer(1, 1 + share),
            n_embd=width,
            n_layer=layers,
            n_head=heads,
            n_inner=inner if own else None,
            initializer_range=choices.scale(1e-3, 1.0, _RANGES),
        )

    return draw_arguments


@strategy
def architectures(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], ArchitectureArguments]:
    """Draw the configuration of a small transformer of any architecture.

    One to three layers, on either side where there are two, of one to four heads; the width is a
    multiple of four for each head, and the size of a head of its own even and at most that. The
    padding index is any.

    Parameters
    ----------
    max_numel
        The largest total number of entries of a model with two towers of such layers, whose inner
        layers are gated and whose tables are untied; at least 1024.

    Returns
    -------
    SearchStrategy[ArchitectureArguments]
        Shrinks to one layer, one head and the smallest sizes.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1024.

    References
    ----------
    https://huggingface.co/docs/transformers/main_classes/configuration

    Examples
    --------
    >>> from hypothesis import find
    >>> find(architectures(), lambda drawn: drawn.num_attention_heads == 2).hidden_size
    8
    """
    _check.integers(1024, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> ArchitectureArguments:
        def core(heads: int, size: int, layers: int) -> int:
            width = 4 * heads * size
            # Attention on both sides and across, a transform, and one row of everything else.
            return (
                layers * (12 * width**2 + 30 * width + 4) + 4 * width**2 + 60 * width + 64 * heads
            )

        heads, layers = choices.pick(_HEADS), choices.pick(_LAYERS)
        heads, size, layers, left = _sizes(choices, heads, layers, core, max_numel)
        width = 4 * heads * size

        def rows(cost: int) -> int:
            return choices.log_integer(1, 1 + left // 3 // cost)

        vocabulary = rows(3 * width + 2)
        return ArchitectureArguments(
            vocab_size=vocabulary,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=rows(layers * (6 * width + 4) + 2 * width),
            max_position_embeddings=rows(2 * width + 1),
            head_dim=2 * choices.log_integer(1, 2 * size),
            pad_token_id=choices.below(vocabulary),
            initializer_range=choices.scale(1e-3, 0.1, _RANGES),
            switched=flag(choices, False),
        )

    return draw_arguments
