// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osb::sandbox {

/// A set of capabilities: bit N is capability N of linux/capability.h.
using CapabilitySet = std::uint64_t;

/// The number of "CAP_CHOWN" and kin; nullopt for a name the kernel headers do not have.
std::optional<unsigned> capability_number(std::string_view name);

/// Those of `names` that `held` contains, as names in the kernel's order.
std::vector<std::string> held_capabilities(const std::vector<std::string> &names, CapabilitySet held);
/// The rest of `names`, unknown ones too, in the order given.
std::vector<std::string> missing_capabilities(const std::vector<std::string> &names, CapabilitySet held);

CapabilitySet capability_set(const std::vector<std::string> &names);

}  // namespace osb::sandbox
