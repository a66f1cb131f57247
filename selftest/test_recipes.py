"""Claims of laws by patterns, the fill method of a recipe, and packages that are not there."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import pytest
import torch
from hypothesis import strategies as st
from torch import nn

from selftest.behaviour.support import RUN
from selftest.test_command import ROOT, SMALL, command, lines
from verify import backends
from verify.engine.explore import verify_cell
from verify.plan import watchdog
from verify.plan.run import Cell
from verify.recipes import Blocks, Constant, Exactly, Haar, Normal, Rows, Same, Unchecked, Uniform
from verify.subjects.case import Case
from verify.subjects.recipes import RECIPES, Recipe, claims
from verify.subjects.recipes.recipe import HOST
from verify.test_recipes import test_recipe as verify_recipe

pytestmark = pytest.mark.usefixtures("patient")  # Time limits are short here.


class Net(nn.Module):
    """A parameter of two names, a buffer that ends as a parameter does, parts and rows."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(32, 16, padding_idx=0)
        self.cell = nn.GRUCell(16, 16)
        self.head = nn.Linear(16, 32)
        self.head.weight = self.embed.weight
        self.register_buffer("mask_bias", torch.ones(3))
        self.norm = nn.BatchNorm1d(16)
        for part in range(3):
            nn.init.orthogonal_(self.cell.weight_hh[16 * part : 16 * (part + 1)].detach())


DEFAULT = Uniform.for_variance(bound=0.25)
LAWS = {
    "embed.weight": Rows(Normal(0.0, 1.0), 0),
    "head.weight": Same("embed.weight"),
    "cell.weight_ih": lambda shape: Uniform.for_variance(bound=shape[1] ** -0.5),
    "cell.weight_hh": Blocks(Haar(1.0), 3),
    "*.bias_?h": DEFAULT,
    "head.bias": DEFAULT,
    "norm.weight": Constant(1.0),
    "norm.bias": Constant(0.0),
    "mask_bias": Constant(1.0),
    "norm.running_mean": Constant(0.0),
    "norm.running_var": Constant(1.0),
    "norm.num_batches_tracked": Exactly(lambda shape: torch.zeros(shape, dtype=torch.int64)),
}


def without(*names):
    return {name: claim for name, claim in LAWS.items() if name not in names}


class TestProblems:
    def test_there_are_none(self):
        assert claims.problems(Net(), LAWS) == ""

    @pytest.mark.parametrize(
        ("laws", "told"),
        [
            (without("head.bias"), "no law claims the parameter head.bias of shape (32,)"),
            (without("head.weight"), ""),  # Another name need not be spoken of.
            (
                without("embed.weight"),
                "no law claims the parameter embed.weight of shape (32, 16)",
            ),
            (LAWS | {"norm.*": DEFAULT}, "norm.weight is claimed by 'norm.weight' and by 'norm.*'; "
             "norm.bias is claimed by 'norm.bias' and by 'norm.*'"),
            (LAWS | {"tail.*": DEFAULT}, "the pattern 'tail.*' claims no parameter"),
            (without("mask_bias"), "no law claims the buffer mask_bias of shape (3,)"),
            (without("mask_bias") | {"mask_*": Unchecked("for show")}, ""),
            (LAWS | {"*.running_mean": Constant(0.0)}, "norm.running_mean is claimed by 'norm."),
            (
                without("head.weight") | {"head.weight": DEFAULT},
                "the pattern 'head.weight' claims nothing but other names of tied parameters",
            ),
            (LAWS | {"norm.bias": Same("head.bias")}, "norm.bias is not the tensor head.bias"),
            (LAWS | {"tail": Same("head.bias")}, "tail is not the tensor head.bias"),
            (LAWS | {"norm.bias": Same("tail")}, "norm.bias is not the tensor tail"),
            (LAWS | {"norm.bias": Same("norm.bias")}, "no law claims the parameter norm.bias of "),
            (
                LAWS | {"embed.weight": Same("head.weight")},
                "no law claims the parameter embed.weight of shape (32, 16)",
            ),
            (without(*LAWS) | {"x": DEFAULT}, "no law claims the parameter embed.weight of "),
        ],
    )  # fmt: skip
    def test_are_told_in_one_sentence(self, laws, told):
        problems = claims.problems(Net(), laws)
        assert problems.startswith(told) and bool(problems) == bool(told), problems
        assert "\n" not in problems

    def test_many_are_counted(self):
        model = nn.ModuleList(nn.Linear(1, 1) for _ in range(20))
        told = claims.problems(model, {"nothing": DEFAULT}).split("; ")
        assert len(told) == 9 and told[-1] == "and 33 more"

    def test_a_tie_may_be_claimed_by_its_second_name(self):
        turned = without("embed.weight", "head.weight")
        turned |= {"head.weight": Rows(Normal(0.0, 1.0), 0), "embed.weight": Same("head.weight")}
        assert claims.problems(Net(), turned) == ""
        assert "head.weight" in claims.state(Net(), turned)

    def test_a_pattern_that_claims_parameters_claims_no_buffer(self):
        model = nn.BatchNorm1d(4)
        assert set(claims.state(model, {"*": Constant(0.0)})) == {"weight", "bias"}
        assert set(claims.state(model, {"running_*": Constant(0.0)})) == {
            "running_mean",
            "running_var",
        }


class TestLaws:
    def test_are_those_of_tensors_parts_and_rows(self):
        found = {law.label: law for law in claims.laws(Net(), LAWS)}
        assert found["cell.weight_ih"].law == DEFAULT
        assert found["cell.weight_hh[part 2]"].shape == (16, 16)
        assert found["embed.weight"].but_row == 0
        assert found["embed.weight[0]"].law == Constant(0.0)
        assert {found[f"cell.bias_{gate}h"].pool for gate in "ih"} == {"*.bias_?h"}

    def test_a_row_from_the_end(self):
        (_, its) = claims.tensor_laws("w", (4, 2), Rows(DEFAULT, -1), "w")
        assert its.row == 3

    def test_a_row_that_is_not_there_is_refused(self):
        with pytest.raises(IndexError):
            list(claims.tensor_laws("w", (4, 2), Rows(DEFAULT, 4), "w"))

    def test_the_state_is_a_copy_part_by_part(self):
        model = Net()
        state = claims.state(model, LAWS)
        assert state.keys() == {law.name for law in claims.laws(model, LAWS)}
        with torch.no_grad():
            model.cell.weight_hh.zero_()
        assert state["cell.weight_hh[part 1]"].abs().sum() > 0


def recipe(make, laws=LAWS, **fields):
    return Recipe(
        name="net",
        cases=lambda _size: st.just(Case()),
        anchors=(Case(),),
        dtypes=("float32",),
        words="",
        formula="",
        source="",
        make=lambda _case, target: make(),
        claims=lambda _case: laws,
        **fields,
    )


def outcome(*args, dtype="float32"):
    return verify_cell(Cell(recipe(*args), backends.known()["cpu"], dtype), RUN, "recipe")


def failing(found):
    assert found.final_verdict == "fail", found
    return {finding.check for finding in found.failures}


def test_a_model_that_keeps_its_laws_passes():
    found = outcome(Net)
    assert found.final_verdict == "pass", found.diagnosis
    assert found.n > 1 << 17


def seeded():
    torch.manual_seed(12345)
    return Net()


def tall():
    """Orthogonal as a whole, in place of gate by gate."""
    model = Net()
    nn.init.orthogonal_(model.cell.weight_hh)
    return model


def grown():
    """Of another shape each time."""
    model = Net()
    model.cell = nn.GRUCell(16, 16 + int(torch.randint(1, 99, ())))
    return model


@pytest.mark.parametrize(
    ("make", "check", "told"),
    [
        (seeded, "fresh", "every build gives the same values: does it set the seed itself?"),
        (tall, "orthogonality", "cell.weight_hh[part 0]"),
        (grown, "state", "cell.bias_hh has the shape"),
        (lambda: Net().double(), "state", "is of the dtype torch.float64, not of torch.float32"),
        (lambda: Net().to("meta"), "state", "is on the device meta, not on cpu"),
        (lambda: 1 / 0, "raises", "ZeroDivisionError"),
    ],
    ids=["seeded", "tall", "grown", "double", "meta", "raising"],
)
def test_a_faulty_build_is_found(make, check, told):
    built = []

    def build():
        """The first model, which is looked at aside, is sound."""
        built.append(None)
        return Net() if len(built) == 1 and check in ("raises", "state") else make()

    found = outcome(build)
    assert check in failing(found), found.diagnosis
    assert told in found.diagnosis


def test_a_tensor_without_a_law_fails_by_its_name():
    found = outcome(Net, without("head.bias"))
    assert failing(found) == {"state"}
    assert "no law claims the parameter head.bias" in found.diagnosis


def test_looking_at_a_model_moves_no_stream():
    subject = recipe(Net)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    subject.tensors(Case())
    assert torch.equal(before, torch.get_rng_state())


def test_a_sample_that_starts_from_the_same_seed_is_no_repetition():
    """What was built aside is compared with what the very same seed gives."""
    subject = recipe(Net)
    fill = subject.fill_methods["recipe"](Case(), HOST)
    torch.manual_seed(0x5EED)
    assert fill()


class TestPackages:
    def test_one_that_is_there_is_tested(self):
        assert recipe(Net, package="torch").untested == ""
        assert recipe(Net).untested == ""

    def test_one_that_is_not_there_says_how_to_get_it(self):
        said = "not tested: no_such_package is not installed (pip install no_such_package)"
        assert recipe(Net, package="no_such_package").untested == said

    @pytest.mark.parametrize("lazily", [False, True])
    @pytest.mark.parametrize(
        "error",
        ["RuntimeError('operator torchvision::nms does not exist\\nat all')", "ImportError('no')",
         "OSError('libcudart.so')", "AttributeError('is_compiling')", "SystemExit(1)",
         "SyntaxError('bad')", "GeneratorExit()"],
    )  # fmt: skip
    def test_one_that_is_broken_says_so(self, error, lazily, tmp_path, monkeypatch):
        """As it is imported, and as one of its classes is first used."""
        body = f"raise {error}\n"
        if lazily:
            body = f"Config = int\ndef __getattr__(name):\n    {body}"
        (tmp_path / "companion.py").write_text(body)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "companion", raising=False)
        said = recipe(Net, package="companion", classes=("Config", "Model")).untested
        what = "Model of it" if lazily else "it"
        begin = f"not tested: broken companion: companion is installed, but importing {what} raises"
        assert said.startswith(f"{begin} {error.partition('(')[0]}"), said
        assert "\n" not in said
        sys.modules.pop("companion", None)

    def test_one_whose_classes_are_gone_is_broken(self):
        said = recipe(Net, package="math", classes=("Model",)).untested
        assert "importing Model of it raises AttributeError: module 'math' has no" in said

    @pytest.mark.parametrize("row", [row for row in RECIPES if row.package], ids=lambda r: r.name)
    def test_each_row_names_what_it_builds(self, row):
        assert row.name in row.classes


class TestBuilding:
    """What a model does when it is built for its names and shapes, before anything is drawn."""

    @pytest.fixture
    def concluded(self):
        found = []

        def conclude(make, **options):
            cell = Cell(recipe(make, **options), backends.known()["cpu"], "float32")
            verify_recipe(cell, replace(RUN, time_limit=0.2), found.append)
            return found[-1]

        return conclude

    def test_an_import_that_a_companion_lacks_is_not_tested(self, concluded):
        def build():
            raise ImportError("torchvision is too old")

        outcome = concluded(build, package="math")
        assert outcome.verdict == "not tested"
        assert "broken companion: math raises ImportError: torchvision is too" in outcome.reason
        assert concluded(build).verdict == "fail"

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("import os; os._exit(0)", "Ended: the call would end the process by os._exit(0)"),
            ("import threading; threading.Event().wait()", "TimedOut: one call waited for 0.4 s"),
        ],
    )
    def test_a_companion_that_does_not_return_is_not_tested(
        self, body, said, concluded, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(watchdog, "IMPORT", 0.4)
        (tmp_path / "companion.py").write_text(f"{body}\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "companion", raising=False)
        outcome = concluded(Net, package="companion")
        assert outcome.verdict == "not tested"
        assert f"importing it raises {said}" in outcome.reason

    def test_what_it_raises_is_a_finding(self, concluded):
        def build():
            raise ZeroDivisionError("no\nway")

        outcome = concluded(build)
        assert outcome.verdict == "fail"
        assert outcome.findings[0].message.endswith("ZeroDivisionError: no")

    def test_what_waits_for_ever_times_out(self, concluded):
        outcome = concluded(lambda: threading.Event().wait())
        assert outcome.verdict == "timed out"
        assert "waited for 0.2 s and used next to no processor" in outcome.findings[0].message


PLANTED = """
import sys
sys.path.insert(0, {folder!r})
from selftest.test_recipes import Net, recipe
from verify.subjects import SUBJECTS
SUBJECTS["net"] = recipe(Net, package={package!r})
"""

NODES = (
    "verify/test_recipes.py::test_recipe[cpu-float32-net]",
    "verify/test_laws.py::test_law[cpu-float32-eye_]",
)


@pytest.mark.parametrize(
    ("package", "told"),
    [
        ("no_such_package", "no_such_package is not installed (pip install"),
        ("broken_package", "broken_package is installed, but importing it raises OSError: no lib"),
    ],
)
def test_a_package_that_is_missing_or_broken_is_shown_and_counted(package, told, tmp_path):
    (tmp_path / "broken_package.py").write_text("raise OSError('no libfoo\\nat all')\n")
    (tmp_path / "plant_a_recipe.py").write_text(
        PLANTED.format(folder=str(tmp_path), package=package)
    )
    ended = command(
        tmp_path / "report", *NODES, "-p", "plant_a_recipe", *SMALL,
        PYTHONPATH=f"{tmp_path}:{ROOT}",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (cell,) = (c for c in lines(tmp_path / "report")[1:] if "test_recipe" in c["nodeid"])
    assert cell["verdict"] == "not tested"
    assert told in cell["reason"] and "\n" not in cell["reason"]
    assert "more not tested" in ended.stdout
