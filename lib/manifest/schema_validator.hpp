// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/manifest/problem.hpp"

namespace osb::manifest {

class CompiledSchema;

/// A JSON Schema (draft 4) made ready for checking many values. Used by one thread at a time.
///
/// valijson reads the schema; the checking is ours, because a manifest may have thousands of references (valijson
/// compiles a regular expression for each object it meets) and because a problem must name the place of the value that
/// is wrong. Means what Python's jsonschema means: 1.0 is no integer, regular expressions are searched for, `format` is
/// not checked, keywords draft 4 does not know are ignored.
class SchemaValidator {
public:
    /// Throws Error (usage) for what is not a schema.
    explicit SchemaValidator(const Json &schema);
    SchemaValidator(SchemaValidator &&) noexcept;
    SchemaValidator &operator=(SchemaValidator &&) noexcept;
    ~SchemaValidator();

    /// All that is wrong with `value`, in no order to rely on; empty: it is valid. The problems' paths begin with
    /// `place`.
    std::vector<Problem> check(const Json &value, const JsonPath &place = {}) const;

private:
    class Checker;
    std::unique_ptr<CompiledSchema> compiled_;
};

}  // namespace osb::manifest
