// SPDX-License-Identifier: Apache-2.0
#include "cmd/planning.hpp"

#include "lib/engine/reap.hpp"
#include "lib/engine/surroundings.hpp"

namespace osb::cmd {
namespace {

engine::Plan plan(const manifest::Manifest &manifest, const ManifestOptions &options,
                  const engine::ModuleLibrary &modules, const std::function<bool(const std::string &)> &holds) {
    engine::Request request{.exports = {}, .checkpoints = options.checkpoints};
    for (const std::string &text : options.exports) request.exports.push_back(split_export(text).pipeline);
    return engine::make_plan(
        manifest, request,
        {.holds = holds, .surroundings = [&](const manifest::Pipeline &pipeline, const manifest::Stage &stage) {
             return engine::surroundings_of(pipeline, stage, modules);
         }});
}

}  // namespace

ExportOption split_export(const std::string &text) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) return {.pipeline = text, .target = {}};
    return {.pipeline = text.substr(0, equals), .target = text.substr(equals + 1)};
}

engine::Plan plan_with_store(const manifest::Manifest &manifest, const ManifestOptions &options,
                             const engine::ModuleLibrary &modules, const store::ObjectStore &store) {
    return plan(manifest, options, modules, [&](const std::string &key) { return store.contains(key); });
}

engine::Plan plan_without_store(const manifest::Manifest &manifest, const ManifestOptions &options,
                                const engine::ModuleLibrary &modules) {
    const auto place = options.store.empty() ? default_store() : options.store;
    if (!std::filesystem::exists(place))
        return plan(manifest, options, modules, [](const std::string &) { return false; });
    const store::ObjectStore store(place, {.reap = engine::reap_run});
    return plan_with_store(manifest, options, modules, store);
}

}  // namespace osb::cmd
