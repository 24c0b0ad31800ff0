// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "lib/base/format.hpp"

namespace osb {

/// What an error means to the person who started osb; the exit code follows from it (docs: osb(1), EXIT STATUS).
enum class Blame {
    build = 1,        ///< a stage or source said no
    usage = 2,        ///< the command line or the manifest is wrong
    environment = 3,  ///< this machine cannot do it: no space, damaged store, no sandbox
    network = 4,      ///< network, registry or credentials
    timeout = 124,    ///< something took longer than it was allowed to
    bug = 125,        ///< osb is wrong
};

/// The name of a Blame in `--json` (`error.class`): "build", "usage", "environment", "network", "timeout", "bug".
const char *name_of(Blame blame);

/// A failure, told in one sentence: doing what, to what, why. Lower case, outermost context first:
/// "stage org.osbuild.rpm in pipeline os: clone base: reflink usr: No space left on device".
class Error : public std::exception {
public:
    explicit Error(std::string sentence, Blame blame = Blame::environment)
        : sentence_(std::move(sentence)), blame_(blame) {}

    /// The sentence ends in the system's words for `code`.
    Error(std::string_view sentence, std::error_code code, Blame blame = Blame::environment);

    const char *what() const noexcept override { return sentence_.c_str(); }
    /// What the kernel answered; empty when it was not the kernel that refused.
    std::error_code code() const noexcept { return code_; }
    Blame blame() const noexcept { return blame_; }

    bool is(std::errc condition) const noexcept { return code_ == condition; }
    void prepend(std::string_view context);
    void set_blame(Blame blame) noexcept { blame_ = blame; }

private:
    std::string sentence_;
    std::error_code code_;
    Blame blame_;
};

/// Throws an Error for errno `number`, which the caller took before anything else happened.
template <typename... Args>
[[noreturn]] void throw_errno(int number, fmt::format_string<Args...> text, Args &&...args) {
    throw Error(format_message(text, fmt::make_format_args(args...)), std::error_code(number, std::generic_category()));
}

/// Throws an Error of class `blame`.
template <typename... Args>
[[noreturn]] void fail(Blame blame, fmt::format_string<Args...> text, Args &&...args) {
    throw Error(format_message(text, fmt::make_format_args(args...)), blame);
}

/// Passes a system call's result through; -1 becomes an Error with errno: `check(::chdir(p), "enter {}", p)`.
template <typename Result, typename... Args>
Result check(Result result, fmt::format_string<Args...> text, Args &&...args) {
    if (result == static_cast<Result>(-1)) {
        const int number = errno;
        throw_errno(number, text, std::forward<Args>(args)...);
    }
    return result;
}

/// Runs `action`; an Error that leaves it gets the context in front. Each level adds only what it alone knows.
template <typename Action, typename... Args>
decltype(auto) in_context(Action &&action, fmt::format_string<Args...> text, Args &&...args) {
    try {
        return std::forward<Action>(action)();
    } catch (Error &error) {
        error.prepend(format_message(text, fmt::make_format_args(args...)));
        throw;
    }
}

/// What only a bug can break. Stays on in every build; throws an Error blaming osb.
#define OSB_ASSERT(condition) \
    ((condition) ? void(0) : ::osb::fail(::osb::Blame::bug, "bug: {} ({}:{})", #condition, __FILE__, __LINE__))

}  // namespace osb
