// SPDX-License-Identifier: Apache-2.0
//
// Just enough of Python's lexical structure to find assignments at column 0: strings in all their forms, comments,
// brackets and continued lines, so that nothing inside a string or a bracket is taken for a statement.
#include <algorithm>
#include <charconv>
#include <optional>

#include "lib/manifest/module_info.hpp"

namespace osb::manifest {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
}

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    std::optional<std::string> docstring;
    std::optional<std::string> schema;
    std::optional<std::string> schema_2;
    std::vector<std::string> capabilities;

    void scan() {
        bool is_first = true;
        while (!at_end()) {
            const size_t line = at_;
            if (const char c = peek(); is_letter(c) || is_quote(c)) {
                const auto text = is_first ? take_strings() : std::nullopt;
                if (text && ends_statement()) docstring = text;
                at_ = line;
                take_assignment();
                is_first = false;
            } else if (c != '#' && c != '\n' && c != '\r') {
                is_first = false;
            }
            skip_statement();
        }
    }

private:
    bool at_end() const { return at_ >= text_.size(); }
    char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    static bool is_quote(char c) { return c == '"' || c == '\''; }

    void take_assignment() {
        const std::string_view name = take_word();
        skip_blanks(Lines::one);
        if (peek() != '=' || peek(1) == '=') return;
        at_++;
        skip_blanks(Lines::one);
        if (name == "SCHEMA")
            schema = take_constant();
        else if (name == "SCHEMA_2")
            schema_2 = take_constant();
        else if (name == "CAPABILITIES")
            capabilities = take_list();
    }

    /// A string that is the whole right-hand side, perhaps in parentheses; one that is worked on further is no
    /// constant.
    std::optional<std::string> take_constant() {
        const bool is_in_brackets = peek() == '(';
        if (is_in_brackets) at_++;
        skip_blanks(is_in_brackets ? Lines::many : Lines::one);
        auto text = take_strings(is_in_brackets ? Lines::many : Lines::one);
        if (is_in_brackets && peek() == ')') at_++;
        return ends_statement() ? text : std::nullopt;
    }

    std::vector<std::string> take_list() {
        std::vector<std::string> strings;
        if (peek() != '[' && peek() != '(' && peek() != '{') return strings;
        at_++;
        while (true) {
            skip_blanks(Lines::many);
            auto text = take_strings(Lines::many);
            if (!text) return strings;
            strings.push_back(std::move(*text));
            if (peek() == ',') at_++;
        }
    }

    enum class Lines { one, many };
    void skip_blanks(Lines lines) {
        while (!at_end()) {
            if (peek() == ' ' || peek() == '\t' || (lines == Lines::many && (peek() == '\n' || peek() == '\r')))
                at_++;
            else if (peek() == '\\' && peek(1) == '\n')
                at_ += 2;
            else if (lines == Lines::many && peek() == '#')
                skip_comment();
            else
                return;
        }
    }
    void skip_comment() { at_ = std::min(text_.find('\n', at_), text_.size()); }

    bool ends_statement() {
        skip_blanks(Lines::one);
        return at_end() || peek() == '\n' || peek() == '\r' || peek() == '#' || peek() == ';';
    }

    std::string_view take_word() {
        const size_t start = at_;
        while (!at_end() && is_word(peek())) at_++;
        return text_.substr(start, at_ - start);
    }

    /// To the beginning of the next line that is not a continuation.
    void skip_statement() {
        int depth = 0;
        while (!at_end()) {
            const char c = peek();
            if (c == '#') {
                skip_comment();
            } else if (c == '\\') {
                at_ += 2;
            } else if (is_word(c)) {
                const size_t start = at_;
                const std::string_view word = take_word();
                if (is_quote(peek()) && is_prefix(word)) at_ = start, take_string();
            } else if (is_quote(c)) {
                take_string();
            } else {
                at_++;
                if (c == '(' || c == '[' || c == '{') depth++;
                if (c == ')' || c == ']' || c == '}') depth--;
                if (c == '\n' && depth <= 0) return;
            }
        }
    }

    static bool is_prefix(std::string_view word) {
        return word.size() <= 2 && word.find_first_not_of("rRbBuUfF") == std::string_view::npos;
    }

    /// Strings one after the other are one string. None if there is none here, or it is of bytes or with fields.
    std::optional<std::string> take_strings(Lines lines = Lines::one) {
        std::optional<std::string> all;
        while (true) {
            const size_t start = at_;
            const std::string_view prefix = take_word();
            const bool is_string = is_quote(peek()) && is_prefix(prefix);
            at_ = start;
            if (!is_string) return all;
            if (prefix.find_first_of("bBfF") != std::string_view::npos) return std::nullopt;
            all = all.value_or("") + take_string();
            skip_blanks(lines);
        }
    }

    /// One string literal, with its prefix. One that never ends goes to the end of the text.
    std::string take_string() {
        const std::string_view prefix = take_word();
        const bool is_raw = prefix.find_first_of("rR") != std::string_view::npos;
        const char quote = peek();
        const bool is_long = peek(1) == quote && peek(2) == quote;
        const std::string end(is_long ? 3 : 1, quote);
        at_ += end.size();
        std::string value;
        while (!at_end() && text_.substr(at_, end.size()) != end) {
            if (peek() == '\n' && !is_long) return value;
            if (peek() == '\\' && is_raw) {
                value += text_.substr(at_, 2);
                at_ += 2;
            } else if (peek() == '\\') {
                take_escape(value);
            } else {
                value += text_[at_++];
            }
        }
        at_ = std::min(at_ + end.size(), text_.size());
        return value;
    }

    void take_escape(std::string &value) {
        static constexpr std::string_view letters = "abfnrtv\\'\"";
        static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\'\"";
        at_++;
        const char c = peek();
        const size_t known = letters.find(c);
        if (c == '\n') {
            at_++;
        } else if (!at_end() && known != std::string_view::npos) {
            value += meanings[known];
            at_++;
        } else if (c == 'x' || c == 'u' || c == 'U') {
            at_++;
            take_code(value, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
        } else if (c >= '0' && c <= '7') {
            take_code(value, 3, 8);
        } else {
            value += '\\';
        }
    }

    void take_code(std::string &value, size_t digits, int base) {
        const std::string_view text = text_.substr(std::min(at_, text_.size()), digits);
        unsigned code = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), code, base);
        at_ += static_cast<size_t>(read.ptr - text.data());
        if (code < 0x80) {
            value += static_cast<char>(code);
        } else if (code < 0x800) {
            value += static_cast<char>(0xC0 | code >> 6);
            value += static_cast<char>(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            value += static_cast<char>(0xE0 | code >> 12);
            value += static_cast<char>(0x80 | (code >> 6 & 0x3F));
            value += static_cast<char>(0x80 | (code & 0x3F));
        } else {
            value += static_cast<char>(0xF0 | (code >> 18 & 0x07));
            value += static_cast<char>(0x80 | (code >> 12 & 0x3F));
            value += static_cast<char>(0x80 | (code >> 6 & 0x3F));
            value += static_cast<char>(0x80 | (code & 0x3F));
        }
    }

    std::string_view text_;
    size_t at_ = 0;
};

/// The text is what stands between the braces of an object.
Json schema_of(const std::optional<std::string> &text, std::string_view name, std::string_view what) {
    if (!text) return nullptr;
    try {
        return parse_json("{" + *text + "}");
    } catch (const JsonError &error) {
        throw ModuleInfoError(format("{}: {}: {}", name, what, error.what()));
    }
}

std::string first_line(std::string_view text) {
    const size_t start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return "";
    return std::string(text.substr(start, text.find('\n', start) - start));
}

}  // namespace

ModuleInfo parse_python_module(ModuleClass module_class, std::string_view name, std::string_view text) {
    Scanner scanner(text);
    scanner.scan();
    return {.name = std::string(name),
            .module_class = module_class,
            .summary = first_line(scanner.docstring.value_or("")),
            .capabilities = std::move(scanner.capabilities),
            .schema = schema_of(scanner.schema, name, "SCHEMA"),
            .schema_2 = schema_of(scanner.schema_2, name, "SCHEMA_2")};
}

}  // namespace osb::manifest
