// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/runtime.hpp"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>

#include "lib/base/dir.hpp"
#include "lib/base/json.hpp"
#include "lib/sandbox/init/protocol.hpp"

namespace osb::sandbox {
namespace {

constexpr const char *log_name = "runtime.log";
constexpr const char *stderr_name = "runtime.err";

std::vector<std::string> environment() {
    const char *path = std::getenv("PATH");
    return {format("PATH={}", path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin")};
}

std::string text_of(const std::filesystem::path &file) {
    try {
        return read_file(file, 1 << 20);
    } catch (const Error &) {
        return {};
    }
}

}  // namespace

Command Runtime::run(std::string_view id, const std::filesystem::path &bundle, std::vector<PassedFd> fds) const {
    Command command{.argv = {program, "--root", root.native(), "--log", bundle / log_name, "--log-format", "json"}};
    if (!cgroups) command.argv.push_back("--rootless=true");
    // Without --no-new-keyring it makes a session keyring, which is one thing more that can be refused; the filter
    // denies keyctl.
    for (const char *argument : {"run", "--no-new-keyring", "--preserve-fds"}) command.argv.push_back(argument);
    command.argv.insert(command.argv.end(),
                        {format("{}", protocol::fd_count), "--bundle", bundle.native(), std::string(id)});
    command.env = environment();
    command.fds = std::move(fds);
    command.new_session = true;
    return command;
}

void Runtime::remove(std::string_view id) const {
    Command command{.argv = {program, "--root", root.native()}, .env = environment(), .new_session = true};
    if (!cgroups) command.argv.push_back("--rootless=true");
    command.argv.insert(command.argv.end(), {"delete", "--force", std::string(id)});
    const Captured said = run_captured(std::move(command));
    // A state directory in which nothing was written yet is not a container to it.
    std::error_code none;
    if (std::filesystem::exists(root / id, none)) remove_tree(root / id);
    if (!said.status.success())
        fail(Blame::environment, "remove container {}: {}: {}", id, program,
             said.err.empty() ? said.status.text() : said.err);
}

std::vector<std::string> Runtime::containers() const {
    std::error_code none;
    if (!std::filesystem::exists(root, none)) return {};
    return Dir::open(root).names();
}

std::string last_error(std::string_view log) {
    std::string words;
    while (!log.empty()) {
        const size_t end = log.find('\n');
        const std::string_view line = log.substr(0, end);
        log = end == std::string_view::npos ? std::string_view() : log.substr(end + 1);
        try {
            const Json entry = parse_json(line);
            const Json *level = find_member(entry, "level");
            const Json *message = find_member(entry, "msg");
            if (level != nullptr && message != nullptr && message->is_string() &&
                (*level == "error" || *level == "fatal"))
                words = message->get<std::string>();
        } catch (const JsonError &) {  // a line cut off when the runtime was killed
        }
    }
    return words;
}

std::string runtime_words(const std::filesystem::path &bundle) {
    std::string words = last_error(text_of(bundle / log_name));
    if (!words.empty()) return words;
    words = text_of(bundle / stderr_name);
    while (!words.empty() && words.back() == '\n') words.pop_back();
    constexpr size_t enough = 2000;
    if (words.size() > enough) words.erase(0, words.size() - enough);
    std::replace(words.begin(), words.end(), '\n', ' ');
    return words;
}

}  // namespace osb::sandbox
