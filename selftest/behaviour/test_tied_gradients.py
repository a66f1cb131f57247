"""A tied gradient whose known defect is mended."""

from selftest.behaviour.support import ask
from selftest.planted.fault import calling
from verify.behaviour.tied import functional
from verify.behaviour.tied_gradients import PROMISE


def mended(original, network, values, *args, tie_weights=True, **kwargs):
    """Keeps its network's own parameters, and takes any of their names."""
    named = dict(network.named_parameters(remove_duplicate=False))
    kept = [(part, dict(part._parameters)) for part in network.modules()]
    if tie_weights:
        tied = {id(named[name]): value for name, value in values.items()}
        if any(tied[id(named[name])] is not value for name, value in values.items()):
            raise ValueError("several values for one tensor")
        values = {name: tied[id(p)] for name, p in named.items() if id(p) in tied}
    result = original(network, values, *args, tie_weights=False, **kwargs)
    for part, own in kept:
        part._parameters.update(own)
    return result


def test_a_mended_call_is_noticed(monkeypatch):
    monkeypatch.setattr(functional, "functional_call", calling(mended)(functional.functional_call))
    outcome = ask(PROMISE, "tied Linear", "float64")
    assert "fixed upstream: values that functional_call leaves in shared modules" in str(outcome)
