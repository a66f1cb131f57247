"""Arguments of embeddings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, draw_two, flag
from strategies.modules.arguments import Arguments

BagMode = Literal["mean", "sum", "max"]

_MODES: tuple[BagMode, ...] = ("mean", "sum", "max")


@dataclass(frozen=True)
class EmbeddingArguments(Arguments):
    """Constructor arguments of ``torch.nn.Embedding``."""

    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None = None
    max_norm: float | None = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    sparse: bool = False


@dataclass(frozen=True)
class EmbeddingBagArguments(Arguments):
    """Constructor arguments of ``torch.nn.EmbeddingBag``."""

    num_embeddings: int
    embedding_dim: int
    max_norm: float | None = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    mode: BagMode = "mean"
    sparse: bool = False
    include_last_offset: bool = False
    padding_idx: int | None = None


@strategy
def embeddings(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], EmbeddingArguments]:
    """Draw constructor arguments of ``torch.nn.Embedding``.

    Two of five draws have a padding row: mostly the first or the last one, else any, and counted
    from the end as often as from the start.

    Parameters
    ----------
    max_numel
        The largest number of entries of the weight, nearly reached by one draw of four.

    Returns
    -------
    SearchStrategy[EmbeddingArguments]
        Shrinks to one row of one entry and the defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(embeddings(), lambda drawn: drawn.padding_idx is not None).keywords()
    {'num_embeddings': 1, 'embedding_dim': 1, 'padding_idx': 0}
    """
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> EmbeddingArguments:
        rows, width = draw_two(choices, lambda rows, width: rows * width, max_numel)
        padding = _draw_padding(choices, rows)
        max_norm, norm_type = _draw_norm(choices)
        by_frequency, sparse = flag(choices, False), flag(choices, False)
        return EmbeddingArguments(rows, width, padding, max_norm, norm_type, by_frequency, sparse)

    return draw_arguments


@strategy
def embedding_bags(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], EmbeddingBagArguments]:
    """Draw constructor arguments of ``torch.nn.EmbeddingBag``.

    Two of five draws have a padding row: mostly the first or the last one, else any, and counted
    from the end as often as from the start. With ``mode="max"``, which is drawn once in three,
    gradients are neither sparse nor scaled.

    Parameters
    ----------
    max_numel
        The largest number of entries of the weight, nearly reached by one draw of four.

    Returns
    -------
    SearchStrategy[EmbeddingBagArguments]
        Shrinks to one row of one entry and the defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(embedding_bags(), lambda drawn: drawn.mode == "max").keywords()
    {'num_embeddings': 1, 'embedding_dim': 1, 'mode': 'max'}
    """
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> EmbeddingBagArguments:
        rows, width = draw_two(choices, lambda rows, width: rows * width, max_numel)
        padding = _draw_padding(choices, rows)
        max_norm, norm_type = _draw_norm(choices)
        mode = choices.pick(_MODES)
        by_frequency, sparse = flag(choices, False), flag(choices, False)
        if mode == "max":
            by_frequency = sparse = False
        last = flag(choices, False)
        return EmbeddingBagArguments(
            rows, width, max_norm, norm_type, by_frequency, mode, sparse, last, padding
        )

    return draw_arguments


def _draw_padding(choices: Choices, rows: int) -> int | None:
    given = choices.below(5) >= 3
    row = choices.pick((0, rows - 1, choices.below(rows)))
    from_end = choices.one_in(2)
    return row - rows * from_end if given else None


def _draw_norm(choices: Choices) -> tuple[float | None, float]:
    """Draw ``max_norm`` and ``norm_type``, which play no part before the first call."""
    bounded, norm = choices.one_in(4), choices.log_float(0.1, 10)
    return norm if bounded else None, choices.pick((2.0, 2.0, 2.0, 1.0, 3.0))
