// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/base/json.hpp"
#include "lib/engine/plan.hpp"

namespace osb::engine {

/// The plan for people: each pipeline, what it starts from, each stage with what happens to it and why.
std::string plan_text(const Plan &plan);

/// The same as a record.
Json plan_json(const Plan &plan);

}  // namespace osb::engine
