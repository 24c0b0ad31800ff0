// SPDX-License-Identifier: Apache-2.0
#include "tests/deb_maker.hpp"

#include <algorithm>

#include "lib/base/fd.hpp"
#include "lib/base/temp_dir.hpp"
#include "tests/support.hpp"

namespace osb::test {

std::filesystem::path make_deb(const std::filesystem::path &directory, const DebSpec &spec) {
    namespace fs = std::filesystem;
    const TempDir work(directory, "deb");
    fs::create_directories(work.path() / "DEBIAN");
    write_file(work.path() / "DEBIAN/control", "Package: " + spec.name + "\nVersion: " + spec.version +
                                                   "\nArchitecture: " + spec.architecture +
                                                   "\nMaintainer: Nobody <nobody@example.org>\n" + spec.fields +
                                                   "Description: a package for a test\n with a longer text\n");
    for (const auto &[name, content] : spec.control) {
        const bool is_script = name == "preinst" || name == "postinst" || name == "prerm" || name == "postrm";
        write_file(work.path() / "DEBIAN" / name, is_script ? "#!/bin/sh\nset -e\n" + content : content,
                   is_script ? 0755 : 0644);
    }
    for (const auto &[name, content] : spec.files) {
        const size_t arrow = name.find(" ->");
        const size_t equals = name.find(" ==");
        const fs::path path = work.path() / fs::path(name.substr(0, std::min(arrow, equals))).relative_path();
        fs::create_directories(path.parent_path());
        if (arrow != std::string::npos)
            fs::create_symlink(content, path);
        else if (equals != std::string::npos)
            fs::create_hard_link(work.path() / content, path);
        else
            write_file(path, content);
        if (path.parent_path().filename() == "bin" && arrow == std::string::npos)
            fs::permissions(path, fs::perms(0755));
    }
    fs::permissions(work.path(), fs::perms(0755));
    const fs::path deb = directory / (spec.name + "_" + spec.version + "_" + spec.architecture + ".deb");
    run({"dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", work.path(), deb});
    return deb;
}

}  // namespace osb::test
