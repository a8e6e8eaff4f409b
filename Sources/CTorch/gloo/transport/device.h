// The names that libtorch's ProcessGroupGloo.hpp has from gloo's transport; see ../README.md.
#pragma once

namespace gloo::transport {

class Device;
class UnboundBuffer;

} // namespace gloo::transport
