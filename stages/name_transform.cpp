// SPDX-License-Identifier: Apache-2.0
#include "stages/name_transform.hpp"

#include <array>
#include <regex.h>

#include "lib/base/error.hpp"

namespace osb::stages {

struct NameTransform::Rule {
    Rule() = default;
    Rule(const Rule &) = delete;
    Rule &operator=(const Rule &) = delete;
    ~Rule() {
        if (compiled) ::regfree(&regex);
    }

    regex_t regex{};
    bool compiled = false;
    std::string replacement;
    bool global = false;
    unsigned first = 1;  ///< the match from which on it is replaced
    bool names = true;
    bool symlinks = true;
    bool hard_links = true;
};

namespace {

/// Up to the next `delimiter` that has no backslash before it; "\delimiter" becomes the delimiter.
std::string take_part(std::string_view &text, char delimiter, std::string_view whole) {
    std::string part;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == delimiter) return part;
        if (c == '\\' && !text.empty()) {
            if (text.front() != delimiter) part += c;
            part += text.front();
            text.remove_prefix(1);
        } else {
            part += c;
        }
    }
    fail(Blame::build, "the transform '{}' is not complete: s/REGEXP/REPLACEMENT/FLAGS", whole);
}

/// The replacement with & and \1 … \9 filled in.
std::string filled(const std::string &replacement, const char *subject, const std::array<regmatch_t, 10> &matches) {
    const auto group = [&](size_t number) {
        const regmatch_t &match = matches[number];
        return match.rm_so < 0 ? std::string() : std::string(subject + match.rm_so, subject + match.rm_eo);
    };
    std::string text;
    for (size_t i = 0; i < replacement.size(); i++) {
        const char c = replacement[i];
        if (c == '&') {
            text += group(0);
        } else if (c == '\\' && i + 1 < replacement.size()) {
            const char next = replacement[++i];
            if (next >= '0' && next <= '9')
                text += group(static_cast<size_t>(next - '0'));
            else
                text += next == 'n' ? '\n' : next;
        } else {
            text += c;
        }
    }
    return text;
}

}  // namespace

NameTransform::NameTransform(std::string_view expression) {
    std::string_view rest = expression;
    while (!rest.empty()) {
        if (rest.size() < 2 || rest.front() != 's')
            fail(Blame::build, "the transform '{}' does not begin with s", rest);
        const char delimiter = rest[1];
        rest.remove_prefix(2);
        auto rule = std::make_unique<Rule>();
        const std::string pattern = take_part(rest, delimiter, expression);
        rule->replacement = take_part(rest, delimiter, expression);
        for (const char *conversion : {"\\L", "\\U", "\\l", "\\u", "\\E"})
            if (rule->replacement.find(conversion) != std::string::npos)
                fail(Blame::build, "the transform '{}' changes case ({}), which this module does not do", expression,
                     conversion);
        int flags = 0;
        while (!rest.empty() && rest.front() != ';') {
            const char flag = rest.front();
            rest.remove_prefix(1);
            if (flag == 'g')
                rule->global = true;
            else if (flag == 'i')
                flags |= REG_ICASE;
            else if (flag == 'x')
                flags |= REG_EXTENDED;
            else if (flag == 'r' || flag == 'R')
                rule->names = flag == 'r';
            else if (flag == 's' || flag == 'S')
                rule->symlinks = flag == 's';
            else if (flag == 'h' || flag == 'H')
                rule->hard_links = flag == 'h';
            else if (flag >= '1' && flag <= '9')
                rule->first = static_cast<unsigned>(flag - '0');
            else
                fail(Blame::build, "the transform '{}' has the unknown flag '{}'", expression, flag);
        }
        if (!rest.empty()) rest.remove_prefix(1);
        if (::regcomp(&rule->regex, pattern.c_str(), flags) != 0)
            fail(Blame::build, "the transform '{}': '{}' is no regular expression", expression, pattern);
        rule->compiled = true;
        rules_.push_back(std::move(rule));
    }
}

NameTransform::~NameTransform() = default;
NameTransform::NameTransform(NameTransform &&) noexcept = default;

std::string NameTransform::apply(std::string name, Kind kind) const {
    for (const auto &rule : rules_) {
        const bool meant = kind == Kind::name             ? rule->names
                           : kind == Kind::symlink_target ? rule->symlinks
                                                          : rule->hard_links;
        if (!meant) continue;
        std::string result;
        size_t at = 0;
        std::array<regmatch_t, 10> matches{};
        for (unsigned count = 1; at <= name.size(); count++) {
            const char *subject = name.c_str() + at;
            if (::regexec(&rule->regex, subject, matches.size(), matches.data(), at == 0 ? 0 : REG_NOTBOL) != 0) break;
            const auto begin = static_cast<size_t>(matches[0].rm_so);
            const auto end = static_cast<size_t>(matches[0].rm_eo);
            result.append(subject, begin);
            if (count >= rule->first)
                result += filled(rule->replacement, subject, matches);
            else
                result.append(subject + begin, end - begin);
            if (begin == end) {  // an empty match: the next character is not looked at again
                if (at + end < name.size()) result += subject[end];
                at += end + 1;
            } else {
                at += end;
            }
            if (count >= rule->first && !rule->global) break;
        }
        if (at < name.size()) result.append(name, at);
        name = std::move(result);
    }
    return name;
}

}  // namespace osb::stages
