// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"

namespace osb::engine {

/// Whoever watches a build. The one way anything is told while a build runs; answers are return values. Calls come from
/// several threads, one at a time. The default does nothing.
class Monitor {
public:
    Monitor() = default;
    Monitor(const Monitor &) = delete;
    Monitor &operator=(const Monitor &) = delete;
    virtual ~Monitor() = default;

    /// What the run will do: how many source items to fetch, pipelines and stages to run.
    virtual void planned(size_t /*items*/, size_t /*pipelines*/, size_t /*stages*/) {}

    /// One source item: `total` is 0 while unknown. fetch_done comes once an item, with `error` empty on success.
    virtual void fetch_progress(std::string_view /*name*/, std::uint64_t /*bytes*/, std::uint64_t /*total*/) {}
    virtual void fetch_done(std::string_view /*name*/, std::uint64_t /*bytes*/, bool /*cached*/,
                            std::string_view /*error*/) {}

    virtual void pipeline_begins(std::string_view /*pipeline*/, std::string_view /*id*/, size_t /*stages*/) {}
    /// Stages that need not run because the store holds what they make.
    virtual void pipeline_resumed(std::string_view /*pipeline*/, size_t /*stages_skipped*/) {}
    virtual void stage_begins(std::string_view /*pipeline*/, std::string_view /*stage*/, std::string_view /*id*/) {}
    virtual void stage_output(std::string_view /*pipeline*/, std::string_view /*stage*/, std::string_view /*bytes*/) {}
    virtual void stage_ends(std::string_view /*pipeline*/, std::string_view /*stage*/, bool /*success*/,
                            std::chrono::milliseconds /*took*/) {}
    virtual void committed(std::string_view /*pipeline*/, std::string_view /*id*/, std::string_view /*treesum*/) {}
    virtual void pipeline_ends(std::string_view /*pipeline*/, bool /*success*/) {}

    virtual void export_begins(std::string_view /*pipeline*/, std::string_view /*target*/) {}
    virtual void export_ends(std::string_view /*pipeline*/, std::string_view /*target*/, std::string_view /*digest*/,
                             std::uint64_t /*bytes*/) {}
};

}  // namespace osb::engine
