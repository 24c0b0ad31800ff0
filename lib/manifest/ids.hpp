// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lib/manifest/manifest.hpp"

namespace osb::manifest {

// Identifiers, byte for byte osbuild's: lower-case hexadecimal SHA-256 over canonical JSON texts (lib/base/json.hpp,
// to_canonical) put one after the other. What is not mentioned is not in the id: names of devices and mounts, devices
// no mount uses, modules' code, runners, where sources come from. The store needs a stronger key than this.

/// Of type, origin, references with their options, options.
std::string id_of(const Input &input);
/// Of type, the parent's id if there is a parent, options.
std::string id_of(const Device &device, const std::optional<std::string> &parent_id);
/// Of type, the source device's id if there is one, partition and target unless empty, options.
std::string id_of(const Mount &mount, const std::optional<std::string> &device_id);
/// Of type, build, base, options, the source epoch if there is one, the inputs' names and ids if any, the mounts' ids
/// if any. The inputs and mounts must have their ids.
std::string id_of(const Stage &stage);
/// Of type and items.
std::string id_of(const Source &source);

}  // namespace osb::manifest
