"""Every parameter in scope has a planted fault, or a reason why nothing speaks of it."""

from dataclasses import replace

import pytest

from selftest.enumeration import Row, table
from selftest.planted.faults import FAULTS

TABLE = table()


def test_every_parameter_has_a_planted_fault():
    missing = TABLE.missing()
    assert not missing, (
        f"{len(missing)} parameters have no planted fault: {', '.join(missing)}; plant one in "
        "selftest/planted/ and name it in selftest/parameters.toml, or list the parameter under "
        "[[outside]] there with the reason"
    )


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.of[0])
def test_every_row_speaks_of_parameters_that_exist(row):
    known = {parameter for name in row.of for parameter in TABLE.parameters(name)}
    assert not row.by.keys() - known


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.of[0])
def test_every_fault_is_planted_and_changes_one_of_the_callables(row):
    unknown = sorted({*row.by.values()} - FAULTS.keys())
    assert not unknown, "no such fault is planted"
    for parameter, name in row.by.items():
        reached = any(TABLE.reaches(FAULTS[name], each) for each in row.of)
        assert reached, f"{parameter}: {name!r} changes {FAULTS[name].targets}, none of {row.of}"


@pytest.mark.parametrize("row", TABLE.outside, ids=lambda row: row.because[:40])
def test_every_reason_is_of_some_parameter_without_a_fault(row):
    held = {
        (name, parameter)
        for name in TABLE.names()
        for parameter in TABLE.parameters(name)
        if row.holds(name, parameter)
    }
    assert held, "no parameter is meant: the row is stale"
    both = {pair for pair in held if pair[1] in TABLE.planted(pair[0])}
    assert not both, "these have a planted fault as well"


def test_no_callable_has_two_rows():
    named = [name for row in TABLE.rows for name in row.of]
    assert len(named) == len(set(named))


def test_every_road_leads_to_a_callable():
    planted = {target for fault in FAULTS.values() for target in fault.targets}
    assert not TABLE.through.keys() - planted
    for target, patterns in TABLE.through.items():
        lone = replace(TABLE, through={target: patterns})
        assert any(lone.reaches(f, n) for f in FAULTS.values() for n in TABLE.names()), target


class TestTheCount:
    """It is able to fail."""

    def test_a_parameter_without_a_fault_is_told(self):
        (row,) = (row for row in TABLE.rows if "torch.nn.init.normal_" in row.of)
        rows = tuple(each for each in TABLE.rows if each is not row)
        fewer = {name: fault for name, fault in row.by.items() if name != "std"}
        lacking = replace(TABLE, rows=(*rows, Row(row.of, fewer)))
        assert lacking.missing() == ["torch.nn.init.normal_(std)"]

    def test_a_new_subject_is_told(self):
        rows = tuple(row for row in TABLE.rows if "torch.nn.PReLU" not in row.of)
        missing = replace(TABLE, rows=rows).missing()
        assert missing == ["torch.nn.PReLU(num_parameters)", "torch.nn.PReLU(init)"]

    def test_a_fault_of_another_callable_does_not_count(self):
        assert not TABLE.reaches(FAULTS["normal_scale"], "torch.nn.init.uniform_")
        assert not TABLE.reaches(FAULTS["linear_bias_zero"], "torch.nn.Conv1d")
        assert TABLE.reaches(FAULTS["rnn_bound_half_percent"], "torch.nn.GRU")
