// What every source of this library needs: the handles, and the capture of exceptions.
#ifndef CTORCH_HANDLES_H
#define CTORCH_HANDLES_H

#include "CTorch.h"

#if !__has_include(<ATen/ATen.h>)
#error "libtorch is not set up: run make setup, or set LIBTORCH to an unpacked libtorch"
#endif

#include <ATen/ATen.h>

#include <optional>
#include <string>

namespace ctorch {

inline thread_local std::string last_error;

// A handle is the tensor's own reference-counted implementation, so that wrapping allocates nothing.
inline ct_tensor wrap(at::Tensor tensor) { return reinterpret_cast<ct_tensor>(tensor.unsafeReleaseTensorImpl()); }

// A tensor that borrows a handle's reference for the time of a call.
class Borrowed {
public:
    explicit Borrowed(ct_tensor handle)
        : tensor(handle ? c10::MaybeOwnedTraits<at::Tensor>::createBorrow(view(handle)) : at::Tensor()) {}
    ~Borrowed() {
        if (tensor.defined()) tensor.unsafeReleaseTensorImpl();
    }
    Borrowed(const Borrowed &) = delete;
    Borrowed &operator=(const Borrowed &) = delete;
    operator at::Tensor &() { return tensor; }
    at::Tensor *operator->() { return &tensor; }
    at::Tensor &operator*() { return tensor; }

private:
    static const at::Tensor &view(const ct_tensor &handle) {
        static_assert(sizeof(at::Tensor) == sizeof(ct_tensor));
        return reinterpret_cast<const at::Tensor &>(handle);
    }
    at::Tensor tensor;
};

// The tensor of a handle, or none for a null one.
inline std::optional<at::Tensor> optional(ct_tensor handle) {
    return handle ? std::optional<at::Tensor>(*Borrowed(handle)) : std::nullopt;
}

inline void remember_exception() {
    try {
        throw;
    } catch (const c10::Error &error) {
        last_error = error.what_without_backtrace();
    } catch (const std::exception &error) {
        last_error = error.what();
    } catch (...) {
        last_error = "an exception that is not a std::exception";
    }
}

template <class Body> ct_tensor guarded(Body body) {
    try {
        return wrap(body());
    } catch (...) {
        remember_exception();
        return nullptr;
    }
}

template <class Body> int attempted(Body body) {
    try {
        body();
        return 0;
    } catch (...) {
        remember_exception();
        return 1;
    }
}

} // namespace ctorch

#endif
