// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/manifest/parse.hpp"
#include "lib/manifest/problems.hpp"

namespace osb::manifest {

// From a checked document to a Manifest. A loader passes over what has the wrong type, because the check has told it
// already, so that the problems of a broken document are found all at once; with problems its result means nothing.

Manifest load_one(Json document, const Lookups &lookups, Problems &problems);
Manifest load_two(Json document, const Lookups &lookups, Problems &problems);

/// The member if it is a string, else nullptr.
const std::string *string_member(const Json &object, std::string_view name);
/// The members of the member if it is an object, else none.
const Json::object_t &members_of(const Json &object, std::string_view name);
Json::object_t &members_of(Json &object, std::string_view name);
/// The elements of the member if it is an array, else none.
const Json::array_t &elements_of(const Json &object, std::string_view name);
Json::array_t &elements_of(Json &object, std::string_view name);
/// Moves the member out; {} if there is none, or it is null, false, 0 or empty.
Json take_options(Json &object, std::string_view name = "options");

/// Finds the programs of runners, asking for the host's only if somebody needs it.
class Runners {
public:
    Runners(const Lookups &lookups, Problems &problems) : lookups_(lookups), problems_(problems) {}
    Runner named(const std::string &name, const JsonPath &path);
    const Runner &of_host();

private:
    const Lookups &lookups_;
    Problems &problems_;
    std::optional<Runner> host_;
};

/// A source's name in version 1: its module, and the member that holds its items.
struct SourceTypeOne {
    const char *type;
    const char *items;
};
std::optional<SourceTypeOne> source_type_one(std::string_view name);

/// The type of the input that a stage of version 1 has without being given one; nullptr: none.
const char *implicit_input_type(std::string_view stage_name);

}  // namespace osb::manifest
