// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/stop.hpp"

/// The commands of osb, one file each. Each takes its options as a value and returns the exit code; what fails throws.
namespace osb::cmd {

enum class ProgressStyle { automatic, plain, tty, json, none };

/// What `osb run` and `osb inspect` share.
struct ManifestOptions {
    std::string manifest;  ///< a path; "-": standard input
    std::vector<std::filesystem::path> libdirs = {"/usr/lib/osbuild"};
    std::filesystem::path store = {};  ///< empty: default_store()
    std::vector<std::string> exports = {};
    std::vector<std::string> checkpoints = {};
    bool json = false;
};

struct RunOptions : ManifestOptions {
    std::filesystem::path output_directory = {};
    std::vector<std::string> image_config = {};  ///< KEY=VALUE, for OCI targets
    unsigned jobs = 0;                           ///< 0: one a CPU
    std::optional<std::chrono::seconds> stage_timeout = std::nullopt;
    bool offline = false;
    ProgressStyle progress = ProgressStyle::automatic;
    std::string runtime = "runc";
};

struct InspectOptions : ManifestOptions {
    bool plan = false;
};

struct ResolveOptions {
    std::string description;            ///< a path; "-": standard input
    std::filesystem::path output = {};  ///< empty: standard output
};

int run(const RunOptions &options, Stop &stop);
int inspect(const InspectOptions &options);
int resolve(const ResolveOptions &options, const Stop &stop);

/// /var/cache/osb for root, else osb below $XDG_CACHE_HOME or ~/.cache.
std::filesystem::path default_store();

}  // namespace osb::cmd
