// SPDX-License-Identifier: Apache-2.0
#include "cmd/result.hpp"

namespace osb::cmd {
namespace {

Json sources_record(const std::vector<engine::SourceResult> &sources) {
    Json record = {{"success", true}};
    for (const engine::SourceResult &source : sources) {
        if (!source.success()) record["success"] = false;
        Json items = Json::array();
        for (const engine::FetchResult &item : source.items) {
            Json entry = {{"cached", item.cached}, {"checksum", item.checksum}};
            if (!item.error.empty()) entry["error"] = item.error;
            items.push_back(std::move(entry));
        }
        record[source.type] = std::move(items);
    }
    return record;
}

Json stage_record(const engine::StageResult &stage) {
    Json record = {{"id", stage.id}, {"type", stage.type}, {"output", stage.output}};
    if (!stage.success) {
        record["success"] = false;
        if (!stage.error.is_null()) record["error"] = stage.error;
    }
    return record;
}

Json log_record(const engine::BuildResult &build) {
    Json log = Json::object();
    for (const engine::PipelineResult &pipeline : build.pipelines) {
        if (pipeline.stages.empty()) continue;
        Json stages = Json::array();
        for (const engine::StageResult &stage : pipeline.stages) stages.push_back(stage_record(stage));
        log[pipeline.name] = std::move(stages);
    }
    return log;
}

Json exports_record(const std::vector<Exported> &exports) {
    Json list = Json::array();
    for (const Exported &exported : exports) {
        Json record = {{"pipeline", exported.pipeline}, {"target", exported.target}};
        if (!exported.digest.empty()) {
            record["digest"] = exported.digest;
            record["size"] = exported.bytes;
        }
        list.push_back(std::move(record));
    }
    return list;
}

Json failure_record(const engine::Failure &failure) {
    Json record = {{"class", name_of(failure.blame)}, {"message", failure.sentence}};
    if (failure.stage) {
        record["type"] = "org.osbuild.error.stage";
        record["details"] = {{"stage",
                              {{"id", failure.stage->id},
                               {"type", failure.stage->type},
                               {"output", failure.stage->output},
                               {"error", failure.stage->error},
                               {"pipeline", failure.pipeline},
                               {"cause", failure.stage->cause},
                               {"log", failure.stage->log.native()}}}};
    }
    return record;
}

Json item_record(const FailedItem &failed) {
    return {{"class", name_of(failed.item->blame)},
            {"message", failed.item->error},
            {"type", "org.osbuild.error.source"},
            {"details", {{"source", {{"type", failed.source->type}, {"output", failed.item->error}}}}}};
}

}  // namespace

std::optional<FailedItem> failed_item(const RunReport &report) {
    for (const engine::SourceResult &source : report.sources)
        if (const engine::FetchResult *item = source.failed()) return FailedItem{&source, item};
    return std::nullopt;
}

Json result_record(const RunReport &report) {
    const auto failed = failed_item(report);
    const bool success = !failed && !report.build.failure;
    Json record = {{"type", success ? "result" : "error"}, {"success", success}};
    if (failed)
        record["error"] = item_record(*failed);
    else if (report.build.failure)
        record["error"] = failure_record(*report.build.failure);
    else
        record["metadata"] = report.metadata;
    record["sources"] = sources_record(report.sources);
    record["log"] = log_record(report.build);
    if (success) record["exports"] = exports_record(report.exports);
    return record;
}

}  // namespace osb::cmd
