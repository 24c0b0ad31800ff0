// SPDX-License-Identifier: Apache-2.0
// The only file that knows libcurl.
#include "lib/engine/fetch/http.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sys/utsname.h>

#include <curl/curl.h>

#include "lib/base/error.hpp"

namespace osb::engine {
namespace {

struct FreeEasy {
    void operator()(CURL *easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
    void operator()(CURLM *multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
    void operator()(curl_slist *list) const { curl_slist_free_all(list); }
};

/// "osb/0.1.0 (Linux.x86_64)".
std::string user_agent() {
    utsname system{};
    ::uname(&system);
    return format("osb/{} ({}.{})", OSB_VERSION, system.sysname, system.machine);
}

template <typename Value>
void set(CURL *easy, CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy, option, value);
    if (code != CURLE_OK) fail(Blame::environment, "prepare a transfer: {}", curl_easy_strerror(code));
}

std::string header_of(CURL *easy, const char *name) {
    curl_header *header = nullptr;
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return {};
    return header->value;
}

/// Where the bytes of "bytes FIRST-LAST/TOTAL" begin (RFC 9110, section 14.4).
std::optional<std::uint64_t> start_of_range(std::string_view text) {
    static constexpr std::string_view unit = "bytes ";
    if (!text.starts_with(unit)) return std::nullopt;
    text.remove_prefix(unit.size());
    std::uint64_t first = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), first);
    if (error != std::errc() || end == text.data() + text.size() || *end != '-') return std::nullopt;
    return first;
}

std::string phrase_of_status(long status) {
    switch (status) {
        case 401:
            return "the server answered 401: it wants credentials";
        case 403:
            return "the server answered 403: it does not allow this";
        case 404:
            return "the server answered 404: there is no such file";
        case 407:
            return "the proxy answered 407: it wants credentials";
        case 410:
            return "the server answered 410: the file is gone";
        case 429:
            return "the server answered 429: too many requests";
        default:
            return format("the server answered {}", status);
    }
}

bool status_may_change(long status) {
    return status == 408 || status == 421 || status == 425 || status == 429 ||
           (status >= 500 && status != 501 && status != 505);
}

bool is_final(CURLcode code) {
    switch (code) {
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
        case CURLE_TOO_MANY_REDIRECTS:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_LOGIN_DENIED:
        case CURLE_REMOTE_ACCESS_DENIED:
        case CURLE_FILESIZE_EXCEEDED:
        case CURLE_OUT_OF_MEMORY:
            return true;
        default:
            return false;
    }
}

/// One running transfer: libcurl's handle and what its callbacks need.
struct Transfer {
    size_t ticket = 0;
    HttpReceiver *receiver = nullptr;
    std::uint64_t from = 0;
    bool begun = false;
    bool wrong_range = false;
    std::exception_ptr thrown = nullptr;
    std::unique_ptr<curl_slist, FreeList> headers;
    std::unique_ptr<CURL, FreeEasy> easy;
    char words[CURL_ERROR_SIZE] = {};

    long status() const {
        long value = 0;
        curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &value);
        return value;
    }

    /// Tells the receiver about the response; false when this is not the part that was asked for.
    bool begin() {
        begun = true;
        HttpResponse response;
        if (status() == 206) {
            const auto start = start_of_range(header_of(easy.get(), "Content-Range"));
            if (start != from) {
                wrong_range = true;
                return false;
            }
            response.from = from;
        }
        curl_off_t length = -1;
        curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        if (length >= 0) response.length = static_cast<std::uint64_t>(length);
        response.validator = header_of(easy.get(), "ETag");
        if (response.validator.starts_with("W/")) response.validator.clear();
        if (response.validator.empty()) response.validator = header_of(easy.get(), "Last-Modified");
        receiver->begins(response);
        return true;
    }

    /// For libcurl: bytes of the body. An exception must not cross C code, so it waits in `thrown`.
    static size_t take(char *data, size_t, size_t count, void *self) {
        auto &transfer = *static_cast<Transfer *>(self);
        try {
            if (!transfer.begun && !transfer.begin()) return CURL_WRITEFUNC_ERROR;
            transfer.receiver->takes(std::as_bytes(std::span(data, count)));
            return count;
        } catch (...) {
            transfer.thrown = std::current_exception();
            return CURL_WRITEFUNC_ERROR;
        }
    }
};

HttpEnd end_of(Transfer &transfer, CURLcode code) {
    HttpEnd end{.ticket = transfer.ticket};
    const long status = transfer.status();
    if (code == CURLE_OK && status >= 200 && status < 300) {
        try {
            // An empty body calls nobody.
            if (!transfer.begun) transfer.begin();
        } catch (...) {
            transfer.thrown = std::current_exception();
        }
    }
    if (transfer.thrown) {
        end.kind = HttpEnd::Kind::thrown;
        end.thrown = transfer.thrown;
    } else if (transfer.wrong_range || (status == 416 && transfer.from != 0)) {
        end.kind = HttpEnd::Kind::range;
        end.why = "the server answered with another part of the file";
    } else if (code == CURLE_HTTP_RETURNED_ERROR || (code == CURLE_OK && (status < 200 || status >= 300))) {
        end.kind = status_may_change(status) ? HttpEnd::Kind::broken : HttpEnd::Kind::refused;
        end.why = phrase_of_status(status);
        curl_off_t seconds = 0;
        if (curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
            end.retry_after = std::chrono::seconds(std::min<curl_off_t>(seconds, 1'000'000));
    } else if (code != CURLE_OK) {
        end.kind = is_final(code) ? HttpEnd::Kind::refused : HttpEnd::Kind::broken;
        end.unreachable = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
                          code == CURLE_COULDNT_CONNECT ||
                          (code == CURLE_OPERATION_TIMEDOUT && status == 0 && !transfer.begun);
        end.why = transfer.words[0] != '\0' ? transfer.words : curl_easy_strerror(code);
        while (!end.why.empty() && (end.why.back() == '\n' || end.why.back() == ' ')) end.why.pop_back();
    }
    return end;
}

}  // namespace

struct HttpClient::Impl {
    std::unique_ptr<CURLM, FreeMulti> multi;
    std::map<CURL *, std::unique_ptr<Transfer>> running;
};

HttpClient::HttpClient(unsigned connections_per_host) : impl_(std::make_unique<Impl>()) {
    // Once in the life of the process; libcurl counts the calls itself, and there is no moment at which to undo it.
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (ready != CURLE_OK) fail(Blame::environment, "start libcurl: {}", curl_easy_strerror(ready));
    impl_->multi.reset(curl_multi_init());
    if (!impl_->multi) fail(Blame::environment, "start libcurl: out of memory");
    curl_multi_setopt(impl_->multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(connections_per_host));
}

HttpClient::~HttpClient() {
    for (auto &[easy, transfer] : impl_->running) {
        // Else a name server that does not answer would hold up a Ctrl-C: libcurl joins its resolver's thread.
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
        curl_multi_remove_handle(impl_->multi.get(), easy);
    }
    impl_->running.clear();
}

void HttpClient::start(size_t ticket, const HttpRequest &request, HttpReceiver &receiver) {
    auto transfer = std::make_unique<Transfer>();
    transfer->ticket = ticket;
    transfer->receiver = &receiver;
    transfer->from = request.from;
    transfer->easy.reset(curl_easy_init());
    CURL *easy = transfer->easy.get();
    if (easy == nullptr) fail(Blame::environment, "prepare a transfer: out of memory");

    set(easy, CURLOPT_URL, request.url.c_str());
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_USERAGENT, user_agent().c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_FOLLOWLOCATION, 1L);
    set(easy, CURLOPT_MAXREDIRS, 10L);
    set(easy, CURLOPT_FAILONERROR, 1L);
    set(easy, CURLOPT_PIPEWAIT, 1L);  // rather a stream on the HTTP/2 connection that is being made than another one
    set(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
    set(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.connect_timeout.count()));
    set(easy, CURLOPT_LOW_SPEED_LIMIT, 1000L);
    set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout.count()));
    if (request.insecure) {
        set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!request.tls.key.empty()) set(easy, CURLOPT_SSLKEY, request.tls.key.c_str());
    if (!request.tls.certificate.empty()) set(easy, CURLOPT_SSLCERT, request.tls.certificate.c_str());
    if (!request.tls.authority.empty()) set(easy, CURLOPT_CAINFO, request.tls.authority.c_str());
    if (const char *proxy = std::getenv("OSBUILD_SOURCES_CURL_PROXY"); proxy != nullptr && *proxy != '\0')
        set(easy, CURLOPT_PROXY, proxy);
    if (request.from != 0) {
        set(easy, CURLOPT_RANGE, format("{}-", request.from).c_str());
        if (!request.validator.empty()) {
            transfer->headers.reset(curl_slist_append(nullptr, format("If-Range: {}", request.validator).c_str()));
            set(easy, CURLOPT_HTTPHEADER, transfer->headers.get());
        }
    }
    set(easy, CURLOPT_ERRORBUFFER, transfer->words);
    set(easy, CURLOPT_WRITEFUNCTION, &Transfer::take);
    set(easy, CURLOPT_WRITEDATA, transfer.get());
    if (const CURLMcode code = curl_multi_add_handle(impl_->multi.get(), easy); code != CURLM_OK)
        fail(Blame::environment, "start a transfer: {}", curl_multi_strerror(code));
    impl_->running.emplace(easy, std::move(transfer));
}

std::vector<HttpEnd> HttpClient::advance() {
    int count = 0;
    if (const CURLMcode code = curl_multi_perform(impl_->multi.get(), &count); code != CURLM_OK)
        fail(Blame::network, "transfer: {}", curl_multi_strerror(code));
    std::vector<HttpEnd> ends;
    while (const CURLMsg *message = curl_multi_info_read(impl_->multi.get(), &count)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL *easy = message->easy_handle;
        const auto found = impl_->running.find(easy);
        ends.push_back(end_of(*found->second, message->data.result));
        curl_multi_remove_handle(impl_->multi.get(), easy);
        impl_->running.erase(found);
    }
    return ends;
}

void HttpClient::wait(std::chrono::milliseconds time, const Fd &interrupt) {
    curl_waitfd also{.fd = interrupt.get(), .events = CURL_WAIT_POLLIN, .revents = 0};
    curl_multi_poll(impl_->multi.get(), &also, 1, static_cast<int>(time.count()), nullptr);
}

}  // namespace osb::engine
