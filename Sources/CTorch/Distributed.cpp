// c10d: a store, process groups on gloo, and the collectives that this project needs. Mechanical, as CTorch.cpp.
#include "Handles.h"

// libtorch is built with gloo, and its header asks for this to be read.
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace ctorch;

namespace {

// A handle of any class that c10 counts references of.
template <class Handle, class Target, class Body> Handle guarded_pointer(Body body) {
    try {
        c10::intrusive_ptr<Target> pointer = body();
        return reinterpret_cast<Handle>(pointer.release());
    } catch (...) {
        remember_exception();
        return nullptr;
    }
}

// The target of a handle, which goes on to own its reference.
template <class Target, class Handle> c10::intrusive_ptr<Target> shared(Handle handle) {
    return c10::intrusive_ptr<Target>::reclaim_copy(reinterpret_cast<Target *>(handle));
}

template <class Target, class Handle> void release(Handle handle) {
    if (handle) c10::intrusive_ptr<Target>::reclaim(reinterpret_cast<Target *>(handle));
}

template <class Body> ct_work begun(Body body) { return guarded_pointer<ct_work, c10d::Work>(body); }

} // namespace

extern "C" {

void ct_set_log_level(int32_t level) { FLAGS_caffe2_log_level = level; }

ct_store ct_tcp_store(const char *host, uint16_t port, bool is_server, int64_t timeout_ms) {
    return guarded_pointer<ct_store, c10d::Store>([&] {
        c10d::TCPStoreOptions options;
        options.port = port;
        options.isServer = is_server;
        options.waitWorkers = false;
        options.timeout = std::chrono::milliseconds(timeout_ms);
        return c10::make_intrusive<c10d::TCPStore>(host, options);
    });
}
void ct_store_release(ct_store self) { release<c10d::Store>(self); }
int ct_store_set(ct_store self, const char *key, const void *bytes, size_t count) {
    return attempted([&] {
        auto first = static_cast<const uint8_t *>(bytes);
        shared<c10d::Store>(self)->set(std::string(key), std::vector<uint8_t>(first, first + count));
    });
}
int32_t ct_store_has(ct_store self, const char *key) {
    int32_t found = -1;
    attempted([&] { found = shared<c10d::Store>(self)->check({key}) ? 1 : 0; });
    return found;
}
int ct_store_get(
    ct_store self, const char *key, void (*take)(void *context, const void *bytes, size_t count), void *context) {
    return attempted([&] {
        auto value = shared<c10d::Store>(self)->get(key);
        take(context, value.data(), value.size());
    });
}

ct_process_group ct_process_group_gloo(
    ct_store store, const char *prefix, int32_t rank, int32_t size, int64_t timeout_ms) {
    return guarded_pointer<ct_process_group, c10d::Backend>([&] {
        auto part = c10::make_intrusive<c10d::PrefixStore>(prefix, shared<c10d::Store>(store));
        auto options = c10d::ProcessGroupGloo::Options::create_default(std::chrono::milliseconds(timeout_ms));
        return c10::make_intrusive<c10d::ProcessGroupGloo>(part, rank, size, options);
    });
}
void ct_process_group_release(ct_process_group self) { release<c10d::Backend>(self); }
ct_work ct_all_reduce(ct_process_group self, ct_tensor tensor) {
    return begun([&] {
        std::vector<at::Tensor> tensors{*Borrowed(tensor)};
        return shared<c10d::Backend>(self)->allreduce(tensors);
    });
}
ct_work ct_broadcast(ct_process_group self, ct_tensor tensor, int32_t root) {
    return begun([&] {
        std::vector<at::Tensor> tensors{*Borrowed(tensor)};
        c10d::BroadcastOptions options;
        options.rootRank = root;
        return shared<c10d::Backend>(self)->broadcast(tensors, options);
    });
}
ct_work ct_all_gather(ct_process_group self, ct_tensor output, ct_tensor input) {
    return begun([&] {
        return shared<c10d::Backend>(self)->_allgather_base(*Borrowed(output), *Borrowed(input));
    });
}
ct_work ct_barrier(ct_process_group self) {
    return begun([&] { return shared<c10d::Backend>(self)->barrier(); });
}
int ct_work_wait(ct_work self) {
    return attempted([&] { shared<c10d::Work>(self)->wait(); });
}
void ct_work_release(ct_work self) { release<c10d::Work>(self); }

} // extern "C"
