// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.hpp"

namespace osb::manifest {

enum class ModuleClass { stage, assembler, source, input, device, mount };

/// The directory of the class below a library directory: "stages", "assemblers" …
const char *directory_of(ModuleClass module_class);
/// "stage", "assembler" … for sentences.
const char *name_of(ModuleClass module_class);

/// What a module says about itself.
struct ModuleInfo {
    std::string name;
    ModuleClass module_class = ModuleClass::stage;
    std::string summary;
    std::vector<std::string> capabilities;  ///< wanted besides the default ones ("CAP_MAC_ADMIN")
    Json schema;                            ///< JSON Schema (draft 4) of version 1 options; null when it has none
    Json schema_2;  ///< members that version 2 adds to the module's schema; null when it has none
};

/// A module's description that is JSON but says the wrong things; osbuild warns and takes the module as missing.
class ModuleInfoError : public Error {
public:
    using Error::Error;
};

/// Reads `NAME.meta.json`. Throws JsonError for what is not JSON, ModuleInfoError for what is not a description.
ModuleInfo parse_meta_json(ModuleClass module_class, std::string_view name, std::string_view text);

/// Reads the description a Python module carries in its text: the first line of its docstring, and the assignments at
/// column 0 to SCHEMA, SCHEMA_2 (a string) and CAPABILITIES (a list of strings). Nothing is executed, and what else the
/// program says does not matter. Throws ModuleInfoError when a schema found this way is not JSON.
ModuleInfo parse_python_module(ModuleClass module_class, std::string_view name, std::string_view text);

}  // namespace osb::manifest
