// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/dir.hpp"
#include "lib/base/json.hpp"

namespace osb::stages {

/// A place named by a URL in the options ("tree:///etc", "mount://boot/grub", "input://files/sha256:…").
struct Location {
    Dir root;              ///< the tree, the mount or the input; the place cannot be outside it
    TreePath path;         ///< below root
    std::string name;      ///< the last component; for the root: that of where it is mounted
    bool content = false;  ///< the URL ends in a slash: what is in the directory, not the directory
};

/// What the engine tells a stage: the document in /run/osbuild/api/arguments (contract, 7.4).
/// The engine has checked the options against the module's schema; a module still says a sentence about what it cannot
/// use.
class Arguments {
public:
    static Arguments read(const std::filesystem::path &file = "/run/osbuild/api/arguments");
    explicit Arguments(Json document);

    /// The whole document, for modules with a reader of their own.
    const Json &document() const { return document_; }
    /// {} when there are none.
    const Json &options() const { return options_; }
    /// Name → {"path", "data"?}; {} when there are none.
    const Json &inputs() const { return inputs_; }

    /// The tree being built (for tar and its like: the directory the result goes to).
    Dir tree() const;
    /// Where the tree is for other programs.
    std::filesystem::path tree_path() const;
    /// Where an input is; throws when the stage has none of that name.
    std::filesystem::path input_path(std::string_view name) const;
    Dir input(std::string_view name) const { return Dir::open(input_path(name)); }

    /// Takes a URL apart as osbuild does (Python's urlparse: `?` and `#` end the path); a text without a scheme is in
    /// the tree.
    /// `.` and `..` are resolved in the text, and `..` ends at the root. Throws (Blame::build) for what is not there.
    Location locate(std::string_view url) const;

    /// meta.source-epoch; nullopt when the pipeline has none.
    std::optional<EpochSeconds> source_epoch() const;
    /// The day a file is stamped with: the source epoch, SOURCE_DATE_EPOCH, or now.
    EpochSeconds time() const;

private:
    std::filesystem::path path_member(const char *group, std::string_view name) const;

    Json document_;
    Json options_ = Json::object();
    Json inputs_ = Json::object();
};

/// Resolves `.` and `..` in the text alone; `..` does not leave the root.
TreePath normalized(std::string_view path);

/// Options by type; `what` names them in the Error when the type is another (Blame::build).
std::string text_option(const Json &object, std::string_view name);
std::optional<std::string> optional_text(const Json &object, std::string_view name);
bool flag_option(const Json &object, std::string_view name, bool fallback);
/// nullopt when not there. A float is refused even when it is whole, as the programs osbuild calls refuse "5.0".
std::optional<long long> optional_integer(const Json &object, std::string_view name);
std::vector<std::string> text_list(const Json &object, std::string_view name);

/// One line on standard output: what the stage tells about its work.
void say(std::string_view line);

}  // namespace osb::stages
