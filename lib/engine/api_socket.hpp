// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <thread>

#include "lib/base/fd.hpp"
#include "lib/base/json.hpp"

namespace osb::engine {

/// The socket /run/osbuild/api/osbuild of a sandbox: a runner or module reports an exception there before it gives up.
/// Wire format: one JSON value a SOCK_SEQPACKET packet; a longer one in a memfd that comes along with the packet
/// "<args-via-fd>". Served by a thread of its own while this lives; what is not understood is ignored.
class ApiSocket {
public:
    /// Listens at `path`. Paths longer than a socket address can hold are reached through their directory's descriptor.
    explicit ApiSocket(const std::filesystem::path &path);
    ApiSocket(const ApiSocket &) = delete;
    ApiSocket &operator=(const ApiSocket &) = delete;
    ~ApiSocket();

    /// Ends the service; returns what was reported: {"type": "exception", "data": {"type", "value", "traceback"}}.
    std::optional<Json> finish();

private:
    void serve();
    void take_message(const Fd &client);

    Fd listener_;
    Fd stop_;
    std::optional<Json> exception_;
    std::thread thread_;
};

}  // namespace osb::engine
