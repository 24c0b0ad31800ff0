// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/json_values.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>

namespace osb::manifest {
namespace {

constexpr size_t longest_words = 200;

bool is_equal_number(const Json &a, const Json &b) {
    if (is_big_integer(a) && is_big_integer(b)) return big_integer_digits(a) == big_integer_digits(b);
    if (is_big_integer(a) || is_big_integer(b)) return false;
    return a == b;
}

/// Writes in Python's notation, which users of osbuild know from its messages, until there is enough of it.
class Words {
public:
    void put(const Json &value) {
        if (is_enough()) return;
        if (value.is_null())
            text_ += "None";
        else if (value.is_boolean())
            text_ += value.get<bool>() ? "True" : "False";
        else if (value.is_string())
            put_string(value.get_ref<const std::string &>());
        else if (value.is_array())
            put_array(value);
        else if (value.is_object())
            put_object(value.get_ref<const Json::object_t &>());
        else
            text_ += to_canonical(value);
    }

    void put_string(std::string_view string) {
        text_ += '\'';
        for (const char c : string.substr(0, longest_words + 1)) {
            if (c == '\n')
                text_ += "\\n";
            else if (c == '\'' || c == '\\')
                (text_ += '\\') += c;
            else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
                text_ += format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
            else
                text_ += c;
        }
        text_ += '\'';
    }

    std::string take() && {
        if (text_.size() > longest_words + 2) cut();
        return std::move(text_);
    }

private:
    bool is_enough() const { return text_.size() > longest_words; }

    /// Cuts at the limit, between characters of UTF-8.
    void cut() {
        size_t end = std::min(longest_words, text_.size());
        while (end > 0 && end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) end--;
        text_.resize(end);
        text_ += "...";
    }

    void put_array(const Json &array) {
        text_ += '[';
        bool first = true;
        for (const Json &element : array) {
            if (is_enough()) return;
            if (!first) text_ += ", ";
            first = false;
            put(element);
        }
        text_ += ']';
    }

    void put_object(const Json::object_t &object) {
        text_ += '{';
        bool first = true;
        for (const auto &[name, value] : object) {
            if (is_enough()) return;
            if (!first) text_ += ", ";
            first = false;
            put_string(name);
            text_ += ": ";
            put(value);
        }
        text_ += '}';
    }

    std::string text_;
};

}  // namespace

void append_member(Json &object, std::string name, Json value) {
    object.get_ref<Json::object_t &>().Container::emplace_back(std::move(name), std::move(value));
}

bool is_truthy(const Json &value) {
    switch (value.type()) {
        case Json::value_t::null:
            return false;
        case Json::value_t::boolean:
            return value.get<bool>();
        case Json::value_t::string:
            return !value.get_ref<const std::string &>().empty();
        case Json::value_t::binary:
            return true;
        case Json::value_t::array:
        case Json::value_t::object:
            return !value.empty();
        default:
            return value != 0;
    }
}

bool is_equal(const Json &a, const Json &b) {
    if (a.is_array() && b.is_array()) {
        if (a.size() != b.size()) return false;
        for (size_t i = 0; i < a.size(); i++)
            if (!is_equal(a[i], b[i])) return false;
        return true;
    }
    if (a.is_object() && b.is_object()) {
        if (a.size() != b.size()) return false;
        for (const auto &[name, value] : a.get_ref<const Json::object_t &>()) {
            const Json *other = find_member(b, name);
            if (other == nullptr || !is_equal(value, *other)) return false;
        }
        return true;
    }
    if (is_number(a) && is_number(b)) return is_equal_number(a, b);
    return a.type() == b.type() && a == b;
}

size_t hash_of(const Json &value) {
    if (value.is_array()) {
        size_t hash = 1;
        for (const Json &element : value) hash = hash * 31 + hash_of(element);
        return hash;
    }
    if (value.is_object()) {
        size_t hash = 2;
        for (const auto &[name, member] : value.get_ref<const Json::object_t &>())
            hash += std::hash<std::string>()(name) ^ (hash_of(member) * 31);
        return hash;
    }
    if (value.is_string()) return std::hash<std::string>()(value.get_ref<const std::string &>());
    if (value.is_number()) return std::hash<double>()(value.get<double>());
    if (is_big_integer(value)) return std::hash<std::string>()(big_integer_digits(value));
    return value.is_boolean() && value.get<bool>() ? 4 : 3;
}

size_t characters_in(const std::string &text) {
    return static_cast<size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_number(const Json &value) {
    return value.is_number() || is_big_integer(value);
}
double number_of(const Json &value) {
    return is_big_integer(value) ? std::strtod(big_integer_digits(value).c_str(), nullptr) : value.get<double>();
}

std::string to_words(const Json &value) {
    Words words;
    words.put(value);
    return std::move(words).take();
}

std::string in_quotes(std::string_view text) {
    Words words;
    words.put_string(text);
    return std::move(words).take();
}

}  // namespace osb::manifest
