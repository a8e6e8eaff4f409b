// What libtorch's ProcessGroupGloo.hpp needs of gloo's Context to be read; see README.md.
#pragma once

#include <chrono>

namespace gloo {

class Context {
public:
    void setTimeout(std::chrono::milliseconds timeout);
};

} // namespace gloo
