// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/state.hpp"

#include <sys/random.h>
#include <sys/stat.h>

#include "lib/base/dir.hpp"
#include "lib/base/json.hpp"
#include "lib/sandbox/cgroups.hpp"
#include "lib/sandbox/runtime.hpp"
#include "lib/sandbox/sandbox.hpp"

namespace osb::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char *file_name = "sandbox.json";
constexpr const char *containers = "containers";

std::string random_name() {
    std::uint64_t number = 0;
    check(::getrandom(&number, sizeof number, 0), "draw a random number");
    return format("osb-{:016x}", number);
}

void make_directory(const fs::path &path) {
    check(::mkdir(path.c_str(), 0755), "make {}", path.native());
}

}  // namespace

State State::make(fs::path path, Runtime runtime, std::vector<fs::path> cgroups) {
    State state{
        .path = std::move(path), .runtime = std::move(runtime), .prefix = random_name(), .cgroups = std::move(cgroups)};
    state.runtime.root = state.path / containers;
    make_directory(state.runtime.root);
    make_directory(state.skeletons());
    Json json{{"runtime", state.runtime.program},
              {"uses_cgroups", state.runtime.cgroups},
              {"prefix", state.prefix},
              {"cgroups", Json::array()}};
    for (const fs::path &parent : state.cgroups) json["cgroups"].push_back(parent.native());
    // Whole or not there, when we are killed now; nothing was started before.
    const fs::path unfinished = state.path / "sandbox.json.new";
    write_file(unfinished, json.dump());
    check(::rename(unfinished.c_str(), (state.path / file_name).c_str()), "make {}/{}", state.path.native(), file_name);
    return state;
}

std::optional<State> State::read(fs::path path) {
    const auto text = Dir::open(path).read_file_if_exists(TreePath(file_name));
    if (!text || text->empty()) return std::nullopt;
    return in_context(
        [&] {
            const Json json = parse_json(*text);
            const auto member = [&](const char *name) -> const Json & {
                const Json *value = find_member(json, name);
                if (value == nullptr) fail(Blame::environment, "no {}", name);
                return *value;
            };
            State state{
                .path = path,
                .runtime = {.program = member("runtime"), .root = path / containers, .cgroups = member("uses_cgroups")},
                .prefix = member("prefix"),
                .cgroups = {}};
            for (const Json &parent : member("cgroups")) state.cgroups.emplace_back(parent.get<std::string>());
            if (!state.prefix.starts_with("osb-")) fail(Blame::environment, "the prefix {} is not ours", state.prefix);
            return std::optional(std::move(state));
        },
        "read {}/{}", path.native(), file_name);
}

void reap(const fs::path &path) {
    const auto state = State::read(path);
    if (!state) return;
    for (const std::string &id : state->runtime.containers()) state->runtime.remove(id);
    // A runtime killed before it wrote its state leaves cgroups that only their names tell.
    remove_cgroups(state->cgroups, state->prefix + "-");
    for (const std::string &name : Dir::open(path).names())
        if (name.starts_with(state->prefix)) remove_tree(path / name);
}

}  // namespace osb::sandbox
