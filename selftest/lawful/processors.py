"""Other kernels and other settings: of processors, libraries, threads, and of PyTorch itself."""

from __future__ import annotations

import torch
from torch import Tensor

from selftest.lawful.alternative import Control, setting
from selftest.lawful.discrete import operation
from selftest.planted.contracts import contract, transforms
from selftest.planted.fault import Call, editing, law, table
from selftest.planted.gradients import gradient
from selftest.planted.module import behaviour, default, materialisation
from selftest.planted.streams import streams

_FILLS = (
    law("float32-normal_"),
    law("bfloat16-uniform_"),
    law("float32-orthogonal_"),
    streams("float64-normal_"),
    contract("float32-kaiming_uniform_"),
)
_SUMS = (
    gradient("float32-tied LSTM"),
    gradient("float32-tied Conv2d"),
    behaviour("parameters", "float32-LSTM"),
    behaviour("batch_norm", "float32-BatchNorm2d"),
    "verify/test_convolutions.py::test_identity_convolution[cpu-float32-dirac_]",
)
_DOCUMENTED = "PyTorch documentation, note “Reproducibility”: no bits across platforms"
_ONEDNN = "oneDNN documentation, “CPU dispatcher control”"
_CAPTURE = ("-s",)  # What a library says of itself goes to the standard output.


def _two_threads() -> None:
    torch.set_num_threads(2)


def _without_onednn() -> None:
    torch.backends.mkldnn.enabled = False


def _deterministic() -> None:
    torch.use_deterministic_algorithms(True)


def _doubles_by_default() -> None:
    torch.set_default_dtype(torch.float64)


def _explicit_attention() -> None:
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_mem_efficient_sdp(False)


def _flush() -> None:
    torch.set_flush_denormal(True)


def _on_the_host() -> None:
    torch.set_default_device("cpu")


def _anomalies() -> None:
    torch.autograd.set_detect_anomaly(True)


def _without_nnpack() -> None:
    torch.backends.nnpack.set_flags(False)


ALTERNATIVES = table(
    setting(
        "aten_scalar", "PyTorch's kernels without vectors", *_FILLS, *_SUMS[:1], *_SUMS[3:4],
        source=_DOCUMENTED, environment={"ATEN_CPU_CAPABILITY": "default"},
        shows=torch.backends.cpu.get_cpu_capability, says="in force: DEFAULT",
    ),
    setting(
        "aten_avx2", "PyTorch's kernels for AVX2", *_FILLS, *_SUMS[:1],
        source=_DOCUMENTED, environment={"ATEN_CPU_CAPABILITY": "avx2"},
        shows=torch.backends.cpu.get_cpu_capability, says="in force: AVX2",
    ),
    setting(
        "onednn_sse41", "oneDNN's kernels for SSE4.1", *_SUMS, source=_ONEDNN,
        environment={"ONEDNN_MAX_CPU_ISA": "SSE41", "ONEDNN_VERBOSE": "1"}, arguments=_CAPTURE,
        says="isa:Intel SSE4.1",
    ),
    setting(
        "onednn_avx2", "oneDNN's kernels for AVX2", *_SUMS[1:], source=_ONEDNN,
        environment={"ONEDNN_MAX_CPU_ISA": "AVX2", "ONEDNN_VERBOSE": "1"}, arguments=_CAPTURE,
        says="isa:Intel AVX2",
    ),
    setting(
        "onednn_avx2_lstm", "oneDNN's kernels for AVX2, of an LSTM", *_SUMS[:1], source=_ONEDNN,
        environment={"ONEDNN_MAX_CPU_ISA": "AVX2", "ONEDNN_VERBOSE": "1"}, arguments=_CAPTURE,
        says="isa:Intel AVX2",
    ),
    setting(
        "onednn_off", "no kernels of oneDNN", *_SUMS,
        source="PyTorch documentation, torch.backends.mkldnn", setting=_without_onednn,
        shows=lambda: torch.backends.mkldnn.enabled, says="in force: False",
    ),
    setting(
        "mkl_compatible", "MKL's kernels that are alike on all processors",
        law("float32-orthogonal_"), *_SUMS[:1], *_SUMS[2:3],
        source="oneMKL documentation, “Conditional numerical reproducibility”",
        environment={"MKL_CBWR": "COMPATIBLE", "MKL_VERBOSE": "1"}, arguments=_CAPTURE,
        says="CNR:COMPATIBLE",
    ),
    setting(
        "two_threads", "two threads in each kernel", _FILLS[0], _FILLS[3], *_SUMS[1:2],
        source="PyTorch documentation, torch.set_num_threads", setting=_two_threads,
        shows=torch.get_num_threads, says="in force: 2",
    ),
    setting(
        "deterministic_algorithms", "deterministic algorithms alone", *_FILLS, *_SUMS,
        source="PyTorch documentation, torch.use_deterministic_algorithms", setting=_deterministic,
        shows=torch.are_deterministic_algorithms_enabled, says="in force: True",
    ),
    setting(
        "doubles_by_default", "float64 where no dtype is given", *_FILLS, *_SUMS[:2],
        source="PyTorch documentation, torch.set_default_dtype", setting=_doubles_by_default,
        shows=torch.get_default_dtype, says="in force: torch.float64",
    ),
    setting(
        "attention_not_fused", "attention by its explicit formula",
        behaviour("parameters", "float32-TransformerEncoder"),
        source="PyTorch documentation, scaled_dot_product_attention", setting=_explicit_attention,
        shows=torch.backends.cuda.flash_sdp_enabled, says="in force: False",
    ),
    setting(
        "other_hashes", "sets in another order", *_FILLS[3:], *_SUMS[:1],
        source="Python documentation, PYTHONHASHSEED", environment={"PYTHONHASHSEED": "1"},
        shows=lambda: hash("a"),
    ),
    setting(
        "denormals_flushed", "numbers below the normal ones are zero",
        law("bfloat16-normal_"), law("float16-uniform_"), law("float32-kaiming_uniform_"),
        operation("float32-exponential_"), gradient("float32-tied LSTM"),
        behaviour("parameters", "float32-Linear"), contract("float32-normal_"),
        source="PyTorch documentation, torch.set_flush_denormal", setting=_flush,
        shows=lambda: float(torch.tensor(1e-40) * 1), says="in force: 0.0",
    ),
    setting(
        "device_by_default", "the host as default device, by a mode",
        contract("float32-normal_"), transforms("float32-uniform_"), law("float32-orthogonal_"),
        behaviour("construction", "float32-Linear"), behaviour("lazy", "float32-LazyLinear"),
        source="PyTorch documentation, torch.set_default_device", setting=_on_the_host,
        shows=torch.get_default_device, says="in force: cpu",
    ),
    setting(
        "anomalies_detected", "autograd looks for anomalies",
        gradient("float32-tied Linear"), behaviour("parameters", "float32-Linear"),
        contract("float32-normal_"), behaviour("embeddings", "float32-Embedding"),
        source="PyTorch documentation, torch.autograd.set_detect_anomaly", setting=_anomalies,
        shows=torch.is_anomaly_enabled, says="in force: True",
    ),
    setting(
        "memory_perturbed", "new memory is never zero", law("float32-normal_"),
        behaviour("construction", "float32-BatchNorm1d"), default("float32-LSTM"),
        materialisation("float32-Linear"),
        source="GNU C library, MALLOC_PERTURB_", environment={"MALLOC_PERTURB_": "165"},
    ),
    setting(
        "nnpack_off", "no kernels of NNPACK", gradient("float32-tied Conv2d"),
        "verify/test_convolutions.py::test_identity_convolution[cpu-float32-dirac_]",
        source="PyTorch documentation, torch.backends.nnpack", setting=_without_nnpack,
    ),
)  # fmt: skip


def _second_half_again(tensor: Tensor, _: Call) -> None:
    half = tensor.numel() // 2
    if half and torch.get_num_threads() > 1:
        tensor.view(-1)[-half:] = tensor.view(-1)[:half]


CONTROLS = table(
    Control(
        "two_threads_of_one_stream", "of two threads each draws the same half",
        ("kaiming_uniform_",), editing(_second_half_again), law("float32-kaiming_uniform_"),
        frozenset({"correlation", "duplicates", "repeats"}), setting=_two_threads,
    ),
)  # fmt: skip
