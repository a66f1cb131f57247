"""The order of promises, and their titles."""

from __future__ import annotations

from reports.evidence import promises


def test_promises_have_titles() -> None:
    names = ("law", "materialisation", "batch_norm", "new_one")
    titles = ["Laws of the initializers", "From the meta device", "Batch norm", "New one"]
    assert [promises.title(name) for name in names] == titles


def test_values_come_before_conduct_and_what_nobody_knows_comes_last() -> None:
    names = ("new_one", "errors", "batch_norm", "tied_gradient", "law")
    assert sorted(names, key=promises.rank) == [
        "law",
        "tied_gradient",
        "errors",
        "batch_norm",
        "new_one",
    ]
    assert [promises.is_of_values(name) for name in names] == [False, False, False, True, True]
