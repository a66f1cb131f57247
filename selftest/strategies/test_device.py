"""Devices."""

import types

import pytest
import torch

from strategies import devices


class TestDevices:
    def test_each_can_hold_a_tensor(self, draws):
        for device in set(draws(devices(), 50)):
            assert torch.zeros(1, device=device).device == device

    def test_shrinks_to_the_cpu(self, simplest):
        assert simplest(devices()) == torch.device("cpu")

    def test_every_index_of_the_accelerator(self, draws, monkeypatch):
        accelerator = types.SimpleNamespace(
            is_available=lambda: True,
            current_accelerator=lambda: torch.device("cuda"),
            device_count=lambda: 2,
        )
        monkeypatch.setattr(torch, "accelerator", accelerator)
        assert {str(device) for device in draws(devices(), 60)} == {"cpu", "cuda:0", "cuda:1"}

    def test_torch_without_accelerators(self, draws, monkeypatch):
        monkeypatch.delattr(torch, "accelerator")
        assert draws(devices()) == [torch.device("cpu")]

    def test_takes_no_argument(self):
        with pytest.raises(TypeError):
            devices("cuda")
