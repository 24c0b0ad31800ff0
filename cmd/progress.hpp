// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "cmd/commands.hpp"
#include "lib/engine/monitor.hpp"

namespace osb::cmd {

/// How a run shows on standard error: a live line on a terminal, plain lines otherwise, JSON records, or nothing.
class Progress {
public:
    explicit Progress(ProgressStyle style);
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;
    ~Progress();

    engine::Monitor &monitor() noexcept;
    /// A whole line that stays, above what is live.
    void say(std::string_view line);
    /// Takes the live line away.
    void finish();

    class Display;

private:
    std::unique_ptr<Display> display_;
};

}  // namespace osb::cmd
