/* Drives the native core outside Python, under the compiler's sanitizers.

       harness run FILE…                     play inputs, and fail where a sanitizer does
       harness fuzz SECONDS SEED FOLDER      make new inputs of old ones, keeping those that reach new code
       harness merge FROM TO                 copy the smallest inputs that reach all that is reached
       harness threads SECONDS [SEED]        the port's thread and the caller's at once, over loopback

   An input is a little program: each step a byte that says what to do, and bytes that say with what. */

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "parts.h"

enum { INPUT_MAX = 4096, KEPT_MAX = 4096, LINKS = 3, LAYERS = 3, SLOTS = 4, MAP = 1 << 16 };

/* ---------------------------------------------------------------- coverage */

static uint8_t reached[MAP], ever[MAP];
static __thread uintptr_t before;

__attribute__((no_sanitize("all"))) void __sanitizer_cov_trace_pc(void)
{
    uintptr_t here = (uintptr_t)__builtin_return_address(0);
    uintptr_t edge = (here ^ before) % MAP;
    if (reached[edge] < 255)
        reached[edge]++;
    before = here << 1;
}

/* Whether something was reached that never was, or a power of two times as often. */
static bool is_news(void)
{
    bool news = false;
    for (int i = 0; i < MAP; i++) {
        uint8_t bucket = reached[i] ? (uint8_t)(1 << (31 - __builtin_clz(reached[i]))) : 0;
        if (bucket & ~ever[i]) {
            ever[i] |= bucket;
            news = true;
        }
    }
    return news;
}

/* ---------------------------------------------------------------- the little program */

/* No cipher: a packet that ends in 0xEE counts as forged, and cannot be encrypted. */
static int open_up(void *session, void *packet, int *size)
{
    (void)session;
    return *size > 0 && ((uint8_t *)packet)[*size - 1] == 0xEE ? 7 : 0;
}

static int seal_all(void *session, void *packet, int *size)
{
    (void)session;
    if (((uint8_t *)packet)[*size - 1] == 0xEE)
        return 7;
    memset((uint8_t *)packet + *size, 0x55, 16);
    *size += 16;
    return 0;
}

static int forget(void *session, uint32_t ssrc)
{
    (void)session;
    (void)ssrc;
    return 0;
}

/* A cipher that encrypts nothing, and ends everything when it is to begin the same way twice; what it opens is forged
   where the tag ends in 0xEE. */
enum { BEGINNINGS = 4096, TAKE_TAG = 0x11 };

typedef struct {
    uint8_t begun[BEGINNINGS][12];
    unsigned count;
    bool is_forged;
} cipher;

static void *cipher_new(void) { return calloc(1, sizeof(cipher)); }

static const void *kind_of_cipher(void) { return ""; }

static int begin(void *with, const void *kind, void *engine, const uint8_t *key, const uint8_t *iv)
{
    cipher *own = with;
    (void)kind;
    (void)engine;
    if (!iv)
        return key[0] != 0xEE;
    unsigned known = own->count < BEGINNINGS ? own->count : BEGINNINGS;
    for (unsigned i = 0; i < known; i++)
        if (!memcmp(own->begun[i], iv, sizeof own->begun[i]))
            abort();
    memcpy(own->begun[own->count++ % BEGINNINGS], iv, sizeof *own->begun);
    return 1;
}

static int encrypt(void *with, uint8_t *out, int *written, const uint8_t *in, int size)
{
    (void)with;
    if (out)
        memmove(out, in, (size_t)size);
    *written = size;
    return !size || in[size - 1] != 0xEE;
}

static int finish(void *with, uint8_t *out, int *written)
{
    (void)with;
    (void)out;
    *written = 0;
    return 1;
}

static int tag(void *with, int what, int size, void *data)
{
    if (what == TAKE_TAG)
        ((cipher *)with)->is_forged = ((uint8_t *)data)[size - 1] == 0xEE;
    else
        memset(data, 0x55, (size_t)size);
    return 1;
}

static int begin_opening(void *with, const void *kind, void *engine, const uint8_t *key, const uint8_t *iv)
{
    (void)with;
    (void)kind;
    (void)engine;
    return iv || key[0] != 0xEE;
}

static int finish_opening(void *with, uint8_t *out, int *written)
{
    (void)out;
    *written = 0;
    return !((cipher *)with)->is_forged;
}

/* A code that proves every password, where it is right. */
static uint8_t *code_of(const void *kind, const void *key, int key_size, const uint8_t *data, size_t size, uint8_t *code,
                        unsigned *code_size)
{
    (void)kind;
    uint8_t sum = key_size ? *(const uint8_t *)key : 0;
    while (size--)
        sum ^= data[size];
    memset(code, sum & 1, 20);
    *code_size = 20;
    return code;
}

static const crypto plain = {
    .protect = seal_all,
    .unprotect = open_up,
    .protect_rtcp = seal_all,
    .unprotect_rtcp = open_up,
    .remove_stream = forget,
    .cipher_new = cipher_new,
    .cipher_free = free,
    .aes_128_gcm = kind_of_cipher,
    .encrypt_init = begin,
    .encrypt_update = encrypt,
    .encrypt_final = finish,
    .decrypt_init = begin_opening,
    .decrypt_update = encrypt,
    .decrypt_final = finish_opening,
    .control = tag,
    .sha1 = kind_of_cipher,
    .hmac = code_of,
};

typedef struct {
    const uint8_t *at, *end;
} input;

static unsigned take(input *in) { return in->at < in->end ? *in->at++ : 0; }

typedef struct {
    core_t *core;
    link_t *links[LINKS];
    track_t *tracks[LINKS][2];
    layer_t *layers[LINKS][2][LAYERS];
    slot_t *slots[LINKS][SLOTS];
    uint16_t shown[LINKS][2]; /* the next number of each track's first layer */
    int64_t now_us;
} world;

static address place_of(unsigned link)
{
    address there = {.family = 4, .port = (uint16_t)(5000 + link), .host = {127, 0, 0, 1}};
    if (link == 2) {
        there = (address){.family = 6, .port = 5002, .host = {[15] = 1}};
    }
    return there;
}

static void settle(world *all, unsigned link)
{
    static int session;
    address there = place_of(link);
    link_t *own = all->links[link] = link_new(all->core, link & 1);
    link_admit(own, &there);
    link_direct(own, &there);
    link_secure(own, &session, &session);
    if (link != 1) /* one by libsrtp, the others by themselves */
        link_seal(own, (const uint8_t *)"the key it takes", (const uint8_t *)"and the salt");
    link_answer(own, "a:b", "password");
    link_number_arrivals(own, 3, 7);
    if (link)
        link_number_departures(own, 5);
    for (int video = 0; video < 2; video++) {
        track_t *track = track_new(own, video ? 90000 : 48000, video, video ? 96 : 111, video ? 97 : -1, video ? 0 : 1);
        all->tracks[link][video] = track;
        for (int i = 0; i < LAYERS; i++) {
            layer_t *layer = all->layers[link][video][i] = layer_new(track);
            layer_bind(layer, (uint32_t)(16 * video + i), 0);
            if (video)
                layer_bind(layer, (uint32_t)(32 + i), 1);
        }
    }
    for (int i = 0; i < SLOTS; i++) {
        int video = i & 1;
        all->slots[link][i] = slot_new(own, video ? 90000 : 48000, video, (uint32_t)(100 + i), video ? 96 : 111,
                                       (uint32_t)(200 + i), video ? 97 : -1, 32760, 4294960000u, 65530);
    }
}

/* Everybody is shown to the next one. */
static void show_around(world *all)
{
    for (unsigned i = 0; i < LINKS; i++)
        for (int video = 0; video < 2; video++) {
            slot_t *next = all->slots[(i + 1) % LINKS][video];
            track_route(all->tracks[i][video], &next, 1);
            slot_aim(next, all->layers[i][video][0], 1, 0, 0);
        }
}

static void collect(world *all)
{
    const uint8_t *events;
    uint8_t data[2048];
    address to;
    int size = core_events(all->core, &events);
    for (int at = 0; at < size;) {
        event head;
        memcpy(&head, events + at, sizeof head);
        if (head.kind == UNPLACED) /* Python gives back what it was handed */
            for (int i = 0; i < LINKS; i++)
                if (link_number(all->links[i]) == head.link)
                    link_place(all->links[i], events + at + sizeof head, (int)head.size, head.now_us);
        at += (int)sizeof head + ((int)head.size + 7) / 8 * 8;
    }
    while (core_caught(all->core, data, sizeof data, &to))
        ;
}

/* A camera's pictures as they come, in three temporal layers; or a microphone's sound. */
static void show(world *all, input *in, unsigned link, bool video)
{
    static const uint8_t temporal[] = {0, 2, 1, 2};
    unsigned bits = take(in), count = 1 + take(in) % 64, size = take(in) * 5;
    address there = place_of(link);
    for (; count--; all->now_us += bits & 1 ? 25000 : 1000) {
        uint16_t number = all->shown[link][video]++;
        uint8_t data[1400] = {0x80, video ? 96 | 0x80 : 111, (uint8_t)(number >> 8), (uint8_t)number, 0, 0, (uint8_t)(number >> 3)};
        data[11] = (uint8_t)(16 * video);
        if (video) {
            bool key = bits & 2 && number % 32 == 0;
            uint8_t head[] = {0x90, 0xF0, 0x80 | (number >> 8 & 0x7F), (uint8_t)number, (uint8_t)(number / 4),
                              (uint8_t)(temporal[number % 4] << 6 | (bits & 4 ? 0x20 : 0) | (number / 32 & 0x1F)), !key,
                              0, 0, 0x9D, 1, 0x2A, 0x40, 1, 0xB4, 0};
            memcpy(data + 12, head, sizeof head);
        }
        if (!(bits & 8) || number % 7) /* else it is lost */
            core_feed(all->core, data, 28 + (int)size, &there, all->now_us);
    }
}

/* A report of a peer about its own streams and the slots that it is shown. */
static void tell_report(world *all, input *in, unsigned link)
{
    unsigned bits = take(in), count = take(in) % 4, at = bits & 1 ? 28 : 8;
    uint8_t data[28 + 3 * 24] = {(uint8_t)(0x80 | count), bits & 1 ? SENDER_REPORT : RECEIVER_REPORT};
    address there = place_of(link);
    data[7] = (uint8_t)take(in) % 40;
    for (unsigned i = 8; i < at; i++)
        data[i] = (uint8_t)take(in);
    for (unsigned i = 0; i < count; i++, at += 24) {
        data[at + 3] = (uint8_t)(100 + take(in) % 5);
        data[at + 4] = (uint8_t)take(in);
        uint32_t then = ((uint32_t)(all->now_us / 1000000) + 2208988800u) << 16; /* the middle of our NTP time */
        data[at + 16] = (uint8_t)(then >> 24);
        data[at + 17] = (uint8_t)((then >> 16) - (bits >> 1 & 3));
        data[at + 22] = (uint8_t)take(in);
    }
    data[3] = (uint8_t)(at / 4 - 1 + (bits & 8 ? 1 : 0));
    core_feed(all->core, data, (int)at, &there, all->now_us);
}

/* What a viewer tells of packets that did leave. */
static void tell_arrivals(world *all, input *in, unsigned link)
{
    uint8_t data[24 + 64] = {0x8F, FEEDBACK, 0, (24 + 64) / 4 - 1};
    address there = place_of(link);
    core_enter(all->core); /* else nobody but the core looks at this */
    uint16_t first = (uint16_t)(all->links[link]->departed - take(in));
    core_leave(all->core);
    unsigned count = take(in) % 65, kind = take(in);
    data[12] = (uint8_t)(first >> 8);
    data[13] = (uint8_t)first;
    data[15] = (uint8_t)count;
    data[18] = (uint8_t)take(in);
    if (kind & 1) { /* a run */
        data[20] = kind & 2 ? 0x40 : 0x20;
        data[21] = (uint8_t)count;
    } else {
        for (unsigned i = 0; i < (count + 6) / 7 && i < 10; i++) {
            data[20 + 2 * i] = (uint8_t)((kind & 2 ? 0x80 : 0xC0) | (take(in) & 0x3F));
            data[21 + 2 * i] = (uint8_t)take(in);
        }
    }
    for (unsigned i = 42; i < 88 && kind & 4; i++)
        data[i] = (uint8_t)take(in);
    core_feed(all->core, data, sizeof data, &there, all->now_us);
}

/* A check with any attributes before its code and after it. */
static void check(world *all, input *in, unsigned link)
{
    static const uint16_t known[] = {MAPPED, XOR_MAPPED, ERROR_CODE, PRIORITY, USE_CANDIDATE, FINGERPRINT, CONTROLLED, CONTROLLING, USERNAME, 0x7777};
    uint8_t data[600] = {0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42};
    unsigned bits = take(in), at = 20;
    address there = place_of(link);
    there.port = (uint16_t)(there.port + (bits & 1));
    data[0] = bits >> 1 & 1;
    if (bits & 4) {
        memcpy(data + at, (uint8_t[]){0, USERNAME, 0, 3, 'a', ':', 'b', 0}, 8);
        at += 8;
    }
    for (unsigned more = take(in) % 40, code = take(in) % 40; more--;) {
        unsigned attribute = more == code ? INTEGRITY : known[take(in) % 10], size = take(in) % 24;
        size = more == code && bits & 8 ? 20 : size;
        if (at + 28 > sizeof data)
            break;
        data[at] = (uint8_t)(attribute >> 8);
        data[at + 1] = (uint8_t)attribute;
        data[at + 3] = (uint8_t)size;
        memset(data + at + 4, (int)take(in), size);
        at += 4 + (size + 3) / 4 * 4;
    }
    data[2] = (uint8_t)((at - 20) >> 8);
    data[3] = (uint8_t)(at - 20);
    core_feed(all->core, data, (int)at, &there, all->now_us);
}

/* From another place: media, and an answer to a check, while somebody is expected there, or is there. */
static void move(world *all, input *in, unsigned link)
{
    unsigned bits = take(in);
    uint8_t media[40] = {0x80, 111, 0, (uint8_t)take(in), [11] = (uint8_t)(bits & 1 ? 64 + link : 0)};
    uint8_t answer[44] = {1, 1, 0, 24, 0x21, 0x12, 0xA4, 0x42, [21] = INTEGRITY, [23] = 20};
    address there = place_of(link), elsewhere = {.family = 4, .port = (uint16_t)(6000 + (bits >> 6)), .host = {127, 0, 0, 2}};
    core_feed(all->core, media, sizeof media, &there, all->now_us); /* nobody else has the stream, or everybody */
    media[3]++;
    media[39] = bits & 2 ? 0xEE : 0;
    if (bits & 4)
        link_expect(all->links[link], &elsewhere);
    if (bits & 8)
        bits & 16 ? (void)link_admit(all->links[link], &elsewhere) : link_expel(all->links[link], &elsewhere);
    for (unsigned i = 0; i < (bits & 32 ? ELSEWHERE_MAX + 1 : 1); i++, media[3]++)
        core_feed(all->core, media, sizeof media, &elsewhere, all->now_us);
    core_feed(all->core, answer, sizeof answer, &elsewhere, all->now_us);
}

static void step(world *all, input *in)
{
    unsigned what = take(in), who = take(in);
    unsigned link = who % LINKS, video = who >> 4 & 1, index = who >> 5;
    slot_t *slot = all->slots[link][index % SLOTS];
    layer_t *layer = all->layers[link][video][index % LAYERS];
    track_t *track = all->tracks[link][video];
    address there = place_of(link);
    moment moments[64];
    switch (what % 32) {
    case 0: /* any datagram */
    case 1: {
        uint8_t data[256];
        int size = (int)take(in) % (int)sizeof data;
        for (int i = 0; i < size; i++)
            data[i] = (uint8_t)take(in);
        core_feed(all->core, data, size, &there, all->now_us);
        break;
    }
    case 2: /* a packet that looks right, of a known stream */
    case 3:
    case 4: {
        uint8_t data[200] = {0x80, (uint8_t)(video ? 96 : 111), 0, 0};
        unsigned bits = take(in);
        data[1] |= bits & 0x80;
        data[2] = (uint8_t)(bits & 1 ? take(in) : 0xFF);
        data[3] = (uint8_t)take(in);
        data[6] = (uint8_t)take(in);
        data[11] = (uint8_t)(16 * video + index % LAYERS);
        if (video && bits & 2) {
            data[1] = 97;
            data[11] = (uint8_t)(32 + index % LAYERS);
        }
        int size = 12 + (int)(bits >> 2 & 31);
        for (int i = 12; i < size; i++)
            data[i] = (uint8_t)take(in);
        core_feed(all->core, data, size, &there, all->now_us);
        break;
    }
    case 5:
        all->now_us += (int64_t)take(in) * 10000;
        break;
    case 6:
        slot_aim(slot, all->layers[take(in) % LINKS][index & 1][index % LAYERS], take(in) & 1, who & 4, (int64_t)take(in) * 999);
        break;
    case 7: {
        slot_t *some[3] = {slot, all->slots[(link + 1) % LINKS][video + (index & 2)], all->slots[(link + 2) % LINKS][video]};
        track_route(track, some, (int)take(in) % 4);
        break;
    }
    case 8:
        track_shut(track);
        break;
    case 9:
        track_unroute(track);
        break;
    case 10: {
        uint16_t lost[8];
        int count = (int)take(in) % 9;
        for (int i = 0; i < count; i++)
            lost[i] = (uint16_t)(32760 + (int)(int8_t)take(in));
        slot_resend(slot, lost, count, 20000, all->now_us);
        break;
    }
    case 11:
        slot_probe(slot, (int)take(in) * 50, all->now_us);
        break;
    case 12:
        slot_forget(slot);
        break;
    case 13: {
        int64_t numbers[MISSING_MAX];
        layer_due(layer, all->now_us, 50000, numbers, MISSING_MAX);
        break;
    }
    case 14: /* a stream begins anew */
        all->layers[link][video][index % LAYERS] = layer_new(track);
        layer_bind(all->layers[link][video][index % LAYERS], take(in) % 64, who & 8);
        layer_end(layer);
        break;
    case 15: /* somebody leaves, and another comes */
        link_free(all->links[link]);
        settle(all, link);
        if (who & 8)
            show_around(all);
        break;
    case 16: {
        int share = (int)take(in);
        link_number_arrivals(all->links[link], share & 1 ? 3 : 0, 7);
        track_lost_onward(track, share);
        track_levels(track, moments, 64);
        link_report(all->links[link], 7, all->now_us);
        break;
    }
    case 17: {
        char name[UFRAG_BYTES_MAX + 1] = {(char)('a' + who % 7)};
        take(in) & 1 ? (void)core_name(all->core, name, "b", "password") : core_unname(all->core, name);
        break;
    }
    case 18: {
        address nowhere = {0};
        link_direct(all->links[link], take(in) & 1 ? &there : &nowhere);
        break;
    }
    case 19: { /* feedback that looks right */
        uint8_t data[220] = {0x8F, 205, 0, 0};
        int size = 24 + 4 * (int)(take(in) % 48);
        data[0] |= take(in) & 0x20;
        data[3] = (uint8_t)(size / 4 - 1);
        for (int i = 12; i < size; i++)
            data[i] = (uint8_t)take(in);
        data[12] = data[14] = 0;
        core_feed(all->core, data, size, &there, all->now_us);
        break;
    }
    case 20: { /* a packet with an arrival's number */
        uint8_t data[24] = {0x90, 111, 0, (uint8_t)take(in), 0, 0, 0, 0, 0, 0, 0, (uint8_t)index, 0xBE, 0xDE, 0, 1, 0x31};
        data[17] = (uint8_t)take(in);
        data[18] = (uint8_t)take(in);
        core_feed(all->core, data, sizeof data, &there, all->now_us);
        break;
    }
    case 21:
        slot_pace(slot, (int)take(in) & 3);
        break;
    case 22:
    case 23:
        show(all, in, link, video);
        break;
    case 24:
        tell_report(all, in, link);
        break;
    case 25:
        tell_arrivals(all, in, link);
        break;
    case 26:
        check(all, in, link);
        break;
    case 27: { /* a level, in either form of an extension */
        unsigned bits = take(in);
        uint8_t one[] = {0x90, 111, 0, (uint8_t)take(in), [11] = 0, 0xBE, 0xDE, 0, 1, 0x10, (uint8_t)bits, 0, 0, 1};
        uint8_t two[] = {0x90, 111, 0, one[3], [11] = 0, 0x10, 0, 0, 2, 0, 1, 1, (uint8_t)bits, 3, 2, (uint8_t)take(in), 0, 1};
        core_feed(all->core, bits & 0x80 ? two : one, bits & 0x80 ? sizeof two : sizeof one, &there, all->now_us);
        break;
    }
    case 28: {
        uint8_t data[MTU] = {0x80, 206};
        int size = (int)take(in) * 8;
        link_send_rtcp(all->links[link], data, size);
        core_send(all->core, data, size % MTU, &there);
        break;
    }
    case 29:
        take(in) & 1 ? (void)link_admit(all->links[link], &there) : link_expel(all->links[(link + index) % LINKS], &there);
        break;
    case 30: { /* keys that change, or are none */
        uint8_t key[16] = {(uint8_t)take(in)};
        link_seal(all->links[link], key, key);
        break;
    }
    default:
        if (what > 127) { /* a check that looks right, and what may follow its code */
            uint8_t data[64] = {0, 1, 0, 32, 0x21, 0x12, 0xA4, 0x42, [20] = 0, 6, 0, 3, 'a', ':', 'b', 0, 0, 8, 0, 20};
            int more = take(in) & 1 ? 8 : 0;
            core_name(all->core, "a", "b", "password");
            memset(data + 32, (int)take(in) & 1, 20);
            memcpy(data + 52, (uint8_t[]){0x80, (uint8_t)(0x28 + more * (int)(take(in) & 1) / 8), 0, 4}, 4);
            data[3] = (uint8_t)(32 + more);
            core_feed(all->core, data, 52 + more, &there, all->now_us);
        } else if (what == 63) { /* from now on it opens what comes by itself: packets end in a tag */
            uint8_t key[16] = {(uint8_t)take(in)};
            link_open(all->links[link], key, key);
        } else if (what == 95) {
            int64_t wait_us = (int64_t)take(in) * 5000;
            link_pool(all->links[link], wait_us, (int64_t)(int8_t)take(in) * 10000000000);
        } else if (what == 127) {
            move(all, in, link);
        } else
            collect(all);
    }
}

/* Everybody is there. */
static void gather(world *all)
{
    for (unsigned i = 0; i < LINKS; i++)
        settle(all, i);
    show_around(all);
}

static void play(const uint8_t *data, size_t size)
{
    world all = {.core = core_new(&plain), .now_us = 1000000};
    input in = {data, data + size};
    gather(&all);
    while (in.at < in.end)
        step(&all, &in);
    collect(&all);
    core_free(all.core);
}

/* ---------------------------------------------------------------- making inputs */

static uint8_t *kept_inputs[KEPT_MAX];
static size_t kept_sizes[KEPT_MAX];
static int kept_count;
static uint64_t dice;

static uint32_t roll(uint32_t below)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (uint32_t)(dice >> 11) % below;
}

static void keep_input(const uint8_t *data, size_t size)
{
    int place = kept_count < KEPT_MAX ? kept_count++ : (int)roll(KEPT_MAX);
    free(kept_inputs[place]);
    kept_inputs[place] = malloc(size + 1);
    memcpy(kept_inputs[place], data, size);
    kept_sizes[place] = size;
}

static size_t change(uint8_t *data, size_t size)
{
    static const uint8_t interesting[] = {0, 1, 0x7F, 0x80, 0xFF, 0xBE, 0xDE, 0x90, 0x10, 0x9D, 0x21, 0x60, 0xC8};
    for (uint32_t times = 1 + roll(8); times--;) {
        size_t at = size ? roll((uint32_t)size) : 0;
        size_t length = 1 + roll(16);
        switch (roll(7)) {
        case 0:
            if (size)
                data[at] ^= (uint8_t)(1 << roll(8));
            break;
        case 1:
            if (size)
                data[at] = (uint8_t)roll(256);
            break;
        case 2:
            if (size)
                data[at] = interesting[roll(sizeof interesting)];
            break;
        case 3: /* more */
            if (size + length < INPUT_MAX) {
                memmove(data + at + length, data + at, size - at);
                for (size_t i = 0; i < length; i++)
                    data[at + i] = (uint8_t)roll(256);
                size += length;
            }
            break;
        case 4: /* less */
            if (at + length < size) {
                memmove(data + at, data + at + length, size - at - length);
                size -= length;
            }
            break;
        case 5: /* again */
            if (at + length < size && size + length < INPUT_MAX) {
                memmove(data + at + length, data + at, size - at);
                size += length;
            }
            break;
        default: { /* a piece of another */
            int other = (int)roll((uint32_t)kept_count);
            size_t from = kept_sizes[other] ? roll((uint32_t)kept_sizes[other]) : 0;
            length = kept_sizes[other] - from;
            if (at + length > INPUT_MAX)
                length = INPUT_MAX - at;
            memcpy(data + at, kept_inputs[other] + from, length);
            size = at + length > size ? at + length : size;
        }
        }
    }
    return size;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t read_file(const char *path, uint8_t *data)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    return size;
}

/* The input under way lies in FOLDER/latest: it outlives a crash. */
static int fuzz(double limit, uint64_t seed, const char *folder)
{
    char path[4096];
    uint8_t data[INPUT_MAX];
    dice = seed * 2654435761u + 88172645463325252u;
    snprintf(path, sizeof path, "%s/latest", folder);
    int latest = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (latest < 0 || ftruncate(latest, INPUT_MAX + 8))
        return 2;
    uint8_t *seen = mmap(NULL, INPUT_MAX + 8, PROT_READ | PROT_WRITE, MAP_SHARED, latest, 0);
    DIR *all = opendir(folder);
    for (struct dirent *entry; all && (entry = readdir(all));) {
        if (strncmp(entry->d_name, "in-", 3) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        size_t size = read_file(path, data);
        memset(reached, 0, sizeof reached);
        play(data, size);
        is_news();
        keep_input(data, size);
    }
    if (all)
        closedir(all);
    if (!kept_count)
        keep_input((const uint8_t *)"\2\20", 2);
    int begun = kept_count;
    double until = seconds() + limit;
    uint64_t runs = 0;
    while (seconds() < until) {
        int from = roll(2) ? (int)roll((uint32_t)kept_count) : kept_count - 1 - (int)roll((uint32_t)(kept_count / 4 + 1));
        size_t size = kept_sizes[from];
        memcpy(data, kept_inputs[from], size);
        size = change(data, size);
        memcpy(seen, &size, 8);
        memcpy(seen + 8, data, size);
        memset(reached, 0, sizeof reached);
        play(data, size);
        runs++;
        if (is_news()) {
            keep_input(data, size);
            snprintf(path, sizeof path, "%s/in-%08x-%llu", folder, (unsigned)seed, (unsigned long long)runs);
            FILE *file = fopen(path, "wb");
            if (file) {
                fwrite(data, 1, size, file);
                fclose(file);
            }
        }
    }
    int edges = 0;
    for (int i = 0; i < MAP; i++)
        edges += ever[i] != 0;
    printf("%llu inputs played, %d edges reached, %d inputs that reached something new\n", (unsigned long long)runs, edges,
           kept_count - begun);
    return 0;
}

typedef struct {
    char path[512];
    size_t size;
} listed;

static int by_size(const void *one, const void *other)
{
    const listed *a = one, *b = other;
    return a->size != b->size ? (a->size < b->size ? -1 : 1) : strcmp(a->path, b->path);
}

static int merge(const char *from, const char *to)
{
    static listed all[KEPT_MAX];
    uint8_t data[INPUT_MAX];
    int count = 0, copied = 0;
    DIR *folder = opendir(from);
    for (struct dirent *entry; folder && count < KEPT_MAX && (entry = readdir(folder));)
        if (strncmp(entry->d_name, "in-", 3) == 0) {
            snprintf(all[count].path, sizeof all[count].path, "%s/%.200s", from, entry->d_name);
            all[count].size = read_file(all[count].path, data);
            count++;
        }
    if (folder)
        closedir(folder);
    qsort(all, (size_t)count, sizeof *all, by_size);
    for (int i = 0; i < count; i++) {
        char path[1024];
        memset(reached, 0, sizeof reached);
        size_t size = read_file(all[i].path, data);
        play(data, size);
        for (int edge = 0; edge < MAP; edge++)
            reached[edge] = reached[edge] != 0;
        if (!is_news())
            continue;
        snprintf(path, sizeof path, "%s/in-%03d.bin", to, copied++);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(data, 1, size, file) != size || fclose(file))
            return 2;
    }
    printf("%d of %d inputs\n", copied, count);
    return 0;
}

/* ---------------------------------------------------------------- two threads */

/* A socket of one of the machine's own addresses. */
static int bound(int family, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int own = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0), yes = 1;
    setsockopt(own, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(own, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, family == AF_INET ? sizeof v4 : sizeof v6)) {
        close(own);
        return -1;
    }
    return own;
}

static void *shower(void *argument)
{
    uint16_t port = (uint16_t) * (int *)argument;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int sockets[LINKS];
    for (unsigned i = 0; i < LINKS; i++)
        sockets[i] = bound(place_of(i).family == 4 ? AF_INET : AF_INET6, place_of(i).port);
    uint8_t data[1100] = {0x80, 96};
    for (unsigned n = 0; !__atomic_load_n((int *)argument + 1, __ATOMIC_RELAXED); n++) {
        data[1] = n % 50 == 49 ? 200 : 96;
        data[2] = (uint8_t)(n >> 8);
        data[3] = (uint8_t)n;
        data[11] = (uint8_t)(16 + n / 96 % 3);
        data[12] = 0x90;
        data[13] = 0x80;
        data[14] = (uint8_t)n & 0x7F;
        data[15] = n % 32 > 2; /* keyframes of each */
        if (place_of(n % LINKS).family == 6)
            sendto(sockets[n % LINKS], data, 100 + n / 48 % 900, 0, (struct sockaddr *)&v6, sizeof v6);
        else
            sendto(sockets[n % LINKS], data, 100 + n / 48 % 900, 0, (struct sockaddr *)&v4, sizeof v4);
        if (n % 64 == 0)
            usleep(500);
    }
    for (int i = 0; i < LINKS; i++)
        close(sockets[i]);
    return NULL;
}

static int threads(double limit, uint64_t seed)
{
    world all = {.core = core_new(&plain)};
    int shared[2] = {bound(AF_INET, 0)}, families[2] = {4, 6};
    struct sockaddr_in own = {0};
    socklen_t size = sizeof own;
    if (shared[0] < 0 || getsockname(shared[0], (struct sockaddr *)&own, &size))
        return 2;
    shared[1] = bound(AF_INET6, ntohs(own.sin_port)); /* where the machine has IPv6 */
    gather(&all);
    if (core_start(all.core, shared, families, shared[1] < 0 ? 1 : 2))
        return 2;
    int about[2] = {ntohs(own.sin_port), 0};
    pthread_t other;
    pthread_create(&other, NULL, shower, about);
    dice = seed * 2654435761u + 88172645463325252u;
    double until = seconds() + limit;
    while (seconds() < until) {
        uint8_t some[24];
        for (size_t i = 0; i < sizeof some; i++)
            some[i] = (uint8_t)roll(256);
        input in = {some, some + sizeof some};
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        all.now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
        step(&all, &in);
        collect(&all);
        for (int i = 0; i < SLOTS; i++)
            (void)__atomic_load_n(&slot_read(all.slots[0][i])->packets, __ATOMIC_RELAXED);
        usleep(200);
    }
    __atomic_store_n(about + 1, 1, __ATOMIC_RELAXED);
    pthread_join(other, NULL);
    core_stop(all.core); /* what it counts is looked at plainly */
    printf("%llu datagrams were nobody's, %llu not sent\n", (unsigned long long)core_read(all.core)->strays,
           (unsigned long long)core_read(all.core)->unsent);
    core_free(all.core);
    close(shared[0]);
    close(shared[1]);
    return 0;
}

int main(int count, char **words)
{
    uint8_t data[INPUT_MAX];
    if (count > 2 && strcmp(words[1], "run") == 0) {
        for (int i = 2; i < count; i++)
            play(data, read_file(words[i], data));
        return 0;
    }
    if (count == 5 && strcmp(words[1], "fuzz") == 0)
        return fuzz(atof(words[2]), strtoull(words[3], NULL, 10), words[4]);
    if (count == 4 && strcmp(words[1], "merge") == 0)
        return merge(words[2], words[3]);
    if ((count == 3 || count == 4) && strcmp(words[1], "threads") == 0)
        return threads(atof(words[2]), count == 4 ? strtoull(words[3], NULL, 10) : 4711);
    fprintf(stderr, "run FILE… | fuzz SECONDS SEED FOLDER | merge FROM TO | threads SECONDS [SEED]\n");
    return 2;
}
