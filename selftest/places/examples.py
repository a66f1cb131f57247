"""An example of each thing that CONTRIBUTING says how to add, as the edits that add it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

Edits = dict[str, list[tuple[str, str]]]

ROOT = Path(__file__).resolve().parents[2]
LAW, LAWS = "verify/test_laws.py::test_law", "verify/laws/continuous.py"
INITIALIZERS, MODULES = "verify/subjects/initializers.py", "verify/subjects/modules/other.py"
OPERATIONS = "verify/subjects/operations/usual.py"
HALF_UNIFORM = (f"{LAW}[cpu-float32-half_uniform_]",)
GENERATORS = "verify/test_generators.py::test_generators[cpu-float32-torch.rand]"


@dataclass(frozen=True)
class Example:
    """One thing to add.

    Attributes
    ----------
    edits
        By file: what stands there, with what is put behind it; where the former is empty, what is
        put at the end, or into a new file.
    nodes
        The items that it brings or changes.
    says
        What the run says once `broken` has been done.
    broken
        File, text and what stands in its place: the example made wrong.
    besides
        Edits of another kind, without which no item would meet the example.
    """

    edits: Edits
    nodes: tuple[str, ...]
    says: str
    broken: tuple[str, str, str]
    besides: Edits = field(default_factory=dict)


def newer(name: str) -> tuple[str, str, str]:
    """Break the PyTorch under test, for the example of that name."""
    return "newer_torch.py", 'BROKEN = ""', f'BROKEN = "{name}"'


def initializer(name: str, law: str) -> tuple[str, str]:
    return (
        "_IN_PLACE = (\n",
        f"""\
    Initializer(
        name="{name}",
        cases=lambda size: st.builds(TensorCase, shape=strategies.shapes(max_numel=size)),
        arguments=lambda case: {{}},
        law=lambda case: {law},
        words="as its name says",
        formula="F",
        source="the newer PyTorch's documentation",
        anchors=(TensorCase((160, 257)),),
    ),
""",
    )


def test_of(name: str, like: str) -> str:
    """The test of a promise, as short as that of another."""
    return (ROOT / f"verify/test_{like}.py").read_text(encoding="utf-8").replace(like, name)


NEWER_RAND = """\
    _uniform(
        "newer_rand",
        lambda case, at: torch.rand(case.shape, dtype=at.dtype, generator=at.generator),
    ),
"""

LOGISTIC = '''

@dataclass(frozen=True)
class Logistic(Continuous):
    """The standard logistic law (Johnson, Kotz & Balakrishnan 1995, ch. 23)."""

    support, scale, max_scaled_density = (-math.inf, math.inf), 1.0, 0.25
    typical_magnitude, max_magnitude = 1.55, 50.0
    is_accurate_in_float32 = False

    def cdf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        return special.expit(x)

    def sf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        return special.expit(-x)
'''

NEGATIVE_ZEROS = """

def _negative_zeros(flat: Tensor) -> Exact:
    return Exact(flat.numel(), int(((flat == 0) & flat.signbit()).sum()))
"""

RANGES = '''\
"""Ranges of random operations."""

import torch

from verify.behaviour.promise import Promise, Question, Trial


def _beyond_one(_trial: Trial) -> list[str]:
    return ["some"] * bool((torch.rand(64) >= 1).any())


PROMISE = Promise(
    name="range",
    check="call",
    questions={"beyond-one": Question("values that are not below one", _beyond_one)},
    words="values lie in [0, 1)",
    formula="0 ≤ x < 1",
    source="PyTorch documentation, torch.rand",
    subjects=("torch.rand",),
)
'''

MIRROR = '''\
"""The host under another name."""

import torch

from verify.backends.base import Backend


class _Mirror(Backend):
    def device(self, worker: int = 0) -> torch.device:
        return torch.device("cpu")


BACKEND = _Mirror(name="maia", count=lambda: 1, describe=dict, dtypes=("float32",))
'''

DEFECT = '''
[[defect]]
id = "touchy-of-nothing"
subjects = ["touchy_"]
backends = ["cpu"]
region = { numel = [0, 0] }
check = "raises"
witness = { shape = [0] }
symptom = """
A tensor without entries raises RuntimeError."""
'''

QUESTION = (
    "    questions={\n",
    """\
        "beyond-one": Question(
            "values that are not below one",
            lambda trial: ["some"] * bool((torch.rand(64) >= 1).any()),
        ),
""",
)

EXAMPLES = {
    "an initializer": Example(
        {INITIALIZERS: [initializer("half_uniform_", "laws.Uniform(0.0, 0.5)")]},
        HALF_UNIFORM,
        "values lie outside the law's support",
        (INITIALIZERS, "laws.Uniform(0.0, 0.5)", "laws.Uniform(0.1, 0.5)"),
    ),
    "a module": Example(
        {
            "strategies/modules/tilt.py": [
                (
                    "",
                    '''\
"""Arguments of a tilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import draw_budget
from strategies.modules.arguments import Arguments


@dataclass(frozen=True)
class TiltArguments(Arguments):
    """Constructor arguments of ``torch.nn.Tilt``."""

    features: int


@strategy
def tilts(*, max_numel: int) -> Callable[[Choices], TiltArguments]:
    """Draw a number of features."""
    return lambda choices: TiltArguments(draw_budget(choices, 1, max_numel))
''',
                )
            ],
            MODULES: [
                (
                    "from strategies.modules.prelu import PReLUArguments, prelus\n",
                    "from strategies.modules.tilt import TiltArguments, tilts\n",
                ),
                ("from verify.laws import Constant", ", Uniform"),
                (
                    "OTHER: tuple[Module, ...] = (\n",
                    """\
    row(
        "Tilt",
        lambda size: tilts(max_numel=size),
        lambda a: [TensorLaw("weight", (a.features,), Uniform(-1.0, 1.0))],
        (TiltArguments(512),),
        words="uniform between −1 and 1",
        formula="U(−1, 1)",
    ),
""",
                ),
            ],
        },
        (
            "verify/test_defaults.py::test_default[cpu-float32-Tilt]",
            "verify/test_construction.py::test_construction[cpu-float32-Tilt]",
        ),
        "values lie outside the law's support",
        newer("a module"),
    ),
    "a random operation": Example(
        {OPERATIONS: [('    _wide("random_", _random, "Tensor.random_"),\n', NEWER_RAND)]},
        ("verify/test_operations.py::test_operation[cpu-float32-torch.newer_rand]",),
        "values lie outside the law's support",
        (OPERATIONS, "lambda case, at: torch.rand", "lambda case, at: 1.01 * torch.rand"),
    ),
    "a law of independent entries": Example(
        {LAWS: [("", LOGISTIC)]},
        (f"{LAW}[cpu-float32-logistic_]",),
        "fail: logistic_",
        (LAWS, "special.expit(x)", "special.expit(1.05 * x)"),
        besides={
            INITIALIZERS: [
                ("from verify import laws\n", "from verify.laws.continuous import Logistic\n"),
                initializer("logistic_", "Logistic()"),
            ]
        },
    ),
    "a check": Example(
        {
            "verify/checks/independent.py": [
                ("", NEGATIVE_ZEROS),
                (
                    "    found: Statistics = {\n",
                    '        "negative_zero": _negative_zeros(flat),\n',
                ),
            ],
            "verify/checks/words.py": [
                (
                    "_ROWS: dict[str, Words] = {\n",
                    '    "negative_zero": Words("no zero is negative", "a zero is negative"),\n',
                )
            ],
        },
        HALF_UNIFORM,
        "a zero is negative",
        newer("a check"),
        besides={INITIALIZERS: [initializer("half_uniform_", "laws.Uniform(0.0, 0.5)")]},
    ),
    "a question about behaviour": Example(
        {"verify/behaviour/generators.py": [QUESTION]},
        (GENERATORS,),
        "values that are not below one: some",
        newer("a question about behaviour"),
    ),
    "a promise": Example(
        {
            "verify/behaviour/ranges.py": [("", RANGES)],
            "verify/outcome/promises.py": [
                ('    "lazy": "Lazy modules",\n', '    "range": "Ranges",\n'),
                (
                    '    "test_recipes.py::test_recipe": Asked("recipe"),\n',
                    '    "test_ranges.py::test_ranges": Asked("range"),\n',
                ),
            ],
            "verify/test_ranges.py": [("", test_of("ranges", like="symmetry"))],
        },
        ("verify/test_ranges.py::test_ranges[cpu-float32-torch.rand]",),
        "values that are not below one: some",
        newer("a promise"),
    ),
    "a backend": Example(
        {"verify/backends/mirror.py": [("", MIRROR)]},
        (f"{LAW}[maia-float32-normal_]",),
        "its dtype 'float31' is none of",
        ("verify/backends/mirror.py", '("float32",)', '("float31",)'),
    ),
    "a known defect": Example(
        {"verify/known_defects.toml": [("", DEFECT)]},
        (
            f"{LAW}[cpu-float32-touchy_]",
            "verify/test_known_defects.py::test_entry[touchy-of-nothing]",
            "verify/test_known_defects.py::test_known_defect[cpu-float32-touchy_-touchy-of-nothing]",
        ),
        "fixed upstream",
        newer("a known defect"),
        besides={INITIALIZERS: [initializer("touchy_", "laws.Uniform(0.0, 0.5)")]},
    ),
}
