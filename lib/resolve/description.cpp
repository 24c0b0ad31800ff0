// SPDX-License-Identifier: Apache-2.0
#include "lib/resolve/description.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "lib/resolve/yaml.hpp"

namespace osb::resolve {
namespace {

const std::vector<std::pair<std::string, std::vector<std::string>>> &variants() {
    // The words and their meaning are mmdebstrap's.
    static const std::vector<std::pair<std::string, std::vector<std::string>>> all = {
        {"none", {}},
        {"essential", {"?essential"}},
        {"apt", {"?essential", "apt"}},
        {"minbase", {"?essential", "?priority(required)", "apt"}},
        {"important", {"?essential", "?priority(required)", "?priority(important)", "apt"}},
        {"standard", {"?essential", "?priority(required)", "?priority(important)", "?priority(standard)", "apt"}},
    };
    return all;
}

constexpr std::string_view small_letters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits = "0123456789";

bool consists_of(std::string_view text, std::initializer_list<std::string_view> sets) {
    return std::ranges::all_of(text, [&](char letter) {
        return std::ranges::any_of(sets,
                                   [&](std::string_view set) { return set.find(letter) != std::string_view::npos; });
    });
}

/// Debian policy, 5.6.1; apt-get reads much more into its arguments, such as "remove" into a '-' at the end.
bool is_package_name(std::string_view name) {
    return name.size() >= 2 && name.back() != '-' && consists_of(name.substr(0, 1), {small_letters, digits}) &&
           consists_of(name, {small_letters, digits, "+-."});
}

bool is_package_request(std::string_view text) {
    const size_t sign = text.find_first_of("=/");
    std::string_view name = text.substr(0, sign);
    if (sign != std::string_view::npos) {
        const std::string_view rest = text.substr(sign + 1);
        if (rest.empty() || !consists_of(rest, {small_letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", digits, "+-.:~_"}))
            return false;
    }
    if (const size_t colon = name.find(':'); colon != std::string_view::npos) {
        if (colon + 1 == name.size() || !consists_of(name.substr(colon + 1), {small_letters, digits, "-"}))
            return false;
        name = name.substr(0, colon);
    }
    return is_package_name(name);
}

/// Collects problems while it reads, so that one look shows them all.
class Reader {
public:
    explicit Reader(std::vector<std::string> &problems) : problems_(problems) {}

    void problem(std::string_view place, std::string_view message) {
        problems_.push_back(place.empty() ? std::string(message) : format("{}: {}", place, message));
    }

    /// nullopt, and a problem, when it is not a string or says nothing.
    std::optional<std::string> string(const Json &value, std::string_view place) {
        if (value.is_string() && !value.get_ref<const std::string &>().empty()) {
            if (value.get_ref<const std::string &>().find('\0') == std::string::npos) return value.get<std::string>();
        }
        problem(place, format("{} is not a text", shown(value)));
        return std::nullopt;
    }

    std::optional<std::string> word(const Json &value, std::string_view place) {
        auto text = string(value, place);
        if (text && text->find_first_of(" \t\r\n\"") != std::string::npos) {
            problem(place, format("{} is not one word", shown(value)));
            return std::nullopt;
        }
        return text;
    }

    std::vector<std::string> words(const Json &value, std::string_view place) {
        return list<std::string>(value, place,
                                 [&](const Json &item, const std::string &where) { return word(item, where); });
    }

    template <typename Item>
    std::vector<Item> list(const Json &value, std::string_view place,
                           const std::function<std::optional<Item>(const Json &, const std::string &)> &read) {
        std::vector<Item> items;
        if (!value.is_array()) {
            problem(place, format("{} is not a list", shown(value)));
            return items;
        }
        for (size_t i = 0; i < value.size(); i++)
            if (auto item = read(value[i], format("{}[{}]", place, i))) items.push_back(std::move(*item));
        return items;
    }

    std::optional<bool> boolean(const Json &value, std::string_view place) {
        if (value.is_boolean()) return value.get<bool>();
        problem(place, format("{} is neither true nor false", shown(value)));
        return std::nullopt;
    }

    using Members = std::map<std::string, std::function<void(const Json &, const std::string &)>>;
    void object(const Json &value, const std::string &place, const Members &members) {
        for (const auto &[name, member] : value.items()) {
            const auto known = members.find(name);
            if (known == members.end())
                problem(place, format("unknown key {}", name));
            else
                known->second(member, place.empty() ? name : place + "." + name);
        }
    }

    static std::string shown(const Json &value) {
        std::string text = to_text(value, python_style);
        if (text.size() > 60) text = text.substr(0, 57) + "...";
        return text;
    }

private:
    std::vector<std::string> &problems_;
};

std::optional<Archive> read_archive(Reader &reader, const Json &value, const std::string &place) {
    Archive archive;
    if (value.is_string()) {
        archive.lines = value.get<std::string>();
        if (archive.lines.rfind("deb ", 0) == 0 || archive.lines.find("Types:") != std::string::npos) return archive;
        reader.problem(place, "neither a line \"deb URL SUITE COMPONENT…\" nor a paragraph with \"Types:\"");
        return std::nullopt;
    }
    if (!value.is_object()) {
        reader.problem(place, format("{} is not an archive", Reader::shown(value)));
        return std::nullopt;
    }
    reader.object(
        value, place,
        {{"url",
          [&](const Json &member, const std::string &at) { archive.url = reader.word(member, at).value_or(""); }},
         {"suites", [&](const Json &member, const std::string &at) { archive.suites = reader.words(member, at); }},
         {"components",
          [&](const Json &member, const std::string &at) { archive.components = reader.words(member, at); }},
         {"signed-by",
          [&](const Json &member, const std::string &at) {
              if (const auto path = reader.word(member, at)) archive.signed_by = *path;
          }},
         {"trusted", [&](const Json &member, const std::string &at) {
              archive.trusted = reader.boolean(member, at).value_or(false);
          }}});
    if (!value.contains("url")) reader.problem(place, "the url is missing");
    if (!value.contains("suites")) reader.problem(place, "the suites are missing");
    const bool is_flat =
        std::ranges::any_of(archive.suites, [](const std::string &suite) { return suite.back() == '/'; });
    if (is_flat && !archive.components.empty()) reader.problem(place, "a suite that ends in / has no components");
    if (!is_flat && value.contains("suites") && archive.components.empty())
        reader.problem(place, "the components are missing");
    return archive;
}

void read_description(Reader &reader, const Json &document, Description &into) {
    reader.object(
        document, "",
        {{"name", [&](const Json &value, const std::string &place) { into.name = reader.word(value, place); }},
         {"architecture",
          [&](const Json &value, const std::string &place) {
              into.architecture = reader.word(value, place);
              if (into.architecture && !consists_of(*into.architecture, {small_letters, digits, "-"}))
                  reader.problem(place, format("{} is not an architecture", Reader::shown(value)));
          }},
         {"variant",
          [&](const Json &value, const std::string &place) {
              into.variant = reader.word(value, place);
              if (into.variant && find_variant(*into.variant) == nullptr)
                  reader.problem(place, format("{} is none of {}", Reader::shown(value), variant_words()));
          }},
         {"packages",
          [&](const Json &value, const std::string &place) {
              into.packages = reader.list<std::string>(
                  value, place, [&](const Json &item, const std::string &at) -> std::optional<std::string> {
                      if (item.is_string() && is_package_request(item.get_ref<const std::string &>()))
                          return item.get<std::string>();
                      reader.problem(at, format("{} is not a package name", Reader::shown(item)));
                      return std::nullopt;
                  });
          }},
         {"recommends",
          [&](const Json &value, const std::string &place) {
              into.recommends = reader.boolean(value, place).value_or(false);
          }},
         {"archive",
          [&](const Json &value, const std::string &place) {
              if (value.is_array() && value.empty())
                  reader.problem(place, "the list is empty; leave it out for this host's archive");
              into.archives = reader.list<Archive>(
                  value.is_array() ? value : Json::array({value}), place,
                  [&](const Json &item, const std::string &at) { return read_archive(reader, item, at); });
          }},
         {"source-epoch",
          [&](const Json &value, const std::string &place) {
              if (value.is_number_integer() && value >= 0)
                  into.source_epoch = value.get<EpochSeconds>();
              else
                  reader.problem(place, format("{} is not a number of seconds", Reader::shown(value)));
          }},
         {"base",
          [&](const Json &value, const std::string &place) {
              if (const auto path = reader.string(value, place)) into.base = *path;
          }},
         {"debconf",
          [&](const Json &value, const std::string &place) {
              into.debconf = reader.list<std::string>(
                  value, place, [&](const Json &item, const std::string &at) { return reader.string(item, at); });
          }},
         {"stages", [&](const Json &value, const std::string &place) {
              into.stages =
                  reader.list<Json>(value, place, [&](const Json &item, const std::string &at) -> std::optional<Json> {
                      const Json *type = find_member(item, "type");
                      if (type != nullptr && type->is_string()) return item;
                      reader.problem(at, format("{} is not a stage with a type", Reader::shown(item)));
                      return std::nullopt;
                  });
          }}});
    const bool asks_for_nothing =
        into.packages.empty() && into.stages.empty() && into.variant.value_or(into.base ? "none" : "minbase") == "none";
    if (asks_for_nothing && !document.contains("packages"))
        reader.problem("", "no packages, no variant and no stages: nothing to do");
}

}  // namespace

const std::vector<std::string> *find_variant(std::string_view word) {
    const auto variant =
        std::ranges::find(variants(), word, [](const auto &entry) { return std::string_view(entry.first); });
    return variant == variants().end() ? nullptr : &variant->second;
}

std::string variant_words() {
    std::string words;
    for (const auto &[word, packages] : variants()) words += (words.empty() ? "" : ", ") + word;
    return words;
}

ParsedDescription parse_description(std::string_view text) {
    ParsedDescription parsed;
    Json document;
    try {
        const size_t first = text.find_first_not_of(" \t\r\n");
        document = first != std::string_view::npos && text[first] == '{' ? parse_json(text) : parse_yaml(text);
    } catch (const Error &error) {
        parsed.problems.emplace_back(error.what());
        return parsed;
    }
    Reader reader(parsed.problems);
    if (document.is_object())
        read_description(reader, document, parsed.description);
    else
        reader.problem("", "a description is a map of keys such as packages and archive");
    return parsed;
}

}  // namespace osb::resolve
