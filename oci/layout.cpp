// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/json.hpp"
#include "lib/base/lock.hpp"
#include "lib/base/log.hpp"
#include "oci/image_sink.hpp"

namespace osb::oci {
namespace {

namespace fs = std::filesystem;

bool is_layout(const Dir &dir, const fs::path &path) {
    const std::optional<std::string> text = dir.read_file_if_exists(TreePath("oci-layout"));
    if (!text) return false;
    const Json document = in_context([&] { return parse_json(*text); }, "{}/oci-layout", path.native());
    const Json *version = find_member(document, "imageLayoutVersion");
    if (version == nullptr || !version->is_string() || !version->get<std::string>().starts_with("1."))
        fail(Blame::environment, "{}: an image layout of a version osb does not know", path.native());
    return true;
}

class LayoutSink final : public ImageSink {
public:
    LayoutSink(LayoutTarget target, Durability durability) : target_(std::move(target)), durability_(durability) {
        std::error_code error;
        is_new_directory_ = fs::create_directories(target_.path, error);
        if (error) throw Error("make directory " + target_.path.native(), error);
        lock_ =
            FileLock::wait(open_file(target_.path, O_RDONLY | O_DIRECTORY), LockKind::exclusive, target_.path.native());
        const Dir dir = Dir::open(target_.path);
        if (!is_layout(dir, target_.path)) {
            if (!dir.names().empty())
                fail(Blame::usage, "{}: is not empty and no OCI image layout; osb would mix its files with others",
                     target_.path.native());
            is_new_layout_ = true;
            // Before anything else, so that what a killed run leaves is a layout, to which the next run adds.
            dir.write_file(TreePath("oci-layout"), oci_layout_text);
        }
        remove_litter(dir);
        dir.make_dirs(TreePath("blobs/sha256"));
    }

    ~LayoutSink() override {
        if (is_published_) return;
        try {
            if (is_new_layout_)
                take_back_layout();
            else
                for (const fs::path &blob : added_) fs::remove(blob);
        } catch (const std::exception &error) {
            log_warning("clean up {}: {}", target_.path.native(), error.what());
        }
    }

    BlobSummary add_blob(const std::function<BlobSummary(Sink &)> &produce) override {
        const fs::path blobs = target_.path / "blobs/sha256";
        AtomicFile file(blobs / "blob", 0644, target_.path);
        FdSink out(file.fd(), target_.path.native());
        const BlobSummary blob = produce(out);
        const fs::path final_name = blobs / blob.digest.hex();
        std::error_code error;
        if (fs::file_size(final_name, error) == blob.size && !error) return blob;
        file.commit_as(final_name, durability_);
        added_.push_back(final_name);
        return blob;
    }

    void publish(const Descriptor &manifest, const ImageSettings &settings) override {
        const std::string index = Dir::open(target_.path).read_file_if_exists(TreePath("index.json")).value_or("");
        AtomicFile file(target_.path / "index.json");
        file.write(in_context([&] { return add_to_index(index, manifest, target_.tag, settings); }, "{}",
                              target_.path.native()));
        file.commit(durability_);
        is_published_ = true;
    }

private:
    /// What a killed run left: with the lock held no AtomicFile is anybody's.
    static void remove_litter(const Dir &dir) {
        for (const std::string &name : dir.names())
            if (name.starts_with(".new-")) remove_tree(dir.fd(), name);
    }

    void take_back_layout() {
        if (is_new_directory_) {
            remove_tree(target_.path);
        } else {
            const Fd dir = open_file(target_.path, O_RDONLY | O_DIRECTORY);
            for (const char *name : {"blobs", "oci-layout"}) remove_tree(dir, name);
        }
    }

    LayoutTarget target_;
    Durability durability_;
    std::optional<FileLock> lock_;
    bool is_new_directory_ = false;
    bool is_new_layout_ = false;
    bool is_published_ = false;
    std::vector<fs::path> added_;
};

}  // namespace

std::unique_ptr<ImageSink> open_layout(const LayoutTarget &target, Durability durability) {
    return std::make_unique<LayoutSink>(target, durability);
}

}  // namespace osb::oci
