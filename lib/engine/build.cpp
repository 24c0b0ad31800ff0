// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/build.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/engine/clamp_times.hpp"
#include "lib/engine/serial_monitor.hpp"

namespace osb::engine {
namespace {

/// A Stop of our own that also hears the user's: a failed pipeline stops its siblings without pretending that the user
/// did.
class LinkedStop {
public:
    explicit LinkedStop(const Stop &outer)
        : done_(check(::eventfd(0, EFD_CLOEXEC), "make an event descriptor")), thread_([this, &outer] {
              std::array<pollfd, 2> wait{{{.fd = outer.fd().get(), .events = POLLIN, .revents = 0},
                                          {.fd = done_.get(), .events = POLLIN, .revents = 0}}};
              while (::poll(wait.data(), wait.size(), -1) == -1 && errno == EINTR) {
              }
              if (wait[0].revents != 0) inner_.request(SIGTERM);
          }) {}
    ~LinkedStop() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t ignored = ::write(done_.get(), &one, sizeof one);
        thread_.join();
    }
    LinkedStop(const LinkedStop &) = delete;
    LinkedStop &operator=(const LinkedStop &) = delete;

    Stop &inner() { return inner_; }
    bool requested() const { return inner_.requested(); }

private:
    Stop inner_;
    Fd done_;
    std::thread thread_;
};

class Builder {
public:
    Builder(const Plan &plan, store::ObjectStore &store, sandbox::Sandbox &sandbox, const ModuleLibrary &modules,
            const BuildOptions &options, Monitor &monitor, const Stop &stop)
        : plan_(plan),
          store_(store),
          sandbox_(sandbox),
          modules_(modules),
          options_(options),
          monitor_(monitor),
          user_stop_(stop),
          linked_(stop),
          states_(plan.pipelines.size(), State::waiting),
          results_(plan.pipelines.size()) {
        for (size_t i = 0; i < plan.pipelines.size(); i++)
            if (plan.pipelines[i].stages_to_run() == 0) states_[i] = State::done;
    }

    BuildResult run() {
        const size_t workers = std::min<size_t>(std::max(1U, options_.jobs), std::max<size_t>(1, waiting()));
        std::vector<std::thread> threads;
        for (size_t i = 1; i < workers; i++) threads.emplace_back([this] { work(); });
        work();
        for (std::thread &thread : threads) thread.join();
        user_stop_.check();
        BuildResult result;
        for (size_t i = 0; i < results_.size(); i++)
            if (!results_[i].name.empty()) result.pipelines.push_back(std::move(results_[i]));
        result.failure = std::move(failure_);
        return result;
    }

private:
    enum class State { waiting, running, done };

    size_t waiting() const { return static_cast<size_t>(std::ranges::count(states_, State::waiting)); }

    /// The next pipeline all of whose needs are met. Call with the lock held.
    std::optional<size_t> ready() const {
        for (size_t i = 0; i < states_.size(); i++) {
            if (states_[i] != State::waiting) continue;
            const auto &after = plan_.pipelines[i].after;
            if (std::ranges::all_of(after, [&](size_t other) { return states_[other] == State::done; })) return i;
        }
        return std::nullopt;
    }

    bool over() const { return failure_.has_value() || linked_.requested() || waiting() == 0; }

    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, [&] { return over() || ready().has_value(); });
            if (over()) break;
            const size_t index = *ready();
            states_[index] = State::running;
            lock.unlock();
            run_pipeline_guarded(index);
            lock.lock();
            states_[index] = State::done;
            changed_.notify_all();
        }
        changed_.notify_all();
    }

    void run_pipeline_guarded(size_t index) {
        const PlannedPipeline &planned = plan_.pipelines[index];
        const std::string &name = planned.pipeline->name;
        PipelineResult result{.name = name, .stages = {}, .success = false};
        std::optional<Failure> failure;
        try {
            failure = run_pipeline(planned, result);
        } catch (const Interrupted &) {
            // Either the user asked, which run() reports, or a sibling failed, whose failure is the one to report.
        } catch (const Error &error) {
            failure = Failure{.sentence = error.what(), .blame = error.blame(), .pipeline = name};
        } catch (const std::exception &error) {
            failure = Failure{
                .sentence = format("pipeline {}: {}", name, error.what()), .blame = Blame::bug, .pipeline = name};
        }
        monitor_.pipeline_ends(name, result.success);
        const std::scoped_lock lock(mutex_);
        results_[index] = std::move(result);
        if (failure && !failure_) {
            failure_ = std::move(failure);
            linked_.inner().request(SIGTERM);
        }
    }

    std::optional<Failure> run_pipeline(const PlannedPipeline &planned, PipelineResult &result) {
        const manifest::Pipeline &pipeline = *planned.pipeline;
        monitor_.pipeline_begins(pipeline.name, pipeline.id().value_or(""), planned.stages.size());
        // An equal pipeline, or another osb, may have made the tree meanwhile.
        if (store_.contains(*planned.key())) {
            monitor_.pipeline_resumed(pipeline.name, planned.stages.size());
            result.success = true;
            return std::nullopt;
        }
        if (planned.stages_skipped() > 0) monitor_.pipeline_resumed(pipeline.name, planned.stages_skipped());

        std::optional<store::Object> build_object;
        std::optional<store::Reader> build_tree;
        if (planned.build) {
            build_object =
                in_context([&] { return tree_of(*planned.build); }, "pipeline {}: build tree", pipeline.name);
            build_tree = build_object->read();
        }
        store::Object object =
            in_context([&] { return store_.new_object(planned.base); }, "pipeline {}: base", pipeline.name);
        Json metadata = planned.base ? stored_metadata(store_, *planned.base) : Json::object();
        const StageServices services{.store = store_,
                                     .sandbox = sandbox_,
                                     .modules = modules_,
                                     .monitor = monitor_,
                                     .stop = linked_.inner(),
                                     .tree_of = [this](const std::string &name) { return tree_of(name); },
                                     .timeout = options_.stage_timeout};
        for (const PlannedStage &stage : planned.stages) {
            if (stage.action != Action::run) continue;
            linked_.inner().check();
            StageResult stage_result = run_one(planned, stage, object, build_tree ? &*build_tree : nullptr, services);
            const bool success = stage_result.success;
            if (!stage_result.metadata.is_null()) metadata[stage.stage->type] = stage_result.metadata;
            result.stages.push_back(std::move(stage_result));
            if (!success) return failure_of(pipeline, result.stages.back());
            if (!stage.commit.empty()) commit(pipeline, stage, object, metadata);
        }
        result.success = true;
        return std::nullopt;
    }

    StageResult run_one(const PlannedPipeline &planned, const PlannedStage &stage, store::Object &object,
                        const store::Reader *build_tree, const StageServices &services) {
        const manifest::Pipeline &pipeline = *planned.pipeline;
        return in_context(
            [&] {
                monitor_.stage_begins(pipeline.name, stage.stage->type, stage.stage->id);
                const auto begin = steady_now();
                StageResult result;
                {
                    store::Writer writer = object.write();
                    result = run_stage(
                        {.pipeline = pipeline, .stage = *stage.stage, .build_tree = build_tree, .tree = writer.path()},
                        services);
                    writer.detach();
                }
                monitor_.stage_ends(pipeline.name, stage.stage->type, result.success,
                                    std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - begin));
                return result;
            },
            "stage {} in pipeline {}", stage.stage->type, pipeline.name);
    }

    void commit(const manifest::Pipeline &pipeline, const PlannedStage &stage, store::Object &object,
                const Json &metadata) {
        in_context(
            [&] {
                if (pipeline.source_epoch) {
                    store::Writer writer = object.write();
                    clamp_times(writer.dir().fd(), *pipeline.source_epoch);
                    writer.detach();
                }
                store_.set_note(stage.key,
                                to_text(Json{{"id", stage.stage->id}, {"metadata", metadata}}, compact_style));
                const std::string treesum = store_.commit(object, stage.key);
                monitor_.committed(pipeline.name, stage.stage->id, treesum);
            },
            "commit after stage {} in pipeline {}", stage.stage->type, pipeline.name);
    }

    static Failure failure_of(const manifest::Pipeline &pipeline, const StageResult &result) {
        return {.sentence = format("stage {} in pipeline {}: {}", result.type, pipeline.name, result.cause),
                .blame = result.blame,
                .pipeline = pipeline.name,
                .stage = result};
    }

    store::Object tree_of(size_t index) { return store_.get(plan_.pipelines[index].key()); }
    store::Object tree_of(const std::string &name) {
        for (size_t i = 0; i < plan_.pipelines.size(); i++)
            if (plan_.pipelines[i].pipeline->name == name) return tree_of(i);
        fail(Blame::bug, "pipeline {} is not in the plan", name);
    }

    const Plan &plan_;
    store::ObjectStore &store_;
    sandbox::Sandbox &sandbox_;
    const ModuleLibrary &modules_;
    const BuildOptions &options_;
    SerialMonitor monitor_;
    const Stop &user_stop_;
    LinkedStop linked_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<State> states_;
    std::vector<PipelineResult> results_;
    std::optional<Failure> failure_;
};

}  // namespace

BuildResult build(const Plan &plan, store::ObjectStore &store, sandbox::Sandbox &sandbox, const ModuleLibrary &modules,
                  const BuildOptions &options, Monitor &monitor, const Stop &stop) {
    return Builder(plan, store, sandbox, modules, options, monitor, stop).run();
}

Json stored_metadata(const store::ObjectStore &store, const std::string &key) {
    const auto note = store.note(key);
    if (!note) return Json::object();
    const Json record = parse_json(*note);
    const Json *metadata = find_member(record, "metadata");
    return metadata != nullptr ? *metadata : Json::object();
}

}  // namespace osb::engine
