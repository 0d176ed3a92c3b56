/* Text in half bytes. Most of what people write is twelve characters, which take one half
 * byte each here; 48 more take two; any other byte three. So names and topics in Latin
 * letters shrink by a third, and a text that would not is left as it is. (A proper
 * Huffman code would gain little more: names are short, and of all languages.) */
#include "record_private.h"

enum {
    SHORT = 12,   /* half bytes below it are a character */
    ESCAPE = 15,  /* the next two are a byte; without those, the text ends here */
    N_COMMON = 60 /* characters with a code: SHORT + 16 for each of 12, 13, 14 */
};

/* By how often they occur. Part of the format: it never changes. */
static const char common[N_COMMON + 1] = " eaoinrtsldm"
                                         "uhcgpbkyfwvzjxq-"
                                         "0123456789_.,!'/"
                                         ":SMATCRDBEGLPIHN";

/* Where a character stands in `common`, plus one; 0: it doesn't. */
static const unsigned char places[256] = {
    [' '] = 1,   ['e'] = 2,  ['a'] = 3,  ['o'] = 4,  ['i'] = 5,  ['n'] = 6,  ['r'] = 7,
    ['t'] = 8,   ['s'] = 9,  ['l'] = 10, ['d'] = 11, ['m'] = 12, ['u'] = 13, ['h'] = 14,
    ['c'] = 15,  ['g'] = 16, ['p'] = 17, ['b'] = 18, ['k'] = 19, ['y'] = 20, ['f'] = 21,
    ['w'] = 22,  ['v'] = 23, ['z'] = 24, ['j'] = 25, ['x'] = 26, ['q'] = 27, ['-'] = 28,
    ['0'] = 29,  ['1'] = 30, ['2'] = 31, ['3'] = 32, ['4'] = 33, ['5'] = 34, ['6'] = 35,
    ['7'] = 36,  ['8'] = 37, ['9'] = 38, ['_'] = 39, ['.'] = 40, [','] = 41, ['!'] = 42,
    ['\''] = 43, ['/'] = 44, [':'] = 45, ['S'] = 46, ['M'] = 47, ['A'] = 48, ['T'] = 49,
    ['C'] = 50,  ['R'] = 51, ['D'] = 52, ['B'] = 53, ['E'] = 54, ['G'] = 55, ['L'] = 56,
    ['P'] = 57,  ['I'] = 58, ['H'] = 59, ['N'] = 60,
};

/* ---- Packing --------------------------------------------------------------------------
 */

static size_t half_bytes(struct str s)
{
    size_t n = 0, i;

    for (i = 0; i < s.n; i++) {
        unsigned place = places[(unsigned char)s.p[i]];

        n += place == 0 ? 3 : place <= SHORT ? 1 : 2;
    }
    return n;
}

struct packer {
    char *p;
    bool second; /* the next half byte is the upper one of *p */
};

static void put_half(struct packer *to, unsigned half)
{
    if (to->second)
        *to->p++ |= (char)(half << 4);
    else
        *to->p = (char)half;
    to->second = !to->second;
}

static void put_byte(struct packer *to, unsigned char byte)
{
    unsigned place = places[byte];

    if (place == 0) {
        put_half(to, ESCAPE);
        put_half(to, byte & 15);
        put_half(to, byte >> 4);
    } else if (place <= SHORT) {
        put_half(to, place - 1);
    } else {
        put_half(to, SHORT + (place - 1 - SHORT) / 16);
        put_half(to, (place - 1 - SHORT) % 16);
    }
}

int text_write(struct str s, uint64_t kind, unsigned kind_bits, struct buf *out)
{
    size_t size = (half_bytes(s) + 1) / 2, i;
    bool packed = size < s.n && size <= TEXT_SPACE / 2;
    struct packer to = { 0 };
    int err;

    err = write_varint(out, ((uint64_t)(packed ? size : s.n) << 1 | packed) << kind_bits |
                                kind);
    if (err || !packed)
        return err ? err : append(out, s.p, s.n);
    err = buf_reserve(out, size);
    if (err)
        return err;
    to.p = out->p + out->n;
    for (i = 0; i < s.n; i++)
        put_byte(&to, (unsigned char)s.p[i]);
    if (to.second)
        put_half(&to, ESCAPE);
    out->n += size;
    return 0;
}

/* ---- Unpacking ------------------------------------------------------------------------
 */

struct unpacker {
    struct str from;
    size_t i, n; /* in half bytes */
};

static bool take_half(struct unpacker *u, unsigned *half)
{
    if (u->i == u->n)
        return false;
    *half = (unsigned char)u->from.p[u->i / 2] >> (u->i % 2 ? 4 : 0) & 15;
    u->i++;
    return true;
}

/* False: the text ends here. */
static bool take_byte(struct unpacker *u, char *byte)
{
    unsigned first, second, third;

    if (!take_half(u, &first))
        return false;
    if (first < SHORT) {
        *byte = common[first];
        return true;
    }
    if (!take_half(u, &second))
        return false;
    if (first < ESCAPE) {
        *byte = common[SHORT + (first - SHORT) * 16 + second];
        return true;
    }
    if (!take_half(u, &third))
        return false;
    *byte = (char)(second | third << 4);
    return true;
}

bool text_read(struct reader *r, uint64_t head, char space[TEXT_SPACE], struct str *out)
{
    struct unpacker u = { .n = 0 };
    size_t n = 0;

    if (!read_bytes(r, head >> 1, out))
        return false;
    if ((head & 1) == 0)
        return true;
    if (out->n > TEXT_SPACE / 2)
        return false;
    u.from = *out;
    u.n = out->n * 2;
    while (take_byte(&u, &space[n]))
        n++;
    *out = (struct str){ space, n };
    return true;
}

bool text_skip(struct reader *r, uint64_t head)
{
    struct str bytes;

    return read_bytes(r, head >> 1, &bytes);
}
