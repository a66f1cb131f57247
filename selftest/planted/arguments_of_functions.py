"""Functions and methods that ignore an argument, or take it for another."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torch import Tensor

from selftest.planted.fault import Fault, Plant, always, arguments, calling, table
from selftest.planted.module import question

Original = Callable[..., Any]


def _listed(tensors: Any) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else [*tensors]


def _loop_without(where: slice) -> Plant:
    """With ``foreach=False``, leave some of several tensors out."""

    def cut(original: Original, tensors: Any, *args: Any, foreach: Any = None, **kw: Any) -> Any:
        tensors = _listed(tensors)
        kept = tensors[where] if foreach is False and len(tensors) > 1 else tensors
        return original(kept, *args, foreach=foreach, **kw)

    return calling(cut)


def _loop_from_above(original: Original, given: Any, limit: float, foreach: Any = None) -> Any:
    if foreach is not False:
        return original(given, limit, foreach=foreach)
    for parameter in _listed(given):
        if parameter.grad is not None:
            parameter.grad.clamp_(max=limit)
    return None


def _negated(original: Original, vector: Tensor, given: Any) -> None:
    original(-vector, given)


def _from_the_last(original: Original, given: Any) -> Any:
    return original([*given][::-1])


def _forgetting(name: str) -> Plant:
    return calling(
        lambda original, *args, **kw: original(
            *args, **{key: value for key, value in kw.items() if key != name}
        )
    )


def _never_frozen(original: Original, values: Tensor, freeze: bool = True, **kwargs: Any) -> Any:
    return original(values, freeze=False, **kwargs)


def _euclidean_if_large(values: dict[str, Any]) -> None:
    if len(values["weight"]) >= 1000:
        values["norm_type"] = 2.0


def _on_meta(original: Original, self: Any, **kwargs: Any) -> Any:
    return original(self, **kwargs | {"device": "meta"})


def _alone(original: Original, self: Any, **kwargs: Any) -> Any:
    return original(self, **kwargs | {"recurse": False})


def _renamed(original: Original, self: Any, name: str, *args: Any, **kwargs: Any) -> None:
    original(self, f"{name}_", *args, **kwargs)


def _copied(original: Original, self: Any, name: str, tensor: Any, **kwargs: Any) -> None:
    original(self, name, None if tensor is None else tensor.clone(), **kwargs)


def _doubled_inputs(original: Original, network: Any, values: Any, inputs: Any, **kw: Any) -> Any:
    return original(network, values, tuple(2 * each for each in inputs), **kw)


SKIPPED = "what skip_init does otherwise:"
EMPTY = "what to_empty moves otherwise:"
REACHED = "what registration does not reach:"
CALL = "verify.behaviour.tied.functional.functional_call"
LINEAR = "float32-Linear"

parameters = functools.partial(question, "parameters", "parameters")
embeddings = functools.partial(question, "embeddings", "embedding")
lazy = functools.partial(question, "lazy", "lazy")
construction = functools.partial(question, "construction", "construction")
tied = functools.partial(question, "tied_gradients", "tied_gradient")


def _given(name: str, of: str, argument: str) -> Fault:
    return embeddings(
        name, f"float32-{of}", f"{of}.from_pretrained", _forgetting(argument),
        f"settings that from_pretrained does not pass on: {argument}",
    )  # fmt: skip


FAULTS = table(
    parameters("a loop leaves the last out", LINEAR, "utils.clip_grad_norm_",
               _loop_without(slice(-1)), "gradients off the limit:"),
    parameters("a loop clips the first alone", LINEAR, "utils.clip_grads_with_norm_",
               _loop_without(slice(1)), "gradients off the norm given:"),
    parameters("a loop counts the first alone", LINEAR, "utils.get_total_norm",
               _loop_without(slice(1)), "total norms off the whole:"),
    parameters("a loop clips from above alone", LINEAR, "utils.clip_grad_value_",
               calling(_loop_from_above), "gradients off the largest value:"),
    parameters("a vector changes its sign", LINEAR, "utils.vector_to_parameters",
               calling(_negated), "what a vector of parameters loses:"),
    parameters("a vector from the last on", LINEAR, "utils.parameters_to_vector",
               calling(_from_the_last), "what a vector of parameters loses:"),
    parameters("a buffer of another name", LINEAR, "Module.register_buffer", calling(_renamed),
               REACHED),
    parameters("a buffer of a copy", LINEAR, "Module.register_buffer", calling(_copied), REACHED),
    _given("given rows without frequencies", "Embedding", "scale_grad_by_freq"),
    _given("given bags without a norm", "EmbeddingBag", "max_norm"),
    _given("given bags without a kind of norm", "EmbeddingBag", "norm_type"),
    _given("given bags without sparse gradients", "EmbeddingBag", "sparse"),
    _given("given bags without padding", "EmbeddingBag", "padding_idx"),
    embeddings("nothing given is frozen", "float32-Embedding", "Embedding.from_pretrained",
               calling(_never_frozen), "what from_pretrained does not keep: requires_grad with {}"),
    embeddings("bags of rows of any length", "float32-EmbeddingBag", "functional.embedding_bag",
               arguments(always("max_norm", None)),
               "rows that max_norm shortens wrongly when used:"),
    embeddings("bags of another kind of norm", "float32-EmbeddingBag", "functional.embedding_bag",
               arguments(_euclidean_if_large),
               "rows that max_norm shortens wrongly when used:"),
    embeddings("bags whatever the frequency", "float32-EmbeddingBag", "functional.embedding_bag",
               arguments(always("scale_grad_by_freq", False)),
               "gradients of bags that are not divided by the one frequency:"),
    lazy("a lazy norm without affine", "float32-LazyBatchNorm1d", "LazyBatchNorm1d.__init__",
         _forgetting("affine"), "tensors other than the eager module's:"),
    lazy("a lazy norm that tracks nothing", "float32-LazyInstanceNorm2d",
         "LazyInstanceNorm2d.__init__", _forgetting("track_running_stats"),
         "tensors other than the eager module's:"),
    tied("a call of doubled inputs", "float32-tied Linear", CALL, calling(_doubled_inputs),
         "gradients off the sum by functional_call:"),
    tied("a call is never strict", "float32-tied Linear", CALL,
         arguments(always("strict", False)),
         "names that a strict functional_call lacks and takes:"),
    construction("empty memory on the meta device", "float32-Linear", "Module.to_empty",
                 calling(_on_meta), SKIPPED),
    construction("empty memory for a parent alone", "float32-TransformerEncoderLayer",
                 "Module.to_empty", calling(_alone), SKIPPED),
    construction("empty memory for children too", "float32-TransformerDecoder",
                 "Module.to_empty", _forgetting("recurse"), EMPTY),
)  # fmt: skip
