#include "fetch.h"

#include <curl/curl.h>

#include "limits.h"

enum { FETCH_TIMEOUT_S = 30 };

static size_t on_bytes(char *p, size_t size, size_t n, void *user)
{
    struct buf *body = user;

    return buf_append(body, p, size * n) ? 0 : size * n;
}

static int judge(CURLcode result, long status, const char *url, const char *text,
                 cordage_error *error)
{
    if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE)
        return error_set(error, CORDAGE_ETLS,
                         "%s: %s; set CORDAGE_CA_FILE to the simulator's ca.pem", url,
                         text);
    if (result != CURLE_OK)
        return error_set(error, CORDAGE_ENET, "%s: %s", url, text);
    if (status != 200)
        return error_set(error, CORDAGE_EHTTP, "%s answered with HTTP status %ld", url,
                         status);
    return 0;
}

int fetch(const char *url, const char *ca_file, struct buf *body, cordage_error *error)
{
    CURL *curl = curl_easy_init();
    char text[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURLcode result;

    if (!curl)
        return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
    body->limit = body->limit ? body->limit : LIMIT_HTTP_BODY;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)FETCH_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    return judge(result, status, url, *text ? text : curl_easy_strerror(result), error);
}
