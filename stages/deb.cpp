// SPDX-License-Identifier: Apache-2.0
#include "stages/deb.hpp"

#include "stages/deb_install.hpp"

namespace osb::stages {

void install_packages(const Json &arguments) {
    Installation what;
    const Json &input = arguments.at("inputs").at("packages");
    const auto directory = std::filesystem::path(input.at("path").get<std::string>());
    for (const auto &[name, about] : input.at("data").at("files").items()) {
        what.archives.push_back(directory / name);
        // The input hands a reference's metadata on as it is, or under its own name.
        const Json *inner = find_member(about, "metadata");
        const Json *automatic = find_member(inner != nullptr ? *inner : about, "deb.automatic");
        if (automatic != nullptr && *automatic == true) what.automatic.insert(directory / name);
    }
    const Json *options = find_member(arguments, "options");
    if (const Json *answers = options != nullptr ? find_member(*options, "debconf") : nullptr)
        what.answers = answers->get<std::vector<std::string>>();
    const Json *meta = find_member(arguments, "meta");
    if (const Json *epoch = meta != nullptr ? find_member(*meta, "source-epoch") : nullptr)
        what.epoch = epoch->get<EpochSeconds>();
    install(Dir::open(arguments.at("tree").get<std::string>()), what);
}

}  // namespace osb::stages
