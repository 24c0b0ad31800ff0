// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/manifest/manifest.hpp"
#include "lib/manifest/problem.hpp"

namespace osb::manifest {

/// The schema (JSON Schema, draft 4) that one module's part of a manifest of that version must satisfy; null when the
/// module has none for the version. A stage's or assembler's covers the whole stage, with type, inputs, devices and
/// mounts.
Json effective_schema(const ModuleInfo &info, Version version);

/// Checks values against one schema. Made once for a schema and used for many values, by one thread at a time.
class SchemaValidator {
public:
    /// Throws ModuleInfoError for what is not a schema.
    explicit SchemaValidator(const Json &schema);
    SchemaValidator(SchemaValidator &&) noexcept;
    SchemaValidator &operator=(SchemaValidator &&) noexcept;
    ~SchemaValidator();

    /// All that is wrong with `value`, in the order of the schema; empty: it is valid. The problems' paths begin with
    /// `place`.
    std::vector<Problem> check(const Json &value, const JsonPath &place = {}) const;

private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace osb::manifest
