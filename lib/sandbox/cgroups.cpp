// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/cgroups.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/mount.h>
#include <thread>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/fd.hpp"

namespace osb::sandbox {
namespace {

namespace fs = std::filesystem;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return parts;
}

/// mountinfo writes blanks and the like as \ooo.
std::string unescape(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); i++) {
        int value = 0;
        if (text[i] == '\\' && i + 3 < text.size() &&
            std::from_chars(&text[i + 1], &text[i + 4], value, 8).ec == std::errc()) {
            plain += static_cast<char>(value);
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

/// One line of /proc/self/mountinfo about a cgroup hierarchy (proc_pid_mountinfo(5)).
struct Hierarchy {
    fs::path root;
    fs::path place;
    bool unified = false;
    std::vector<std::string_view> options;  ///< the controllers among them
};

std::vector<Hierarchy> hierarchies(std::string_view mountinfo) {
    std::vector<Hierarchy> list;
    for (const std::string_view line : split(mountinfo, '\n')) {
        const size_t dash = line.find(" - ");
        if (dash == std::string_view::npos) continue;
        const auto before = split(line.substr(0, dash), ' ');
        const auto after = split(line.substr(dash + 3), ' ');
        if (before.size() < 5 || after.size() < 3 || !after[0].starts_with("cgroup")) continue;
        list.push_back({.root = unescape(before[3]),
                        .place = unescape(before[4]),
                        .unified = after[0] == "cgroup2",
                        .options = split(after[2], ',')});
    }
    return list;
}

/// This process's path in a hierarchy, from lines like "4:cpu,cpuacct:/user" and "0::/user".
std::optional<fs::path> own_path(std::string_view own, const Hierarchy &hierarchy) {
    for (const std::string_view line : split(own, '\n')) {
        const size_t first = line.find(':');
        const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const auto same = [&] {
            const std::string_view any = split(controllers, ',').front();
            return std::find(hierarchy.options.begin(), hierarchy.options.end(), any) != hierarchy.options.end();
        };
        if (controllers.empty() ? hierarchy.unified : !hierarchy.unified && same())
            return fs::path(line.substr(second + 1));
    }
    return std::nullopt;
}

void kill_members(const fs::path &cgroup) {
    std::string text;
    try {
        text = read_file(cgroup / "cgroup.procs");
    } catch (const Error &) {
        return;
    }
    for (const std::string_view line : split(text, '\n')) {
        pid_t pid = 0;
        if (std::from_chars(line.data(), line.data() + line.size(), pid).ec == std::errc() && pid > 1)
            ::kill(pid, SIGKILL);
    }
}

void remove_cgroup(const fs::path &cgroup) {
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(cgroup, ignored))
        if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) remove_cgroup(entry.path());
    kill_members(cgroup);
    // The last member may still be on its way out.
    for (int attempt = 0; ::rmdir(cgroup.c_str()) == -1 && errno != ENOENT; attempt++) {
        const int number = errno;
        if (number != EBUSY || attempt == 100) throw_errno(number, "remove cgroup {}", cgroup.native());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

}  // namespace

std::vector<fs::path> cgroup_parents(std::string_view mountinfo, std::string_view own) {
    std::vector<fs::path> parents;
    for (const Hierarchy &hierarchy : hierarchies(mountinfo)) {
        const auto path = own_path(own, hierarchy);
        if (!path) continue;  // a hierarchy without this process: runc leaves it alone, too
        const fs::path below = path->lexically_relative(hierarchy.root);
        const fs::path place = below == "." ? hierarchy.place : hierarchy.place / below;
        if (hierarchy.unified && *path != hierarchy.root) parents.push_back(place.parent_path());
        parents.push_back(place);
    }
    return parents;
}

bool writable(const std::vector<fs::path> &parents) {
    return !parents.empty() && std::all_of(parents.begin(), parents.end(),
                                           [](const fs::path &parent) { return ::access(parent.c_str(), W_OK) == 0; });
}

void mount_cgroups() {
    check(::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr),
          "no sandbox here: no cgroup file system is mounted, and mounting one on /sys/fs/cgroup");
}

void remove_cgroups(const std::vector<fs::path> &parents, std::string_view prefix) {
    for (const fs::path &parent : parents) {
        std::vector<fs::path> found;
        std::error_code ignored;  // the parent itself may be gone
        for (const auto &entry : fs::directory_iterator(parent, ignored))
            if (entry.path().filename().native().starts_with(prefix)) found.push_back(entry.path());
        for (const fs::path &cgroup : found) remove_cgroup(cgroup);
    }
}

}  // namespace osb::sandbox
