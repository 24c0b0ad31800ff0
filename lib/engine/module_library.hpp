// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/manifest/module_info.hpp"
#include "lib/manifest/parse.hpp"

namespace osb::engine {

/// A module that was found: a program in a library directory, and what it says of itself.
struct Module {
    manifest::ModuleInfo info;
    std::filesystem::path program;  ///< empty for what the engine does itself (native inputs and sources)
    std::filesystem::path libdir;   ///< where it was found
    bool native = false;            ///< ours: a static program that needs no runner and no interpreter
};

/// A runner that was chosen: the file in LIBDIR/runners.
struct Runner {
    std::string name;
    std::filesystem::path program;
};

/// The modules of some library directories, first hit wins. Looks once and remembers; used from several threads.
class ModuleLibrary {
public:
    /// `native` is osb's own directory, searched first; then `others` in order. Missing directories are fine.
    ModuleLibrary(std::filesystem::path native, std::vector<std::filesystem::path> others);

    /// nullptr when no directory has it. Throws when its description cannot be read.
    const Module *find(manifest::ModuleClass kind, const std::string &name) const;
    /// Names the code of a module's or runner's program; part of what a tree is cached under. The build id of a static
    /// program of ours, so that a cached run does not read it whole; else the SHA-256 of the file.
    std::string digest_of(const std::filesystem::path &program) const;
    /// The runner for a wanted name: the same text before the trailing digits, the highest version not above the wanted
    /// one.
    std::optional<Runner> find_runner(std::string_view wanted) const;
    /// "org.osbuild." + ID + VERSION_ID of this host, without dots.
    static std::string host_runner_name();

    /// What the manifest parser asks for.
    manifest::Lookups lookups() const;

private:
    std::optional<Module> look_up(manifest::ModuleClass kind, const std::string &name) const;
    bool has_runners() const;

    std::vector<std::filesystem::path> directories_;
    mutable std::mutex mutex_;
    mutable std::map<std::pair<manifest::ModuleClass, std::string>, std::unique_ptr<Module>> found_;
    mutable std::map<std::filesystem::path, std::string> digests_;
};

}  // namespace osb::engine
