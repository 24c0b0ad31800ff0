// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/process.hpp"
#include "lib/base/temp_dir.hpp"
#include "lib/deb822/deb822.hpp"
#include "lib/resolve/description.hpp"

namespace osb::resolve {

/// A package that apt chose, as a manifest needs it.
struct Chosen {
    std::string name;
    std::string version;
    std::string architecture;
    std::string url;
    std::string sha256;      ///< 64 hexadecimal digits
    bool automatic = false;  ///< only there because another one needs it
};

/// apt with lists, caches and a record of installed packages of its own, which start empty and are gone with this
/// object. Of the host it reads its configuration (archives, keys, proxies, credentials) and nothing else, and it
/// writes nothing there. Needs no privileges. Signatures are checked as on the host.
class Apt {
public:
    /// `archives`: instead of the host's; relative keyrings are below `directory`.
    Apt(const std::string &architecture, const std::vector<Archive> &archives, const std::filesystem::path &directory,
        const std::filesystem::path &scratch);

    /// The architecture this host's apt installs by default.
    static std::string host_architecture();

    /// Fetches all lists. One source that does not answer is an Error (Blame::network), so that no half picture is
    /// solved.
    void update();
    /// The date of the newest Release file; nullopt when no archive has one.
    std::optional<EpochSeconds> newest_release() const;

    /// Of these requests ("name", "name=version" …), those whose name no package has and none provides.
    std::vector<std::string> unknown(const std::vector<std::string> &requests) const;
    /// What the archive says about the packages; those it does not have are left out.
    std::vector<Paragraph> show(const std::vector<std::string> &names) const;
    /// From here on these count as installed.
    void set_installed(const std::vector<Paragraph> &packages);
    /// What has to be installed for the requests, which may be apt-patterns(7) too, sorted by name. No solution, or one
    /// that would remove packages, is an Error (Blame::usage) with apt's reasons.
    std::vector<Chosen> solve(const std::vector<std::string> &requests, bool recommends) const;

private:
    std::vector<std::string> providers(const std::string &name) const;
    Captured run(const char *program, const std::vector<std::string> &arguments) const;

    std::string architecture_;
    TempDir dir_;
};

}  // namespace osb::resolve
