"""Arguments of the adaptive softmax."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, draw_budget, draw_full, flag, largest
from strategies.modules.arguments import Arguments


@dataclass(frozen=True)
class AdaptiveSoftmaxArguments(Arguments):
    """Constructor arguments of ``torch.nn.AdaptiveLogSoftmaxWithLoss``."""

    in_features: int
    n_classes: int
    cutoffs: tuple[int, ...]
    div_value: float = 4.0
    head_bias: bool = False


@strategy
def adaptive_softmaxes(
    *, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], AdaptiveSoftmaxArguments]:
    """Draw constructor arguments of ``torch.nn.AdaptiveLogSoftmaxWithLoss``.

    One to four clusters after the head; any part may have most of the classes. The size of each
    cluster is divided by 4 in a third of the draws, else by a number from 1 to 8, and stays at
    least 1.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four; at least 4.

    Returns
    -------
    SearchStrategy[AdaptiveSoftmaxArguments]
        Shrinks to four features, two classes, one of them in the head, and the defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 4.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(adaptive_softmaxes(), lambda drawn: drawn.n_classes >= 3).keywords()
    {'in_features': 4, 'n_classes': 3, 'cutoffs': (1,)}
    """
    _check.integers(4, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> AdaptiveSoftmaxArguments:
        clusters, bias = choices.pick((1, 2, 3, 4)), flag(choices, False)
        divisor = choices.pick((4.0, 2.0, choices.log_float(1, 8, near=2)))
        if _smallest(clusters, divisor, bias) > max_numel:
            clusters, bias = 1, False
        if _smallest(clusters, divisor, bias) > max_numel:
            divisor = 1.0
        sizes, full = [1] * (1 + clusters), draw_full(choices)

        def numel(features: int) -> int:
            return _numel(_make(features, sizes, divisor, bias))

        def with_size(at: int, size: int) -> int:
            return _numel(_make(features, [*sizes[:at], size, *sizes[at + 1 :]], divisor, bias))

        fewest = math.ceil(divisor**clusters)
        budget = draw_budget(choices, numel(fewest), max_numel)
        features = choices.log_integer(fewest, largest(numel, budget))
        turn = choices.below(1 + clusters)
        for left in range(clusters, -1, -1):
            # Those that are left have one class each so far, and share what this one leaves.
            at = (turn + clusters - left) % (1 + clusters)
            most = largest(partial(with_size, at), budget)
            some = choices.log_integer(1, most, parts=left + 1)
            sizes[at] = most if full and not left else some
        return _make(features, sizes, divisor, bias)

    return draw_arguments


def _make(
    features: int, classes: Sequence[int], divisor: float, bias: bool
) -> AdaptiveSoftmaxArguments:
    """Arguments by the number of classes in the head and in each cluster."""
    *cutoffs, total = accumulate(classes)
    return AdaptiveSoftmaxArguments(features, total, tuple(cutoffs), divisor, bias)


def _smallest(clusters: int, divisor: float, bias: bool) -> int:
    fewest = math.ceil(divisor**clusters)
    return _numel(_make(fewest, [1] * (1 + clusters), divisor, bias))


def _numel(drawn: AdaptiveSoftmaxArguments) -> int:
    """The head, with an output for each cluster, and two weights for each cluster."""
    features, ends = drawn.in_features, (*drawn.cutoffs, drawn.n_classes)
    total = (ends[0] + len(drawn.cutoffs)) * (features + drawn.head_bias)
    for number, (start, stop) in enumerate(pairwise(ends), start=1):
        hidden = int(features // drawn.div_value**number)
        total += hidden * (features + stop - start)
    return total
