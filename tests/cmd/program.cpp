// SPDX-License-Identifier: Apache-2.0
#include "tests/cmd/program.hpp"

#include "lib/store/object_store.hpp"

namespace osb::test {

std::filesystem::path osb_program() {
    return std::filesystem::path(OSB_TEST_BUILD) / "bin/osb";
}

Captured run_osb(std::vector<std::string> arguments, std::string_view input, std::vector<std::string> more_env) {
    arguments.insert(arguments.begin(), osb_program().native());
    // Nothing of the caller's environment but what programs need, so that a test means the same everywhere.
    std::vector<std::string> env{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TERM=dumb"};
    env.insert(env.end(), more_env.begin(), more_env.end());
    return run_captured({.argv = std::move(arguments), .env = std::move(env)}, input);
}

std::string osb(std::vector<std::string> arguments) {
    Captured captured = run_osb(std::move(arguments));
    EXPECT_TRUE(captured.status.success()) << captured.status.text() << "\n" << captured.err;
    return std::move(captured.out);
}

std::string trouble_in_store(const std::filesystem::path &store) {
    if (!std::filesystem::is_directory(store / "objects")) return {};
    if (!std::filesystem::is_empty(store / "tmp")) return "tmp/ is not empty";
    store::ObjectStore opened(store);
    for (const store::Ref &ref : opened.refs()) {
        if (!ref.complete) return "ref " + ref.id + " leads nowhere";
        // Written to once, so that the sum is made from the content and not taken from the name.
        store::Object object = opened.new_object(ref.id);
        { const store::Writer writer = object.write(); }
        if (object.treesum() != ref.treesum) return "object " + ref.treesum + " is not what its name says";
    }
    return {};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

}  // namespace osb::test
