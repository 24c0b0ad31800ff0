// SPDX-License-Identifier: Apache-2.0
#include "lib/base/temp_dir.hpp"

#include <stdlib.h>
#include <string>
#include <utility>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

namespace osb {

TempDir::TempDir(const std::filesystem::path &parent, std::string_view prefix) {
    std::string name = (parent / format("{}-XXXXXX", prefix)).native();
    if (::mkdtemp(name.data()) == nullptr) check(-1, "make a temporary directory in {}", parent.native());
    path_ = name;
}

TempDir::TempDir(TempDir &&other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDir &TempDir::operator=(TempDir &&other) noexcept {
    if (this != &other) {
        const TempDir old(std::move(*this));
        path_ = std::exchange(other.path_, {});
    }
    return *this;
}

TempDir::~TempDir() {
    if (path_.empty()) return;
    try {
        remove();
    } catch (const std::exception &error) {
        log_warning("{}", error.what());
    }
}

void TempDir::remove() {
    if (!path_.empty()) remove_tree(path_);
    path_.clear();
}

std::filesystem::path TempDir::release() &&noexcept {
    return std::exchange(path_, {});
}

}  // namespace osb
