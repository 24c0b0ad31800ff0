// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace osb::stages {

/// A change of mode bits as chmod(1) of GNU coreutils takes it: "0755", "u=rwX,go-w", "a+s", "g=u", "=0644".
class ModeChange {
public:
    /// Throws (Blame::build) for a text that is none. `umask` counts in clauses that name nobody ("+w").
    ModeChange(std::string_view text, mode_t umask);

    /// The permission bits (07777) a file of this mode gets. A number of up to four digits leaves the set-id bits of
    /// directories.
    mode_t apply(mode_t mode) const;
    /// The same as if the umask were 0.
    mode_t apply_without_umask(mode_t mode) const;

private:
    enum class What { bits, bits_or_execute, copy_of };
    struct Clause {
        char operation = '=';  ///< + - =
        mode_t affected = 0;   ///< whose bits; 0: everybody's, less the umask
        mode_t value = 0;      ///< for copy_of: the place copied from
        mode_t mentioned = 0;  ///< bits said in so many words, for the set-id bits of directories
        What what = What::bits;
    };
    mode_t apply(mode_t mode, mode_t umask) const;
    size_t parse_clause(std::string_view text, size_t at);

    std::vector<Clause> clauses_;
    mode_t umask_;
};

}  // namespace osb::stages
