// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "lib/base/error.hpp"
#include "oci/tar_unpack.hpp"
#include "stages/arguments.hpp"

namespace osb::stages {

int run_untar(const Arguments &arguments);

int run_untar(const Arguments &arguments) {
    const Json &options = arguments.options();
    const Location to = arguments.locate("tree://" + optional_text(options, "path").value_or("/"));
    const long long strip = optional_integer(options, "strip-components").value_or(0);
    if (strip < 0 || strip > 1000) fail(Blame::build, "strip-components is {}; it can be 0 to 1000", strip);
    oci::UnpackOptions how{.strip_components = static_cast<unsigned>(strip)};
    if (flag_option(options, "keep-directory-links", true))
        how.directory_links = oci::UnpackOptions::DirectoryLinks::keep;

    const Json *input = find_member(arguments.inputs(), "tar");
    const Json *data = input == nullptr ? nullptr : find_member(*input, "data");
    const Json *files = data == nullptr ? nullptr : find_member(*data, "files");
    if (files == nullptr || !files->is_object() || files->empty()) fail(Blame::build, "the input tar names no file");
    const Dir archives = arguments.input("tar");
    const Dir directory = to.root.make_dirs(to.path);
    for (const auto &[name, metadata] : files->items()) {
        const Fd archive = archives.open_file(TreePath(name), O_RDONLY);
        const oci::UnpackSummary summary = oci::unpack_tar(archive, name, directory, how);
        say(format("{}: {} entries, {}", name, summary.entries, human_size(summary.bytes)));
    }
    return 0;
}

}  // namespace osb::stages
