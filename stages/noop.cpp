// SPDX-License-Identifier: Apache-2.0
#include "stages/arguments.hpp"

namespace osb::stages {

int run_noop(const Arguments &arguments);

int run_noop(const Arguments &arguments) {
    say("nothing is done with the options " + to_text(arguments.options(), python_style));
    for (const auto &[name, input] : arguments.inputs().items())
        say(format("nothing is done with the input {}: {}", name, to_text(input, python_style)));
    return 0;
}

}  // namespace osb::stages
