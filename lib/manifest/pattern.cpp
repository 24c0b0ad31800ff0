// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "lib/manifest/pattern.hpp"

#include <array>
#include <pcre2.h>

#include "lib/base/error.hpp"

namespace osb::manifest {
namespace {

/// Enough for every honest pattern, and a fraction of a second for one that backtracks without end.
constexpr std::uint32_t most_steps = 1'000'000;

struct FreeMatch {
    void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
    void operator()(pcre2_match_context *context) const { pcre2_match_context_free(context); }
};

pcre2_match_context *limited_context() {
    static const std::unique_ptr<pcre2_match_context, FreeMatch> context = [] {
        std::unique_ptr<pcre2_match_context, FreeMatch> made(pcre2_match_context_create(nullptr));
        OSB_ASSERT(made != nullptr);
        pcre2_set_match_limit(made.get(), most_steps);
        return made;
    }();
    return context.get();
}

}  // namespace

void Pattern::Free::operator()(void *code) const {
    pcre2_code_free(static_cast<pcre2_code *>(code));
}

Pattern::Pattern(const std::string &text) : text_(text) {
    int error = 0;
    PCRE2_SIZE place = 0;
    // A manifest's strings may have lone surrogates, which are not UTF-8.
    constexpr std::uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
    code_.reset(
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), options, &error, &place, nullptr));
    if (code_) return;
    std::array<PCRE2_UCHAR, 256> words{};
    pcre2_get_error_message(error, words.data(), words.size());
    fail(Blame::usage, "regular expression '{}': {}", text_, reinterpret_cast<const char *>(words.data()));
}

bool Pattern::is_in(std::string_view subject) const {
    const auto *code = static_cast<const pcre2_code *>(code_.get());
    const std::unique_ptr<pcre2_match_data, FreeMatch> data(pcre2_match_data_create(1, nullptr));
    OSB_ASSERT(data != nullptr);
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), 0, 0, data.get(),
                       limited_context()) >= 0;
}

}  // namespace osb::manifest
