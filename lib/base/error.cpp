// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.hpp"

namespace osb {

const char *name_of(Blame blame) {
    switch (blame) {
        case Blame::build:
            return "build";
        case Blame::usage:
            return "usage";
        case Blame::environment:
            return "environment";
        case Blame::network:
            return "network";
        case Blame::timeout:
            return "timeout";
        case Blame::bug:
            return "bug";
    }
    return "bug";
}

Error::Error(std::string_view sentence, std::error_code code, Blame blame)
    : sentence_(format("{}: {}", sentence, code.message())), code_(code), blame_(blame) {}

void Error::prepend(std::string_view context) {
    sentence_ = format("{}: {}", context, sentence_);
}

}  // namespace osb
