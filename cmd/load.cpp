// SPDX-License-Identifier: Apache-2.0
#include "cmd/load.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/output.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/engine/installation.hpp"
#include "lib/manifest/parse.hpp"

namespace osb::cmd {
namespace {

constexpr size_t largest_text = size_t{64} << 20;

void tell(const std::vector<manifest::Problem> &problems, const std::string &name, bool json) {
    if (json) {
        Json errors = Json::array();
        for (const auto &problem : problems) {
            Json path = Json::array();
            for (const auto &part : problem.path) {
                if (const auto *key = std::get_if<std::string>(&part))
                    path.push_back(*key);
                else
                    path.push_back(std::get<std::size_t>(part));
            }
            errors.push_back({{"message", problem.message}, {"path", std::move(path)}});
        }
        const Json record = {
            {"type", "https://osbuild.org/validation-error"},
            {"title", "JSON Schema validation failed"},
            {"success", false},
            {"errors", std::move(errors)},
            {"error", {{"class", name_of(Blame::usage)}, {"message", format("manifest {} is invalid", name)}}}};
        print_line(to_text(record, python_style));
    }
    std::string text = format("{} has errors:\n\n", name);
    for (const auto &problem : problems)
        text += format("{}:\n  {}\n\n", manifest::path_id(problem.path), problem.message);
    Fd err(STDERR_FILENO);
    write_all(err, text, "standard error");
    (void)err.release();
}

}  // namespace

std::string read_text(const std::string &path) {
    if (path != "-") return read_given_file(path, largest_text);
    Fd in(STDIN_FILENO);
    std::string text = read_all(in, "standard input", largest_text);
    (void)in.release();
    return text;
}

engine::ModuleLibrary open_modules(const ManifestOptions &options) {
    return {engine::Installation::find().libexec, options.libdirs};
}

std::optional<manifest::Manifest> load_manifest(const ManifestOptions &options, const engine::ModuleLibrary &modules) {
    const std::string name = options.manifest == "-" ? "<stdin>" : options.manifest;
    auto parsed = in_context(
        [&] {
            const std::string text = read_text(options.manifest);
            return manifest::parse(std::string_view(text), modules.lookups());
        },
        "manifest {}", name);
    if (auto *problems = std::get_if<std::vector<manifest::Problem>>(&parsed)) {
        tell(*problems, name, options.json);
        return std::nullopt;
    }
    return std::get<manifest::Manifest>(std::move(parsed));
}

std::filesystem::path default_store() {
    if (::geteuid() == 0) return "/var/cache/osb";
    const auto variable = [](const char *name) -> std::filesystem::path {
        const char *value = std::getenv(name);
        return value != nullptr ? value : "";
    };
    if (const auto cache = variable("XDG_CACHE_HOME"); cache.is_absolute()) return cache / "osb";
    if (const auto home = variable("HOME"); home.is_absolute()) return home / ".cache/osb";
    fail(Blame::usage, "choose a store: neither XDG_CACHE_HOME nor HOME is set; use --store");
}

}  // namespace osb::cmd
