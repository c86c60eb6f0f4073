#pragma once
#include <curl/curl.h>

/* What drives libcurl's sockets; Swift's Glibc module leaves these two out. */
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* libcurl's setters and getters are variadic, which Swift cannot call. One function per argument type. */

static inline CURLcode muster_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode muster_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode muster_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode muster_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*muster_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode muster_curl_set_data_callback(CURL *handle, CURLoption option,
                                                     muster_curl_data_callback callback) {
    return curl_easy_setopt(handle, option, callback);
}

typedef int (*muster_curl_progress_callback)(void *context, curl_off_t download_total, curl_off_t downloaded,
                                             curl_off_t upload_total, curl_off_t uploaded);

static inline CURLcode muster_curl_set_progress_callback(CURL *handle, muster_curl_progress_callback callback) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, callback);
}

static inline CURLcode muster_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode muster_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode muster_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

/* What a finished transfer's message says; the union in CURLMsg does not import. */
static inline CURLcode muster_curl_message_result(const CURLMsg *message) { return message->data.result; }

typedef int (*muster_curl_socket_callback)(CURL *handle, curl_socket_t socket, int what, void *context,
                                           void *socket_context);
typedef int (*muster_curl_timer_callback)(CURLM *multi, long timeout_ms, void *context);

static inline CURLMcode muster_curl_multi_set_socket_callback(CURLM *multi, muster_curl_socket_callback callback) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, callback);
}

static inline CURLMcode muster_curl_multi_set_timer_callback(CURLM *multi, muster_curl_timer_callback callback) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, callback);
}

static inline CURLMcode muster_curl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}
