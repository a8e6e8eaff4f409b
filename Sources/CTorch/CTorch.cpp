// Mechanical: every function unwraps its handles, calls ATen and wraps the result. What is not a call of ATen is the
// reference counting of handles and the capture of exceptions, in Handles.h.
#include "Handles.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

#include <dlfcn.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

using namespace ctorch;

namespace {

std::vector<at::Tensor> list(const ct_tensor *handles, size_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (size_t i = 0; i < count; ++i) tensors.push_back(handles[i] ? at::Tensor(*Borrowed(handles[i])) : at::Tensor());
    return tensors;
}

at::ScalarType scalar_type(int32_t dtype) { return static_cast<at::ScalarType>(dtype); }

at::Device device_of(ct_device device) {
    return at::Device(static_cast<at::DeviceType>(device.type), static_cast<at::DeviceIndex>(device.index));
}

at::TensorOptions options(int32_t dtype, ct_device device) {
    return at::TensorOptions().dtype(scalar_type(dtype)).device(device_of(device));
}

// A number as elements of the tensor's type are: beyond single precision it is infinite there, as it is where a tensor is
// converted, and no error.
double scalar_for(ct_tensor self, double value) {
    if (!(std::abs(value) > std::numeric_limits<float>::max())) return value;
    bool is_float = Borrowed(self)->scalar_type() == at::kFloat;
    return is_float ? std::copysign(std::numeric_limits<double>::infinity(), value) : value;
}

at::Generator &generator_of(ct_generator generator) { return *reinterpret_cast<at::Generator *>(generator); }

} // namespace

extern "C" {

const char *ct_last_error(void) { return last_error.c_str(); }

// Process

int ct_set_num_threads(int32_t count) {
    return attempted([&] { at::set_num_threads(count); });
}
int32_t ct_get_num_threads(void) { return at::get_num_threads(); }
bool ct_cuda_is_available(void) { return ct_cuda_device_count() > 0; }
int32_t ct_cuda_version(void) {
    int32_t version = 0;
    attempted([&] { version = static_cast<int32_t>(at::detail::getCUDAHooks().versionCUDART()); });
    return version;
}
int32_t ct_cuda_device_count(void) {
    int32_t count = 0;
    attempted([&] { count = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; });
    return count;
}
bool ct_cuda_has_driver(void) {
    // Never closed: a driver does not bear it.
    return dlopen("libcuda.so.1", RTLD_LAZY) != nullptr;
}
const char *ct_version(void) { return TORCH_VERSION; }
const char *ct_library_path(void) {
    Dl_info info;
    return dladdr(reinterpret_cast<const void *>(&at::get_num_threads), &info) ? info.dli_fname : nullptr;
}

// Handles

void ct_tensor_release(ct_tensor self) {
    // Adopts the reference and drops it.
    auto adopted =
        c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(reinterpret_cast<at::TensorImpl *>(self));
}

// Making

ct_tensor ct_empty(const int64_t *shape, size_t rank, int32_t dtype, ct_device device) {
    return guarded([&] { return at::empty({shape, rank}, options(dtype, device)); });
}
ct_tensor ct_full(const int64_t *shape, size_t rank, double value, int32_t dtype, ct_device device) {
    return guarded([&] { return at::full({shape, rank}, value, options(dtype, device)); });
}
ct_tensor ct_arange(int64_t end, int32_t dtype, ct_device device) {
    return guarded([&] { return at::arange(end, options(dtype, device)); });
}
ct_tensor ct_eye(int64_t rows, int64_t columns, int32_t dtype, ct_device device) {
    return guarded([&] { return at::eye(rows, columns, options(dtype, device)); });
}
ct_tensor ct_from_bytes(const void *bytes, const int64_t *shape, size_t rank, int32_t dtype) {
    return guarded([&] {
        auto result = at::empty({shape, rank}, at::TensorOptions().dtype(scalar_type(dtype)));
        // The bytes may lie anywhere in memory; elements of a type may not.
        std::memcpy(result.mutable_data_ptr(), bytes, result.nbytes());
        return result;
    });
}
ct_tensor ct_from_blob(
    void *data, const int64_t *shape, size_t rank, int32_t dtype, void (*release)(void *context), void *context) {
    return guarded([&] {
        return at::from_blob(
            data, {shape, rank}, [release, context](void *) { release(context); },
            at::TensorOptions().dtype(scalar_type(dtype)));
    });
}
ct_tensor ct_rand(const int64_t *shape, size_t rank, ct_generator generator, int32_t dtype) {
    return guarded([&] { return at::rand({shape, rank}, generator_of(generator), options(dtype, {0, -1})); });
}
ct_tensor ct_randn(const int64_t *shape, size_t rank, ct_generator generator, int32_t dtype) {
    return guarded([&] { return at::randn({shape, rank}, generator_of(generator), options(dtype, {0, -1})); });
}
ct_tensor ct_randint(int64_t low, int64_t high, const int64_t *shape, size_t rank, ct_generator generator) {
    return guarded([&] { return at::randint(low, high, {shape, rank}, generator_of(generator), at::kLong); });
}
ct_tensor ct_randperm(int64_t count, ct_generator generator) {
    return guarded([&] { return at::randperm(count, generator_of(generator), at::kLong); });
}

// Looking

int32_t ct_dim(ct_tensor self) { return static_cast<int32_t>(Borrowed(self)->dim()); }
int64_t ct_size(ct_tensor self, int32_t dimension) { return Borrowed(self)->sizes()[dimension]; }
bool ct_is_contiguous(ct_tensor self) { return Borrowed(self)->is_contiguous(); }
bool ct_is_dense(ct_tensor self) { return Borrowed(self)->is_non_overlapping_and_dense(); }
int64_t ct_numel(ct_tensor self) { return Borrowed(self)->numel(); }
int32_t ct_dtype(ct_tensor self) { return static_cast<int32_t>(Borrowed(self)->scalar_type()); }
ct_device ct_tensor_device(ct_tensor self) {
    auto device = Borrowed(self)->device();
    return {static_cast<int32_t>(device.type()), device.index()};
}
int64_t ct_stride(ct_tensor self, int32_t dimension) { return Borrowed(self)->strides()[dimension]; }
int ct_memory(ct_tensor self, const void **storage, const void **begin, const void **end) {
    return attempted([&] {
        Borrowed tensor(self);
        int64_t count = tensor->numel() == 0 ? 0 : 1;
        for (int64_t i = 0; count > 0 && i < tensor->dim(); ++i) count += (tensor->size(i) - 1) * tensor->stride(i);
        auto first = static_cast<const char *>(tensor->const_data_ptr());
        *storage = tensor->storage().unsafeGetStorageImpl();
        *begin = first;
        *end = first + count * tensor->element_size();
    });
}
bool ct_owns_storage(ct_tensor self) { return Borrowed(self)->storage().use_count() == 1; }
int ct_swap_storage(ct_tensor self, ct_tensor other) {
    return attempted([&] {
        Borrowed first(self), second(other);
        at::Tensor kept = first->variable_data();
        first->set_data(second->variable_data());
        second->set_data(kept);
    });
}
bool ct_shares_storage(ct_tensor self, ct_tensor other) { return Borrowed(self)->is_alias_of(Borrowed(other)); }
int ct_item(ct_tensor self, double *value) {
    return attempted([&] { *value = Borrowed(self)->item().toDouble(); });
}
int ct_copy_bytes(ct_tensor self, void *bytes, size_t count) {
    return attempted([&] {
        auto source = Borrowed(self)->detach().to(at::kCPU).contiguous();
        TORCH_CHECK(source.nbytes() == count, "a tensor of ", source.nbytes(), " bytes was asked for ", count);
        std::memcpy(bytes, source.const_data_ptr(), count);
    });
}
const char *ct_describe(ct_tensor self) {
    thread_local std::string text;
    return attempted([&] { text = (std::ostringstream() << *Borrowed(self)).str(); }) == 0 ? text.c_str() : "";
}

// Converting and reshaping

ct_tensor ct_to(ct_tensor self, int32_t dtype, ct_device device, bool non_blocking) {
    return guarded([&] { return Borrowed(self)->to(device_of(device), scalar_type(dtype), non_blocking); });
}
ct_tensor ct_pin_memory(ct_tensor self) {
    return guarded([&] { return Borrowed(self)->pin_memory(); });
}
ct_tensor ct_clone(ct_tensor self) {
    return guarded([&] { return Borrowed(self)->clone(); });
}
ct_tensor ct_contiguous(ct_tensor self) {
    return guarded([&] { return Borrowed(self)->contiguous(); });
}
ct_tensor ct_channels_last(ct_tensor self) {
    return guarded([&] { return Borrowed(self)->contiguous(at::MemoryFormat::ChannelsLast); });
}
ct_tensor ct_reshape(ct_tensor self, const int64_t *shape, size_t rank) {
    return guarded([&] { return Borrowed(self)->reshape({shape, rank}); });
}
ct_tensor ct_flatten(ct_tensor self, int64_t start, int64_t end) {
    return guarded([&] { return Borrowed(self)->flatten(start, end); });
}
ct_tensor ct_transpose(ct_tensor self, int64_t first, int64_t second) {
    return guarded([&] { return Borrowed(self)->transpose(first, second); });
}
ct_tensor ct_narrow(ct_tensor self, int64_t dimension, int64_t start, int64_t length) {
    return guarded([&] { return Borrowed(self)->narrow(dimension, start, length); });
}
ct_tensor ct_select(ct_tensor self, int64_t dimension, int64_t index) {
    return guarded([&] { return Borrowed(self)->select(dimension, index); });
}
ct_tensor ct_index_select(ct_tensor self, int64_t dimension, ct_tensor index) {
    return guarded([&] { return Borrowed(self)->index_select(dimension, Borrowed(index)); });
}
ct_tensor ct_unsqueeze(ct_tensor self, int64_t dimension) {
    return guarded([&] { return Borrowed(self)->unsqueeze(dimension); });
}
ct_tensor ct_cat(const ct_tensor *tensors, size_t count, int64_t dimension) {
    return guarded([&] { return at::cat(list(tensors, count), dimension); });
}
ct_tensor ct_stack(const ct_tensor *tensors, size_t count, int64_t dimension) {
    return guarded([&] { return at::stack(list(tensors, count), dimension); });
}

// Elementwise

ct_tensor ct_add(ct_tensor self, ct_tensor other, int64_t alpha) {
    return guarded([&] { return at::add(Borrowed(self), Borrowed(other), alpha); });
}
ct_tensor ct_add_scaled(ct_tensor self, ct_tensor other, double alpha) {
    return guarded([&] { return at::add(Borrowed(self), Borrowed(other), scalar_for(self, alpha)); });
}
ct_tensor ct_mul(ct_tensor self, ct_tensor other) {
    return guarded([&] { return at::mul(Borrowed(self), *Borrowed(other)); });
}
ct_tensor ct_div(ct_tensor self, ct_tensor other) {
    return guarded([&] { return at::div(Borrowed(self), *Borrowed(other)); });
}
ct_tensor ct_add_scalar(ct_tensor self, double other) {
    return guarded([&] { return at::add(Borrowed(self), scalar_for(self, other)); });
}
ct_tensor ct_mul_scalar(ct_tensor self, double other) {
    return guarded([&] { return at::mul(Borrowed(self), scalar_for(self, other)); });
}
ct_tensor ct_pow_scalar(ct_tensor self, double exponent) {
    return guarded([&] { return at::pow(Borrowed(self), exponent); });
}
ct_tensor ct_neg(ct_tensor self) {
    return guarded([&] { return at::neg(Borrowed(self)); });
}
ct_tensor ct_abs(ct_tensor self) {
    return guarded([&] { return at::abs(Borrowed(self)); });
}
ct_tensor ct_sqrt(ct_tensor self) {
    return guarded([&] { return at::sqrt(Borrowed(self)); });
}
ct_tensor ct_exp(ct_tensor self) {
    return guarded([&] { return at::exp(Borrowed(self)); });
}
ct_tensor ct_log(ct_tensor self) {
    return guarded([&] { return at::log(Borrowed(self)); });
}
ct_tensor ct_tanh(ct_tensor self) {
    return guarded([&] { return at::tanh(Borrowed(self)); });
}
ct_tensor ct_sigmoid(ct_tensor self) {
    return guarded([&] { return at::sigmoid(Borrowed(self)); });
}
ct_tensor ct_relu(ct_tensor self) {
    return guarded([&] { return at::relu(Borrowed(self)); });
}
ct_tensor ct_leaky_relu(ct_tensor self, double negative_slope) {
    return guarded([&] { return at::leaky_relu(Borrowed(self), negative_slope); });
}
ct_tensor ct_gelu(ct_tensor self) {
    return guarded([&] { return at::gelu(Borrowed(self)); });
}
ct_tensor ct_eq(ct_tensor self, ct_tensor other) {
    return guarded([&] { return at::eq(Borrowed(self), *Borrowed(other)); });
}
ct_tensor ct_lerp(ct_tensor self, ct_tensor end, double weight) {
    return guarded([&] { return at::lerp(Borrowed(self), Borrowed(end), weight); });
}

// In place

int ct_fill_(ct_tensor self, double value) {
    return attempted([&] { Borrowed(self)->fill_(scalar_for(self, value)); });
}
int ct_copy_(ct_tensor self, ct_tensor source) {
    return attempted([&] { Borrowed(self)->copy_(Borrowed(source)); });
}
int ct_add_(ct_tensor self, ct_tensor other, double alpha) {
    return attempted([&] { Borrowed(self)->add_(*Borrowed(other), scalar_for(self, alpha)); });
}
int ct_add_scalar_(ct_tensor self, double other) {
    return attempted([&] { Borrowed(self)->add_(scalar_for(self, other)); });
}
int ct_mul_scalar_(ct_tensor self, double other) {
    return attempted([&] { Borrowed(self)->mul_(scalar_for(self, other)); });
}
int ct_addcmul_(ct_tensor self, ct_tensor first, ct_tensor second, double value) {
    return attempted([&] { Borrowed(self)->addcmul_(Borrowed(first), Borrowed(second), scalar_for(self, value)); });
}
int ct_lerp_(ct_tensor self, ct_tensor end, double weight) {
    return attempted([&] { Borrowed(self)->lerp_(Borrowed(end), weight); });
}
int ct_addmm_(ct_tensor self, ct_tensor first, ct_tensor second, double beta, double alpha) {
    return attempted([&] {
        Borrowed(self)->addmm_(
            Borrowed(first), Borrowed(second), scalar_for(self, beta), scalar_for(self, alpha));
    });
}
int ct_addmv_(ct_tensor self, ct_tensor matrix, ct_tensor vector, double beta, double alpha) {
    return attempted([&] {
        Borrowed(self)->addmv_(
            Borrowed(matrix), Borrowed(vector), scalar_for(self, beta), scalar_for(self, alpha));
    });
}
int ct_mm_out(ct_tensor out, ct_tensor first, ct_tensor second) {
    return attempted([&] { at::mm_out(Borrowed(out), Borrowed(first), Borrowed(second)); });
}

// Reducing

ct_tensor ct_sum(ct_tensor self) {
    return guarded([&] { return at::sum(Borrowed(self)); });
}
ct_tensor ct_sum_dims(ct_tensor self, const int64_t *dimensions, size_t count, bool keep) {
    return guarded([&] { return at::sum(Borrowed(self), at::IntArrayRef(dimensions, count), keep); });
}
ct_tensor ct_mean(ct_tensor self) {
    return guarded([&] { return at::mean(Borrowed(self)); });
}
ct_tensor ct_vdot(ct_tensor self, ct_tensor other) {
    return guarded([&] { return at::vdot(Borrowed(self)->flatten(), Borrowed(other)->flatten()); });
}
ct_tensor ct_norm(ct_tensor self) {
    return guarded([&] { return at::norm(Borrowed(self)); });
}
ct_tensor ct_argmax(ct_tensor self, int64_t dimension) {
    return guarded([&] { return at::argmax(Borrowed(self), dimension); });
}
int ct_all_finite(ct_tensor self, bool *result) {
    return attempted([&] { *result = at::isfinite(Borrowed(self)).all().item<bool>(); });
}

// Linear algebra

ct_tensor ct_matmul(ct_tensor self, ct_tensor other) {
    return guarded([&] { return at::matmul(Borrowed(self), Borrowed(other)); });
}
ct_tensor ct_bmm(ct_tensor self, ct_tensor other) {
    return guarded([&] { return at::bmm(Borrowed(self), Borrowed(other)); });
}
ct_tensor ct_addmm(ct_tensor self, ct_tensor first, ct_tensor second, double beta, double alpha) {
    return guarded([&] {
        return at::addmm(
            Borrowed(self), Borrowed(first), Borrowed(second), scalar_for(self, beta), scalar_for(self, alpha));
    });
}
ct_tensor ct_linear(ct_tensor self, ct_tensor weight, ct_tensor bias) {
    return guarded([&] { return at::linear(Borrowed(self), Borrowed(weight), optional(bias)); });
}
int ct_geqrf(ct_tensor self, ct_tensor *reflectors, ct_tensor *tau) {
    return attempted([&] {
        auto [a, t] = at::geqrf(Borrowed(self));
        *reflectors = wrap(std::move(a));
        *tau = wrap(std::move(t));
    });
}
ct_tensor ct_householder_product(ct_tensor reflectors, ct_tensor tau) {
    return guarded([&] { return at::linalg_householder_product(Borrowed(reflectors), Borrowed(tau)); });
}
int ct_linalg_eigh(ct_tensor self, ct_tensor *values, ct_tensor *vectors) {
    return attempted([&] {
        auto [l, v] = at::linalg_eigh(Borrowed(self));
        *values = wrap(std::move(l));
        *vectors = wrap(std::move(v));
    });
}
int ct_is_positive_definite(ct_tensor self, bool *result) {
    return attempted([&] { *result = std::get<1>(at::linalg_cholesky_ex(Borrowed(self))).item<int32_t>() == 0; });
}
int ct_linalg_svd(ct_tensor self, ct_tensor *u, ct_tensor *s, ct_tensor *vh) {
    return attempted([&] {
        auto [left, values, right] = at::linalg_svd(Borrowed(self), /*full_matrices=*/false);
        *u = wrap(std::move(left));
        *s = wrap(std::move(values));
        *vh = wrap(std::move(right));
    });
}

// Convolution and pooling

ct_tensor ct_conv2d(ct_tensor self, ct_tensor weight, ct_tensor bias, int64_t stride, int64_t padding) {
    return guarded([&] {
        return at::conv2d(
            Borrowed(self), Borrowed(weight), optional(bias), {stride, stride}, {padding, padding});
    });
}
int ct_convolution_backward(
    ct_tensor cotangent, ct_tensor input, ct_tensor weight, int64_t stride, int64_t padding, const bool wants[3],
    ct_tensor *input_gradient, ct_tensor *weight_gradient, ct_tensor *bias_gradient) {
    return attempted([&] {
        Borrowed kernel(weight);
        auto [x, w, b] = at::convolution_backward(
            Borrowed(cotangent), Borrowed(input), kernel, at::IntArrayRef({kernel->size(0)}), {stride, stride},
            {padding, padding}, /*dilation=*/{1, 1}, /*transposed=*/false, /*output_padding=*/{0, 0}, /*groups=*/1,
            {wants[0], wants[1], wants[2]});
        *input_gradient = wants[0] ? wrap(std::move(x)) : nullptr;
        *weight_gradient = wants[1] ? wrap(std::move(w)) : nullptr;
        *bias_gradient = wants[2] ? wrap(std::move(b)) : nullptr;
    });
}
ct_tensor ct_im2col(ct_tensor self, int64_t kernel_height, int64_t kernel_width, int64_t stride, int64_t padding) {
    return guarded([&] {
        return at::im2col(
            Borrowed(self), {kernel_height, kernel_width}, /*dilation=*/{1, 1}, {padding, padding}, {stride, stride});
    });
}
int ct_max_pool2d_with_indices(
    ct_tensor self, int64_t kernel, int64_t stride, ct_tensor *output, ct_tensor *indices) {
    return attempted([&] {
        auto [values, places] = at::max_pool2d_with_indices(Borrowed(self), {kernel, kernel}, {stride, stride});
        *output = wrap(std::move(values));
        *indices = wrap(std::move(places));
    });
}
ct_tensor ct_max_pool2d_with_indices_backward(
    ct_tensor cotangent, ct_tensor self, int64_t kernel, int64_t stride, ct_tensor indices) {
    return guarded([&] {
        return at::max_pool2d_with_indices_backward(
            Borrowed(cotangent), Borrowed(self), {kernel, kernel}, {stride, stride}, /*padding=*/{0, 0},
            /*dilation=*/{1, 1}, /*ceil_mode=*/false, Borrowed(indices));
    });
}
ct_tensor ct_max_pool2d(ct_tensor self, int64_t kernel, int64_t stride) {
    return guarded([&] { return at::max_pool2d(Borrowed(self), {kernel, kernel}, {stride, stride}); });
}
ct_tensor ct_gather(ct_tensor self, int64_t dimension, ct_tensor index) {
    return guarded([&] { return at::gather(Borrowed(self), dimension, Borrowed(index)); });
}

// Sequences

int ct_native_layer_norm(
    ct_tensor self, int64_t width, ct_tensor weight, ct_tensor bias, double epsilon, ct_tensor *output,
    ct_tensor *mean, ct_tensor *rstd) {
    return attempted([&] {
        auto [y, m, r] = at::native_layer_norm(Borrowed(self), {width}, optional(weight), optional(bias), epsilon);
        *output = wrap(std::move(y));
        *mean = wrap(std::move(m));
        *rstd = wrap(std::move(r));
    });
}
int ct_native_layer_norm_backward(
    ct_tensor cotangent, ct_tensor input, int64_t width, ct_tensor mean, ct_tensor rstd, ct_tensor weight,
    ct_tensor bias, const bool wants[3], ct_tensor *input_gradient, ct_tensor *weight_gradient,
    ct_tensor *bias_gradient) {
    return attempted([&] {
        auto [x, w, b] = at::native_layer_norm_backward(
            Borrowed(cotangent), Borrowed(input), {width}, Borrowed(mean), Borrowed(rstd), optional(weight),
            optional(bias), {wants[0], wants[1], wants[2]});
        if (wants[0]) *input_gradient = wrap(std::move(x));
        if (wants[1]) *weight_gradient = wrap(std::move(w));
        if (wants[2]) *bias_gradient = wrap(std::move(b));
    });
}
ct_tensor ct_embedding(ct_tensor weight, ct_tensor indices) {
    return guarded([&] { return at::embedding(Borrowed(weight), Borrowed(indices)); });
}
ct_tensor ct_embedding_dense_backward(ct_tensor cotangent, ct_tensor indices, int64_t weight_count) {
    return guarded([&] {
        return at::embedding_dense_backward(
            Borrowed(cotangent), Borrowed(indices), weight_count, /*padding_idx=*/-1, /*scale_grad_by_freq=*/false);
    });
}
ct_tensor ct_softmax(ct_tensor self, int64_t dimension) {
    return guarded([&] { return at::softmax(Borrowed(self), dimension); });
}
ct_tensor ct_softmax_backward(ct_tensor cotangent, ct_tensor output, int64_t dimension) {
    return guarded([&] {
        Borrowed softmax(output);
        return at::_softmax_backward_data(Borrowed(cotangent), softmax, dimension, softmax->scalar_type());
    });
}
ct_tensor ct_triu(ct_tensor self, int64_t diagonal) {
    return guarded([&] { return at::triu(Borrowed(self), diagonal); });
}
int ct_baddbmm_(ct_tensor self, ct_tensor first, ct_tensor second, double beta, double alpha) {
    return attempted([&] {
        Borrowed(self)->baddbmm_(
            Borrowed(first), Borrowed(second), scalar_for(self, beta), scalar_for(self, alpha));
    });
}
int ct_flash_attention_for_cpu(
    ct_tensor query, ct_tensor key, ct_tensor value, bool is_causal, ct_tensor *output, ct_tensor *logsumexp) {
    return attempted([&] {
        auto [o, l] = at::_scaled_dot_product_flash_attention_for_cpu(
            Borrowed(query), Borrowed(key), Borrowed(value), /*dropout_p=*/0, is_causal);
        *output = wrap(std::move(o));
        *logsumexp = wrap(std::move(l));
    });
}
int ct_flash_attention_for_cpu_backward(
    ct_tensor cotangent, ct_tensor query, ct_tensor key, ct_tensor value, ct_tensor output, ct_tensor logsumexp,
    bool is_causal, ct_tensor *query_gradient, ct_tensor *key_gradient, ct_tensor *value_gradient) {
    return attempted([&] {
        auto [q, k, v] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
            Borrowed(cotangent), Borrowed(query), Borrowed(key), Borrowed(value), Borrowed(output),
            Borrowed(logsumexp), /*dropout_p=*/0, is_causal);
        *query_gradient = wrap(std::move(q));
        *key_gradient = wrap(std::move(k));
        *value_gradient = wrap(std::move(v));
    });
}
int ct_lstm_cell(
    ct_tensor input, ct_tensor hidden, ct_tensor cell, ct_tensor input_weight, ct_tensor hidden_weight,
    ct_tensor input_bias, ct_tensor hidden_bias, ct_tensor *next_hidden, ct_tensor *next_cell) {
    return attempted([&] {
        auto [h, c] = at::lstm_cell(
            Borrowed(input), {*Borrowed(hidden), *Borrowed(cell)}, Borrowed(input_weight), Borrowed(hidden_weight),
            optional(input_bias), optional(hidden_bias));
        *next_hidden = wrap(std::move(h));
        *next_cell = wrap(std::move(c));
    });
}

// Normalization

int ct_native_batch_norm(
    ct_tensor self, ct_tensor weight, ct_tensor bias, ct_tensor running_mean, ct_tensor running_var, bool training,
    double momentum, double epsilon, ct_tensor *output, ct_tensor *mean, ct_tensor *invstd) {
    return attempted([&] {
        auto [y, m, r] = at::native_batch_norm(
            Borrowed(self), *Borrowed(weight), *Borrowed(bias), *Borrowed(running_mean), *Borrowed(running_var),
            training, momentum, epsilon);
        *output = wrap(std::move(y));
        *mean = training ? wrap(std::move(m)) : nullptr;
        *invstd = training ? wrap(std::move(r)) : nullptr;
    });
}
int ct_native_batch_norm_backward(
    ct_tensor cotangent, ct_tensor self, ct_tensor weight, ct_tensor running_mean, ct_tensor running_var,
    ct_tensor mean, ct_tensor invstd, bool training, double epsilon, const bool wants[3], ct_tensor *input_gradient,
    ct_tensor *weight_gradient, ct_tensor *bias_gradient) {
    return attempted([&] {
        auto [x, w, b] = at::native_batch_norm_backward(
            Borrowed(cotangent), Borrowed(self), *Borrowed(weight), *Borrowed(running_mean), *Borrowed(running_var),
            *Borrowed(mean), *Borrowed(invstd), training, epsilon, {wants[0], wants[1], wants[2]});
        *input_gradient = wants[0] ? wrap(std::move(x)) : nullptr;
        *weight_gradient = wants[1] ? wrap(std::move(w)) : nullptr;
        *bias_gradient = wants[2] ? wrap(std::move(b)) : nullptr;
    });
}
ct_tensor ct_bernoulli(
    const int64_t *shape, size_t rank, double probability, ct_generator generator, int32_t dtype) {
    return guarded([&] {
        return at::empty({shape, rank}, options(dtype, {0, -1})).bernoulli_(probability, generator_of(generator));
    });
}

// Losses

ct_tensor ct_log_softmax(ct_tensor self, int64_t dimension) {
    return guarded([&] { return at::_log_softmax(Borrowed(self), dimension, /*half_to_float=*/false); });
}
ct_tensor ct_log_softmax_backward(ct_tensor cotangent, ct_tensor output, int64_t dimension) {
    return guarded([&] {
        Borrowed result(output);
        return at::_log_softmax_backward_data(Borrowed(cotangent), result, dimension, result->scalar_type());
    });
}
int ct_nll_loss(ct_tensor self, ct_tensor target, ct_tensor *loss, ct_tensor *total_weight) {
    return attempted([&] {
        auto [value, weight] =
            at::nll_loss_forward(Borrowed(self), Borrowed(target), {}, at::Reduction::Mean, /*ignore_index=*/-100);
        *loss = wrap(std::move(value));
        *total_weight = wrap(std::move(weight));
    });
}
ct_tensor ct_nll_loss_backward(ct_tensor cotangent, ct_tensor self, ct_tensor target, ct_tensor total_weight) {
    return guarded([&] {
        return at::nll_loss_backward(
            Borrowed(cotangent), Borrowed(self), Borrowed(target), {}, at::Reduction::Mean, /*ignore_index=*/-100,
            Borrowed(total_weight));
    });
}
ct_tensor ct_cross_entropy(ct_tensor self, ct_tensor target) {
    return guarded([&] { return at::cross_entropy_loss(Borrowed(self), Borrowed(target)); });
}
ct_tensor ct_mse_loss(ct_tensor self, ct_tensor target) {
    return guarded([&] { return at::mse_loss(Borrowed(self), Borrowed(target)); });
}
ct_tensor ct_mse_loss_backward(ct_tensor cotangent, ct_tensor self, ct_tensor target) {
    return guarded([&] {
        return at::mse_loss_backward(Borrowed(cotangent), Borrowed(self), Borrowed(target), at::Reduction::Mean);
    });
}

// Derivatives of activations

ct_tensor ct_threshold_backward(ct_tensor cotangent, ct_tensor output, double threshold) {
    return guarded([&] { return at::threshold_backward(Borrowed(cotangent), Borrowed(output), threshold); });
}
ct_tensor ct_leaky_relu_backward(ct_tensor cotangent, ct_tensor output, double negative_slope, bool is_result) {
    return guarded([&] {
        return at::leaky_relu_backward(Borrowed(cotangent), Borrowed(output), negative_slope, is_result);
    });
}
ct_tensor ct_tanh_backward(ct_tensor cotangent, ct_tensor output) {
    return guarded([&] { return at::tanh_backward(Borrowed(cotangent), Borrowed(output)); });
}
ct_tensor ct_sigmoid_backward(ct_tensor cotangent, ct_tensor output) {
    return guarded([&] { return at::sigmoid_backward(Borrowed(cotangent), Borrowed(output)); });
}
ct_tensor ct_gelu_backward(ct_tensor cotangent, ct_tensor input) {
    return guarded([&] { return at::gelu_backward(Borrowed(cotangent), Borrowed(input)); });
}

// Autograd

bool ct_requires_grad(ct_tensor self) { return Borrowed(self)->requires_grad(); }
uint32_t ct_tensor_version(ct_tensor self) { return Borrowed(self)->_version(); }
int ct_set_requires_grad(ct_tensor self, bool value) {
    return attempted([&] { Borrowed(self)->set_requires_grad(value); });
}
ct_tensor ct_detach(ct_tensor self) {
    return guarded([&] { return Borrowed(self)->detach(); });
}
bool ct_grad_enabled(void) { return at::GradMode::is_enabled(); }
void ct_set_grad_enabled(bool value) { at::GradMode::set_enabled(value); }
int ct_grad(
    const ct_tensor *outputs, const ct_tensor *output_cotangents, size_t output_count, const ct_tensor *inputs,
    size_t input_count, bool retain_graph, bool create_graph, ct_tensor *gradients) {
    return attempted([&] {
        auto cotangents = output_cotangents ? list(output_cotangents, output_count) : std::vector<at::Tensor>();
        auto result = torch::autograd::grad(
            list(outputs, output_count), list(inputs, input_count), cotangents, retain_graph, create_graph,
            /*allow_unused=*/true);
        for (size_t i = 0; i < input_count; ++i) {
            // A derivative known to vanish, as the second one of abs(), may come as a tensor without storage.
            if (result[i].defined() && result[i]._is_zerotensor()) result[i] = result[i].clone();
            gradients[i] = result[i].defined() ? wrap(std::move(result[i])) : nullptr;
        }
    });
}

// Fused optimizer steps

int ct_fused_sgd_(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *momentum_buffers, size_t count,
    double learning_rate, double momentum, double weight_decay, double dampening, bool nesterov, bool is_first_step) {
    return attempted([&] {
        at::_fused_sgd_(
            list(parameters, count), list(gradients, count), list(momentum_buffers, momentum_buffers ? count : 0),
            weight_decay, momentum, learning_rate, dampening, nesterov, /*maximize=*/false, is_first_step);
    });
}
int ct_fused_adamw_(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
    const ct_tensor *second_moments, const ct_tensor *steps, size_t count, double learning_rate, double beta1,
    double beta2, double weight_decay, double epsilon) {
    return attempted([&] {
        at::_fused_adamw_(
            list(parameters, count), list(gradients, count), list(first_moments, count), list(second_moments, count),
            {}, list(steps, count), learning_rate, beta1, beta2, weight_decay, epsilon, /*amsgrad=*/false,
            /*maximize=*/false);
    });
}
int ct_fused_adagrad_(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *state_sums, const ct_tensor *steps,
    size_t count, double learning_rate, double learning_rate_decay, double weight_decay, double epsilon) {
    return attempted([&] {
        at::_fused_adagrad_(
            list(parameters, count), list(gradients, count), list(state_sums, count), list(steps, count),
            learning_rate, learning_rate_decay, weight_decay, epsilon, /*maximize=*/false);
    });
}

// Matrix functions, and what the inverses of activations need

ct_tensor ct_matrix_exp(ct_tensor self) {
    return guarded([&] { return at::matrix_exp(Borrowed(self)); });
}
ct_tensor ct_pinv(ct_tensor self) {
    return guarded([&] { return at::linalg_pinv(*Borrowed(self)); });
}
ct_tensor ct_clamp(ct_tensor self, double minimum, double maximum) {
    return guarded([&] { return at::clamp(Borrowed(self), minimum, maximum); });
}
ct_tensor ct_atanh(ct_tensor self) {
    return guarded([&] { return at::atanh(Borrowed(self)); });
}
ct_tensor ct_asinh(ct_tensor self) {
    return guarded([&] { return at::asinh(Borrowed(self)); });
}

// Generators

ct_generator ct_generator_new(uint64_t seed) {
    try {
        return reinterpret_cast<ct_generator>(new at::Generator(at::make_generator<at::CPUGeneratorImpl>(seed)));
    } catch (...) {
        remember_exception();
        return nullptr;
    }
}
void ct_generator_free(ct_generator self) { delete reinterpret_cast<at::Generator *>(self); }
ct_tensor ct_generator_state(ct_generator self) {
    return guarded([&] { return generator_of(self).get_state(); });
}
int ct_generator_set_state(ct_generator self, ct_tensor state) {
    return attempted([&] { generator_of(self).set_state(Borrowed(state)); });
}

} // extern "C"
