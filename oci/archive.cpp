// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "oci/image_sink.hpp"
#include "oci/tar_header.hpp"

namespace osb::oci {
namespace {

class ArchiveSink final : public ImageSink {
public:
    ArchiveSink(const ArchiveTarget &target, Durability durability)
        : target_(target), durability_(durability), file_(target.path) {
        add_file("oci-layout", oci_layout_text);
        for (const char *name : {"blobs/", "blobs/sha256/"})
            put(fixed_tar_header({.name = name, .type = TarType::directory, .mode = 0755}));
    }

    BlobSummary add_blob(const std::function<BlobSummary(Sink &)> &produce) override {
        const std::uint64_t start = size_;
        put(std::string(tar_block_size, '\0'));  // for the header
        FdSink out(file_.fd(), target_.path.native());
        const BlobSummary blob = produce(out);
        size_ += blob.size;
        put(std::string(tar_padding(blob.size), '\0'));
        const std::string name = blob.digest.hex();
        if (blobs_.insert(name).second) {
            write_at(start, fixed_tar_header({.name = "blobs/sha256/" + name, .size = blob.size}));
        } else {
            cut_to(start);
        }
        return blob;
    }

    void publish(const Descriptor &manifest, const ImageSettings &settings) override {
        add_file("index.json", add_to_index("", manifest, target_.tag, settings));
        put(std::string(tar_end_size, '\0'));
        file_.commit(durability_);
    }

private:
    void put(std::string_view bytes) {
        file_.write(bytes);
        size_ += bytes.size();
    }

    void add_file(const char *name, std::string_view text) {
        put(fixed_tar_header({.name = name, .size = text.size()}));
        put(text);
        put(std::string(tar_padding(text.size()), '\0'));
    }

    void write_at(std::uint64_t offset, std::string_view bytes) {
        const ssize_t count = check(::pwrite(file_.fd().get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
                                    "write {}", target_.path.native());
        OSB_ASSERT(static_cast<size_t>(count) == bytes.size());
    }

    /// The same blob again: once is enough.
    void cut_to(std::uint64_t size) {
        check(::ftruncate(file_.fd().get(), static_cast<off_t>(size)), "truncate {}", target_.path.native());
        check(::lseek(file_.fd().get(), static_cast<off_t>(size), SEEK_SET), "seek in {}", target_.path.native());
        size_ = size;
    }

    ArchiveTarget target_;
    Durability durability_;
    AtomicFile file_;
    std::uint64_t size_ = 0;
    std::set<std::string> blobs_;
};

}  // namespace

std::unique_ptr<ImageSink> open_archive(const ArchiveTarget &target, Durability durability) {
    return std::make_unique<ArchiveSink>(target, durability);
}

}  // namespace osb::oci
