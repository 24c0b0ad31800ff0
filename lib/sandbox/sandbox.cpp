// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/sandbox.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/json.hpp"
#include "lib/base/log.hpp"
#include "lib/sandbox/capabilities.hpp"
#include "lib/sandbox/cgroups.hpp"
#include "lib/sandbox/container.hpp"
#include "lib/sandbox/dev.hpp"
#include "lib/sandbox/root.hpp"
#include "lib/sandbox/runtime.hpp"
#include "lib/sandbox/runtime_config.hpp"
#include "lib/sandbox/state.hpp"

namespace osb::sandbox {
namespace {

namespace fs = std::filesystem;

/// Where mountinfo shows no cgroups at all, runc gives up, with --rootless=true too: it gets a version 2 mount, which
/// only osb's own mount namespace sees.
std::vector<fs::path> find_cgroups() {
    const auto look = [] { return cgroup_parents(read_file("/proc/self/mountinfo"), read_file("/proc/self/cgroup")); };
    auto parents = look();
    if (!parents.empty()) return parents;
    mount_cgroups();
    parents = look();
    if (parents.empty())
        fail(Blame::environment, "no sandbox here: no cgroup file system is mounted below /sys/fs/cgroup");
    return parents;
}

std::string found_runtime(const std::string &program) {
    if (const auto place = find_program(program)) return *place;
    fail(Blame::environment, "no sandbox here: the OCI runtime {} is not installed (or not in PATH)", program);
}

std::string config_text(const Spec &spec, const Layout &layout, const Host &host) {
    const Json config = runtime_config(spec, layout, host);
    try {
        return config.dump();
    } catch (const Json::type_error &) {
        fail(Blame::usage,
             "a path, argument or variable of the sandbox is not UTF-8, as a runtime configuration must be");
    }
}

/// The bundle's directory, gone at the end of its scope.
class Bundle {
public:
    explicit Bundle(fs::path path) : path_(std::move(path)) {
        check(::mkdir(path_.c_str(), 0700), "make {}", path_.native());
    }
    Bundle(const Bundle &) = delete;
    Bundle &operator=(const Bundle &) = delete;
    ~Bundle() {
        try {
            remove_tree(path_);
        } catch (const std::exception &error) {
            log_warning("{}", error.what());
        }
    }
    const fs::path &path() const noexcept { return path_; }

private:
    fs::path path_;
};

}  // namespace

struct Sandbox::Impl {
    explicit Impl(Config config_) : config(std::move(config_)), host(Host::probe()) {
        config.state = fs::absolute(config.state);
        config.init = fs::absolute(config.init);
        if (::access(config.init.c_str(), X_OK) == -1) {
            const int number = errno;
            throw_errno(number, "no sandbox here: {}", config.init.native());
        }
        Runtime runtime{.program = found_runtime(config.runtime), .root = {}};
        std::vector<fs::path> cgroups = find_cgroups();
        host.cgroups = runtime.cgroups = config.cgroups == Cgroups::automatic && writable(cgroups);
        if (!host.cgroups)
            log_debug("cgroups are not used: {}", config.cgroups == Cgroups::none ? "switched off" : "not writable");
        state = State::make(config.state, std::move(runtime), std::move(cgroups));
        roots.emplace(state.skeletons());
    }

    void warn_of_missing(const Spec &spec) {
        const auto missing = missing_capabilities(spec.capabilities, host.capabilities);
        if (missing.empty()) return;
        const std::lock_guard lock(mutex);
        std::string list;
        for (const std::string &name : missing)
            if (warned.insert(name).second) list += (list.empty() ? "" : ", ") + name;
        if (!list.empty()) log_info("osb itself lacks {}: stages run without", list);
    }

    Config config;
    Host host;
    State state;
    std::optional<RootMaker> roots;
    std::atomic<unsigned> next{1};
    std::mutex mutex;
    std::set<std::string> warned;
};

Sandbox::Sandbox(Config config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Sandbox::~Sandbox() = default;

const Host &Sandbox::host() const noexcept {
    return impl_->host;
}

Outcome Sandbox::run(const Spec &spec, Sink &output, const Stop &stop) {
    stop.check();
    impl_->warn_of_missing(spec);
    const std::string id = format("{}-{}", impl_->state.prefix, impl_->next++);
    const Bundle bundle(impl_->config.state / id);
    if (!spec.dev.empty()) furnish_dev(spec.dev, impl_->host);
    const MadeRoot root = impl_->roots->make(spec, bundle.path());
    write_file(bundle.path() / "config.json",
               config_text(spec, {.root = root.path, .binds = root.binds, .init = impl_->config.init}, impl_->host));
    return run_container(impl_->state.runtime, id, bundle.path(), spec.timeout, output, stop);
}

}  // namespace osb::sandbox
