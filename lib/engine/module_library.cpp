// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/module_library.hpp"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/sha256.hpp"
#include "lib/engine/build_id.hpp"

namespace osb::engine {
namespace {

using manifest::ModuleClass;

/// "org.osbuild.fedora40" → {"org.osbuild.fedora", 40}.
std::pair<std::string_view, unsigned long long> split_version(std::string_view name) {
    size_t digits = name.size();
    while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') digits--;
    unsigned long long version = 0;
    std::from_chars(name.data() + digits, name.data() + name.size(), version);
    return {name.substr(0, digits), version};
}

std::string unquoted(std::string_view value) {
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
        value = value.substr(1, value.size() - 2);
    return std::string(value);
}

/// A module's name becomes a file name: it must not lead elsewhere.
bool is_plain_name(std::string_view name) {
    return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos &&
           name.find('\0') == std::string_view::npos;
}

}  // namespace

ModuleLibrary::ModuleLibrary(std::filesystem::path native, std::vector<std::filesystem::path> others)
    : directories_(std::move(others)) {
    directories_.insert(directories_.begin(), std::move(native));
}

const Module *ModuleLibrary::find(ModuleClass kind, const std::string &name) const {
    const std::scoped_lock lock(mutex_);
    const auto [place, fresh] = found_.try_emplace({kind, name});
    if (fresh) {
        if (auto module = look_up(kind, name)) place->second = std::make_unique<Module>(std::move(*module));
    }
    return place->second.get();
}

std::optional<Module> ModuleLibrary::look_up(ModuleClass kind, const std::string &name) const {
    if (!is_plain_name(name)) return std::nullopt;
    for (const auto &libdir : directories_) {
        const auto folder = libdir / manifest::directory_of(kind);
        const auto program = folder / name;
        const auto description = folder / (name + ".meta.json");
        const bool has_program = ::access(program.c_str(), X_OK) == 0;
        const bool has_description = ::access(description.c_str(), R_OK) == 0;
        if (!has_program && !has_description) continue;
        Module module;
        module.libdir = libdir;
        module.native = &libdir == &directories_.front();
        in_context(
            [&] {
                module.info = has_description ? manifest::parse_meta_json(kind, name, read_file(description))
                                              : manifest::parse_python_module(kind, name, read_file(program));
                if (has_program) module.program = program;
            },
            "module {}", name);
        return module;
    }
    return std::nullopt;
}

std::string ModuleLibrary::digest_of(const std::filesystem::path &program) const {
    // The native modules are one program under many names: it is looked at once.
    const auto real = std::filesystem::canonical(program);
    const std::scoped_lock lock(mutex_);
    const auto [place, fresh] = digests_.try_emplace(real);
    if (fresh) {
        const auto id = elf_build_id(open_file(real, O_RDONLY));
        place->second = id ? "build-id " + *id : "sha256 " + Sha256::of(read_file(real)).hex();
    }
    return place->second;
}

bool ModuleLibrary::has_runners() const {
    return std::ranges::any_of(directories_,
                               [](const auto &libdir) { return std::filesystem::is_directory(libdir / "runners"); });
}

std::optional<Runner> ModuleLibrary::find_runner(std::string_view wanted) const {
    const auto [text, version] = split_version(wanted);
    for (const auto &libdir : directories_) {
        const auto folder = libdir / "runners";
        if (!std::filesystem::is_directory(folder)) continue;
        std::optional<std::pair<unsigned long long, std::string>> best;
        for (const std::string &name : Dir::open(folder).names()) {
            const auto [prefix, offered] = split_version(name);
            if (prefix != text || offered > version) continue;
            if (!best || offered >= best->first) best = {offered, name};
        }
        if (!best) continue;
        return Runner{.name = best->second, .program = folder / best->second};
    }
    return std::nullopt;
}

std::string ModuleLibrary::host_runner_name() {
    std::string id = "linux";
    std::string version;
    for (const char *file : {"/etc/os-release", "/usr/lib/os-release"}) {
        std::ifstream lines(file);
        if (!lines) continue;
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("ID=")) id = unquoted(std::string_view(line).substr(3));
            if (line.starts_with("VERSION_ID=")) version = unquoted(std::string_view(line).substr(11));
        }
        break;
    }
    std::erase(version, '.');
    return "org.osbuild." + id + version;
}

manifest::Lookups ModuleLibrary::lookups() const {
    manifest::Lookups lookups;
    lookups.module = [this](ModuleClass kind, const std::string &name) -> std::optional<manifest::ModuleInfo> {
        const Module *module = find(kind, name);
        if (module == nullptr) return std::nullopt;
        return module->info;
    };
    lookups.runner = [this](const std::string &wanted) -> std::optional<std::string> {
        // Native modules need no runner: where no library directory has any, a manifest that names one is still good,
        // and only a stage that would need it is refused, when it is to run.
        if (!has_runners()) return wanted;
        const auto runner = find_runner(wanted);
        if (!runner) return std::nullopt;
        return runner->name;
    };
    lookups.host_runner = [this] {
        const std::string wanted = host_runner_name();
        const auto runner = find_runner(wanted);
        return runner ? runner->name : wanted;
    };
    return lookups;
}

}  // namespace osb::engine
