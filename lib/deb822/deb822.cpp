// SPDX-License-Identifier: Apache-2.0
#include "lib/deb822/deb822.hpp"

#include <algorithm>
#include <strings.h>

#include "lib/base/error.hpp"

namespace osb {
namespace {

bool same_name(std::string_view one, std::string_view other) {
    return one.size() == other.size() && ::strncasecmp(one.data(), other.data(), one.size()) == 0;
}

std::string_view trim(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

const std::string *Paragraph::find(std::string_view name) const {
    const auto field = std::ranges::find_if(fields_, [&](const auto &entry) { return same_name(entry.first, name); });
    return field == fields_.end() ? nullptr : &field->second;
}

const std::string &Paragraph::get(std::string_view name) const {
    static const std::string nothing;
    const std::string *value = find(name);
    return value != nullptr ? *value : nothing;
}

void Paragraph::set(std::string_view name, std::string value) {
    const auto field = std::ranges::find_if(fields_, [&](const auto &entry) { return same_name(entry.first, name); });
    if (field != fields_.end())
        field->second = std::move(value);
    else
        fields_.emplace_back(name, std::move(value));
}

std::string Paragraph::text() const {
    std::string text;
    for (const auto &[name, value] : fields_) {
        text += name + ":";
        if (!value.empty() && value.front() != '\n') text += ' ';
        text += value + "\n";
    }
    return text;
}

std::vector<Paragraph> parse_deb822(std::string_view text) {
    std::vector<Paragraph> paragraphs;
    Paragraph current;
    std::string name;
    std::string value;
    const auto end_field = [&] {
        if (!name.empty()) current.set(name, std::move(value));
        name.clear();
        value.clear();
    };
    const auto end_paragraph = [&] {
        end_field();
        if (!current.empty()) paragraphs.push_back(std::move(current));
        current = {};
    };
    for (size_t number = 1; !text.empty(); number++) {
        const size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (!line.empty() && line.front() == '#') continue;
        if (trim(line).empty()) {
            end_paragraph();
        } else if (line.front() == ' ' || line.front() == '\t') {
            if (name.empty()) fail(Blame::build, "line {}: a continuation without a field", number);
            value.append("\n").append(line);
        } else {
            const size_t colon = line.find(':');
            if (colon == std::string_view::npos || colon == 0)
                fail(Blame::build, "line {}: not a field: {}", number, line);
            end_field();
            name = line.substr(0, colon);
            value = trim(line.substr(colon + 1));
        }
    }
    end_paragraph();
    return paragraphs;
}

}  // namespace osb
