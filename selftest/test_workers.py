"""Workers that `-n auto` starts: no more than the devices have room for."""

from types import SimpleNamespace

import pytest
import torch

from verify import backends
from verify.backends.base import Backend
from verify.command_line import workers

GIB = 1 << 30


def device(name, count, *memory):
    """A backend whose devices say that they have so many bytes; or nothing."""
    properties = [SimpleNamespace(total_memory=each) for each in memory]
    told = {"get_device_properties": properties.__getitem__} if memory else {}
    return Backend(name, lambda: count, dict), SimpleNamespace(**told)


@pytest.fixture
def devices(monkeypatch):
    def present(*made):
        modules = {backend.name: module for backend, module in made}
        monkeypatch.setattr(backends, "known", lambda: {b.name: b for b, _ in made})
        monkeypatch.setattr(torch, "get_device_module", modules.__getitem__)

    return present


@pytest.mark.parametrize(("profile", "room"), [("smoke", 24), ("standard", 12), ("deep", 2)])
def test_devices_are_shared_by_as_many_as_they_have_room_for(profile, room, devices):
    devices(device("cuda", 2, 24 * GIB, 24 * GIB))
    assert workers.room(["cpu", "cuda"], profile) == room


def test_one_worker_there_always_is(devices):
    devices(device("cuda", 1, GIB))
    assert workers.room(["cuda"], "deep") == 1


def test_the_device_with_least_room_decides(devices):
    devices(device("cuda", 1, 80 * GIB), device("xpu", 1, 8 * GIB))
    assert workers.room(["cuda", "xpu"], "standard") == 2


def test_a_device_that_says_nothing_limits_nothing(devices):
    devices(device("cpu", 1), device("loom", 1))
    assert workers.room(["cpu", "loom"], "deep") is None
