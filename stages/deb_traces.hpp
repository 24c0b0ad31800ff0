// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <sys/types.h>

#include "lib/base/dir.hpp"

namespace osb::stages {

/// What an installation leaves behind that tells when, where or how it ran instead of what was installed: logs, locks,
/// backups, caches, fresh machine ids and keys. Look at the tree before installing, clean after: what was there before
/// is brought back to what it was (logs are cut to their old length) or left alone.
class Traces {
public:
    explicit Traces(const Dir &tree);
    void clean() const;

private:
    void remove(const std::string &path) const;
    void remove_new(const std::string &directory, std::string_view prefix, std::string_view suffix) const;

    const Dir &tree_;
    std::set<std::string> before_;       ///< what of the places below existed
    std::map<std::string, off_t> logs_;  ///< lengths of log files
    std::string machine_id_;
};

}  // namespace osb::stages
