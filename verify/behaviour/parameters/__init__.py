"""Parameters are reached, trained, clipped and stored as documented, and change by nothing else."""

from __future__ import annotations

from verify.behaviour.parameters import access, clipping, learning, reach, recurrent, values
from verify.behaviour.parameters.networks import SUBJECTS, has_parameters, learns
from verify.behaviour.promise import Promise, Question

PROMISE = Promise(
    name="parameters",
    check="parameters",
    questions={
        "tensors that a road does not lead to": Question(access.other_tensors),
        "what is listed out of order": Question(access.out_of_order),
        "modules that a road does not lead to": Question(access.other_modules),
        "names that are not refused": Question(access.not_refused),
        "what is counted again where it is shared": Question(access.counted_again),
        "what apply visits otherwise": Question(reach.wrongly_applied),
        "what apply takes for a function of modules": Question(reach.taken_by_apply),
        "what registration does not reach": Question(reach.unreached_by_registration),
        "what a passing buffer does otherwise": Question(reach.wrong_when_passing),
        "what learns although it is frozen": Question(learning.wrong_when_partly_frozen, learns),
        "what freezing a module does not stop": Question(learning.wrong_when_frozen, learns),
        "what a reset thaws or replaces": Question(learning.thawed_by_reset, learning.is_reset),
        "what replaced parameters leave": Question(learning.wrong_when_replaced, learns),
        "gradients that do not accumulate": Question(learning.off_accumulated, learns),
        "what zero_grad leaves": Question(learning.left_by_zero_grad),
        "gradients off the limit": Question(clipping.off_the_limit, has_parameters),
        "gradients clipped below the limit": Question(clipping.clipped_below, has_parameters),
        "what is not finite and not refused": Question(clipping.not_refused, has_parameters),
        "gradients off the largest value": Question(clipping.off_the_value, has_parameters),
        "what train and eval change": Question(values.changed_by_modes),
        "what a state dict loses": Question(values.lost_by_state),
        "what assign=True loses": Question(values.lost_by_assigning),
        "what a change of dtype loses": Question(values.lost_by_dtype),
        "what a file loses": Question(values.lost_by_file),
        "keys that are wrong and not reported": Question(values.wrong_keys_taken),
        "shapes that do not fit and are taken": Question(values.wrong_shapes_taken),
        "what a vector of parameters loses": Question(values.lost_by_vector, has_parameters),
        "what flatten_parameters changes": Question(
            recurrent.changed_by_flattening, recurrent.is_recurrent
        ),
        "outputs of another shape": Question(recurrent.of_other_shapes, recurrent.is_recurrent),
        "gates out of order": Question(recurrent.gates_out_of_order, recurrent.is_gated),
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
