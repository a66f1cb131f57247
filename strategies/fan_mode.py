"""The mode argument of the Kaiming initializers."""

from __future__ import annotations

from collections.abc import Callable

from strategies._choices import Choices
from strategies._define import strategy


@strategy
def fan_modes() -> Callable[[Choices], str]:
    """Draw 'fan_in' or 'fan_out' in any letter case.

    ``torch.nn.init`` lowers the case of the mode, so that 'FAN_IN' and 'Fan_Out' mean the same.
    Half of the draws are in lower case; the others are upper, title or mixed case.

    Returns
    -------
    SearchStrategy[str]
        Shrinks to 'fan_in'.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(fan_modes(), lambda mode: mode.isupper())
    'FAN_IN'
    """

    def draw_mode(choices: Choices) -> str:
        mode = choices.pick(("fan_in", "fan_out"))
        case = choices.pick(("lower", "lower", "lower", "upper", "title", "mixed"))
        raised = choices.below(2 ** len(mode))
        if case == "upper":
            return mode.upper()
        if case == "title":
            return mode.title()
        if case == "mixed":
            return "".join(
                letter.upper() if raised >> place & 1 else letter
                for place, letter in enumerate(mode)
            )
        return mode

    return draw_mode
