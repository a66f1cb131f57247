"""Laws of a model in its author's own tests."""

from __future__ import annotations

from initlaws.builds import Builds, Make
from initlaws.claims import Laws
from initlaws.following import budget, follow
from initlaws.reporting import Report
from initlaws.table import of_report
from verify.plan import watchdog


def assert_follows(
    build: Make,
    laws: Laws,
    *,
    seed: int = 0,
    profile: str = "smoke",
    builds: int | None = None,
    seconds: float | None = None,
    device: str = "cpu",
    time_limit: float = watchdog.DEFAULT,
) -> Report:
    """Hold every parameter and buffer of a model against its law.

    Parameters
    ----------
    build : callable
        Builds and initialises the model, without arguments. It is called again and again, under
        seeds of its own for torch, NumPy and Python; all three streams stay as they were.
    laws : mapping, or sequence of pairs
        What each pattern of names says, and each type of modules (see `initlaws.laws`).
    seed : int
        All follows from it: with a fixed one a test gives the same result in every run.
    profile : str
        How much is looked at: ``"smoke"`` or ``"standard"``.
    builds : int, optional
        How many builds, in place of the profile's number.
    seconds : float, optional
        Time on the clock: fewer builds are made where so many would take longer.
    device : str
        Where the model is built: ``torch.device`` of it is the default device meanwhile.
    time_limit : float
        Seconds of processor time that one build may take.

    Returns
    -------
    Report
        What was observed, with the smallest errors that would have been seen.

    Raises
    ------
    AssertionError
        With a table, if a tensor does not follow its law, or has none.
    initlaws.builds.Unusable
        With one sentence, if the model cannot be built.
    ValueError
        For another profile, or fewer than two builds.
    """
    __tracebackhide__ = True
    looked = budget(profile, builds, seconds)
    report = follow(Builds(build, seed, device, time_limit), laws, looked)
    if not report.passed:
        raise AssertionError(of_report(report))
    return report
