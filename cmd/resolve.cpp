// SPDX-License-Identifier: Apache-2.0
#include "lib/resolve/resolve.hpp"

#include "cmd/commands.hpp"
#include "cmd/output.hpp"
#include "lib/base/atomic_file.hpp"
#include "lib/base/json.hpp"

namespace osb::cmd {

int resolve(const ResolveOptions &options, const Stop &) {
    const std::string file = options.description == "-" ? "/dev/stdin" : options.description;
    const std::string text = to_text(resolve::resolve_file(file), {.indent = 2}) + "\n";
    if (options.output.empty()) {
        print(text);
        return 0;
    }
    AtomicFile manifest(options.output);
    manifest.write(text);
    manifest.commit(Durability::lazy);
    return 0;
}

}  // namespace osb::cmd
