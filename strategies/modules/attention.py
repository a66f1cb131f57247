"""Arguments of multi-head attention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import (
    MAX_NUMEL,
    draw_budget,
    draw_dropout,
    draw_heads,
    draw_two,
    flag,
    largest,
)
from strategies.modules.arguments import Arguments

_KINDS = (*["neither"] * 6, "kdim", "vdim", "both", "both", "both", "equal")


@dataclass(frozen=True)
class AttentionArguments(Arguments):
    """Constructor arguments of ``torch.nn.MultiheadAttention``."""

    embed_dim: int
    num_heads: int
    dropout: float = 0.0
    bias: bool = True
    add_bias_kv: bool = False
    add_zero_attn: bool = False
    kdim: int | None = None
    vdim: int | None = None
    batch_first: bool = False


@strategy
def attentions(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], AttentionArguments]:
    """Draw constructor arguments of ``torch.nn.MultiheadAttention``.

    In half of the draws the sizes of keys and values are left out, in one of twelve they are
    given but equal to that of the embedding, and in the others one or both differ from it. The
    number of heads divides the size of the embedding.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four; at least 4.

    Returns
    -------
    SearchStrategy[AttentionArguments]
        Shrinks to one head of size one and the defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 4.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(attentions(), lambda drawn: drawn.kdim == 2 and not drawn.vdim).keywords()
    {'embed_dim': 1, 'num_heads': 1, 'kdim': 2}
    """
    _check.integers(4, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> AttentionArguments:
        kind, heads, dropout = choices.pick(_KINDS), draw_heads(choices), draw_dropout(choices, 0.0)
        bias, bias_kv = flag(choices, True), flag(choices, False)
        zero, batch_first = flag(choices, False), flag(choices, False)
        mirror = choices.one_in(2)

        def make(size: int, one: int, two: int) -> AttentionArguments:
            """With heads of a size, and one or two other sizes where the kind has them."""
            embed = heads * size
            key, value = {
                "neither": (None, None),
                "equal": (embed, embed),
                "kdim": (one, None),
                "vdim": (None, one),
                "both": (two, one) if mirror else (one, two),
            }[kind]
            return AttentionArguments(
                embed, heads, dropout, bias, bias_kv, zero, key, value, batch_first
            )

        def numel(size: int, one: int, two: int) -> int:
            return _numel(make(size, one, two))

        if numel(1, 1, 1) > max_numel:
            heads, bias, bias_kv = 1, False, False
        two = choices.log_integer(1, largest(lambda two: numel(1, 1, two), max_numel), parts=4)
        size, one = draw_two(choices, lambda size, one: numel(size, one, two), max_numel)
        budget = draw_budget(choices, numel(1, 1, 1), max_numel)
        if kind in ("neither", "equal"):
            size = largest(lambda size: numel(size, 1, 1), budget)
        return make(size, one, two)

    return draw_arguments


def _numel(drawn: AttentionArguments) -> int:
    """Projections of query, key, value and result; their biases; added key and value."""
    embed = drawn.embed_dim
    keys, values = drawn.kdim or embed, drawn.vdim or embed
    biases = 4 * drawn.bias + 2 * drawn.add_bias_kv
    return embed * (2 * embed + keys + values + biases)
