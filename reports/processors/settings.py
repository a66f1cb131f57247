"""The settings: environments that make PyTorch compute with other kernels, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LADDERS: Mapping[str, tuple[str, ...]] = {
    "ATen": ("DEFAULT", "AVX2", "AVX512"),
    "oneDNN": ("off", "SSE41", "AVX2", "AVX512"),
    "MKL_CBWR": ("COMPATIBLE", "not set"),
}
"""What each library may compute with, from the simplest up; a machine may stand elsewhere."""

_NOT_BUILT = "not built"

RUNS, OWN, ABSENT = "runs", "the machine's own", "not on this machine"


@dataclass(frozen=True)
class Setting:
    """An environment under which the suite must say the same.

    Attributes
    ----------
    name : str
        As it is chosen on the command line.
    variables : mapping
        Environment variables that are set on top of the machine's own.
    library : str
        The row of `LADDERS` that it changes; empty for the machine as it is.
    rung : str
        What that library computes with under it.
    """

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    library: str = ""
    rung: str = ""

    @property
    def words(self) -> str:
        """The environment as a shell takes it."""
        return self.command("") or "as the machine is"

    def command(self, command: str) -> str:
        """A shell command under this setting."""
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        return " ".join(filter(None, (*variables, command)))

    def on(self, kernels: Mapping[str, str]) -> str:
        """`RUNS`, `OWN` or `ABSENT` on a machine.

        Parameters
        ----------
        kernels : mapping
            What the machine computes with unless told otherwise: ``verify.backends.cpu.kernels``.
        """
        if not self.library:
            return RUNS
        ladder, own = LADDERS[self.library], kernels.get(self.library, "")
        if own == self.rung:
            return OWN
        if own == _NOT_BUILT or kernels.get(self.library.partition("_")[0]) == _NOT_BUILT:
            return ABSENT
        if own not in ladder:  # Another architecture: all it surely has is the simplest.
            return RUNS if self.rung == ladder[0] else ABSENT
        return RUNS if ladder.index(own) > ladder.index(self.rung) else ABSENT


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("machine"),
        Setting("scalar", {"ATEN_CPU_CAPABILITY": "default"}, "ATen", "DEFAULT"),
        Setting("no-onednn", {"VERIFY_ONEDNN": "0"}, "oneDNN", "off"),
        Setting("avx2", {"ATEN_CPU_CAPABILITY": "avx2"}, "ATen", "AVX2"),
        Setting("avx512", {"ATEN_CPU_CAPABILITY": "avx512"}, "ATen", "AVX512"),
        Setting("onednn-sse41", {"ONEDNN_MAX_CPU_ISA": "SSE41"}, "oneDNN", "SSE41"),
        Setting("onednn-avx2", {"ONEDNN_MAX_CPU_ISA": "AVX2"}, "oneDNN", "AVX2"),
        Setting("mkl-compatible", {"MKL_CBWR": "COMPATIBLE"}, "MKL_CBWR", "COMPATIBLE"),
    )
}
"""Every setting by its name. Under ``avx512`` a machine without it would end with SIGILL."""


def chosen(names: list[str], kernels: Mapping[str, str]) -> tuple[list[Setting], dict[str, str]]:
    """The settings that differ on a machine, and why the others are left out.

    Parameters
    ----------
    names : list of str
        Names of settings; none for all of them.
    kernels : mapping
        What the machine computes with.

    Returns
    -------
    list of Setting
        Those to run; the machine as it is where none of the asked ones is another.
    dict
        Name and reason of each that is left out.
    """
    asked = [SETTINGS[name] for name in dict.fromkeys(names or SETTINGS)]
    states = {setting.name: setting.on(kernels) for setting in asked}
    found = [setting for setting in asked if states[setting.name] == RUNS]
    left_out = {name: state for name, state in states.items() if state != RUNS}
    return found or [SETTINGS["machine"]], left_out
