// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "lib/engine/monitor.hpp"

namespace osb::engine {

/// Passes every call on, one at a time: what keeps Monitor's promise when several pipelines run at once.
class SerialMonitor final : public Monitor {
public:
    explicit SerialMonitor(Monitor &next) : next_(next) {}

    void planned(size_t items, size_t pipelines, size_t stages) override {
        const std::scoped_lock lock(mutex_);
        next_.planned(items, pipelines, stages);
    }
    void fetch_progress(std::string_view name, std::uint64_t bytes, std::uint64_t total) override {
        const std::scoped_lock lock(mutex_);
        next_.fetch_progress(name, bytes, total);
    }
    void fetch_done(std::string_view name, std::uint64_t bytes, bool cached, std::string_view error) override {
        const std::scoped_lock lock(mutex_);
        next_.fetch_done(name, bytes, cached, error);
    }
    void pipeline_begins(std::string_view pipeline, std::string_view id, size_t stages) override {
        const std::scoped_lock lock(mutex_);
        next_.pipeline_begins(pipeline, id, stages);
    }
    void pipeline_resumed(std::string_view pipeline, size_t skipped) override {
        const std::scoped_lock lock(mutex_);
        next_.pipeline_resumed(pipeline, skipped);
    }
    void stage_begins(std::string_view pipeline, std::string_view stage, std::string_view id) override {
        const std::scoped_lock lock(mutex_);
        next_.stage_begins(pipeline, stage, id);
    }
    void stage_output(std::string_view pipeline, std::string_view stage, std::string_view bytes) override {
        const std::scoped_lock lock(mutex_);
        next_.stage_output(pipeline, stage, bytes);
    }
    void stage_ends(std::string_view pipeline, std::string_view stage, bool success,
                    std::chrono::milliseconds took) override {
        const std::scoped_lock lock(mutex_);
        next_.stage_ends(pipeline, stage, success, took);
    }
    void committed(std::string_view pipeline, std::string_view id, std::string_view treesum) override {
        const std::scoped_lock lock(mutex_);
        next_.committed(pipeline, id, treesum);
    }
    void pipeline_ends(std::string_view pipeline, bool success) override {
        const std::scoped_lock lock(mutex_);
        next_.pipeline_ends(pipeline, success);
    }
    void export_begins(std::string_view pipeline, std::string_view target) override {
        const std::scoped_lock lock(mutex_);
        next_.export_begins(pipeline, target);
    }
    void export_ends(std::string_view pipeline, std::string_view target, std::string_view digest,
                     std::uint64_t bytes) override {
        const std::scoped_lock lock(mutex_);
        next_.export_ends(pipeline, target, digest, bytes);
    }

private:
    Monitor &next_;
    std::mutex mutex_;
};

}  // namespace osb::engine
