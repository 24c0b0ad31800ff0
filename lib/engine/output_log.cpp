// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/output_log.hpp"

#include <algorithm>

#include "lib/base/format.hpp"

namespace osb::engine {

OutputLog::OutputLog(Fd file, std::string file_name, Listener listener)
    : file_(std::move(file)), file_name_(std::move(file_name)), listener_(std::move(listener)) {}

void OutputLog::write(std::span<const std::byte> data) {
    write_all(file_, data, file_name_);
    size_ += data.size();
    const std::string_view text(reinterpret_cast<const char *>(data.data()), data.size());
    tail_.append(text);
    // Cut only now and then: moving the tail for every piece would cost more than keeping twice as much.
    if (tail_.size() > 2 * kept_bytes) tail_.erase(0, tail_.size() - kept_bytes);
    if (listener_) listener_(text);
}

std::string OutputLog::text() const {
    const size_t kept = std::min(tail_.size(), kept_bytes);
    std::string text = tail_.substr(tail_.size() - kept);
    if (kept == size_) return text;
    return format("[...{} bytes hidden...]\n", size_ - kept) + text;
}

std::string OutputLog::last_lines(size_t count) const {
    std::string_view text = tail_;
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    size_t start = text.size();
    for (size_t lines = 0; lines < count && start > 0; lines++) {
        const size_t before = text.rfind('\n', start - 1);
        start = before == std::string_view::npos ? 0 : before;
    }
    if (start < text.size() && text[start] == '\n') start++;
    return std::string(text.substr(start));
}

}  // namespace osb::engine
