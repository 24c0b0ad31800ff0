// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.hpp"
#include "cmd/load.hpp"
#include "cmd/output.hpp"
#include "cmd/planning.hpp"
#include "lib/engine/plan_text.hpp"
#include "lib/manifest/describe.hpp"

namespace osb::cmd {

int inspect(const InspectOptions &options) {
    const engine::ModuleLibrary modules = open_modules(options);
    const auto manifest = load_manifest(options, modules);
    if (!manifest) return static_cast<int>(Blame::usage);
    if (!options.plan) {
        print_line(to_text(manifest::describe(*manifest), python_style));
        return 0;
    }
    const engine::Plan plan = plan_without_store(*manifest, options, modules);
    if (options.json)
        print_line(to_text(engine::plan_json(plan), python_style));
    else
        print(engine::plan_text(plan));
    return 0;
}

}  // namespace osb::cmd
