// See ../README.md: libtorch's headers name this file and need nothing of it.
#pragma once
