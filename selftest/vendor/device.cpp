// A device out of tree, over host memory: what a vendor registers under PrivateUse1, and no more.
//
// Memory, copies and views are its own. Everything else runs as the host's kernel on a copy, random
// operators with a generator of the device. It has no float64, like several real ones, unless told.
//
// Source: PyTorch documentation, "Accelerator Integration".

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/native/Resize.h>
#include <ATen/native/TensorFactories.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/is_set_to_native.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_as_complex_native.h>
#include <ATen/ops/view_as_real_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <chrono>
#include <thread>

namespace {

constexpr auto kDevice = c10::DeviceType::PrivateUse1;

// Memory.

struct Memory final : c10::Allocator {
  size_t most = SIZE_MAX;
  c10::DataPtr allocate(size_t bytes) override {
    TORCH_CHECK(bytes <= most, "loom is out of memory: ", bytes, " bytes are too many");
    void* data = bytes ? c10::alloc_cpu(bytes) : nullptr;
    return {data, data, &c10::free_cpu, c10::Device(kDevice, 0)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &c10::free_cpu; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
};

Memory memory;
REGISTER_ALLOCATOR(kDevice, &memory);

// What went wrong after its call had returned: told once, when somebody waits; or ever after.

struct Trouble {
  int64_t told = 0;
  bool lasts = false;
  void tell(bool is_waiting) {
    if (!lasts && !(is_waiting && told)) return;
    told = 0;
    TORCH_CHECK(false, "loom: an illegal memory access was encountered");
  }
};

Trouble trouble;

const c10::Stream kStream{c10::Stream::DEFAULT, c10::Device(kDevice, 0)};

struct Guard final : c10::impl::NoOpDeviceGuardImpl<kDevice> {
  c10::Device getDevice() const override { return {kDevice, 0}; }
  c10::Device exchangeDevice(c10::Device) const override { return {kDevice, 0}; }
  c10::Stream getStream(c10::Device) const noexcept override { return kStream; }
  c10::Stream getDefaultStream(c10::Device) const override { return kStream; }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return kStream; }
  void synchronizeDevice(const c10::DeviceIndex) const override { trouble.tell(true); }
  // What is asked for is done when the call returns: an event has always happened.
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag)
      const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

// Streams of random numbers: each is one of the host's, under the device's name.

struct Stream final : c10::GeneratorImpl {
  explicit Stream(at::Generator host)
      : c10::GeneratorImpl({kDevice, 0}, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)),
        host(std::move(host)) {}
  void set_current_seed(uint64_t seed) override { host.set_current_seed(seed); }
  void set_offset(uint64_t offset) override { host.set_offset(offset); }
  uint64_t get_offset() const override { return host.get_offset(); }
  uint64_t current_seed() const override { return host.current_seed(); }
  uint64_t seed() override { return host.seed(); }
  void set_state(const c10::TensorImpl& state) override {
    host.unsafeGetGeneratorImpl()->set_state(state);
  }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return host.unsafeGetGeneratorImpl()->get_state();
  }
  Stream* clone_impl() const override { return new Stream(host.clone()); }
  at::Generator host;
};

at::Generator made() {
  return at::make_generator<Stream>(at::make_generator<at::CPUGeneratorImpl>());
}

const at::Generator& usual() {
  static const at::Generator stream = made();
  return stream;
}

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override { return usual(); }
  at::Generator getNewGenerator(c10::DeviceIndex) const override { return made(); }
  at::Device getDeviceFromPtr(void*) const override { return {kDevice, 0}; }
};

Hooks hooks;
[[maybe_unused]] const bool registered = [] {
  at::RegisterPrivateUse1HooksInterface(&hooks);
  return true;
}();

// Tensors.

bool doubles = false;

c10::ScalarType held(std::optional<at::ScalarType> dtype) {
  const auto found = c10::dtype_or_default(dtype);
  const bool wide = found == at::kDouble || found == at::kComplexDouble;
  TORCH_CHECK_TYPE(doubles || !wide, "this device has no ", found);
  return found;
}

// Documented of torch.utils.deterministic.fill_uninitialized_memory.
at::Tensor filled(at::Tensor made) {
  const auto& told = at::globalContext();
  const bool fill = told.deterministicAlgorithms() && told.deterministicFillUninitializedMemory();
  return fill ? at::native::fill_empty_deterministic_(made) : made;
}

const c10::DispatchKeySet kKeys{c10::DispatchKey::PrivateUse1};

at::Tensor empty(
    at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
    std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return filled(at::detail::empty_generic(size, &memory, kKeys, held(dtype), format));
}

at::Tensor empty_strided(
    at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
    std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return filled(at::detail::empty_strided_generic(size, stride, &memory, kKeys, held(dtype)));
}

// The same memory as the host sees it. The one given must outlive it.
at::Tensor seen(const at::Tensor& of) {
  return of.device().type() != kDevice
      ? of
      : at::from_blob(
            of.numel() ? of.data_ptr() : nullptr, of.sizes(), of.strides(),
            at::TensorOptions().dtype(of.dtype()).device(at::kCPU));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  trouble.tell(false);
  auto host = seen(to);
  host.copy_(seen(from.is_conj() || from.is_neg() ? from.resolve_conj().resolve_neg() : from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar item(const at::Tensor& of) { return seen(of).item(); }

// Everything else.

void on_the_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& arguments = op.schema().arguments();
  const auto first = stack->size() - arguments.size();
  for (const auto i : c10::irange(arguments.size())) {
    const auto& type = arguments[i].type();
    const auto optional = type->cast<c10::OptionalType>();
    const auto& inner = optional ? optional->getElementType() : type;
    if (inner->kind() != c10::TypeKind::GeneratorType) continue;
    auto& given = (*stack)[first + i];
    const auto stream = given.isNone() ? usual() : given.toGenerator();
    TORCH_CHECK(
        stream.device().type() == kDevice, "a generator of ", stream.device(), " is given to ", op.schema().name());
    given = stream.get<Stream>()->host;
  }
  at::native::cpu_fallback(op, stack);
}

// Its schema does not say that it writes to the running statistics, so that a copy would get them.
std::tuple<at::Tensor, at::Tensor, at::Tensor> batch_norm(
    const at::Tensor& input, const std::optional<at::Tensor>& weight,
    const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& mean,
    const std::optional<at::Tensor>& variance, bool training, double momentum, double eps) {
  const auto host = [](const std::optional<at::Tensor>& of) {
    return of && of->defined() ? seen(*of) : at::Tensor();
  };
  const auto [made, of, by] = at::native_batch_norm(
      seen(input), host(weight), host(bias), host(mean), host(variance), training, momentum, eps);
  const auto there = input.device();
  return {made.to(there), of.to(there), by.to(there)};
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("native_batch_norm", batch_norm);
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("_local_scalar_dense", item);
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("_reshape_alias", at::native::_reshape_alias);
  m.impl("view", at::native::view);
  m.impl("view_as_real", at::native::view_as_real);
  m.impl("view_as_complex", at::native::view_as_complex);
  m.impl("unfold", at::native::unfold);
  m.impl("is_set_to", at::native::is_set_to);
  m.impl("resize_", at::native::resize_);
  m.impl("set_.source_Storage_storage_offset", at::native::set_storage_cpu_);
  m.impl("set_.source_Storage", at::native::set_);
  m.impl("set_.source_Tensor", at::native::set_tensor_);
  m.impl("set_", at::native::set_cpu_);
}

// What the device module of Python is made of.
TORCH_LIBRARY(loom, m) {
  m.def("seed(int seed) -> ()", [](int64_t seed) {
    usual().get<Stream>()->set_current_seed(static_cast<uint64_t>(seed));
  });
  m.def("allow_doubles() -> ()", [] { doubles = true; });
  m.def("trouble(bool lasts) -> ()", [](bool lasts) { trouble = {1, lasts}; });
  m.def("sleep() -> ()", [] {
    while (true) std::this_thread::sleep_for(std::chrono::hours(1));  // No signal ends it.
  });
  m.def("limit(int bytes) -> ()", [](int64_t bytes) { memory.most = bytes; });
  m.def("state() -> Tensor", [] { return usual().get_state(); });
  m.def("restore(Tensor state) -> ()", [](const at::Tensor& state) {
    at::Generator(usual()).set_state(state);
  });
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_the_host>());
}

}  // namespace
