// SPDX-License-Identifier: Apache-2.0
#include "lib/base/atomic_file.hpp"

#include <cstdio>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb {

AtomicFile::AtomicFile(std::filesystem::path final_name, mode_t mode, std::filesystem::path scratch)
    : final_name_(std::move(final_name)) {
    if (scratch.empty()) scratch = final_name_.has_parent_path() ? final_name_.parent_path() : ".";
    std::string name = (scratch / ".new-XXXXXX").native();
    fd_ = Fd(check(::mkostemp(name.data(), O_CLOEXEC), "create a temporary file for {}", final_name_.native()));
    temporary_ = name;
    if (::fchmod(fd_.get(), mode) == -1) {
        const int number = errno;
        ::unlink(temporary_.c_str());
        throw_errno(number, "set the mode of {}", final_name_.native());
    }
}

AtomicFile::~AtomicFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::commit(Durability durability) {
    commit_as(final_name_, durability);
}

void AtomicFile::commit_as(const std::filesystem::path &final_name, Durability durability) {
    OSB_ASSERT(!temporary_.empty());
    if (durability == Durability::synced) check(::fsync(fd_.get()), "sync {}", final_name.native());
    check(::rename(temporary_.c_str(), final_name.c_str()), "rename {} into place", final_name.native());
    temporary_.clear();
    fd_.reset();
    if (durability == Durability::synced)
        sync_directory(final_name.has_parent_path() ? final_name.parent_path() : std::filesystem::path("."));
}

void sync_directory(const std::filesystem::path &directory) {
    const Fd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
    check(::fsync(fd.get()), "sync directory {}", directory.native());
}

}  // namespace osb
