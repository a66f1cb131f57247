"""Patterns match exactly the tensors of their group, whatever the names."""

from __future__ import annotations

from fnmatch import fnmatchcase

import torch
from torch import nn

from initlaws.builds import Place
from initlaws.descriptions.patterns import grouped, layers, literal


def places(*names):
    module, tensor = nn.Identity(), torch.zeros(1)
    return [Place(name, tensor, module, (name,), False) for name in names]


def patterns(every, law_of):
    """Each pattern, and the names under it, where a law is given by the name."""
    groups = grouped(every, every, lambda group: len({law_of(p.name) for p in group}) == 1)
    return {pattern: [place.name for place in group] for pattern, group in groups}


def test_numbers_are_stars_where_all_agree():
    every = places("h.0.a", "h.1.a", "h.10.a", "b")
    assert list(patterns(every, lambda _: 0)) == ["h.*.a", "b"]


def test_numbers_are_kept_from_the_right_until_tensors_agree():
    every = places("h.0.m.0.w", "h.0.m.2.w", "h.1.m.0.w", "h.1.m.2.w")
    assert list(patterns(every, lambda name: name[6])) == ["h.*.m.0.w", "h.*.m.2.w"]


def test_names_are_spelled_out_where_one_differs():
    every = places("h.0.w", "h.1.w", "h.2.w")
    assert list(patterns(every, lambda name: name == "h.1.w")) == ["h.0.w", "h.1.w", "h.2.w"]


def test_a_star_that_would_match_more_is_a_digit():
    every = places(*(f"h.{i}.{part}w" for i in range(11) for part in ("", "a.")))
    found = patterns(every, lambda name: "a" in name)
    assert list(found) == ["h.[0-9].w", "h.[0-9][0-9].w", "h.*.a.w"]
    for pattern, names in found.items():
        assert [p.name for p in every if fnmatchcase(p.name, pattern)] == names


def test_names_that_look_like_patterns_are_matched_as_they_are():
    for name in ("a[0]", "a*b", "a?", "[!x]"):
        assert fnmatchcase(name, literal(name))
    assert not fnmatchcase("a0", literal("a[0]")) and not fnmatchcase("axb", literal("a*b"))


def test_other_names_of_a_tied_tensor_count():
    """A pattern that would match a tied tensor by its other name is none of its own group."""
    module, tensor = nn.Identity(), torch.zeros(1)
    tied = Place("head", tensor, module, ("head", "h.2.w"), False)
    every = [tied, *places("h.0.w", "h.1.w")]
    found = patterns(every, lambda name: name == "head")
    assert list(found) == ["head", "h.0.w", "h.1.w"]


def test_layers_are_the_numbers_that_stand_in_one_place():
    every = places("h.0.w", "h.1.w", "h.5.w", "h.1.m.3.w", "m.0.w", "w")
    assert [layers(place, every) for place in every] == [3, 3, 3, 3, 1, 0]
