/* vserver.h - the gateway at the far end of a virtual wire, played by a test.
 *
 * It speaks websocket and compression, and leaves what is said to the test:
 *
 *     vserver_accept(&g, &v, COMPRESS_ZLIB);      // whom somebody has dialled
 *     vserver_say(&g, "{\"t\":null,\"s\":null,\"op\":10,\"d\":{...}}");
 *     vhost_turn(&v);
 *     CHECK_STR(vserver_read(&g), "{\"op\":2,...");
 *     vserver_close(&g, 4000);
 *
 * Each of these fails the test if it cannot do what it says. */
#ifndef VSERVER_H
#define VSERVER_H

#include "deflate.h"
#include "json.h"
#include "vhost.h"
#include "ws.h"

struct vserver {
    struct vhost *vhost;
    struct vwire *wire;
    struct ws ws;
    enum compression compression;
    struct deflate *deflate;
    struct buf heard; /* the last message */
    int close_code;   /* what the client's close frame said; 0: none has come */
};

/* Takes the oldest connection that is being dialled and answers its upgrade. When it
 * returns the websocket is open. The wire's settings (`chunk` and so on) may be changed
 * from then on. */
void vserver_accept(struct vserver *g, struct vhost *v, enum compression compression);
/* Takes it, and answers the upgrade with an HTTP status. */
void vserver_refuse(struct vserver *g, struct vhost *v, int status);
void vserver_release(struct vserver *g);

/* Sends one payload. It comes with the next turn. */
void vserver_say(struct vserver *g, const char *payload);
/* The same, in `pieces` websocket messages (with compression), or frames (without). */
void vserver_say_split(struct vserver *g, const char *payload, unsigned pieces);
/* Sends one message of these bytes, as they are. */
void vserver_say_raw(struct vserver *g, bool binary, struct str bytes);
/* A ping, whose pong vserver_read swallows. */
void vserver_ping(struct vserver *g);

/* The next message from the client, empty if there is none; borrowed until the next call.
 * Notes the client's close and answers it. */
struct str vserver_read(struct vserver *g);
/* Reads one that must be there and have this opcode. */
struct str vserver_expect(struct vserver *g, int op);
/* Nothing has been sent that was not read. */
void vserver_expect_silence(struct vserver *g);

/* A close frame, and the end of the connection behind it. */
void vserver_close(struct vserver *g, int code);

#endif
