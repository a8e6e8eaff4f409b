// A C face of libtorch: opaque handles, plain numbers and pointers, no C++ type.
//
// Conventions
// - A `ct_tensor` is one owned reference to a tensor; `ct_tensor_release` gives it back. Functions borrow their
//   arguments and return a new reference. NULL stands for "no tensor" where an argument is optional.
// - A function that fails returns NULL (or a status other than 0) and leaves the reason in `ct_last_error()`, which
//   belongs to the calling thread. No C++ exception leaves this library.
// - Names are ATen's; a trailing underscore means in place, `_out` that the first argument receives the result.
// - Element types and device types are numbered as in c10.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_opaque_tensor *ct_tensor;
typedef struct ct_opaque_generator *ct_generator;
typedef struct ct_opaque_store *ct_store;
typedef struct ct_opaque_process_group *ct_process_group;
typedef struct ct_opaque_work *ct_work;

typedef struct {
    int32_t type;  // 0: CPU, 1: CUDA
    int32_t index; // -1: the current one
} ct_device;

const char *ct_last_error(void);

// Process
int ct_set_num_threads(int32_t count);
int32_t ct_get_num_threads(void);
bool ct_cpu_is_amd(void); // its maker, not what it can do
bool ct_cuda_is_available(void);
int32_t ct_cuda_version(void);      // as 12060 for 12.6; 0: a build without CUDA
int32_t ct_cuda_device_count(void); // 0 too where there is no driver
bool ct_cuda_has_driver(void);
const char *ct_version(void);
const char *ct_library_path(void); // NULL: not known

// Handles
void ct_tensor_release(ct_tensor self);

// Making
ct_tensor ct_empty(const int64_t *shape, size_t rank, int32_t dtype, ct_device device);
ct_tensor ct_full(const int64_t *shape, size_t rank, double value, int32_t dtype, ct_device device);
ct_tensor ct_arange(int64_t end, int32_t dtype, ct_device device);
ct_tensor ct_eye(int64_t rows, int64_t columns, int32_t dtype, ct_device device);
ct_tensor ct_from_bytes(const void *bytes, const int64_t *shape, size_t rank, int32_t dtype);
// Borrows the memory until `release` is called with `context`, which is when no tensor needs it any more.
ct_tensor ct_from_blob(
    void *data, const int64_t *shape, size_t rank, int32_t dtype, void (*release)(void *context), void *context);
ct_tensor ct_rand(const int64_t *shape, size_t rank, ct_generator generator, int32_t dtype);
ct_tensor ct_randn(const int64_t *shape, size_t rank, ct_generator generator, int32_t dtype);
ct_tensor ct_randint(int64_t low, int64_t high, const int64_t *shape, size_t rank, ct_generator generator);
ct_tensor ct_randperm(int64_t count, ct_generator generator);

// Looking
int32_t ct_dim(ct_tensor self);
int64_t ct_size(ct_tensor self, int32_t dimension);
bool ct_is_contiguous(ct_tensor self);
bool ct_is_dense(ct_tensor self); // its elements fill a piece of memory, in whatever order
int64_t ct_numel(ct_tensor self);
int32_t ct_dtype(ct_tensor self);
ct_device ct_tensor_device(ct_tensor self);
int64_t ct_stride(ct_tensor self, int32_t dimension);
// What tells its storage from others, and the addresses of its first element and behind its last one.
int ct_memory(ct_tensor self, const void **storage, const void **begin, const void **end);
bool ct_shares_storage(ct_tensor self, ct_tensor other);
// Whether no other tensor is a view of its storage.
bool ct_owns_storage(ct_tensor self);
// Exchanges the storages of two tensors of one shape, type and device; views of either keep the storage that they have.
int ct_swap_storage(ct_tensor self, ct_tensor other);
int ct_item(ct_tensor self, double *value);
int ct_copy_bytes(ct_tensor self, void *bytes, size_t count);
const char *ct_describe(ct_tensor self);

// Converting and reshaping
ct_tensor ct_to(ct_tensor self, int32_t dtype, ct_device device, bool non_blocking);
ct_tensor ct_pin_memory(ct_tensor self);
ct_tensor ct_clone(ct_tensor self);
ct_tensor ct_contiguous(ct_tensor self);
ct_tensor ct_channels_last(ct_tensor self);
ct_tensor ct_reshape(ct_tensor self, const int64_t *shape, size_t rank);
ct_tensor ct_flatten(ct_tensor self, int64_t start, int64_t end);
ct_tensor ct_transpose(ct_tensor self, int64_t first, int64_t second);
ct_tensor ct_narrow(ct_tensor self, int64_t dimension, int64_t start, int64_t length);
ct_tensor ct_select(ct_tensor self, int64_t dimension, int64_t index);
ct_tensor ct_index_select(ct_tensor self, int64_t dimension, ct_tensor index);
ct_tensor ct_unsqueeze(ct_tensor self, int64_t dimension);
ct_tensor ct_cat(const ct_tensor *tensors, size_t count, int64_t dimension);
ct_tensor ct_stack(const ct_tensor *tensors, size_t count, int64_t dimension);

// Elementwise
ct_tensor ct_add(ct_tensor self, ct_tensor other, int64_t alpha);
ct_tensor ct_add_scaled(ct_tensor self, ct_tensor other, double alpha);
ct_tensor ct_mul(ct_tensor self, ct_tensor other);
ct_tensor ct_div(ct_tensor self, ct_tensor other);
ct_tensor ct_add_scalar(ct_tensor self, double other);
ct_tensor ct_mul_scalar(ct_tensor self, double other);
ct_tensor ct_pow_scalar(ct_tensor self, double exponent);
ct_tensor ct_neg(ct_tensor self);
ct_tensor ct_abs(ct_tensor self);
ct_tensor ct_sqrt(ct_tensor self);
ct_tensor ct_exp(ct_tensor self);
ct_tensor ct_log(ct_tensor self);
ct_tensor ct_tanh(ct_tensor self);
ct_tensor ct_sigmoid(ct_tensor self);
ct_tensor ct_relu(ct_tensor self);
ct_tensor ct_leaky_relu(ct_tensor self, double negative_slope);
ct_tensor ct_gelu(ct_tensor self);
ct_tensor ct_eq(ct_tensor self, ct_tensor other);
ct_tensor ct_lerp(ct_tensor self, ct_tensor end, double weight);

// In place
int ct_fill_(ct_tensor self, double value);
int ct_copy_(ct_tensor self, ct_tensor source);
int ct_add_(ct_tensor self, ct_tensor other, double alpha);
int ct_add_scalar_(ct_tensor self, double other);
int ct_mul_scalar_(ct_tensor self, double other);
int ct_addcmul_(ct_tensor self, ct_tensor first, ct_tensor second, double value);
int ct_lerp_(ct_tensor self, ct_tensor end, double weight);
int ct_addmm_(ct_tensor self, ct_tensor first, ct_tensor second, double beta, double alpha);
int ct_addmv_(ct_tensor self, ct_tensor matrix, ct_tensor vector, double beta, double alpha);
int ct_mm_out(ct_tensor out, ct_tensor first, ct_tensor second);

// Reducing
ct_tensor ct_sum(ct_tensor self);
ct_tensor ct_sum_dims(ct_tensor self, const int64_t *dimensions, size_t count, bool keep);
ct_tensor ct_mean(ct_tensor self);
ct_tensor ct_vdot(ct_tensor self, ct_tensor other);
ct_tensor ct_norm(ct_tensor self);
ct_tensor ct_argmax(ct_tensor self, int64_t dimension);
int ct_all_finite(ct_tensor self, bool *result);

// Linear algebra
ct_tensor ct_matmul(ct_tensor self, ct_tensor other);
ct_tensor ct_bmm(ct_tensor self, ct_tensor other);
ct_tensor ct_addmm(ct_tensor self, ct_tensor first, ct_tensor second, double beta, double alpha);
ct_tensor ct_linear(ct_tensor self, ct_tensor weight, ct_tensor bias);
bool ct_has_onednn_linear(void);
ct_tensor ct_onednn_linear(ct_tensor self, ct_tensor weight, ct_tensor bias); // single precision, CPU; autograd does not follow it
int ct_geqrf(ct_tensor self, ct_tensor *reflectors, ct_tensor *tau);
ct_tensor ct_householder_product(ct_tensor reflectors, ct_tensor tau);
int ct_linalg_eigh(ct_tensor self, ct_tensor *values, ct_tensor *vectors);
int ct_is_positive_definite(ct_tensor self, bool *result);
int ct_linalg_svd(ct_tensor self, ct_tensor *u, ct_tensor *s, ct_tensor *vh);

// Convolution and pooling, over images `[N, C, H, W]`
ct_tensor ct_conv2d(ct_tensor self, ct_tensor weight, ct_tensor bias, int64_t stride, int64_t padding);
// `wants` says which of the gradients of the input, the weight and the bias to compute; the others stay NULL.
int ct_convolution_backward(
    ct_tensor cotangent, ct_tensor input, ct_tensor weight, int64_t stride, int64_t padding, const bool wants[3],
    ct_tensor *input_gradient, ct_tensor *weight_gradient, ct_tensor *bias_gradient);
ct_tensor ct_im2col(ct_tensor self, int64_t kernel_height, int64_t kernel_width, int64_t stride, int64_t padding);
int ct_max_pool2d_with_indices(
    ct_tensor self, int64_t kernel, int64_t stride, ct_tensor *output, ct_tensor *indices);
ct_tensor ct_max_pool2d_with_indices_backward(
    ct_tensor cotangent, ct_tensor self, int64_t kernel, int64_t stride, ct_tensor indices);
ct_tensor ct_max_pool2d(ct_tensor self, int64_t kernel, int64_t stride);
ct_tensor ct_gather(ct_tensor self, int64_t dimension, ct_tensor index);

// Sequences
// Over the last dimension, of `width` elements; `weight` and `bias` may be NULL. `mean` and `rstd` are what the backward
// pass needs; `wants` says which of the gradients of the input, the weight and the bias to compute.
int ct_native_layer_norm(
    ct_tensor self, int64_t width, ct_tensor weight, ct_tensor bias, double epsilon, ct_tensor *output,
    ct_tensor *mean, ct_tensor *rstd);
int ct_native_layer_norm_backward(
    ct_tensor cotangent, ct_tensor input, int64_t width, ct_tensor mean, ct_tensor rstd, ct_tensor weight,
    ct_tensor bias, const bool wants[3], ct_tensor *input_gradient, ct_tensor *weight_gradient,
    ct_tensor *bias_gradient);
ct_tensor ct_embedding(ct_tensor weight, ct_tensor indices);
ct_tensor ct_embedding_dense_backward(ct_tensor cotangent, ct_tensor indices, int64_t weight_count);
ct_tensor ct_softmax(ct_tensor self, int64_t dimension);
ct_tensor ct_softmax_backward(ct_tensor cotangent, ct_tensor output, int64_t dimension);
ct_tensor ct_triu(ct_tensor self, int64_t diagonal);
int ct_baddbmm_(ct_tensor self, ct_tensor first, ct_tensor second, double beta, double alpha);
// Over queries, keys and values `[N, H, T, d]` on the CPU.
int ct_flash_attention_for_cpu(
    ct_tensor query, ct_tensor key, ct_tensor value, bool is_causal, ct_tensor *output, ct_tensor *logsumexp);
int ct_flash_attention_for_cpu_backward(
    ct_tensor cotangent, ct_tensor query, ct_tensor key, ct_tensor value, ct_tensor output, ct_tensor logsumexp,
    bool is_causal, ct_tensor *query_gradient, ct_tensor *key_gradient, ct_tensor *value_gradient);
// `x W^T + b` and `h W^T + b` of the gates lie one below the other: input, forget, cell, output.
int ct_lstm_cell(
    ct_tensor input, ct_tensor hidden, ct_tensor cell, ct_tensor input_weight, ct_tensor hidden_weight,
    ct_tensor input_bias, ct_tensor hidden_bias, ct_tensor *next_hidden, ct_tensor *next_cell);

// Normalization, over `[N, C, ...]`
// In training `running_mean` and `running_var` follow the batch unless they are NULL, and `mean` and `invstd` receive
// the statistics of the batch; otherwise the running ones are used, and `mean` and `invstd` stay NULL.
int ct_native_batch_norm(
    ct_tensor self, ct_tensor weight, ct_tensor bias, ct_tensor running_mean, ct_tensor running_var, bool training,
    double momentum, double epsilon, ct_tensor *output, ct_tensor *mean, ct_tensor *invstd);
// `wants` says which of the gradients of the input, the weight and the bias to compute; the others stay NULL.
int ct_native_batch_norm_backward(
    ct_tensor cotangent, ct_tensor self, ct_tensor weight, ct_tensor running_mean, ct_tensor running_var,
    ct_tensor mean, ct_tensor invstd, bool training, double epsilon, const bool wants[3], ct_tensor *input_gradient,
    ct_tensor *weight_gradient, ct_tensor *bias_gradient);
ct_tensor ct_bernoulli(
    const int64_t *shape, size_t rank, double probability, ct_generator generator, int32_t dtype);

// Losses
ct_tensor ct_log_softmax(ct_tensor self, int64_t dimension);
ct_tensor ct_log_softmax_backward(ct_tensor cotangent, ct_tensor output, int64_t dimension);
int ct_nll_loss(ct_tensor self, ct_tensor target, ct_tensor *loss, ct_tensor *total_weight);
ct_tensor ct_nll_loss_backward(ct_tensor cotangent, ct_tensor self, ct_tensor target, ct_tensor total_weight);
ct_tensor ct_cross_entropy(ct_tensor self, ct_tensor target);
ct_tensor ct_mse_loss(ct_tensor self, ct_tensor target);
ct_tensor ct_mse_loss_backward(ct_tensor cotangent, ct_tensor self, ct_tensor target);

// Derivatives of activations
ct_tensor ct_threshold_backward(ct_tensor cotangent, ct_tensor output, double threshold);
ct_tensor ct_leaky_relu_backward(ct_tensor cotangent, ct_tensor output, double negative_slope, bool is_result);
ct_tensor ct_tanh_backward(ct_tensor cotangent, ct_tensor output);
ct_tensor ct_sigmoid_backward(ct_tensor cotangent, ct_tensor output);
ct_tensor ct_gelu_backward(ct_tensor cotangent, ct_tensor input);

// Autograd
bool ct_requires_grad(ct_tensor self);
// How often the storage was written to in place.
uint32_t ct_tensor_version(ct_tensor self);
int ct_set_requires_grad(ct_tensor self, bool value);
ct_tensor ct_detach(ct_tensor self);
bool ct_grad_enabled(void);
void ct_set_grad_enabled(bool value);
// `outputs_cotangents` may be NULL for a scalar output; entries of `gradients` stay NULL for inputs that do not matter.
int ct_grad(
    const ct_tensor *outputs, const ct_tensor *output_cotangents, size_t output_count, const ct_tensor *inputs,
    size_t input_count, bool retain_graph, bool create_graph, ct_tensor *gradients);

// Fused optimizer steps, over lists of equal length
int ct_fused_sgd_(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *momentum_buffers, size_t count,
    double learning_rate, double momentum, double weight_decay, double dampening, bool nesterov, bool is_first_step);
int ct_fused_adamw_(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
    const ct_tensor *second_moments, const ct_tensor *steps, size_t count, double learning_rate, double beta1,
    double beta2, double weight_decay, double epsilon);
int ct_fused_adagrad_(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *state_sums, const ct_tensor *steps,
    size_t count, double learning_rate, double learning_rate_decay, double weight_decay, double epsilon);

// Matrix functions, and what the inverses of activations need
ct_tensor ct_matrix_exp(ct_tensor self);
ct_tensor ct_pinv(ct_tensor self);
ct_tensor ct_clamp(ct_tensor self, double minimum, double maximum);
ct_tensor ct_atanh(ct_tensor self);
ct_tensor ct_asinh(ct_tensor self);

// Generators
ct_generator ct_generator_new(uint64_t seed);
void ct_generator_free(ct_generator self);
ct_tensor ct_generator_state(ct_generator self);
int ct_generator_set_state(ct_generator self, ct_tensor state);

// What c10 writes to standard error by itself: 0 everything, 1 warnings, 2 errors.
void ct_set_log_level(int32_t level);

// Distributed (c10d). Each of these handles is one owned reference, too.

// A connection to the store at an address, which `is_server` starts there.
ct_store ct_tcp_store(const char *host, uint16_t port, bool is_server, int64_t timeout_ms);
void ct_store_release(ct_store self);
int ct_store_set(ct_store self, const char *key, const void *bytes, size_t count);
// 1 if the key is there, 0 if not, -1 if the store does not answer.
int32_t ct_store_has(ct_store self, const char *key);
// Calls `take` with the value of a key that is there.
int ct_store_get(ct_store self, const char *key, void (*take)(void *context, const void *bytes, size_t count), void *context);

// A group of `size` processes, connected by gloo; keys in the store begin with `prefix`.
ct_process_group ct_process_group_gloo(
    ct_store store, const char *prefix, int32_t rank, int32_t size, int64_t timeout_ms);
void ct_process_group_release(ct_process_group self);
// Each begins a collective, which is done when `ct_work_wait` returns 0. Tensors are dense and in row-major order.
ct_work ct_all_reduce(ct_process_group self, ct_tensor tensor); // the sum, in place
ct_work ct_broadcast(ct_process_group self, ct_tensor tensor, int32_t root);
ct_work ct_all_gather(ct_process_group self, ct_tensor output, ct_tensor input); // [size, ...] of [...]
ct_work ct_barrier(ct_process_group self);
int ct_work_wait(ct_work self);
void ct_work_release(ct_work self);

#ifdef __cplusplus
}
#endif
#endif
