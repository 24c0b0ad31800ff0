// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "lib/base/json.hpp"

namespace osb {
namespace {

class Writer {
public:
    explicit Writer(JsonStyle style) : style_(style) {}

    void put(const Json &value, int depth = 0) {
        switch (value.type()) {
            case Json::value_t::null:
            case Json::value_t::discarded:
                text_ += "null";
                break;
            case Json::value_t::boolean:
                text_ += value.get<bool>() ? "true" : "false";
                break;
            case Json::value_t::number_integer:
                text_ += std::to_string(value.get<std::int64_t>());
                break;
            case Json::value_t::number_unsigned:
                text_ += std::to_string(value.get<std::uint64_t>());
                break;
            case Json::value_t::number_float:
                put_float(value.get<double>());
                break;
            case Json::value_t::string:
                put_string(value.get_ref<const std::string &>());
                break;
            case Json::value_t::binary:
                text_ += big_integer_digits(value);
                break;
            case Json::value_t::array:
                put_array(value, depth);
                break;
            case Json::value_t::object:
                put_object(value.get_ref<const Json::object_t &>(), depth);
                break;
        }
    }

    std::string take() && { return std::move(text_); }

private:
    void new_line(int depth) {
        if (style_.indent == 0) return;
        text_ += '\n';
        text_.append(static_cast<size_t>(depth * style_.indent), ' ');
    }
    void comma() { text_ += style_.spaces == JsonStyle::Spaces::python && style_.indent == 0 ? ", " : ","; }

    void put_array(const Json &array, int depth) {
        text_ += '[';
        bool first = true;
        for (const Json &element : array) {
            if (!first) comma();
            first = false;
            new_line(depth + 1);
            put(element, depth + 1);
        }
        if (!first) new_line(depth);
        text_ += ']';
    }

    void put_object(const Json::object_t &object, int depth) {
        std::vector<const Json::object_t::value_type *> members;
        members.reserve(object.size());
        for (const auto &member : object) members.push_back(&member);
        // Bytes of UTF-8 sort as code points do.
        if (style_.keys == JsonStyle::Keys::sorted)
            std::ranges::sort(members, [](const auto *a, const auto *b) { return a->first < b->first; });
        text_ += '{';
        bool first = true;
        for (const auto *member : members) {
            if (!first) comma();
            first = false;
            new_line(depth + 1);
            put_string(member->first);
            text_ += style_.spaces == JsonStyle::Spaces::python || style_.indent > 0 ? ": " : ":";
            put(member->second, depth + 1);
        }
        if (!first) new_line(depth);
        text_ += '}';
    }

    /// As Python's repr(float): the shortest digits that read back, plain between 1e-4 and 1e16.
    void put_float(double value) {
        if (std::isnan(value)) {
            text_ += "NaN";
            return;
        }
        if (std::isinf(value)) {
            text_ += value < 0 ? "-Infinity" : "Infinity";
            return;
        }
        std::array<char, 64> room{};
        const auto written =
            std::to_chars(room.data(), room.data() + room.size(), value, std::chars_format::scientific);
        std::string_view all(room.data(), static_cast<size_t>(written.ptr - room.data()));
        if (all.front() == '-') {
            text_ += '-';
            all.remove_prefix(1);
        }
        const size_t e = all.find('e');
        int exponent = 0;
        const char *from = all.data() + e + 1 + (all[e + 1] == '+' ? 1 : 0);
        std::from_chars(from, all.data() + all.size(), exponent);
        std::string digits(1, all[0]);
        if (e > 2) digits.append(all.substr(2, e - 2));
        const int count = static_cast<int>(digits.size());
        if (exponent >= -4 && exponent < 16) {
            if (exponent < 0) {
                text_ += "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
            } else if (count <= exponent + 1) {
                text_ += digits + std::string(static_cast<size_t>(exponent + 1 - count), '0') + ".0";
            } else {
                text_ += digits.substr(0, static_cast<size_t>(exponent + 1)) + "." +
                         digits.substr(static_cast<size_t>(exponent + 1));
            }
            return;
        }
        text_ += digits.substr(0, 1);
        if (count > 1) text_ += "." + digits.substr(1);
        text_ += format("e{}{:02}", exponent < 0 ? "-" : "+", std::abs(exponent));
    }

    void put_unicode_escape(unsigned unit) { text_ += format("\\u{:04x}", unit); }

    void put_code_point(unsigned code, std::string_view bytes) {
        const bool surrogate = code >= 0xD800 && code < 0xE000;
        if (style_.charset == JsonStyle::Charset::utf8 && !surrogate) {
            text_ += bytes;
        } else if (code < 0x10000) {
            put_unicode_escape(code);
        } else {
            put_unicode_escape(0xD800 + ((code - 0x10000) >> 10));
            put_unicode_escape(0xDC00 + ((code - 0x10000) & 0x3FF));
        }
    }

    /// How much of the beginning is written as it is: nearly everything, in nearly every string.
    static size_t plain_length(std::string_view value) {
        size_t length = 0;
        while (length < value.size() && value[length] >= 0x20 && value[length] < 0x7F && value[length] != '"' &&
               value[length] != '\\')
            length++;
        return length;
    }

    void put_string(std::string_view value) {
        text_ += '"';
        for (size_t i = 0; i < value.size();) {
            const size_t plain = plain_length(value.substr(i));
            text_ += value.substr(i, plain);
            i += plain;
            if (i == value.size()) break;
            const auto c = static_cast<unsigned char>(value[i]);
            if (c < 0x80) {
                put_ascii(static_cast<char>(c));
                i++;
                continue;
            }
            const size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
            unsigned code = c & (0xFFU >> (length + 1));
            bool good = c >= 0xC2 && c <= 0xF4 && i + length <= value.size();
            for (size_t j = 1; good && j < length; j++) {
                const auto next = static_cast<unsigned char>(value[i + j]);
                good = (next & 0xC0) == 0x80;
                code = code << 6 | (next & 0x3FU);
            }
            if (good) {
                put_code_point(code, value.substr(i, length));
                i += length;
            } else {
                put_code_point(0xFFFD, "\xEF\xBF\xBD");
                i++;
            }
        }
        text_ += '"';
    }

    void put_ascii(char c) {
        switch (c) {
            case '"':
                text_ += "\\\"";
                return;
            case '\\':
                text_ += "\\\\";
                return;
            case '\n':
                text_ += "\\n";
                return;
            case '\r':
                text_ += "\\r";
                return;
            case '\t':
                text_ += "\\t";
                return;
            case '\f':
                text_ += "\\f";
                return;
            case '\b':
                text_ += "\\b";
                return;
            default:
                break;
        }
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20 || (code == 0x7F && style_.charset == JsonStyle::Charset::ascii))
            put_unicode_escape(code);
        else
            text_ += c;
    }

    JsonStyle style_;
    std::string text_;
};

}  // namespace

std::string to_text(const Json &value, JsonStyle style) {
    Writer writer(style);
    writer.put(value);
    return std::move(writer).take();
}

}  // namespace osb
