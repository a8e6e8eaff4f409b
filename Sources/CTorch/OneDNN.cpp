// oneDNN's product of dense tensors: an operator of libtorch for which its headers have no function.
#include "Handles.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

using namespace ctorch;

namespace {

using Linear = at::Tensor(
    const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &, c10::string_view,
    c10::List<std::optional<at::Scalar>>, std::optional<c10::string_view>);

std::optional<c10::TypedOperatorHandle<Linear>> found_linear() {
    auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!found || !at::hasMKLDNN()) return std::nullopt;
    try {
        return found->typed<Linear>();
    } catch (const c10::Error &) { // a libtorch in which it takes something else
        return std::nullopt;
    }
}

const std::optional<c10::TypedOperatorHandle<Linear>> &linear() {
    static const auto handle = found_linear();
    return handle;
}

} // namespace

extern "C" {

bool ct_cpu_is_amd(void) {
#if defined(__x86_64__)
    return __builtin_cpu_is("amd");
#else
    return false;
#endif
}

bool ct_has_onednn_linear(void) { return linear().has_value(); }

ct_tensor ct_onednn_linear(ct_tensor self, ct_tensor weight, ct_tensor bias) {
    return guarded([&] {
        return linear()->call(
            Borrowed(self), Borrowed(weight), optional(bias), "none", c10::List<std::optional<at::Scalar>>(), "");
    });
}

} // extern "C"
