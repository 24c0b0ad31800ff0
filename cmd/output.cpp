// SPDX-License-Identifier: Apache-2.0
#include "cmd/output.hpp"

#include <unistd.h>

#include "lib/base/fd.hpp"

namespace osb::cmd {

void print(std::string_view text) {
    Fd out(STDOUT_FILENO);
    try {
        write_all(out, text, "standard output");
    } catch (...) {
        (void)out.release();
        throw;
    }
    (void)out.release();
}

Json error_record(const Error &error) {
    return {{"type", "error"},
            {"success", false},
            {"error", {{"class", name_of(error.blame())}, {"message", error.what()}}}};
}

std::string printable(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    for (size_t i = 0; i < text.size(); i++) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool carriage = byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if (carriage) continue;
        const bool control = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
        // C1 controls, written in UTF-8 as C2 80 … C2 9F.
        const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c1) i++;
        clean += control || c1 ? '?' : text[i];
    }
    return clean;
}

}  // namespace osb::cmd
