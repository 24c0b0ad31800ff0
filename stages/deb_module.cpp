// SPDX-License-Identifier: Apache-2.0
#include "stages/arguments.hpp"
#include "stages/deb.hpp"

namespace osb::stages {

int run_deb(const Arguments &arguments) {
    install_packages(arguments.document());
    return 0;
}

}  // namespace osb::stages
