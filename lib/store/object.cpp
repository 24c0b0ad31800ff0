// SPDX-License-Identifier: Apache-2.0
#include "lib/store/object.hpp"

#include "lib/base/log.hpp"
#include "lib/store/workspace.hpp"

namespace osb::store {
namespace detail {

View::View(std::shared_ptr<Workspace> workspace, std::filesystem::path path)
    : workspace_(std::move(workspace)), path_(std::move(path)) {}

View &View::operator=(View &&other) noexcept {
    if (this != &other) {
        end();
        workspace_ = std::move(other.workspace_);
        path_ = std::move(other.path_);
    }
    return *this;
}

const std::filesystem::path &View::path() const {
    if (!workspace_) throw AccessError("use a view of an object that was detached or moved from");
    workspace_->check_view(path_);
    return path_;
}

void View::detach() {
    if (!workspace_) return;
    workspace_->end_view(path_);
    workspace_.reset();
}

void View::end() noexcept {
    try {
        detach();
    } catch (const std::exception &error) {
        log_warning("end a view of an object: {}", error.what());
        workspace_.reset();
    }
}

}  // namespace detail

const std::shared_ptr<detail::Workspace> &Object::workspace() const {
    if (!workspace_) throw AccessError("use an object that was moved from");
    return workspace_;
}

Writer Object::write() {
    return Writer(workspace()->write());
}
Reader Object::read() const {
    return Reader(workspace()->read());
}
std::string Object::treesum() const {
    return workspace()->treesum();
}
bool Object::written() const {
    return workspace()->written();
}
std::optional<std::string> Object::base() const {
    return workspace()->base();
}
void Object::cleanup() {
    workspace()->cleanup();
}

}  // namespace osb::store
