// SPDX-License-Identifier: Apache-2.0
#include "stages/mode_change.hpp"

#include "lib/base/error.hpp"

namespace osb::stages {
namespace {

constexpr mode_t set_ids = S_ISUID | S_ISGID;
constexpr mode_t all_bits = 07777;
constexpr mode_t user_bits = S_ISUID | S_IRWXU;
constexpr mode_t group_bits = S_ISGID | S_IRWXG;
constexpr mode_t other_bits = S_ISVTX | S_IRWXO;
constexpr mode_t execute_bits = S_IXUSR | S_IXGRP | S_IXOTH;

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

/// Spreads the three bits of one place (any of rwx for user, group or others) over all three places.
mode_t everywhere(mode_t bits) {
    mode_t spread = 0;
    if (bits & (S_IRUSR | S_IRGRP | S_IROTH)) spread |= S_IRUSR | S_IRGRP | S_IROTH;
    if (bits & (S_IWUSR | S_IWGRP | S_IWOTH)) spread |= S_IWUSR | S_IWGRP | S_IWOTH;
    if (bits & execute_bits) spread |= execute_bits;
    return spread;
}

}  // namespace

ModeChange::ModeChange(std::string_view text, mode_t umask) : umask_(umask) {
    const auto refuse = [&] { fail(Blame::build, "'{}' is no mode", text); };
    if (text.empty()) refuse();
    if (is_octal(text.front())) {
        mode_t value = 0;
        for (const char c : text) {
            if (!is_octal(c) || value > all_bits) refuse();
            value = value * 8 + static_cast<mode_t>(c - '0');
        }
        if (value > all_bits) refuse();
        const mode_t mentioned = text.size() < 5 ? (value & (set_ids | S_ISVTX)) | 01777 : all_bits;
        clauses_.push_back({.operation = '=', .affected = all_bits, .value = value, .mentioned = mentioned});
        return;
    }
    for (size_t at = 0; at <= text.size(); at++) {
        at = parse_clause(text, at);
        if (at != text.size() && text[at] != ',') refuse();
        if (at + 1 == text.size()) refuse();  // a comma at the end
        if (at == text.size()) return;
    }
}

/// [ugoa]*([-+=]([rwxXst]*|[ugo]|octal))+ ; returns where it ends, which is text.size() only for a whole clause.
size_t ModeChange::parse_clause(std::string_view text, size_t at) {
    const auto refuse = [&] { fail(Blame::build, "'{}' is no mode", text); };
    const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
    mode_t affected = 0;
    for (;; at++) {
        if (peek() == 'u')
            affected |= user_bits;
        else if (peek() == 'g')
            affected |= group_bits;
        else if (peek() == 'o')
            affected |= other_bits;
        else if (peek() == 'a')
            affected |= all_bits;
        else
            break;
    }
    if (peek() != '+' && peek() != '-' && peek() != '=') refuse();
    while (peek() == '+' || peek() == '-' || peek() == '=') {
        Clause clause{.operation = text[at++], .affected = affected};
        if (is_octal(peek())) {
            if (affected != 0) refuse();
            for (; is_octal(peek()); at++) {
                clause.value = clause.value * 8 + static_cast<mode_t>(text[at] - '0');
                if (clause.value > all_bits) refuse();
            }
            if (peek() != '\0' && peek() != ',') refuse();
            clause.affected = clause.mentioned = all_bits;
        } else if (peek() == 'u' || peek() == 'g' || peek() == 'o') {
            clause.what = What::copy_of;
            clause.value = peek() == 'u' ? S_IRWXU : peek() == 'g' ? S_IRWXG : S_IRWXO;
            at++;
        } else {
            for (bool more = true; more;) {
                switch (peek()) {
                    case 'r':
                        clause.value |= S_IRUSR | S_IRGRP | S_IROTH;
                        break;
                    case 'w':
                        clause.value |= S_IWUSR | S_IWGRP | S_IWOTH;
                        break;
                    case 'x':
                        clause.value |= execute_bits;
                        break;
                    case 'X':
                        clause.what = What::bits_or_execute;
                        break;
                    case 's':
                        clause.value |= set_ids;
                        break;
                    case 't':
                        clause.value |= S_ISVTX;
                        break;
                    default:
                        more = false;
                        continue;
                }
                at++;
            }
            clause.mentioned = affected != 0 ? affected & clause.value : clause.value;
        }
        clauses_.push_back(clause);
    }
    return at;
}

mode_t ModeChange::apply(mode_t mode) const {
    return apply(mode, umask_);
}
mode_t ModeChange::apply_without_umask(mode_t mode) const {
    return apply(mode, 0);
}

mode_t ModeChange::apply(mode_t mode, mode_t umask) const {
    const bool directory = S_ISDIR(mode);
    mode_t now = mode & all_bits;
    for (const Clause &clause : clauses_) {
        // Without being told in so many words, no clause takes or gives a directory's set-id bits (GNU coreutils
        // manual, 27.5).
        const mode_t kept = directory ? set_ids & ~clause.mentioned : 0;
        mode_t value = clause.value;
        if (clause.what == What::copy_of) value = everywhere(now & clause.value);
        if (clause.what == What::bits_or_execute && (directory || (now & execute_bits) != 0)) value |= execute_bits;
        value &= (clause.affected != 0 ? clause.affected : ~umask) & ~kept;
        if (clause.operation == '+') {
            now |= value;
        } else if (clause.operation == '-') {
            now &= ~value;
        } else {
            const mode_t preserved = (clause.affected != 0 ? ~clause.affected : 0) | kept;
            now = (now & preserved) | value;
        }
    }
    return now & all_bits;
}

}  // namespace osb::stages
