// SPDX-License-Identifier: Apache-2.0
//
// A parser of our own, because ids are made from what Python's json module reads: integers of any size, lone
// surrogates, NaN, the place of duplicate keys. nlohmann's parser refuses or rounds these. It is also linear in the
// size of objects.

#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "lib/base/json.hpp"

namespace osb {
namespace {

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Json parse_document() {
        skip_blanks();
        Json value = parse_value(0);
        skip_blanks();
        if (at_ != text_.size()) stop("more text after the end of the document");
        return value;
    }

private:
    [[noreturn]] void stop(std::string_view why) const {
        size_t line = 1;
        size_t start = 0;
        for (size_t i = 0; i < at_ && i < text_.size(); i++) {
            if (text_[i] != '\n') continue;
            line++;
            start = i + 1;
        }
        throw JsonError(why, line, at_ - start + 1);
    }

    bool at_end() const { return at_ == text_.size(); }
    char peek() const {
        if (at_end()) stop("the text ends in the middle of a value");
        return text_[at_];
    }
    void skip_blanks() {
        while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
            at_++;
    }
    bool take(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }

    Json parse_value(int depth) {
        if (depth > max_json_depth) stop(format("nested deeper than {} levels", max_json_depth));
        switch (peek()) {
            case '{':
                return parse_object(depth);
            case '[':
                return parse_array(depth);
            case '"':
                return parse_string();
            default:
                break;
        }
        if (take("null")) return nullptr;
        if (take("true")) return true;
        if (take("false")) return false;
        if (take("NaN")) return std::numeric_limits<double>::quiet_NaN();
        if (take("Infinity")) return std::numeric_limits<double>::infinity();
        if (take("-Infinity")) return -std::numeric_limits<double>::infinity();
        if (peek() == '-' || is_digit(peek())) return parse_number();
        stop("a value was expected");
    }

    Json parse_object(int depth) {
        at_++;
        Json object = Json::object();
        auto &members = object.get_ref<Json::object_t &>();
        std::unordered_map<std::string, size_t> places;  // only once linear search would hurt
        skip_blanks();
        if (take("}")) return object;
        while (true) {
            skip_blanks();
            if (peek() != '"') stop("a member's name in quotes was expected");
            std::string key = parse_string();
            skip_blanks();
            if (!take(":")) stop("\":\" was expected after a member's name");
            skip_blanks();
            Json value = parse_value(depth + 1);
            if (const size_t place = place_of(members, places, key); place < members.size())
                members.begin()[static_cast<std::ptrdiff_t>(place)].second = std::move(value);
            else
                members.Container::emplace_back(std::move(key), std::move(value));
            skip_blanks();
            if (peek() == '}') {
                at_++;
                return object;
            }
            if (!take(",")) stop("\",\" or \"}\" was expected");
        }
    }

    static size_t place_of(const Json::object_t &members, std::unordered_map<std::string, size_t> &places,
                           const std::string &key) {
        constexpr size_t few = 16;
        if (members.size() < few) {
            for (size_t i = 0; i < members.size(); i++)
                if (members.begin()[static_cast<std::ptrdiff_t>(i)].first == key) return i;
            return members.size();
        }
        for (size_t i = places.size(); i < members.size(); i++)
            places.emplace(members.begin()[static_cast<std::ptrdiff_t>(i)].first, i);
        const auto found = places.find(key);
        return found == places.end() ? members.size() : found->second;
    }

    Json parse_array(int depth) {
        at_++;
        Json array = Json::array();
        auto &elements = array.get_ref<Json::array_t &>();
        skip_blanks();
        if (take("]")) return array;
        while (true) {
            skip_blanks();
            elements.push_back(parse_value(depth + 1));
            skip_blanks();
            if (peek() == ']') {
                at_++;
                return array;
            }
            if (!take(",")) stop("\",\" or \"]\" was expected");
        }
    }

    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    void skip_digits() {
        if (at_end() || !is_digit(text_[at_])) stop("a digit was expected");
        while (!at_end() && is_digit(text_[at_])) at_++;
    }

    Json parse_number() {
        const size_t start = at_;
        if (text_[at_] == '-') at_++;
        if (!at_end() && text_[at_] == '0')
            at_++;
        else
            skip_digits();
        if (!at_end() && is_digit(text_[at_])) stop("a number must not begin with 0");
        bool integer = true;
        if (!at_end() && text_[at_] == '.') {
            integer = false;
            at_++;
            skip_digits();
        }
        if (!at_end() && (text_[at_] == 'e' || text_[at_] == 'E')) {
            integer = false;
            at_++;
            if (!at_end() && (text_[at_] == '+' || text_[at_] == '-')) at_++;
            skip_digits();
        }
        const std::string_view digits = text_.substr(start, at_ - start);
        return integer ? integer_of(digits) : float_of(digits);
    }

    Json integer_of(std::string_view digits) const {
        const char *end = digits.data() + digits.size();
        std::int64_t small = 0;
        if (std::from_chars(digits.data(), end, small).ec == std::errc()) return small;
        std::uint64_t large = 0;
        if (std::from_chars(digits.data(), end, large).ec == std::errc()) return large;
        if (digits.size() > 4300) stop("an integer of more than 4300 digits");  // Python's limit as well
        return Json::binary(Json::binary_t::container_type(digits.begin(), digits.end()), big_integer_subtype);
    }

    static Json float_of(std::string_view digits) {
        double value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error == std::errc::result_out_of_range) {
            // from_chars does not say which end of the range; strtod does.
            value = std::strtod(std::string(digits).c_str(), nullptr);
        }
        return value;
    }

    unsigned parse_hex4() {
        unsigned value = 0;
        const auto digits = text_.substr(at_, 4);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (error != std::errc() || digits.size() != 4 || end != digits.data() + 4)
            stop("\\u needs four hexadecimal digits");
        at_ += 4;
        return value;
    }

    static void append_code_point(std::string &to, unsigned code) {
        const auto put = [&to](unsigned byte) { to += static_cast<char>(static_cast<unsigned char>(byte)); };
        if (code < 0x80) {
            put(code);
        } else if (code < 0x800) {
            put(0xC0 | code >> 6);
            put(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            put(0xE0 | code >> 12);
            put(0x80 | (code >> 6 & 0x3F));
            put(0x80 | (code & 0x3F));
        } else {
            put(0xF0 | code >> 18);
            put(0x80 | (code >> 12 & 0x3F));
            put(0x80 | (code >> 6 & 0x3F));
            put(0x80 | (code & 0x3F));
        }
    }

    void parse_escape(std::string &to) {
        at_++;
        const char kind = peek();
        at_++;
        switch (kind) {
            case '"':
            case '\\':
            case '/':
                to += kind;
                return;
            case 'b':
                to += '\b';
                return;
            case 'f':
                to += '\f';
                return;
            case 'n':
                to += '\n';
                return;
            case 'r':
                to += '\r';
                return;
            case 't':
                to += '\t';
                return;
            case 'u':
                break;
            default:
                at_--;
                stop("an escape that JSON does not know");
        }
        unsigned code = parse_hex4();
        if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
            const size_t before = at_;
            at_ += 2;
            const unsigned low = parse_hex4();
            if (low >= 0xDC00 && low < 0xE000)
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            else
                at_ = before;
        }
        append_code_point(to, code);
    }

    /// The length of the UTF-8 sequence at the current place (RFC 3629, section 4); 0 when it is none.
    size_t utf8_length() const {
        const auto byte = [this](size_t i) -> unsigned {
            return at_ + i < text_.size() ? static_cast<unsigned char>(text_[at_ + i]) : 0;
        };
        const auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
        const unsigned first = byte(0);
        if (first < 0x80) return 1;
        if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
        if (first >= 0xE0 && first <= 0xEF) {
            if (!tail(1) || !tail(2)) return 0;
            if (first == 0xE0 && byte(1) < 0xA0) return 0;
            if (first == 0xED && byte(1) > 0x9F) return 0;
            return 3;
        }
        if (first >= 0xF0 && first <= 0xF4) {
            if (!tail(1) || !tail(2) || !tail(3)) return 0;
            if (first == 0xF0 && byte(1) < 0x90) return 0;
            if (first == 0xF4 && byte(1) > 0x8F) return 0;
            return 4;
        }
        return 0;
    }

    std::string parse_string() {
        at_++;
        std::string value;
        while (true) {
            size_t plain = at_;
            while (plain < text_.size() && text_[plain] != '"' && text_[plain] != '\\' &&
                   static_cast<unsigned char>(text_[plain]) >= 0x20 && static_cast<unsigned char>(text_[plain]) < 0x80)
                plain++;
            value.append(text_, at_, plain - at_);
            at_ = plain;
            const auto c = static_cast<unsigned char>(peek());
            if (c == '"') break;
            if (c == '\\') {
                parse_escape(value);
            } else if (c < 0x20) {
                stop("a control character in a string must be escaped");
            } else {
                const size_t length = utf8_length();
                if (length == 0) stop("the text is not UTF-8");
                value.append(text_, at_, length);
                at_ += length;
            }
        }
        at_++;
        return value;
    }

    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace

Json parse_json(std::string_view text) {
    return Parser(text).parse_document();
}

}  // namespace osb
