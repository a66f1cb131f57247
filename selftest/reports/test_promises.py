"""Promises: their order and titles, and what an item is about that never said so itself."""

from __future__ import annotations

import ast
import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from reports.evidence import promises, store
from reports.evidence.records import CellRecord
from reports.nights.merge import merge
from selftest.forked import run_pytest
from selftest.reports import fakes
from verify.engine.witness import witnesses
from verify.outcome import promises as table
from verify.outcome.promises import Identity
from verify.plan.run import cells
from verify.subjects.compiled import WAYS
from verify.subjects.layouts import LAYOUTS

ROOT = Path(__file__).resolve().parents[2]


def test_promises_have_titles() -> None:
    names = ("law", "materialisation", "batch_norm", "new_one")
    titles = ["Laws of the initializers", "From the meta device", "Batch norm", "New one"]
    assert [promises.title(name) for name in names] == titles


def test_values_come_before_behaviour_and_what_nobody_knows_comes_last() -> None:
    names = ("new_one", "errors", "batch_norm", "tied_gradient", "law")
    assert sorted(names, key=promises.rank) == [
        "law",
        "tied_gradient",
        "errors",
        "batch_norm",
        "new_one",
    ]
    assert [promises.is_of_values(name) for name in names] == [False, False, False, True, True]


TESTS = sorted((ROOT / "verify").glob("test_*.py"))
# One cell of each test, the quickest on a CPU.
CELLS = (
    "test_aliases.py::test_future_warning[host-any-kaiming_normal]",
    "test_batch_norm.py::test_batch_norm[cpu-float64-SyncBatchNorm]",
    "test_bounded_time.py::test_bounded_time[cpu-bfloat16-trunc_normal_]",
    "test_completeness.py::test_completeness[host-any-torch.nn.init]",
    "test_compiled.py::test_captured_default[cpu-float32-Embedding]",
    "test_compiled.py::test_compiled[cpu-float32-uniform_-compiled]",
    "test_compiled.py::test_compiled_call[cpu-float32-torch.randn]",
    "test_compiled.py::test_compiled_constructor[cpu-float32-Linear]",
    "test_compiled.py::test_compiled_default[cpu-float32-Linear]",
    "test_compiled.py::test_compiled_generators[cpu-float32-torch.rand]",
    "test_compiled.py::test_compiled_reset[cpu-float32-Linear]",
    "test_compiled.py::test_other_ways[cpu-float32-uniform_-compiled, aot_eager]",
    "test_construction.py::test_construction[cpu-float32-BCELoss]",
    "test_contracts.py::test_contract[cpu-complex32-eye_]",
    "test_conversions.py::test_conversions[cpu-float32-BatchNorm1d]",
    "test_convolutions.py::test_identity_convolution[cpu-float64-dirac]",
    "test_copies.py::test_copies[cpu-float32-Linear]",
    "test_defaults.py::test_default[cpu-bfloat16-CrossEntropyLoss]",
    "test_embeddings.py::test_embedding[cpu-float32-Embedding]",
    "test_empty.py::test_empty[cpu-float32-torch.full-torch.empty_strided]",
    "test_errors.py::test_errors[cpu-float32-torch.rand_like]",
    "test_fans.py::test_fans[host-int64-fan_in_and_fan_out]",
    "test_gains.py::test_gain[host-float64-calculate_gain]",
    "test_generators.py::test_generators[cpu-float32-torch.rand]",
    "test_independence.py::test_independence[cpu-float32-xavier_normal_ then uniform_]",
    "test_known_defects.py::test_entry[bfloat16-normal-tail]",
    "test_known_defects.py::test_known_defect[cpu-complex64-xavier_uniform_-xavier-zero-fan]",
    "test_laws.py::test_law[cpu-complex32-eye_]",
    "test_layouts.py::test_layout[cpu-complex32-xavier_uniform_-channels_last]",
    "test_lazy.py::test_lazy[cpu-float64-LazyInstanceNorm2d]",
    "test_loading.py::test_loading[cpu-float32-Linear]",
    "test_operations.py::test_operation[cpu-int64-torch.randperm]",
    "test_parameters.py::test_parameters[cpu-float32-BatchNorm1d]",
    "test_parametrizations.py::test_parametrization[cpu-float64-RNN]",
    "test_propagation.py::test_depth[cpu-float32-normal_(std=n**-0.5) linear]",
    "test_propagation.py::test_moments[host-float64-moments]",
    "test_propagation.py::test_propagation[cpu-float64-forward xavier_uniform_]",
    "test_recipes.py::test_from_checkpoint[cpu-float32-BertForMaskedLM]",
    "test_recipes.py::test_from_meta[cpu-float32-BertForMaskedLM]",
    "test_recipes.py::test_recipe[cpu-float32-Xavier and a constant]",
    "test_recomputation.py::test_recomputation[cpu-float32-normal_]",
    "test_resets.py::test_materialisation[cpu-float32-GroupNorm]",
    "test_resets.py::test_reset[cpu-float64-GroupNorm]",
    "test_sharded.py::test_resharding[host-any-checkpoints]",
    "test_sharded.py::test_sharded[cpu-float32-zeros_]",
    "test_sharded.py::test_shards[host-float64-DTensor]",
    "test_sharded.py::test_training[host-float64-tied layers]",
    "test_streams.py::test_neighbouring_seeds[cpu-int64-torch.randint]",
    "test_streams.py::test_streams[cpu-float16-orthogonal_]",
    "test_symmetry.py::test_symmetry[cpu-float32-Xavier and a constant]",
    "test_tied_gradients.py::test_tied_gradient[cpu-float16-tied Embedding]",
    "test_tied_gradients.py::test_worked_example[host-float64-worked_example]",
    "test_ties.py::test_tie[cpu-float32-tied Embedding]",
    "test_transforms.py::test_transforms[cpu-complex32-eye_]",
)


def _identity(record: CellRecord) -> Identity:
    return Identity(record.promise, record.subject, record.backend, record.dtype, record.witness)


def test_every_test_has_its_promise_in_the_table() -> None:
    functions = {
        f"{path.name}::{node.name}"
        for path in TESTS
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    lacking = ", ".join(sorted(functions ^ {*table.ASKED}))
    assert not lacking, f"of {lacking}: give it a row in ASKED of verify/outcome/promises.py"
    shown = {cell.partition("[")[0] for cell in CELLS}
    assert functions == shown, (
        f"of {', '.join(sorted(functions ^ shown))}: give it one cell in CELLS of "
        "selftest/reports/test_promises.py, or take it away"
    )


def test_every_promise_is_asked_by_a_test() -> None:
    asked = {asked.promise for asked in table.ASKED.values()} - {"{layout}", "{way}"}
    layouts = {layout.replace("_", " ") for layout in LAYOUTS}
    assert asked | layouts | {*WAYS} == {*table.VALUES, *table.BEHAVIOUR}


def test_what_the_table_says_is_what_the_tests_say(tmp_path: Path) -> None:
    """In a run of one cell each: of what is lost the same would be said."""
    nodeids = [f"verify/{cell}" for cell in CELLS]
    options = ["--profile", "smoke", "--run-seed", "5", "--backend", "cpu"]
    command = ["-q", "-p", "no:cacheprovider", *nodeids, *options, "--report-dir", str(tmp_path)]
    done = run_pytest(command, folder=ROOT, environment=os.environ)
    evidence = store.read(tmp_path / store.EVIDENCE)
    assert evidence.problems == (), done.stdout
    assert len(evidence.cells) == len(CELLS), done.stdout + done.stderr
    for cell in evidence.cells:
        assert table.identity(cell.nodeid) == _identity(cell)
        assert evidence.run.identities[cell.nodeid] == asdict(_identity(cell))


def test_every_cell_is_told_from_its_id() -> None:
    planned = cells(["cpu"])
    for cell in planned:
        found = table.identity(f"verify/test_laws.py::test_law[{cell.id}]")
        assert found == Identity("law", cell.subject.name, "cpu", cell.dtype_name)
    for cell, defect in witnesses(planned):
        found = table.identity(
            f"verify/test_known_defects.py::test_known_defect[{cell.id}-{defect.id}]"
        )
        place = (cell.subject.name, "cpu", cell.dtype_name)
        assert found == Identity("known defect", *place, defect.id)


@pytest.mark.parametrize(
    ("nodeid", "promise", "subject"),
    [
        ("verify/test_laws.py::test_law[cpu-float32-b\\xfchne:netz]", "law", "bühne:netz"),
        ("verify/test_laws.py", table.COLLECTION, "verify/test_laws.py"),
        ("verify/test_own.py::test_mine[1]", "mine", "verify/test_own.py::test_mine[1]"),
    ],
)
def test_names_beyond_the_usual(nodeid: str, promise: str, subject: str) -> None:
    line = store.stand_in(nodeid, "crashed", "Why.")
    assert (line["promise"], line["subject"]) == (promise, subject)


def test_the_plan_is_believed_before_the_table(tmp_path: Path) -> None:
    """Evidence of another version of the suite says itself what its items were about."""
    nodeid = "verify/test_laws.py::test_law[cpu-float32-normal_]"
    told = {"promise": "law of old", "subject": "normal", "backend": "cpu", "dtype": "half"}
    for name, seed in (("a", 1), ("b", 2)):
        folder = fakes.write(tmp_path / name, [fakes.cell_line("eye_")], [nodeid])
        path = folder / store.EVIDENCE
        run, *rest = path.read_text(encoding="utf-8").splitlines()
        line = {**json.loads(run), "run_seed": seed, "identities": {nodeid: told}}
        path.write_text("\n".join((json.dumps(line), *rest)), encoding="utf-8")
    merged = tmp_path / "sum"
    merged.mkdir()
    (merged / store.EVIDENCE).write_text(merge([tmp_path / "a", tmp_path / "b"]).text)
    for folder in (tmp_path / "a", merged):
        lost = store.complete(store.read(folder / store.EVIDENCE)).cells
        assert Identity(**told) in map(_identity, lost)
