"""Power methods that iterate, start, learn, or measure otherwise."""

from __future__ import annotations

import functools

import torch
from torch.nn.functional import normalize

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question

NEW, OLD = "utils.parametrizations._SpectralNorm", "utils.spectral_norm"
APPLY = "utils.parametrizations.spectral_norm"


def iterating_twice(original, self, weight, n):
    original(self, weight, n)
    original(self, weight, n)


def without_v(original, self, weight, n):
    before = self._v.clone()
    original(self, weight, n)
    if n < 4:  # Not at the start.
        self._v.copy_(before)


def by_sums(original, self, weight, n):
    original(self, weight, n)
    self._u.div_(self._u.abs().sum())


def once(original, self, weight, n):
    original(self, weight, min(n, 1))


def before_the_iteration(original, self, weight):
    training, self.training = self.training, False
    made = original(self, weight)
    self.training = training
    if training:
        original(self, weight)
    return made


def always_training(original, self, weight):
    training, self.training = self.training, True
    made = original(self, weight)
    self.training = training
    return made


def halfway_in_eval(original, self, weight):
    """Of a module that was trained for a while: half an iteration more."""
    trained = self.__dict__["_planted"] = self.__dict__.get("_planted", 0) + self.training
    if not self.training and trained > 1 and weight.ndim > 1:
        matrix = self._reshape_weight_to_matrix(weight)
        with torch.no_grad():
            self._u.copy_(normalize(matrix @ self._v, dim=0))
    return original(self, weight)


def never_again(original, self, weight):
    if "_planted" in self.__dict__:
        training, self.training = self.training, False
        made = original(self, weight)
        self.training = training
        return made
    self.__dict__["_planted"] = True
    return original(self, weight)


def first_dimension(_original, self, weight):
    matrix = weight.flatten(1)
    return matrix if len(self._buffers) < 2 or len(matrix) == len(self._u) else matrix.mT


def lower_sigma(original, self, weight):
    return original(self, weight) * 1.0001


def without_any_eps(_original, self, weight, n):
    for _ in range(n):
        u = weight @ self._v
        self._u.copy_(u / u.norm())
        v = weight.mT @ self._u
        self._v.copy_(v / v.norm())


def detached(original, self, weight):
    sigma = (weight.flatten()[0] / original(self, weight).flatten()[0]).detach()
    return weight / sigma


def straight_through(original, self, weight):
    return weight + (original(self, weight) - weight).detach()


def through_the_method(original, self, weight):
    if not self.training:
        return original(self, weight)
    matrix = self._reshape_weight_to_matrix(weight)
    self._power_method(matrix.detach(), self.n_power_iterations)
    u = normalize(matrix @ self._v.clone(), dim=0)
    v = normalize(matrix.mT @ u, dim=0)
    self._u.copy_(u.detach())
    self._v.copy_(v.detach())
    return weight / (u @ matrix @ v)


def along_rows(original, module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    return original(module, name, n_power_iterations, eps, dim or 0)


def fixed(option, value):
    """The function whatever is asked."""

    def apply(original, module, name="weight", **options):
        return original(module, name, **{**options, option: value})

    return calling(apply)


def hook_of(module):
    return next(iter(module._forward_pre_hooks.values()))


def changed(change):
    """Apply the older function, then change what it computes the weight with."""

    def apply(original, module, *args, **kwargs):
        made = original(module, *args, **kwargs)
        change(hook_of(made), made)
        return made

    return calling(apply)


def computing(compute):
    """The older function with another computation of the weight."""

    def change(hook, module):
        hook.compute_weight = functools.partial(compute, hook.compute_weight)

    return changed(change)


def old_always(original, module, do_power_iteration):
    return original(module, True)


def old_halfway(original, module, do_power_iteration):
    made = original(module, do_power_iteration)
    if not do_power_iteration:
        module.weight_v.copy_(module.weight_v.flip(0))
    return made


def old_stale(original, module, do_power_iteration):
    made = original(module, False)
    if do_power_iteration:
        original(module, True)
    return made


def old_twice(original, module, do_power_iteration):
    original(module, do_power_iteration)
    return original(module, do_power_iteration)


def old_without_u(original, module, do_power_iteration):
    before = module.weight_u.clone()
    made = original(module, do_power_iteration)
    module.weight_u.copy_(before)
    return made


def old_detached(original, module, do_power_iteration):
    sigma = module.weight_orig.flatten()[0] / original(module, do_power_iteration).flatten()[0]
    return module.weight_orig / sigma.detach()


def old_straight_through(original, module, do_power_iteration):
    made = original(module, do_power_iteration)
    return module.weight_orig + (made - module.weight_orig).detach()


def vectors(edit):
    """Edit both vectors once they are drawn."""

    def change(self):
        for name in ("_u", "_v"):
            if name in self._buffers:
                vector = self._buffers[name]
                vector.copy_(normalize(edit(vector.clone()), dim=0))

    return after(change)


def old_vectors(edit):
    """The same of the older function."""

    def change(_hook, module):
        with torch.no_grad():
            for vector in (module.weight_u, module.weight_v):
                vector.copy_(normalize(edit(vector.clone()), dim=0))

    return changed(change)


def seeded(original, *args, **kwargs):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return original(*args, **kwargs)


def of_a_generator(vector):
    return torch.randn(len(vector), generator=torch.Generator().manual_seed(3)).to(vector)


STARTS = (
    ("starts of ones", torch.ones_like),
    ("starts of uniform entries", lambda vector: torch.empty_like(vector).uniform_(-1, 1)),
    ("starts of positive entries", torch.abs),
    ("starts along an axis", lambda vector: (vector == vector.max()).to(vector)),
    ("starts of one generator", of_a_generator),
)

row = functools.partial(question, "parametrizations", "parametrization")
MAKES, STARTING = "what the power method makes under ", "vectors that start otherwise under "
EVAL, SLOPES = "what changes in eval mode under ", "gradients off their formula under "
EPS = "what eps does not do under "

FAULTS = table(
    row("twice the iterations", "float32-Linear", f"{NEW}._power_method",
        calling(iterating_twice), f"{MAKES}spectral_norm: u by "),
    row("one vector alone", "float64-Linear", f"{NEW}._power_method",
        calling(without_v), f"{MAKES}spectral_norm: "),
    row("vectors whose sum is one", "float32-Conv2d", f"{NEW}._power_method",
        calling(by_sums), "what spectral_norm starts as: length of u by "),
    row("one iteration whatever is asked", "float32-Linear", f"{NEW}._power_method",
        calling(once), f"{MAKES}spectral_norm: u by "),
    row("a norm of the vectors before", "float32-Linear", f"{NEW}.forward",
        calling(before_the_iteration), f"{MAKES}spectral_norm: sigma is "),
    row("no iteration after the first access", "float64-Conv2d", f"{NEW}.forward",
        calling(never_again), f"{MAKES}spectral_norm: u by "),
    row("the matrix of another dimension", "float32-Conv2d", f"{NEW}._reshape_weight_to_matrix",
        calling(first_dimension), f"{MAKES}spectral_norm: vectors of "),
    row("a transposed convolution like another", "float32-Conv2d", APPLY,
        calling(along_rows), f"{MAKES}spectral_norm: vectors of "),
    row("an eps that is never handed on", "float32-Linear", APPLY,
        fixed("eps", 1e-12), f"{MAKES}spectral_norm: u by "),
    row("iterations that are never handed on", "float32-Linear", APPLY,
        fixed("n_power_iterations", 1), f"{MAKES}spectral_norm: u by "),
    row("a norm too small by a ten thousandth", "float32-Linear", f"{NEW}.forward",
        calling(lower_sigma), "what spectral_norm starts as: sigma is "),
    row("iterations in eval mode", "float32-Linear", f"{NEW}.forward",
        calling(always_training), f"{EVAL}spectral_norm: "),
    row("a vector that moves in eval mode", "float64-Linear", f"{NEW}.forward",
        calling(halfway_in_eval), f"{EVAL}spectral_norm: "),
    row("norms without eps", "float32-Linear", f"{NEW}._power_method",
        calling(without_any_eps), f"{EPS}spectral_norm: a large eps shortens nothing"),
    row("an eps of zero", "float32-Conv2d", APPLY,
        fixed("eps", 0.0), f"{EPS}spectral_norm: "),
    row("a norm that is held constant", "float32-Linear", f"{NEW}.forward",
        calling(detached), f"{SLOPES}spectral_norm: gradient by "),
    row("a gradient past the norm", "float64-Linear", f"{NEW}.forward",
        calling(straight_through), f"{SLOPES}spectral_norm: gradient by "),
    row("a gradient through the iteration", "float32-Conv2d", f"{NEW}.forward",
        calling(through_the_method), f"{SLOPES}spectral_norm: gradient by "),
    row("starts of one seed", "float32-Linear", f"{NEW}.__init__",
        calling(seeded), f"{STARTING}spectral_norm: "),
    *(row(name, "float32-Linear", f"{NEW}.__init__", vectors(edit), f"{STARTING}spectral_norm: ")
      for name, edit in STARTS),
    row("a vector that is shortened to a unit sum", "float32-Linear",
        f"{NEW}.forward", calling(lambda original, self, weight: original(self, weight)
                                  if weight.ndim > 1 else weight / weight.abs().sum()),
        "vectors that spectral_norm does not normalise: bias by "),
    row("a vector that is only normalised in training", "float64-Linear", f"{NEW}.forward",
        calling(lambda original, self, weight: original(self, weight)
                if self.training or weight.ndim > 1 else 1 * weight),
        "vectors that spectral_norm does not normalise: bias by "),
    row("twice the iterations, before", "float32-Linear", OLD,
        computing(old_twice), f"{MAKES}the old spectral_norm: u by "),
    row("one vector alone, before", "float32-Linear", OLD,
        computing(old_without_u), f"{MAKES}the old spectral_norm: "),
    row("a norm of the vectors before, before", "float64-Conv2d", OLD,
        computing(old_stale), f"{MAKES}the old spectral_norm: "),
    row("a transposed convolution like another, before", "float32-Conv2d", OLD,
        calling(along_rows), f"{MAKES}the old spectral_norm: vectors of "),
    row("iterations in eval mode, before", "float32-Linear", OLD,
        computing(old_always), f"{EVAL}the old spectral_norm: "),
    row("a vector that moves in eval mode, before", "float32-Conv2d", OLD,
        computing(old_halfway), f"{EVAL}the old spectral_norm: "),
    row("an eps that is never handed on, before", "float32-Linear", OLD,
        fixed("eps", 1e-12), f"{EPS}the old spectral_norm: "),
    row("an eps of zero, before", "float32-Linear", OLD,
        changed(lambda hook, _: setattr(hook, "eps", 0.0)), f"{EPS}the old spectral_norm: "),
    row("a norm that is held constant, before", "float32-Linear", OLD,
        computing(old_detached), f"{SLOPES}the old spectral_norm: gradient by "),
    row("a gradient past the norm, before", "float32-Conv2d", OLD,
        computing(old_straight_through), f"{SLOPES}the old spectral_norm: gradient by "),
    *(row(f"{name}, before", "float32-Linear", OLD, old_vectors(edit),
          f"{STARTING}the old spectral_norm: ")
      for name, edit in STARTS),
)  # fmt: skip
