"""Parametrised weights: what they start as, how they are computed, and what writes reach."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from verify.behaviour.parametrizations import (
    directions,
    magnitudes,
    maps,
    nets,
    registering,
    spectral,
    starts,
    states,
    writes,
)
from verify.behaviour.parametrizations.applying import (
    MAPS,
    Apply,
    decomposable,
    has_one_weight,
    parametrized,
    renormalized,
)
from verify.behaviour.parametrizations.ways import MAGNITUDES, SPECTRAL, Way, asked_once
from verify.behaviour.promise import Promise, Question, Trial


def _under(
    way: Way,
    what: str,
    wrong: Callable[[Way, Trial], list[str]],
    asked: Callable[[Trial], bool] = asked_once,
) -> Question:
    """What is wrong under a way to parametrise."""
    return Question(f"{what} under {way.name}", partial(wrong, way), asked, under=way.name)


_WEIGHT_NORM = {
    "start-of-weight-norm": Question("what weight_norm starts as", starts.wrong_weight_norm),
    "assignment-lost-under-weight-norm": Question(
        "weights off what was assigned under weight_norm",
        writes.off_assigned_weight_norm,
        under="weight_norm",
    ),
    "initializer-lost-under-weight-norm": Question(
        "weights off the initializer's under weight_norm",
        writes.off_initialized_weight_norm,
        under="weight_norm",
    ),
    "reset-lost-under-weight-norm": Question(
        "weights off the plain module's after a reset under weight_norm",
        writes.off_reset_weight_norm,
        under="weight_norm",
    ),
}

_SPECTRAL_NORM = {
    "start-of-spectral-norm": Question(
        "what spectral_norm starts as", starts.wrong_spectral_norm, has_one_weight
    ),
    "assignment-lost-under-spectral-norm": Question(
        "weights off what was assigned under spectral_norm",
        writes.off_assigned_spectral_norm,
        has_one_weight,
        under="spectral_norm",
    ),
}

_POWER_METHOD = (
    {
        f"{id}-{way_id}": _under(way, what, wrong)
        for way_id, way in SPECTRAL.items()
        for id, what, wrong in (
            ("off-the-power-method-under", "what the power method makes", spectral.wrong_iteration),
            ("changed-in-eval-under", "what changes in eval mode", spectral.changed_in_eval),
            ("without-eps-under", "what eps does not do", spectral.without_eps),
            ("off-the-slope-under", "gradients off their formula", spectral.off_slope),
        )
    }
    | {
        f"not-at-random-under-{way_id}": _under(
            way, "vectors that start otherwise", directions.not_at_random, directions.asked_by_turns
        )
        for way_id, way in SPECTRAL.items()
    }
    | {
        "spectral-norm-of-vectors": Question(
            "vectors that spectral_norm does not normalise", spectral.not_normalised, asked_once
        ),
    }
)

_STATES = (
    {
        f"{id}-{way_id}": _under(way, what, wrong)
        for way_id, way in (SPECTRAL | MAGNITUDES).items()
        for id, what, wrong in (
            ("wrongly-kept-under", "what is kept as something else", states.wrongly_kept),
            ("not-restored-under", "what does not give the weight", states.not_restored),
            ("wrongly-copied-under", "what a copy does otherwise", states.wrongly_copied),
            ("wrong-after-removal-of", "what a removal leaves", states.wrong_after_removal),
        )
    }
    | {
        f"not-copied-after-a-pass-under-{way_id}": _under(
            way, "what cannot be copied", states.not_copied
        )
        for way_id, way in (SPECTRAL | MAGNITUDES).items()
        if way_id.startswith("old")
    }
    | {
        "copy-broken-by-removal": Question(
            "what a removal breaks of a copy", states.broken_copy, asked_once
        ),
        "other-broken-by-removal": Question(
            "what a removal breaks of another module", states.broken_other, asked_once
        ),
        "original-not-left": Question(
            "what a removal leaves of the original", states.wrong_original_left, asked_once
        ),
        "removal-not-refused": Question(
            "what is not refused of what is not there", states.not_refused, asked_once
        ),
        "older-state-changed": Question(
            "what is not taken from the older state", states.changed_by_the_older_state, asked_once
        ),
    }
)

_ORTHOGONAL = {
    f"{id}-orthogonal-{orthogonal_map.replace('_', '-')}": Question(
        f"{what} under orthogonal, {orthogonal_map}",
        partial(wrong, orthogonal_map),
        decomposable,
        under=f"orthogonal, {orthogonal_map}",
    )
    for orthogonal_map in MAPS
    for id, what, wrong in (
        ("start-of", "what weights start as", starts.wrong_orthogonal),
        ("assignment-lost-under", "weights off what was assigned", writes.off_assigned_orthogonal),
    )
}

_MAGNITUDES = {
    "start-of-old-weight-norm": Question(
        "what the old weight_norm starts as",
        partial(magnitudes.wrong_start, MAGNITUDES["old-weight-norm"]),
        asked_once,
    ),
    **{
        f"{id}-{way_id}": _under(way, what, wrong)
        for way_id, way in MAGNITUDES.items()
        for id, what, wrong in (
            ("off-the-formula-under", "weights off g·v/‖v‖", magnitudes.off_formula),
            ("off-the-slopes-under", "gradients of g and v off theirs", magnitudes.off_slopes),
        )
    },
}

_MAPS = {
    id: Question(what, wrong, asked_once)
    for id, what, wrong in (
        ("off-the-map", "weights off an orthogonal map", maps.off_the_map),
        ("off-the-reflections", "weights off a product of reflections", maps.off_the_reflections),
        ("not-orthogonal", "weights that are not orthogonal on the way", maps.not_orthogonal),
        ("another-map-by-default", "weights of another map by default", maps.not_by_default),
        ("another-orthogonal-start", "orthogonal weights that start otherwise", maps.wrong_initial),
        ("maps-not-refused", "what orthogonal does not refuse", maps.not_refused),
    )
}

_DECAYED = {
    f"not-orthogonal-after-decay-{each.replace('_', '-')}": Question(
        f"weights that are not orthogonal after decay under orthogonal, {each}",
        partial(maps.not_orthogonal_after_decay, each),
        asked_once,
        under=f"orthogonal, {each}",
    )
    for each in MAPS
}

_NETS = {
    id: Question(f"{what} in nets", wrong, nets.asked_of_nets)
    for id, what, wrong in (
        ("another-output-in-nets", "outputs of other weights", nets.another_output),
        ("without-gradient-in-nets", "what learns nothing", nets.without_gradient),
        ("not-taken-over-in-nets", "what copies and states do otherwise", nets.not_taken_over),
        ("wrong-after-removal-in-nets", "what removals leave", nets.wrong_after_removal),
        ("wrong-when-cached-in-nets", "what a cache does otherwise", nets.wrong_when_cached),
    )
}

_REGISTERING = {
    id: Question(what, wrong, registering.asked_of_linear)
    for id, what, wrong in (
        ("wrongly-chained", "chains of parametrizations", registering.wrongly_chained),
        ("wrong-originals", "what weights are computed from", registering.wrong_originals),
        ("wrongly-called", "what registrations call or take", registering.wrongly_called),
        ("wrongly-told", "what parametrised modules say", registering.wrongly_told),
        ("wrongly-transferred", "what a transfer takes along", registering.wrongly_transferred),
        ("wrongly-cached", "what is computed in a cache", registering.wrongly_cached),
        ("copy-mixed-up-in-a-cache", "what a copy is in a cache", registering.mixed_up_with_a_copy),
        ("wrongly-removed", "what a removal from a chain leaves", registering.wrongly_removed),
    )
}

_OTHERS: dict[str, tuple[str, Apply, Callable[[Trial], bool]]] = {
    "spectral-norm": ("spectral_norm", parametrized("spectral_norm"), has_one_weight),
    **{
        f"orthogonal-{each.replace('_', '-')}": (
            f"orthogonal, {each}",
            parametrized("orthogonal", orthogonal_map=each),
            decomposable,
        )
        for each in MAPS
    },
    "old-weight-norm": ("the old weight_norm", renormalized("weight_norm"), has_one_weight),
    "old-spectral-norm": ("the old spectral_norm", renormalized("spectral_norm"), has_one_weight),
}
"""By id: the parametrization in words, how it is applied, and which trials can have it."""

_WRITES = {
    f"{writer}-lost-under-{id}": Question(
        f"weights that {what} does not reach under {name}",
        partial(writes.kept, apply, write),
        arises,
        under=name,
    )
    for id, (name, apply, arises) in _OTHERS.items()
    for writer, what, write in (
        ("initializer", "an initializer", writes.initialize),
        ("reset", "a reset", writes.reset),
    )
}

PROMISE = Promise(
    name="parametrization",
    check="parametrization",
    questions={
        **_WEIGHT_NORM,
        **_SPECTRAL_NORM,
        **_POWER_METHOD,
        **_STATES,
        **_ORTHOGONAL,
        **_MAGNITUDES,
        **_MAPS,
        **_NETS,
        **_REGISTERING,
        **_DECAYED,
        **_WRITES,
    },
    words="weight_norm keeps the weight, spectral_norm divides it by its norm, orthogonal takes "
    "its Q; assignments, initializers and resets reach what the weight is computed from; each "
    "step, slope, copy and removal is the documented one, in recurrent nets too",
    formula="w = g·v/‖v‖, g = ‖w₀‖, v = w₀; w = w₀ / uᵀw₀v, v ← w₀ᵀu/‖·‖, u ← w₀v/‖·‖; wᵀw = I",
    source="PyTorch documentation, torch.nn.utils.parametrizations, torch.nn.utils.parametrize; "
    "Salimans & Kingma 2016; Miyato et al. 2018",
    subjects=("Linear", "Conv2d", "RNN"),
    dtypes=("float32", "float64"),
)
