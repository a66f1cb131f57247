"""Parameters are reached, trained, clipped and stored as documented, and change by nothing else."""

from __future__ import annotations

from verify.behaviour.parameters import (
    access,
    clipping,
    clipping_calls,
    learning,
    recurrent,
    total_norms,
    traversal,
    values,
)
from verify.behaviour.parameters.networks import SUBJECTS, has_parameters, learns
from verify.behaviour.promise import Promise, Question

PROMISE = Promise(
    name="parameters",
    check="parameters",
    questions={
        "other-tensors": Question("tensors that a road does not lead to", access.other_tensors),
        "listed-out-of-order": Question("what is listed out of order", access.out_of_order),
        "other-modules": Question("modules that a road does not lead to", access.other_modules),
        "names-not-refused": Question("names that are not refused", access.not_refused),
        "counted-again": Question("what is counted again where it is shared", access.counted_again),
        "wrongly-applied": Question("what apply visits otherwise", traversal.wrongly_applied),
        "taken-by-apply": Question(
            "what apply takes for a function of modules", traversal.taken_by_apply
        ),
        "unreached-by-registration": Question(
            "what registration does not reach", traversal.unreached_by_registration
        ),
        "wrong-when-passing": Question(
            "what a passing buffer does otherwise", traversal.wrong_when_passing
        ),
        "learns-though-frozen": Question(
            "what learns although it is frozen", learning.wrong_when_partly_frozen, learns
        ),
        "freezing-does-not-stop": Question(
            "what freezing a module does not stop", learning.wrong_when_frozen, learns
        ),
        "thawed-by-a-reset": Question(
            "what a reset thaws or replaces", learning.thawed_by_reset, learning.is_reset
        ),
        "left-by-replacement": Question(
            "what replaced parameters leave", learning.wrong_when_replaced, learns
        ),
        "gradients-do-not-accumulate": Question(
            "gradients that do not accumulate", learning.off_accumulated, learns
        ),
        "left-by-zero-grad": Question("what zero_grad leaves", learning.left_by_zero_grad),
        "off-the-norm-limit": Question(
            "gradients off the limit", clipping.off_the_limit, has_parameters
        ),
        "clipped-below-the-limit": Question(
            "gradients clipped below the limit", clipping.clipped_below, has_parameters
        ),
        "not-finite-not-refused": Question(
            "what is not finite and not refused", clipping.not_refused, has_parameters
        ),
        "off-the-value-limit": Question(
            "gradients off the largest value", clipping.off_the_value, has_parameters
        ),
        **total_norms.QUESTIONS,
        **clipping_calls.QUESTIONS,
        "changed-by-modes": Question("what train and eval change", values.changed_by_modes),
        "lost-by-state": Question("what a state dict loses", values.lost_by_state),
        "lost-by-assigning": Question("what assign=True loses", values.lost_by_assigning),
        "lost-by-dtype": Question("what a change of dtype loses", values.lost_by_dtype),
        "lost-by-file": Question("what a file loses", values.lost_by_file),
        "wrong-keys-taken": Question(
            "keys that are wrong and not reported", values.wrong_keys_taken
        ),
        "wrong-shapes-taken": Question(
            "shapes that do not fit and are taken", values.wrong_shapes_taken
        ),
        "lost-by-vector": Question(
            "what a vector of parameters loses", values.lost_by_vector, has_parameters
        ),
        "changed-by-flattening": Question(
            "what flatten_parameters changes",
            recurrent.changed_by_flattening,
            recurrent.is_recurrent,
        ),
        "outputs-of-another-shape": Question(
            "outputs of another shape", recurrent.wrong_shapes, recurrent.is_recurrent
        ),
        "gates-out-of-order": Question(
            "gates out of order", recurrent.gates_out_of_order, recurrent.is_gated
        ),
    },
    words="every road leads to the same tensors, each listed once; what is frozen rests, what is "
    "clipped keeps its direction, and modes, states, dtypes, files and vectors change no value",
    formula="load(save(w)) = w; g ← g · min(1, limit / (‖g‖ + 10⁻⁶)); grad ← grad + ∂L/∂w",
    source="PyTorch documentation, torch.nn.Module, torch.nn.utils, torch.nn.ParameterList, "
    "torch.nn.ParameterDict, torch.nn.LSTM, torch.nn.GRU, torch.optim.Optimizer.zero_grad, "
    "“Autograd mechanics”, “Serialization semantics”",
    subjects=SUBJECTS,
    dtypes=("float32", "float64"),
)
