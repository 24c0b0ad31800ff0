// SPDX-License-Identifier: Apache-2.0
#include "lib/base/json.hpp"

#include <unordered_map>

namespace osb {

bool is_big_integer(const Json &value) {
    return value.is_binary() && value.get_binary().has_subtype() && value.get_binary().subtype() == big_integer_subtype;
}

std::string big_integer_digits(const Json &value) {
    const auto &bytes = value.get_binary();
    return {bytes.begin(), bytes.end()};
}

const Json *find_member(const Json &object, std::string_view name) {
    if (!object.is_object()) return nullptr;
    for (const auto &[key, value] : object.get_ref<const Json::object_t &>())
        if (key == name) return &value;
    return nullptr;
}

}  // namespace osb
