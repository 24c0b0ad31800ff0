// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/etc_file.hpp"

namespace osb::stages {

int run_machine_id(const Arguments &arguments);

int run_machine_id(const Arguments &arguments) {
    const std::string first_boot = text_option(arguments.options(), "first-boot");
    const TreePath file("/etc/machine-id");
    const Dir tree = arguments.tree();
    if (first_boot == "yes") {
        overwrite_config(tree, file, "uninitialized\n");  // machine-id(5), "First boot semantics"
    } else if (first_boot == "no") {
        overwrite_config(tree, file, "");
    } else if (first_boot == "preserve") {
        const auto status = tree.status(file, Symlinks::follow);
        if (!status || !S_ISREG(status->st_mode))
            fail(Blame::build, "/etc/machine-id cannot be preserved: there is none");
    } else {
        fail(Blame::build, "first-boot is '{}'; it can be yes, no or preserve", first_boot);
    }
    return 0;
}

}  // namespace osb::stages
