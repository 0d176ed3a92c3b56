/* record_rest.h - REST on loopback that goes on to Discord, request by request. In what
 * /gateway and /gateway/bot answer, the gateway's URL is ours. */
#ifndef CMD_RECORD_REST_H
#define CMD_RECORD_REST_H

#include "http.h"

struct record_rest;

struct record_rest_options {
    struct loop *loop;
    const char *cert_file, *key_file;
    const char *api;         /* Discord's: "https://discord.com/api/v10" */
    const char *gateway_url; /* what stands for Discord's; borrowed, like all here */
    struct http_options http;
};

int record_rest_new(const struct record_rest_options *options, struct record_rest **out,
                    cordage_error *error);
/* "https://127.0.0.1:4711/api/v10" */
const char *record_rest_api(const struct record_rest *r);
/* Requests under way are answered with 502. The loop must turn once more. NULL is fine.
 */
void record_rest_free(struct record_rest *r);

#endif
