// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/tree_walk.hpp"
#include "stages/arguments.hpp"
#include "stages/mode_change.hpp"

namespace osb::stages {

int run_chmod(const Arguments &arguments);

namespace {

mode_t current_umask() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return mask;
}

class Chmod {
public:
    explicit Chmod(const std::string &mode) : change_(mode, current_umask()), like_an_option_(mode.starts_with('-')) {}

    void change(const Fd &fd, const std::string &what, mode_t old) const {
        const mode_t mode = change_.apply(old);
        // The descriptor may be O_PATH, for which fchmod(2) is not allowed.
        check(::chmod(fd.proc_path().c_str(), mode), "change the mode of {}", what);
        // chmod(1) complains, and the stage ends, when a mode like "-w" is not what it would be without the umask.
        if (like_an_option_ && (mode & ~change_.apply_without_umask(old)) != 0)
            fail(Blame::build, "the umask keeps bits of {} that the mode takes away; a mode like a-w takes them away",
                 what);
    }

    void change_below(const Dir &directory, const std::string &what) const {
        walk_tree(directory.fd(), [&](const TreeEntry &entry) {
            if (entry.is_symlink()) return;
            const Fd fd(check(::openat(entry.parent.get(), entry.is_root() ? "." : entry.name.c_str(),
                                       O_PATH | O_NOFOLLOW | O_CLOEXEC),
                              "open {}/{}", what, entry.path));
            change(fd, what + "/" + entry.path, entry.status.st_mode);
        });
    }

private:
    ModeChange change_;
    bool like_an_option_;
};

}  // namespace

int run_chmod(const Arguments &arguments) {
    const Json *items = find_member(arguments.options(), "items");
    if (items == nullptr || !items->is_object()) fail(Blame::build, "the option items is missing");
    const Dir tree = arguments.tree();
    for (const auto &[name, item] : items->items()) {
        const TreePath path = normalized(name);
        const Chmod chmod(text_option(item, "mode"));
        const Fd fd = tree.open_file(path, O_PATH);
        struct stat status {};
        check(::fstat(fd.get(), &status), "stat {}", path.absolute());
        if (flag_option(item, "recursive", false) && S_ISDIR(status.st_mode))
            chmod.change_below(tree.open_dir(path), path.absolute());
        else
            chmod.change(fd, path.absolute(), status.st_mode);
    }
    return 0;
}

}  // namespace osb::stages
