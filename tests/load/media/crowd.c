/* The crowd: everybody of every room in one thread, so cheap that what is measured is the server and not the load.
 *
 * It sends each flow's packets at their pace, and of what comes back it believes nothing: a packet counts as arrived
 * once it was decrypted, its stamp names a flow of the same room, its length and every byte of its filling are right,
 * and its number was not seen before. Times of arrival are the kernel's, so that a late reader tells no lies about the
 * server's haste. SRTP's own functions are handed in as addresses; nothing but libc is linked.
 *
 * Like a browser it reports back: transport-wide feedback every 100 ms where the server numbers its packets for it, and
 * sender and receiver reports every second. It never asks for anything again: what is lost stays lost, and is counted.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define DATAGRAM 1600
#define TOGETHER 65536 /* bytes of datagrams that were sent as one */
#define MAGIC 0x6d696c69u
#define BUCKETS 20001 /* of 5 µs; the last one takes all above 100 ms */
#define BUCKET_NS 5000
#define ECHOES 2048       /* arrivals remembered of one end, a power of two */
#define ECHO_MAX 400      /* packets told in one feedback */
#define ECHO_NS 100000000 /* how often it is sent, if not full before */
#define TICK_NS 250000    /* its unit of time */
#define REPORT_NS 1000000000
#define LOOK_NS 2000000   /* how often it looks what came: to be woken by each packet, or to be told of it as a poll is,
                             would be the server's time, for no network card does such a thing */
#define LOOKS 8           /* at so many ends before it sends again what is due */
#define LATE_NS 2000000 /* a packet that left this much after its time was late by our own fault */

typedef int (*seal_fn)(void *session, void *packet, int *size);

typedef struct {
    uint32_t magic;
    uint16_t room, seat, flow, size; /* size of the whole payload */
    uint32_t spare;
    uint64_t number;
    int64_t sent_ns; /* CLOCK_REALTIME */
} __attribute__((packed)) stamp;

/* One flow as one person receives it. */
typedef struct {
    uint64_t arrived;   /* different packets of this run, whole and right */
    uint64_t twice;     /* copies, and packets that are older than can be told */
    uint64_t reordered; /* came after a later one */
    uint64_t broken;    /* the next packet, but not the next RTP sequence number under the same SSRC */
    uint64_t highest;   /* number + 1 of the latest */
    uint64_t seen;      /* bit n: highest - 1 - n came */
    uint32_t ssrc;
    uint16_t sequence;
} tally;

typedef struct {
    int fd, room, seat;
    void *seal, *open;
    uint16_t transport_number;
    uint64_t others; /* datagrams that are not RTP: reports, requests, checks */
    int hears;       /* media came by it */
    /* When each packet that the server numbered for us arrived, in ticks (0: not); numbers are unwrapped. */
    int64_t echoes[ECHOES];
    uint64_t echo_next, echo_end;
    uint8_t echo_count;
    uint32_t echo_media;
} end;

typedef struct {
    int end, room, seat, index, size, parts, is_picture, height, keyframe_every;
    uint8_t payload_type, mid, rid;
    uint32_t ssrc, tick;
    double hertz, offset_s;
    uint16_t first_sequence;
    uint64_t number, first; /* of the next packet; of the first one of this run */
    int is_off;             /* not sent for the time being: the server said that nobody watches */
    uint64_t keyframe;      /* number of the latest picture that is one though it was not due */
    int64_t due_ns, period_ns;
    uint8_t filling[DATAGRAM];
} flow;

typedef struct {
    uint64_t sent, unsent, late, arrived, undecrypted, wrong, stray, resent, others;
    int64_t latest_ns, cpu_ns;
} outcome;

typedef struct {
    seal_fn protect, unprotect, protect_report;
    int rooms, seats, flows_a_room, ends_n, flows_n;
    int level_id, transport_id, mid_id, rid_id, resend_type;
    end *ends;
    flow *flows;
    tally *tallies; /* [room][seat][flow] */
    flow **by_place; /* [room][flow] */
    flow **waiting;  /* those that go on sending, a heap: the next one first */
    int waiting_n;
    uint32_t buckets[BUCKETS];
    outcome outcome;
} crowd;

static int64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void doze(int64_t until) {
    struct timespec at = {until / 1000000000, until % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void put16(uint8_t *at, uint32_t v) { at[0] = v >> 8; at[1] = v; }
static void put32(uint8_t *at, uint32_t v) { put16(at, v >> 16); put16(at + 2, v); }
static uint32_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }
static uint32_t get32(const uint8_t *at) { return get16(at) << 16 | get16(at + 2); }

/* Room for `rooms` times `seats` people of `ends` sockets in all; filled by crowd_end and crowd_flow, room after room. */
crowd *crowd_new(void *protect, void *unprotect, void *protect_report, int rooms, int seats, int flows_a_room, int ends) {
    crowd *c = calloc(1, sizeof *c);
    c->protect = (seal_fn)protect;
    c->unprotect = (seal_fn)unprotect;
    c->protect_report = (seal_fn)protect_report;
    c->rooms = rooms, c->seats = seats, c->flows_a_room = flows_a_room;
    c->ends = calloc(ends, sizeof *c->ends);
    c->flows = calloc((size_t)rooms * flows_a_room, sizeof *c->flows);
    c->tallies = calloc((size_t)rooms * seats * flows_a_room, sizeof *c->tallies);
    c->by_place = calloc((size_t)rooms * flows_a_room, sizeof *c->by_place);
    c->waiting = calloc((size_t)rooms * flows_a_room, sizeof *c->waiting);
    return c;
}

void crowd_agreed(crowd *c, int level, int transport, int mid, int rid, int resend_type) {
    c->level_id = level, c->transport_id = transport, c->mid_id = mid, c->rid_id = rid, c->resend_type = resend_type;
}

/* A socket and its two SRTP sessions; what comes in by it comes to (room, seat). The index of it. */
int crowd_end(crowd *c, int fd, void *seal, void *open, int room, int seat) {
    end *e = &c->ends[c->ends_n];
    *e = (end){.fd = fd, .seal = seal, .open = open, .room = room, .seat = seat};
    int yes = 1, size = 8 << 20;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
    setsockopt(fd, SOL_UDP, UDP_GRO, &yes, sizeof yes); /* else loopback cuts up what it said that it would cut up */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    return c->ends_n++;
}

void crowd_flow(crowd *c, int by, int index, int size, int parts, int is_picture, int height, int keyframe_every,
                int payload_type, int mid, int rid, uint32_t ssrc, uint32_t tick, double hertz, double offset_s,
                int first_sequence) {
    flow *f = &c->flows[c->flows_n++];
    *f = (flow){.end = by, .room = c->ends[by].room, .seat = c->ends[by].seat, .index = index, .size = size,
                .parts = parts, .is_picture = is_picture, .height = height, .keyframe_every = keyframe_every,
                .payload_type = payload_type, .mid = mid, .rid = rid, .ssrc = ssrc, .tick = tick, .hertz = hertz,
                .offset_s = offset_s, .first_sequence = first_sequence};
    uint32_t seed = ssrc | 1;
    for (int i = 0; i < size + 1; i++) {
        seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
        f->filling[i] = seed;
    }
    c->by_place[f->room * c->flows_a_room + index] = f;
}

/* Send a flow or not, from any thread, also in a run; what goes on again begins with a keyframe. */
void crowd_let(crowd *c, int room, int index, int is_on) {
    flow *f = c->by_place[room * c->flows_a_room + index];
    if (f) __atomic_store_n(&f->is_off, !is_on, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------ sending */

/* Chromium cuts a picture into packets of one size, or, in two pictures of five, the last ones a byte longer. */
static int size_of(const flow *f, uint64_t number) {
    int is_last = number % f->parts == (uint64_t)f->parts - 1;
    return f->size + (f->parts > 1 && is_last && number / f->parts % 5 < 2);
}

static int compose(crowd *c, flow *f, uint8_t *packet) {
    end *e = &c->ends[f->end];
    uint8_t *at = packet;
    *at++ = 0x90;
    uint64_t picture = f->number / f->parts;
    int part = f->number % f->parts, length = size_of(f, f->number);
    *at++ = f->payload_type | (f->is_picture && part == f->parts - 1 ? 0x80 : 0);
    put16(at, f->first_sequence + f->number), at += 2;
    put32(at, picture * f->tick), at += 4;
    put32(at, f->ssrc), at += 4;
    uint8_t *profile = at;
    at += 4;
    *at++ = c->mid_id << 4, *at++ = f->mid;
    *at++ = c->transport_id << 4 | 1, put16(at, e->transport_number++), at += 2;
    if (!f->is_picture) *at++ = c->level_id << 4, *at++ = 30;
    if (f->rid) *at++ = c->rid_id << 4, *at++ = f->rid;
    while ((at - profile) % 4) *at++ = 0;
    put16(profile, 0xBEDE), put16(profile + 2, (at - profile) / 4 - 1);
    uint8_t *payload = at;
    memcpy(payload, f->filling, length);
    if (f->is_picture) { /* VP8: a descriptor with picture number and TL0PICIDX, then, in the first, how a frame begins */
        int is_key = picture % f->keyframe_every == 0 || picture == f->keyframe;
        *at++ = part ? 0x80 : 0x90, *at++ = 0xC0;
        put16(at, 0x8000 | (picture & 0x7FFF)), at += 2;
        *at++ = picture;
        memset(at, 0, 10);
        if (!part && is_key) {
            memcpy(at + 3, "\x9d\x01\x2a", 3);
            int width = f->height * 16 / 9;
            at[6] = width, at[7] = width >> 8, at[8] = f->height, at[9] = f->height >> 8;
        } else
            at[0] = 1;
        at += 10;
    }
    stamp s = {.magic = MAGIC, .room = f->room, .seat = f->seat, .flow = f->index, .size = length,
               .number = f->number, .sent_ns = now_ns(CLOCK_REALTIME)};
    memcpy(at, &s, sizeof s);
    f->number++;
    return payload + length - packet;
}

static void post(crowd *c, end *e, struct mmsghdr *posts, int n) {
    for (int done = 0; done < n;) {
        int sent = sendmmsg(e->fd, posts + done, n - done, 0);
        if (sent <= 0) {
            if (errno == EINTR || errno == ECONNREFUSED) continue;
            c->outcome.unsent += n - done;
            return;
        }
        done += sent;
    }
}

/* Let the flow at `place` of the heap sink to where it belongs. */
static void sink(crowd *c, int place) {
    flow *f = c->waiting[place];
    for (int under; (under = 2 * place + 1) < c->waiting_n; place = under) {
        if (under + 1 < c->waiting_n && c->waiting[under + 1]->due_ns < c->waiting[under]->due_ns) under++;
        if (f->due_ns <= c->waiting[under]->due_ns) break;
        c->waiting[place] = c->waiting[under];
    }
    c->waiting[place] = f;
}

/* Send all that is due; when the next is. */
static int64_t send_due(crowd *c, int64_t now, int64_t until) {
    static __thread uint8_t packets[BATCH][DATAGRAM];
    static __thread struct iovec parts[BATCH];
    static __thread struct mmsghdr posts[BATCH];
    int n = 0, by = -1;
    while (c->waiting_n && c->waiting[0]->due_ns <= now) {
        flow *f = c->waiting[0];
        int is_off = __atomic_load_n(&f->is_off, __ATOMIC_RELAXED);
        while (f->due_ns <= now && f->due_ns < until) {
            if (is_off) {
                f->keyframe = f->number / f->parts;
                f->due_ns += f->period_ns;
                continue;
            }
            for (int part = 0; part < f->parts; part++) {
                if (n == BATCH || (n && by != f->end)) post(c, &c->ends[by], posts, n), n = 0;
                by = f->end;
                int size = compose(c, f, packets[n]);
                if (c->protect(c->ends[by].seal, packets[n], &size)) {
                    c->outcome.unsent++;
                } else {
                    parts[n] = (struct iovec){packets[n], size};
                    posts[n].msg_hdr = (struct msghdr){.msg_iov = &parts[n], .msg_iovlen = 1};
                    n++;
                }
                c->outcome.sent++;
            }
            int64_t late = now - f->due_ns;
            if (late > LATE_NS) c->outcome.late += f->parts;
            if (late > c->outcome.latest_ns) c->outcome.latest_ns = late;
            f->due_ns += f->period_ns;
        }
        if (f->due_ns >= until) c->waiting[0] = c->waiting[--c->waiting_n];
        if (c->waiting_n) sink(c, 0);
    }
    if (n) post(c, &c->ends[by], posts, n);
    return c->waiting_n ? c->waiting[0]->due_ns : INT64_MAX;
}

/* ------------------------------------------------------------------ receiving */

static void account(crowd *c, tally *t, const stamp *s, uint32_t ssrc, uint16_t sequence) {
    if (s->number >= t->highest) {
        uint64_t ahead = s->number + 1 - t->highest;
        if (t->highest && ahead == 1 && (ssrc != t->ssrc || (uint16_t)(t->sequence + 1) != sequence)) t->broken++;
        t->seen = ahead < 64 ? t->seen << ahead | 1 : 1;
        t->highest = s->number + 1;
        t->ssrc = ssrc, t->sequence = sequence;
    } else {
        uint64_t back = t->highest - 1 - s->number;
        if (back >= 64 || t->seen >> back & 1) {
            t->twice++;
            return;
        }
        t->seen |= 1ULL << back;
        t->reordered++;
    }
    t->arrived++;
    c->outcome.arrived++;
}

/* Look through one decrypted packet; 0 if anything in it is not as it was sent. */
static int take(crowd *c, end *e, const uint8_t *packet, int size, int64_t arrived_ns) {
    if (size < 12 || packet[0] >> 6 != 2) return 0;
    const uint8_t *at = packet + 12 + 4 * (packet[0] & 15), *stop = packet + size;
    if (packet[0] & 0x10) {
        if (at + 4 > stop) return 0;
        at += 4 + 4 * get16(at + 2);
    }
    if (packet[0] & 0x20) {
        if (stop[-1] > size) return 0;
        stop -= stop[-1];
    }
    if ((packet[1] & 0x7F) == c->resend_type) { /* We never ask for anything again: this tries how much we could take. */
        c->outcome.resent++;
        return 1;
    }
    if (at >= stop) return 1; /* Only padding, as a probe has: nobody's packet. */
    const uint8_t *payload = at;
    const uint8_t *filling_from = NULL;
    stamp s;
    for (int is_picture = 0; is_picture < 2; is_picture++) { /* The stamp tells which it is. */
        at = payload;
        if (is_picture) {
            if (stop - at < 24 || !(at[0] & 0x80)) return 0;
            uint8_t flags = at[1];
            at += 2;
            if (flags & 0x80) at += at[0] & 0x80 ? 2 : 1;
            if (flags & 0x40) at++;
            if (flags & 0x30) at++;
            at += 10;
        }
        if (stop - at < (long)sizeof s) return 0;
        memcpy(&s, at, sizeof s);
        if (s.magic == MAGIC) {
            filling_from = at + sizeof s;
            break;
        }
    }
    if (!filling_from || s.room >= c->rooms || s.flow >= c->flows_a_room) return 0;
    flow *f = c->by_place[s.room * c->flows_a_room + s.flow];
    if (!f || f->seat != s.seat || size_of(f, s.number) != s.size || s.number >= f->number) return 0;
    /* The descriptor of a picture may be rewritten in another length; what follows may not. */
    long left = stop - filling_from;
    if (left > s.size || memcmp(filling_from, f->filling + s.size - left, left)) return 0;
    if (left != s.size - (f->is_picture ? 15 : 0) - (long)sizeof s) return 0;
    if (s.room != e->room || s.seat == e->seat) { /* Somebody else's room, or one's own voice. */
        c->outcome.stray++;
        return 1;
    }
    if (s.number < f->first) return 1; /* Sent before this run. */
    tally *t = &c->tallies[(s.room * c->seats + e->seat) * c->flows_a_room + s.flow];
    uint64_t before = t->arrived;
    account(c, t, &s, get32(packet + 8), get16(packet + 2));
    if (t->arrived > before) {
        int64_t bucket = (arrived_ns - s.sent_ns) / BUCKET_NS;
        c->buckets[bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket]++;
    }
    return 1;
}

/* ------------------------------------------------------------------ reporting back */

static void report(crowd *c, end *e, uint8_t *packet, int size) {
    if (!c->protect_report(e->seal, packet, &size)) (void)!send(e->fd, packet, size, 0);
}

/* Tell the server when its packets arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). */
static void echo(crowd *c, end *e) {
    while (e->echo_next < e->echo_end) {
        uint64_t first = e->echo_next, came = first;
        while (came < e->echo_end && !e->echoes[came % ECHOES]) came++;
        if (came == e->echo_end) break;
        uint8_t packet[24 + ECHO_MAX * 3 + 256], deltas[ECHO_MAX * 2], *delta = deltas;
        uint8_t symbols[ECHO_MAX + 7] = {0};
        int64_t reference = e->echoes[came % ECHOES] / 256, before = reference * 256;
        int count = 0;
        for (uint64_t n = first; n < e->echo_end && count < ECHO_MAX; n++) {
            int64_t at = e->echoes[n % ECHOES], step = at - before;
            if (at) {
                if (step < -32768 || step > 32767) break;
                if (step >= 0 && step < 256)
                    symbols[count] = 1, *delta++ = step;
                else
                    symbols[count] = 2, put16(delta, (uint16_t)step), delta += 2;
                before = at;
            }
            count++;
        }
        put32(packet, 0x8FCD0000), put32(packet + 4, 1), put32(packet + 8, e->echo_media);
        put16(packet + 12, first), put16(packet + 14, count), put32(packet + 16, reference << 8 | e->echo_count++);
        uint8_t *at = packet + 20;
        for (int i = 0; i < count; i += 7) {
            uint32_t chunk = 0xC000;
            for (int k = 0; k < 7; k++) chunk |= symbols[i + k] << (12 - 2 * k);
            put16(at, chunk), at += 2;
        }
        memcpy(at, deltas, delta - deltas), at += delta - deltas;
        while ((at - packet) % 4) *at++ = 0;
        put16(packet + 2, (at - packet) / 4 - 1);
        report(c, e, packet, at - packet);
        for (int i = 0; i < count; i++) e->echoes[(first + i) % ECHOES] = 0;
        e->echo_next = first + count;
    }
    e->echo_next = e->echo_end;
}

static void note_echo(crowd *c, end *e, const uint8_t *packet, int size, int64_t arrived_ns) {
    if (size < 16 || !(packet[0] & 0x10)) return;
    const uint8_t *at = packet + 12 + 4 * (packet[0] & 15);
    if (at + 4 > packet + size || get16(at) != 0xBEDE) return;
    const uint8_t *stop = at + 4 + 4 * get16(at + 2);
    if (stop > packet + size) return;
    for (at += 4; at < stop; at += *at ? 2 + (*at & 15) : 1) {
        if (*at >> 4 != c->transport_id || (*at & 15) != 1 || at + 3 > stop) continue;
        uint64_t number = e->echo_end + (int16_t)(uint16_t)(get16(at + 1) - (uint16_t)e->echo_end);
        if (!e->echo_end) e->echo_next = e->echo_end = number = 0x10000 + get16(at + 1);
        if (number < e->echo_next) return; /* Told as lost already. */
        if (number - e->echo_next >= ECHO_MAX) echo(c, e);
        if (number - e->echo_next >= ECHOES) e->echo_next = number;
        e->echoes[number % ECHOES] = arrived_ns / TICK_NS;
        if (number >= e->echo_end) e->echo_end = number + 1;
        e->echo_media = get32(packet + 8);
        return;
    }
}

/* Sender reports of what leaves by an end, and a receiver report of what came to its person (RFC 3550 §6.4). */
static void tell_reports(crowd *c, int by) {
    end *e = &c->ends[by];
    uint8_t packet[1400], *at = packet;
    int64_t now = now_ns(CLOCK_REALTIME);
    for (int i = 0; i < c->flows_n && at < packet + 256; i++) {
        flow *f = &c->flows[i];
        if (f->end != by) continue;
        put32(at, 0x80C80006), put32(at + 4, f->ssrc);
        put32(at + 8, now / 1000000000 + 2208988800u), put32(at + 12, (now % 1000000000) * 4294967296.0 / 1e9);
        put32(at + 16, f->number / f->parts * f->tick), put32(at + 20, f->number), put32(at + 24, f->number * f->size);
        at += 28;
    }
    if (e->hears) {
        uint8_t *head = at;
        int blocks = 0;
        at += 8;
        tally *of = &c->tallies[(e->room * c->seats + e->seat) * c->flows_a_room];
        for (int i = 0; i < c->flows_a_room && blocks < 31; i++) {
            if (!of[i].ssrc) continue;
            put32(at, of[i].ssrc), put32(at + 4, 0), put32(at + 8, of[i].sequence), memset(at + 12, 0, 12);
            at += 24, blocks++;
        }
        put32(head, 0x80C90000 | blocks << 24 | (1 + 6 * blocks)), put32(head + 4, 1);
    }
    if (at > packet) report(c, e, packet, at - packet);
}

/* Look through one datagram. */
static void read_one(crowd *c, end *e, uint8_t *packet, int size, int64_t arrived_ns) {
    if (size < 12 || packet[0] < 128 || packet[0] > 191 || (packet[1] >= 192 && packet[1] <= 223)) {
        e->others++;
        c->outcome.others++;
    } else if (c->unprotect(e->open, packet, &size)) {
        c->outcome.undecrypted++;
    } else {
        note_echo(c, e, packet, size, arrived_ns);
        e->hears = 1;
        if (!take(c, e, packet, size, arrived_ns)) c->outcome.wrong++;
    }
}

/* What came by one end, up to a batch; whether there may be more. What was sent as one may come as one (UDP_GRO). */
static int receive(crowd *c, end *e) {
    static __thread uint8_t packets[BATCH][TOGETHER] __attribute__((aligned(16)));
    static __thread uint8_t controls[BATCH][128];
    static __thread struct iovec parts[BATCH];
    static __thread struct mmsghdr posts[BATCH];
    if (!parts[0].iov_base)
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){packets[i], TOGETHER};
            posts[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1, .msg_control = controls[i]};
        }
    for (int i = 0; i < BATCH; i++) posts[i].msg_hdr.msg_controllen = sizeof controls[i];
    int n = recvmmsg(e->fd, posts, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        int size = posts[i].msg_len, each = size;
        int64_t arrived_ns = now_ns(CLOCK_REALTIME);
        struct cmsghdr *m = CMSG_FIRSTHDR(&posts[i].msg_hdr);
        for (; m; m = CMSG_NXTHDR(&posts[i].msg_hdr, m))
            if (m->cmsg_level == SOL_SOCKET && m->cmsg_type == SCM_TIMESTAMPNS) {
                struct timespec at;
                memcpy(&at, CMSG_DATA(m), sizeof at);
                arrived_ns = at.tv_sec * 1000000000LL + at.tv_nsec;
            } else if (m->cmsg_level == SOL_UDP && m->cmsg_type == UDP_GRO) {
                memcpy(&each, CMSG_DATA(m), sizeof each);
            }
        for (int at = 0; at < size; at += each)
            read_one(c, e, packets[i] + at, size - at < each ? size - at : each, arrived_ns);
    }
    return n == BATCH;
}

/* ------------------------------------------------------------------ a run */

/* Let the first `rooms` rooms send for `seconds` at `speed` times the usual pace, then wait for what is still under
 * way: until no packet of the run came for `quiet_s`. All counts begin anew. */
void crowd_run(crowd *c, int rooms, double seconds, double speed, double quiet_s) {
    prctl(PR_SET_TIMERSLACK, 1000UL);
    memset(&c->outcome, 0, sizeof c->outcome);
    memset(c->buckets, 0, sizeof c->buckets);
    for (long i = 0; i < (long)c->rooms * c->seats * c->flows_a_room; i++) {
        tally *t = &c->tallies[i];
        t->arrived = t->twice = t->reordered = t->broken = 0;
    }
    int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    int64_t begin = now_ns(CLOCK_MONOTONIC), until = begin + (int64_t)(seconds * 1e9);
    c->waiting_n = 0;
    for (int i = 0; i < c->flows_n; i++) {
        flow *f = &c->flows[i];
        f->first = f->number;
        f->period_ns = 1e9 / (f->hertz * speed);
        f->due_ns = begin + (int64_t)(f->offset_s / speed * 1e9);
        if (f->room < rooms && f->due_ns < until) c->waiting[c->waiting_n++] = f;
    }
    for (int place = c->waiting_n / 2; place--;) sink(c, place);
    int64_t last = begin, look_due = begin;
    int looking = c->ends_n;           /* the end to look at next, if not all were */
    uint64_t echoed = 0, reported = 0; /* by all ends, one after the other: people do not report all at once */
    for (;;) {
        int64_t now = now_ns(CLOCK_MONOTONIC);
        int64_t next = send_due(c, now, until);
        for (; echoed * ECHO_NS < (uint64_t)(now - begin) * c->ends_n; echoed++) echo(c, &c->ends[echoed % c->ends_n]);
        for (; reported * REPORT_NS < (uint64_t)(now - begin) * c->ends_n; reported++)
            if (c->ends[reported % c->ends_n].room < rooms) tell_reports(c, reported % c->ends_n);
        if (next == INT64_MAX && now > until && now - (last > until ? last : until) > (int64_t)(quiet_s * 1e9)) break;
        if (looking == c->ends_n) {
            if (now < look_due) {
                doze(next < look_due ? next : look_due);
                continue;
            }
            looking = 0, look_due = now + LOOK_NS;
        }
        uint64_t before = c->outcome.arrived;
        for (int looks = 0; looks < LOOKS && looking < c->ends_n; looks++)
            if (!receive(c, &c->ends[looking])) looking++;
        if (c->outcome.arrived > before) last = now; /* Reports never end. */
    }
    c->outcome.cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

const outcome *crowd_outcome(crowd *c) { return &c->outcome; }
const uint32_t *crowd_buckets(crowd *c) { return c->buckets; }
const tally *crowd_tally(crowd *c, int room, int seat, int flow) {
    return &c->tallies[(room * c->seats + seat) * c->flows_a_room + flow];
}
/* How many packets a flow sent in the last run. */
uint64_t crowd_sent(crowd *c, int room, int index) {
    flow *f = c->by_place[room * c->flows_a_room + index];
    return f->number - f->first;
}

void crowd_free(crowd *c) {
    free(c->ends), free(c->flows), free(c->tallies), free(c->by_place), free(c->waiting), free(c);
}

/* ------------------------------------------------------------------ the floor */

/* What nobody can leave out: `viewers` copies of every packet encrypted and sent with one sendmmsg, at the packets' own
 * pace, deciding nothing. Processor time per copy in ns. `seals` are a session for each viewer; `drains` the sockets
 * they read, emptied by a second thread on another core. */
struct drain {
    int *fds, n, is_over;
};

static void *empty(void *given) {
    struct drain *d = given;
    static uint8_t packets[BATCH][DATAGRAM];
    struct iovec parts[BATCH];
    struct mmsghdr posts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){packets[i], DATAGRAM};
        posts[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    while (!__atomic_load_n(&d->is_over, __ATOMIC_RELAXED)) {
        for (int i = 0; i < d->n;)
            if (recvmmsg(d->fds[i], posts, BATCH, MSG_DONTWAIT, NULL) < BATCH) i++;
        doze(now_ns(CLOCK_MONOTONIC) + LOOK_NS);
    }
    return NULL;
}

static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

double floor_run(void *protect, void **seals, int viewers, int fd, struct sockaddr *addresses, int address_size,
                 int *drains, int sources, int sound_size, double sound_hz, int picture_size, double picture_hz,
                 int picture_packets, double seconds, int core, uint64_t *copies) {
    struct drain d = {.fds = drains, .n = viewers};
    pthread_t other;
    pthread_create(&other, NULL, empty, &d);
    cpu_set_t before;
    sched_getaffinity(0, sizeof before, &before);
    if (core >= 0) pin(core);
    prctl(PR_SET_TIMERSLACK, 1000UL);
    static uint8_t packets[64][DATAGRAM];
    struct iovec parts[64];
    struct mmsghdr posts[64];
    int flows = 2 * sources;
    int64_t *due = calloc(flows, sizeof *due), *period = calloc(flows, sizeof *period);
    uint64_t *number = calloc(flows, sizeof *number);
    int64_t begin = now_ns(CLOCK_MONOTONIC), until = begin + (int64_t)(seconds * 1e9);
    for (int i = 0; i < flows; i++) {
        period[i] = 1e9 / (i % 2 ? picture_hz : sound_hz);
        due[i] = begin + period[i] * (i / 2) / sources;
    }
    seal_fn seal = (seal_fn)protect;
    int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (;;) {
        int64_t now = now_ns(CLOCK_MONOTONIC), next = INT64_MAX;
        if (now >= until) break;
        for (int i = 0; i < flows; i++) {
            while (due[i] <= now) {
                int plain = 12 + (i % 2 ? picture_size : sound_size);
                int n = 0;
                for (int part = 0; part < (i % 2 ? picture_packets : 1); part++, number[i]++) {
                    for (int v = 0; v < viewers; v++, n++) {
                        uint8_t *packet = packets[n];
                        int size = plain;
                        memset(packet + 12, 0x55, plain - 12);
                        packet[0] = 0x80, packet[1] = 96;
                        put16(packet + 2, number[i]), put32(packet + 4, number[i] * 960), put32(packet + 8, i + 1);
                        seal(seals[v], packet, &size);
                        parts[n] = (struct iovec){packet, size};
                        posts[n].msg_hdr = (struct msghdr){.msg_iov = &parts[n], .msg_iovlen = 1,
                            .msg_name = (char *)addresses + v * address_size, .msg_namelen = address_size};
                    }
                }
                for (int done = 0; done < n;) {
                    int sent = sendmmsg(fd, posts + done, n - done, 0);
                    if (sent <= 0) break;
                    done += sent;
                    *copies += sent;
                }
                due[i] += period[i];
            }
            if (due[i] < next) next = due[i];
        }
        now = now_ns(CLOCK_MONOTONIC);
        if (next > now) {
            doze(next);
        }
    }
    cpu = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
    __atomic_store_n(&d.is_over, 1, __ATOMIC_RELAXED);
    pthread_join(other, NULL);
    sched_setaffinity(0, sizeof before, &before);
    free(due), free(period), free(number);
    return *copies ? (double)cpu / *copies : 0;
}
