"""Ranks: how a tensor is divided, and that no process is left behind however a task ends."""

import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from verify import torch_api
from verify.behaviour.distributed import on_ranks
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan import watchdog
from verify.ranks import group as ranks
from verify.ranks import place
from verify.ranks.placements import PLACED, WORLD, assembled, digest, fitting, replicas
from verify.subjects.fills import Target
from verify.subjects.sharded import seeds_of

ROOT = Path(__file__).resolve().parents[1]
ASKED = Outcome("shards", "DTensor", "host", "float64", "", "", "")


@pytest.mark.parametrize("placed", PLACED, ids=lambda placed: placed.name)
@pytest.mark.parametrize("shape", [(7, 5), (1, 9), (4, 4), (3, 0), (2, 3, 5)])
def test_parts_make_the_whole(placed, shape):
    whole = torch.arange(torch.Size(shape).numel(), dtype=torch.float64).view(1, *shape)
    parts = [whole[(slice(None), *placed.slices(r, shape))] for r in range(placed.ranks)]
    assert torch.equal(assembled(placed, shape, parts), whole)
    for one, other in replicas(placed, parts):
        assert torch.equal(parts[one], parts[other])


def test_parts_are_those_of_chunk():
    """PyTorch documentation, torch.chunk: five rows in four are two, two, one and none."""
    rows = [PLACED[0].slices(rank, (5, 2))[0] for rank in range(WORLD)]
    assert rows == [slice(0, 2), slice(2, 4), slice(4, 5), slice(5, 5)]


def test_a_part_of_another_shape_is_told():
    parts = [torch.zeros(1, 5, 2)] * WORLD
    with pytest.raises(ValueError, match=r"four shards: rank 0 holds \(5, 2\), not \(2, 2\)"):
        assembled(PLACED[0], (5, 2), parts)


def test_a_scalar_has_replicas_only():
    assert [placed.name for placed in fitting(0)] == ["replicas"]


def test_a_digest_tells_shapes_and_bits():
    values = [torch.zeros(2, 3), torch.zeros(3, 2), -torch.zeros(2, 3), torch.zeros(2, 3).double()]
    assert len({digest(value) for value in values}) == len(values)


@pytest.fixture
def asked_anew():
    """What a machine lacks is found out again, for this test alone."""
    ranks.missing.cache_clear()
    yield
    ranks.missing.cache_clear()


LACKING = {
    "xla": ({}, 0, "PyTorch knows no collectives of xla"),
    "cuda": ({"nccl": False}, 4, "PyTorch is built without nccl"),
    "xpu": ({"xccl": True}, 3, "4 ranks need as many devices of xpu, 3 are here"),
}


@pytest.mark.parametrize("kind", LACKING)
def test_the_cpu_does_not_answer_for_another_backend(kind, monkeypatch, asked_anew):
    built, count, said = LACKING[kind]
    monkeypatch.setattr(torch.distributed, "is_backend_available", built.get)
    monkeypatch.setattr(torch_api, "devices", lambda _: count)
    outcome = on_ranks(replace(ASKED, backend=kind), lambda: pytest.fail("asked all the same"))
    assert outcome.verdict is Verdict.NOT_TESTED
    assert outcome.reason == f"not tested: {said}"


def test_ranks_with_a_device_each_are_asked(monkeypatch, asked_anew):
    monkeypatch.setattr(torch.distributed, "is_backend_available", lambda _: True)
    monkeypatch.setattr(torch_api, "devices", lambda _: WORLD)
    asked = replace(ASKED, backend="cuda")
    assert on_ranks(asked, lambda: asked) is asked


@pytest.mark.parametrize("placed", PLACED, ids=lambda placed: placed.name)
def test_seeds_are_alike_where_draws_are_synchronised(placed):
    """PyTorch documentation, torch.distributed.tensor: each goes on to its own part."""
    stream = torch.Generator().manual_seed(1)
    cpu, cuda = (Target(torch.device(kind), torch.float32, stream) for kind in ("cpu", "cuda"))
    parts = {placed.shard(rank) for rank in range(placed.ranks)}
    assert len({*seeds_of(placed, cpu)[: placed.ranks]}) == len(parts)
    assert len({*seeds_of(placed, cuda)}) == 1


def test_a_rank_takes_the_device_of_its_number(monkeypatch):
    taken = []
    module = SimpleNamespace(set_device=taken.append)
    monkeypatch.setattr(torch, "get_device_module", lambda _: module)
    monkeypatch.setattr(place, "_taken", [torch.device("cpu")])
    place.take("cpu", 3)
    assert place.here() == torch.device("cpu")
    place.take("cuda", 3)
    assert (taken, place.here()) == ([3], torch.device("cuda", 3))


@pytest.fixture
def group():
    made = ranks.group()
    yield made
    made.end()


def gone(pid):
    """Wait until a process has ended; one that is not there has."""
    try:
        number = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready = bool(select.select([number], [], [], 60)[0])
    os.close(number)
    return ready


def test_a_rank_that_dies_leaves_nobody_and_the_next_call_has_new_ones(group):
    pids = group.call(os.getpid)
    with pytest.raises(ranks.RankDied):
        group.call(os._exit, 3)
    assert all(map(gone, pids))
    assert not Path(group.folder).exists()
    again = ranks.ask(os.getpid)
    assert len({*again} - {*pids}) == WORLD
    ranks.group().end()


def test_a_rank_that_hangs_is_stopped_with_all_others(group):
    pids = group.call(os.getpid)
    with pytest.raises(watchdog.TimedOut), watchdog.limit(0.5):
        group.call(signal.pause)
    assert all(map(gone, pids))


def test_what_a_rank_raises_is_raised_and_the_ranks_live_on(group):
    with pytest.raises(ranks.RankRaised, match="rank 0 of 4: ValueError"):
        group.call(int, "x")
    assert group.call(abs, -2) == [2] * WORLD


def test_no_rank_outlives_a_process_that_is_killed():
    program = (
        "import os, signal\n"
        "from verify.ranks.group import ask, group\n"
        "print(group().folder, *ask(os.getpid), group().nursery.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    folder, *pids = done.stdout.split()
    assert len(pids) == WORLD + 1, done.stderr
    assert all(gone(int(pid)) for pid in pids)
    assert not Path(folder).exists()


def _raising():
    raise ranks.RankDied("a rank is gone")


def test_verdicts(monkeypatch, asked_anew):
    crashed = on_ranks(ASKED, _raising)
    assert (crashed.verdict, crashed.reason) == (Verdict.CRASHED, "a rank is gone")
    assert on_ranks(ASKED, lambda: ASKED) is ASKED
    monkeypatch.setattr(torch.distributed, "is_gloo_available", lambda: False)
    ranks.missing.cache_clear()
    lacking = on_ranks(ASKED, _raising)
    assert lacking.verdict is Verdict.NOT_TESTED
    assert lacking.reason == "not tested: PyTorch is built without gloo"
