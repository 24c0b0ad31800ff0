// SPDX-License-Identifier: Apache-2.0
#include "lib/resolve/apt.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <time.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/fd.hpp"

namespace osb::resolve {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return lines;
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    for (size_t at = line.find_first_not_of(' '); at != std::string_view::npos; at = line.find_first_not_of(' ', at)) {
        const size_t end = std::min(line.find(' ', at), line.size());
        words.emplace_back(line.substr(at, end - at));
        at = end;
    }
    return words;
}

bool begins(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

std::string joined(const std::vector<std::string> &parts, std::string_view between) {
    std::string text;
    for (const std::string &part : parts) text.append(text.empty() ? "" : between).append(part);
    return text;
}

/// The name in "name:arch=version" or "name/suite".
std::string name_in(const std::string &request) {
    return request.substr(0, request.find_first_of(":=/"));
}

/// apt's "E:" lines without their mark.
std::vector<std::string> errors_in(std::string_view text, std::string_view mark = "E: ") {
    std::vector<std::string> errors;
    for (const std::string_view line : lines_of(text)) {
        if (!begins(line, mark)) continue;
        std::string error(line.substr(mark.size()));
        if (std::ranges::find(errors, error) == errors.end()) errors.push_back(std::move(error));
    }
    return errors;
}

/// Undoes apt's quoting in file names: "1%3a2.66" → "1:2.66".
std::string unquoted(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '%' && i + 2 < text.size()) {
            plain += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

std::string url_of(std::string_view url, std::string_view name) {
    for (const std::string_view local : {"file:", "copy:"})
        if (begins(url, local)) {
            url.remove_prefix(local.size());
            while (begins(url, "//")) url.remove_prefix(1);
            std::string path(url);
            for (size_t at = path.find("/./"); at != std::string::npos; at = path.find("/./", at)) path.erase(at, 2);
            return "file://" + path;
        }
    if (begins(url, "http://") || begins(url, "https://") || begins(url, "ftp://")) return std::string(url);
    fail(Blame::usage, "package {} would come from {}, which is no address a manifest can hold", name, url);
}

/// One line of --print-uris: 'URL' NAME_VERSION_ARCH.deb SIZE SHA256:HEX
std::optional<Chosen> chosen_in(std::string_view line) {
    if (!begins(line, "'")) return std::nullopt;
    const size_t quote = line.find("' ", 1);
    if (quote == std::string_view::npos) return std::nullopt;
    const std::vector<std::string> rest = words_of(line.substr(quote + 2));
    if (rest.size() < 3) return std::nullopt;
    const std::string &file = rest[0];
    const size_t first = file.find('_');
    const size_t last = file.rfind('_');
    const size_t dot = file.rfind('.');
    if (first == std::string::npos || last == first || dot == std::string::npos || dot < last) return std::nullopt;
    Chosen chosen{.name = unquoted(file.substr(0, first)),
                  .version = unquoted(file.substr(first + 1, last - first - 1)),
                  .architecture = file.substr(last + 1, dot - last - 1)};
    chosen.url = url_of(line.substr(1, quote - 1), chosen.name);
    constexpr std::string_view sha256 = "SHA256:";
    if (begins(rest[2], sha256)) chosen.sha256 = rest[2].substr(sha256.size());
    if (chosen.sha256.size() != 64) fail(Blame::usage, "the archive gives no SHA-256 for package {}", chosen.name);
    return chosen;
}

/// The packages listed, indented, after the line "The following additional packages will be installed:".
std::set<std::string> additional_in(std::string_view output) {
    std::set<std::string> names;
    bool inside = false;
    for (const std::string_view line : lines_of(output)) {
        if (begins(line, "  ") && inside)
            for (const std::string &word : words_of(line)) names.insert(word);
        else
            inside = line == "The following additional packages will be installed:";
    }
    return names;
}

/// What apt says about packages that do not go together: " web : Depends: libnothing but it is not installable".
std::vector<std::string> unmet_in(std::string_view output) {
    std::vector<std::string> unmet;
    bool inside = false;
    for (const std::string_view line : lines_of(output)) {
        if (begins(line, " ") && inside)
            unmet.push_back(joined(words_of(line), " "));
        else
            inside = line == "The following packages have unmet dependencies:";
    }
    return unmet;
}

std::string source_paragraph(const Archive &archive, const std::filesystem::path &directory) {
    Paragraph paragraph;
    paragraph.set("Types", "deb");
    paragraph.set("URIs", archive.url);
    paragraph.set("Suites", joined(archive.suites, " "));
    if (!archive.components.empty()) paragraph.set("Components", joined(archive.components, " "));
    if (archive.signed_by)
        paragraph.set("Signed-By",
                      std::filesystem::absolute(directory / *archive.signed_by).lexically_normal().native());
    if (archive.trusted) paragraph.set("Trusted", "yes");
    return paragraph.text();
}

/// "Sat, 12 Jul 2025 09:11:33 UTC"
std::optional<EpochSeconds> parse_release_date(const std::string &text) {
    struct tm time {};
    const char *end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &time);
    if (end == nullptr) return std::nullopt;
    return ::timegm(&time);
}

constexpr size_t largest_output = size_t{1} << 30;

}  // namespace

Apt::Apt(const std::string &architecture, const std::vector<Archive> &archives, const std::filesystem::path &directory,
         const std::filesystem::path &scratch)
    : architecture_(architecture), dir_(scratch, "osb-apt") {
    const std::string &home = dir_.path().native();
    if (home.find('"') != std::string::npos)
        fail(Blame::environment, "apt cannot work in a directory with a quotation mark: {}", home);
    for (const char *name : {"lists/partial", "cache/archives/partial", "log", "sources"})
        std::filesystem::create_directories(dir_.path() / name);
    write_file(dir_.path() / "status", "");
    // Read after all of the host's configuration (-c), so that what is said here holds. Lists are cleared, not appended
    // to.
    std::string conf =
        "#clear APT::Architectures;\n#clear APT::Update;\n#clear DPkg;\n#clear Dir::Ignore-Files-Silently;\n";
    const auto say = [&](std::string_view key, std::string_view value) { conf += format("{} \"{}\";\n", key, value); };
    say("Dir::State", home);
    say("Dir::State::lists", home + "/lists");
    say("Dir::State::status", home + "/status");
    say("Dir::State::extended_states", home + "/extended_states");
    say("Dir::Cache", home + "/cache");
    say("Dir::Cache::archives", home + "/cache/archives");
    say("Dir::Cache::pkgcache", "pkgcache.bin");
    say("Dir::Cache::srcpkgcache", "srcpkgcache.bin");
    say("Dir::Log", home + "/log");
    say("Dir::Log::Planner", "/dev/null");
    say("Dir::Log::Solver", "/dev/null");
    say("Debug::NoLocking", "true");
    say("APT::Architecture", architecture_);
    say("APT::Architectures::", architecture_);
    say("APT::Sandbox::User",
        "root");  // "root" is apt's word for staying who one is; its own user could not enter our directory
    say("APT::Update::Error-Mode", "any");
    say("APT::Install-Suggests", "false");
    say("APT::Get::Assume-Yes", "true");
    say("Acquire::Languages", "none");
    say("Acquire::GzipIndexes", "false");  // every call below reads them
    say("Acquire::ForceHash", "SHA256");
    if (!archives.empty()) {
        std::string lines;
        std::string paragraphs;
        for (const Archive &archive : archives) {
            if (archive.lines.empty())
                paragraphs += source_paragraph(archive, directory) + "\n";
            else if (begins(archive.lines, "deb "))
                lines += archive.lines + "\n";
            else
                paragraphs += archive.lines + "\n\n";
        }
        write_file(dir_.path() / "sources/osb.list", lines);
        write_file(dir_.path() / "sources/osb.sources", paragraphs);
        say("Dir::Etc::sourcelist", "/dev/null");
        say("Dir::Etc::sourceparts", home + "/sources");
        // Pins and a default release belong to the archives they were written for.
        say("Dir::Etc::preferences", "/dev/null");
        say("Dir::Etc::preferencesparts", "/dev/null");
        conf += "#clear APT::Default-Release;\n";
    }
    write_file(dir_.path() / "apt.conf", conf);
}

std::string Apt::host_architecture() {
    if (!find_program("apt-config"))
        fail(Blame::environment, "apt is not installed, and osb resolve lets it choose the packages");
    const Captured said = run_captured({.argv = {"apt-config", "shell", "ARCH", "APT::Architecture"}});
    const size_t open = said.out.find('\'');
    const size_t close = said.out.rfind('\'');
    if (!said.status.success() || open == close)
        fail(Blame::environment, "apt-config does not say this host's architecture: {}",
             joined(errors_in(said.err), "; "));
    return said.out.substr(open + 1, close - open - 1);
}

Captured Apt::run(const char *program, const std::vector<std::string> &arguments) const {
    Command command{.argv = {program, "-c", (dir_.path() / "apt.conf").native()}};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.env.emplace();
    for (char **entry = environ; *entry != nullptr; entry++) {
        const std::string_view variable = *entry;
        if (!begins(variable, "LC_") && !begins(variable, "LANG")) command.env->emplace_back(variable);
    }
    command.env->emplace_back("LC_ALL=C");
    return run_captured(std::move(command), {}, largest_output);
}

void Apt::update() {
    const Captured said = run("apt-get", {"update"});
    if (said.status.success()) return;
    std::vector<std::string> reasons = errors_in(said.err);
    if (reasons.empty()) reasons = errors_in(said.err, "W: ");
    // The last one only says that there were others.
    if (reasons.size() > 1)
        std::erase_if(reasons, [](const std::string &reason) { return begins(reason, "Some index files failed"); });
    fail(Blame::network, "fetch the archive's lists: {}", joined(reasons, "; "));
}

std::optional<EpochSeconds> Apt::newest_release() const {
    std::optional<EpochSeconds> newest;
    for (const auto &entry : std::filesystem::directory_iterator(dir_.path() / "lists")) {
        const std::string name = entry.path().filename();
        if (!name.ends_with("Release")) continue;
        const std::string text = read_file(entry.path());
        for (const std::string_view line : lines_of(text)) {
            if (!begins(line, "Date: ")) continue;
            const auto date = parse_release_date(std::string(line.substr(6)));
            if (date && (!newest || *date > *newest)) newest = date;
            break;
        }
    }
    return newest;
}

/// The packages that provide `name`, as showpkg lists them: one "provider version (= …)" a line.
std::vector<std::string> Apt::providers(const std::string &name) const {
    constexpr std::string_view heading = "Reverse Provides: \n";
    const std::string about = run("apt-cache", {"showpkg", name}).out;
    const size_t start = about.find(heading);
    if (start == std::string::npos) return {};
    std::vector<std::string> names;
    for (const std::string_view line : lines_of(std::string_view(about).substr(start + heading.size())))
        if (const auto words = words_of(line); !words.empty()) names.push_back(words.front());
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::vector<std::string> Apt::unknown(const std::vector<std::string> &requests) const {
    const Captured all = run("apt-cache", {"pkgnames"});
    const std::vector<std::string_view> lines = lines_of(all.out);
    const std::set<std::string_view> names(lines.begin(), lines.end());
    std::vector<std::string> unknown;
    for (const std::string &request : requests) {
        const std::string name = name_in(request);
        if (names.count(name) == 0 && providers(name).empty()) unknown.push_back(name);
    }
    std::ranges::sort(unknown);
    unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
    return unknown;
}

std::vector<Paragraph> Apt::show(const std::vector<std::string> &names) const {
    std::vector<std::string> arguments = {"show", "--no-all-versions"};
    arguments.insert(arguments.end(), names.begin(), names.end());
    return parse_deb822(run("apt-cache", arguments).out);
}

void Apt::set_installed(const std::vector<Paragraph> &packages) {
    std::string status;
    for (Paragraph package : packages) {
        package.set("Status", "install ok installed");
        status += package.text() + "\n";
    }
    write_file(dir_.path() / "status", status);
}

std::vector<Chosen> Apt::solve(const std::vector<std::string> &requests, bool recommends) const {
    if (requests.empty()) return {};
    std::vector<std::string> arguments = {
        "install", "--print-uris", "--no-remove", "-o", format("APT::Install-Recommends={}", recommends), "--"};
    arguments.insert(arguments.end(), requests.begin(), requests.end());
    const Captured said = run("apt-get", arguments);
    if (!said.status.success()) {
        std::vector<std::string> reasons = unmet_in(said.out);
        if (reasons.empty()) reasons = errors_in(said.err);
        for (std::string &reason : reasons) {
            // "Package 'awk' has no installation candidate": several packages provide it, and apt does not pick one.
            const size_t end = reason.find("' has no installation candidate");
            if (begins(reason, "Package '") && end != std::string::npos)
                reason += ", name one of " + joined(providers(reason.substr(9, end - 9)), ", ");
        }
        fail(Blame::usage, "apt finds no solution: {}", joined(reasons, "; "));
    }
    const std::set<std::string> additional = additional_in(said.out);
    std::vector<Chosen> all;
    for (const std::string_view line : lines_of(said.out)) {
        auto chosen = chosen_in(line);
        if (!chosen) continue;
        chosen->automatic =
            additional.count(chosen->name) != 0 || additional.count(chosen->name + ":" + chosen->architecture) != 0;
        all.push_back(std::move(*chosen));
    }
    std::ranges::sort(all, {}, [](const Chosen &chosen) { return std::make_pair(chosen.name, chosen.architecture); });
    return all;
}

}  // namespace osb::resolve
