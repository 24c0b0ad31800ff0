// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace osb::engine {

/// Says what is wrong with a URL of an item; empty when it is one we can fetch: http, https, or file without a host.
std::string problem_of_url(std::string_view url);

bool is_file_url(std::string_view url);
/// The path a file URL names, percent-decoded. The URL has no problem_of_url.
std::string path_of_file_url(std::string_view url);

/// "https://host:port": who is asked.
std::string server_of(std::string_view url);
/// The last component of the URL's path, percent-decoded, without control characters; may be empty.
std::string file_name_of(std::string_view url);
/// The URL without the user and password it may contain, for messages.
std::string without_password(std::string_view url);

}  // namespace osb::engine
