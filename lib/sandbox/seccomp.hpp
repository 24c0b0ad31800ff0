// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lib/base/json.hpp"

namespace osb::sandbox {

/// Whether a stage may look into other processes (ptrace and kin): only those whose module asks for CAP_SYS_PTRACE.
enum class Tracing { denied, allowed };

/// The `linux.seccomp` section for a machine (uname -m): everything is allowed but what a build never needs and a host
/// would regret (answered with EPERM); fsync and kin are answered with success, because the store syncs once, at
/// commit. The machine's 32-bit relatives are listed as well: a program of an unlisted architecture would be killed.
/// Names that no architecture of the family knows are left out. Throws for a machine libseccomp does not know.
Json seccomp_profile(std::string_view machine, Tracing tracing);

}  // namespace osb::sandbox
