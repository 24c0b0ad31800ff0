// SPDX-License-Identifier: Apache-2.0
#include "lib/resolve/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include <yaml-cpp/yaml.h>

namespace osb::resolve {
namespace {

// What people write has hundreds of values; a document of this size is an attack or a mistake.
constexpr int most_values = 100'000;
constexpr int deepest = 100;

[[noreturn]] void refuse(const YAML::Mark &mark, std::string_view why) {
    fail(Blame::usage, "line {}, column {}: {}", mark.line + 1, mark.column + 1, why);
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

/// YAML 1.2, 10.3.2: tag resolution of the core schema.
Json plain_scalar(const std::string &text) {
    if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
    if (is_one_of(text, {"true", "True", "TRUE"})) return true;
    if (is_one_of(text, {"false", "False", "FALSE"})) return false;
    const char *begin = text.data() + (text.front() == '+' ? 1 : 0);
    const char *end = text.data() + text.size();
    std::int64_t integer = 0;
    if (const auto [rest, error] = std::from_chars(begin, end, integer); error == std::errc() && rest == end)
        return integer;
    if (text.find_first_not_of("0123456789+-.eE") == std::string::npos) {
        double real = 0;
        if (const auto [rest, error] = std::from_chars(begin, end, real);
            error == std::errc() && rest == end && std::isfinite(real))
            return real;
    }
    return text;
}

class Converter {
public:
    Json convert(const YAML::Node &node, int depth) {
        if (++values_ > most_values) refuse(node.Mark(), "more values than a description can have");
        if (depth > deepest) refuse(node.Mark(), "nested too deeply");
        switch (node.Type()) {
            case YAML::NodeType::Undefined:
            case YAML::NodeType::Null:
                return nullptr;
            case YAML::NodeType::Scalar:
                return node.Tag() == "?" ? plain_scalar(node.Scalar()) : Json(node.Scalar());
            case YAML::NodeType::Sequence: {
                Json list = Json::array();
                for (const auto &item : node) list.push_back(convert(item, depth + 1));
                return list;
            }
            case YAML::NodeType::Map: {
                Json object = Json::object();
                for (const auto &member : node) {
                    if (!member.first.IsScalar()) refuse(member.first.Mark(), "a key that is not a scalar");
                    const std::string &name = member.first.Scalar();
                    if (object.contains(name)) refuse(member.first.Mark(), format("the key {} comes twice", name));
                    object[name] = convert(member.second, depth + 1);
                }
                return object;
            }
        }
        return nullptr;
    }

private:
    int values_ = 0;
};

}  // namespace

Json parse_yaml(std::string_view text) {
    try {
        const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
        if (documents.size() > 1) fail(Blame::usage, "{} documents in one file", documents.size());
        return documents.empty() ? Json() : Converter().convert(documents.front(), 0);
    } catch (const YAML::Exception &error) {
        refuse(error.mark, error.msg);
    }
}

}  // namespace osb::resolve
