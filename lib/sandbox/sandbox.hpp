// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "lib/base/process.hpp"
#include "lib/base/sink.hpp"
#include "lib/base/stop.hpp"
#include "lib/sandbox/host.hpp"
#include "lib/sandbox/spec.hpp"

namespace osb::sandbox {

/// What a program in a sandbox did. All of it is an outcome, not an Error.
struct Outcome {
    ExitStatus status;        ///< exactly the program's own; SIGKILL when osb ended it
    bool timed_out = false;   ///< it ran longer than Spec::timeout and was ended
    std::string start_error;  ///< argv[0] could not be executed, and why; status is 127 then
    bool success() const noexcept { return status.success() && !timed_out; }
};

/// Whether runc makes cgroups: `automatic` when they can be written.
enum class Cgroups { automatic, none };

struct Config {
    /// An existing directory of this Sandbox's own, below a run's directory in the store's tmp/. What is in it when osb
    /// is killed is for reap().
    std::filesystem::path state;
    std::filesystem::path init;    ///< the program osb-init (static)
    std::string runtime = "runc";  ///< a program with runc's command line: a name in PATH or a path
    Cgroups cgroups = Cgroups::automatic;
};

/// Runs programs in sandboxes, each with namespaces of its own: no network, read-only root, seccomp filter, no new
/// privileges. What runs in one is dead when run() returns or throws, and also within half a second of osb's own death
/// by SIGKILL.
///
/// osb must be in a mount namespace of its own (enter_private_mount_namespace). run() may be called by several threads
/// at once; each calling thread must live as long as its call, which is what being called means.
class Sandbox {
public:
    /// Probes the host once. Throws when no sandbox is possible here: runtime not installed, no cgroup file system.
    explicit Sandbox(Config config);
    Sandbox(const Sandbox &) = delete;
    Sandbox &operator=(const Sandbox &) = delete;
    ~Sandbox();

    const Host &host() const noexcept;

    /// Runs the program to its end. What it writes to stdout and stderr (one pipe, order kept, any bytes) goes to
    /// `output` as it comes, in this thread; memory stays bounded. Throws Interrupted when `stop` was requested, Error
    /// (Blame::environment) with the runtime's own words when the sandbox could not be made, and what `output` throws;
    /// always after everything inside is dead, and nothing of it is left mounted or in the state directory.
    Outcome run(const Spec &spec, Sink &output, const Stop &stop);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Removes what a Sandbox with this state directory left because osb was killed: processes, runc's state, cgroups. The
/// directory itself stays (whoever owns the store's tmp/ removes it). Nothing to do is not an error; what cannot be
/// removed is.
void reap(const std::filesystem::path &state);

}  // namespace osb::sandbox
