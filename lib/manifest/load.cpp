// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/load.hpp"

#include "lib/manifest/json_values.hpp"

namespace osb::manifest {

const std::string *string_member(const Json &object, std::string_view name) {
    const Json *member = find_member(object, name);
    return member != nullptr ? member->get_ptr<const std::string *>() : nullptr;
}

const Json::object_t &members_of(const Json &object, std::string_view name) {
    static const Json::object_t none;
    const Json *member = find_member(object, name);
    return member != nullptr && member->is_object() ? member->get_ref<const Json::object_t &>() : none;
}

Json::object_t &members_of(Json &object, std::string_view name) {
    return const_cast<Json::object_t &>(members_of(std::as_const(object), name));
}

const Json::array_t &elements_of(const Json &object, std::string_view name) {
    static const Json::array_t none;
    const Json *member = find_member(object, name);
    return member != nullptr && member->is_array() ? member->get_ref<const Json::array_t &>() : none;
}

Json::array_t &elements_of(Json &object, std::string_view name) {
    return const_cast<Json::array_t &>(elements_of(std::as_const(object), name));
}

Json take_options(Json &object, std::string_view name) {
    auto *member = const_cast<Json *>(find_member(object, name));
    if (member == nullptr || !is_truthy(*member)) return Json::object();
    return std::move(*member);
}

Runner Runners::named(const std::string &name, const JsonPath &path) {
    Runner runner{.name = name};
    if (!lookups_.runner) return runner;
    if (auto file = lookups_.runner(name))
        runner.file = std::move(*file);
    else
        problems_.add(path, "no runner fits {}", in_quotes(name));
    return runner;
}

const Runner &Runners::of_host() {
    if (host_) return *host_;
    host_.emplace();
    if (lookups_.host_runner) host_->file = lookups_.host_runner();
    host_->name = host_->file.substr(host_->file.rfind('/') + 1);
    return *host_;
}

}  // namespace osb::manifest
