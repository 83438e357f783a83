/* What the parts of the core know of each other. Everything but the port's own thread runs under the core's lock. */

#ifndef MILIEU_PARTS_H
#define MILIEU_PARTS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core.h"

/* ---------------------------------------------------------------- bounds, as in server/sfu/core.py and rtp/ */

enum {
    MTU = 1472,
    ALIVE_MAX = 64,
    ENDED_MAX = 1024,
    BOUND_MAX = 64,
    UNPLACED_MAX = 128,
    UNPLACED_EVERY_US = 100000,
    SENT_MAX = 4096,
    ARRIVALS_MAX = 2000,
    SPAN_MAX = 600,
    READ_MAX = 2048,
    FEEDBACKS_MAX = 2,
    PACKETS_MAX = 64,
    FEEDBACK_EVERY_US = 100000,
    FEEDBACK_FEW = 20,
    FEEDBACK_LATEST_US = 200000,
    CHECKS_MAX = 16,
    CHECKS_EVERY_US = 250000,
    PROOFS_MAX = 64,
    PROOFS_EVERY_US = 100000,
    HANDSHAKES_MAX = 64,
    ELSEWHERE_MAX = 32,
    ELSEWHERE_EVERY_US = 100000,
    FOLLOW_EVERY_US = 100000,
    UNPROVED_EVERY_US = 1000000,
    CONTROL_MAX = 600,
    CONTROL_EVERY_US = 1000000,
    BLOCKS_MAX = 31,
    REPORT_BYTES = 1100,
    REPORT_EACH = 3,
    USERNAME_BYTES_MAX = 288,
    PASSWORD_BYTES_MAX = 63,
    PATIENCE_US = 150000,
    LEVELS_MAX = 64,
    LOUD_DBOV = 45,
    SILENT_US = 1000000,
    SEEN_MAX = 1024,
    MISSING_MAX = 200,
    FIRST_WAIT_US = 20000,
    WAIT_MIN_US = 40000,
    WAIT_MAX_US = 400000,
    TRIES_MAX = 6,
    RUNS_MAX = 48,
    ALL_TEMPORAL = 3,
    HISTORY_MIN = 32, /* a power of two, as … */
    HISTORY_MAX = 512, /* … this is */
    HISTORY_AGE_US = 2000000,
    HISTORY_PAUSE_US = 20000,
    RISEN_MAX = 64,
    EARLY_MAX = 128,
    RESENDS_MAX = 64,
    NAMES_MAX = 16384,
    UFRAG_BYTES_MAX = 31,
    EVENTS_BYTES_MAX = 1 << 18,
    CAUGHT_MAX = 4096,
    SOCKETS_MAX = 16,
    READY_MAX = 1024,
    GATHER_MAX_US = 8000,
    GATHER_FULL_US = 16000, /* where the thread is nearly full */
    GATHER_STEP_US = 500,
    STOCK_EVERY_US = 50000,
    BUSY_PERCENT = 50, /* of the time, when it begins to gather, … */
    IDLE_PERCENT = 35, /* … and when it does so less */
    FULL_PERCENT = 75, /* when GATHER_MAX_US are not enough, … */
    EASY_PERCENT = 55, /* … and when they are again */
    NONE = -1,
    RECEIVE_BYTES = 1 << 20, /* buffer of a socket that serves one peer */
    BATCH = 64, /* datagrams read at once */
    OUT_MAX = 192, /* and written: what a few of them become in a large room */
    SEGMENTS_MAX = 40, /* of those, sent to one peer as one */
    FILL_MAX = 16, /* padding that makes packets of a picture alike */
    ROUNDS = 4,
    SEALED_MAX = 512, /* numbers back that one may come late */
    OPENED_MAX = 1024, /* likewise, of what comes: as of aiortc's sessions */
    SALT_BYTES = 12,
    TAG_BYTES = 16,
    OUT_BYTES = MTU + 8 + 2 + 6 + FILL_MAX + 144, /* extension, resent number, a wider descriptor, SRTP's trailer */
};

#define HISTORY_SHARE 0.4
#define HISTORY_ALLOWANCE 16000.0

/* For figures that Python reads while we write. */
#define SET(figure, value) __atomic_store_n(&(figure), (value), __ATOMIC_RELAXED)
#define COUNT(figure) SET(figure, (figure) + 1)

/* ---------------------------------------------------------------- packets (rtp.c) */

typedef enum { RUBBISH, STUN, DTLS, RTP, RTCP } kind;

typedef struct {
    const uint8_t *payload;
    int payload_size; /* without padding; 0 when nothing else was there */
    const uint8_t *extension;
    int extension_size;
    uint32_t timestamp, ssrc;
    uint16_t sequence, profile;
    uint8_t payload_type;
    bool marker;
} rtp;

typedef struct {
    int picture, tl0, key_index; /* -1 where absent */
    int size;
    int height;
    int temporal; /* -1 where absent */
    bool wide; /* the picture number has 15 bits */
    bool starts_keyframe, is_sync;
} vp8;

kind classify(const uint8_t *data, int size);
bool rtp_read(rtp *, const uint8_t *data, int size);
const uint8_t *rtp_extension(const rtp *, int id, int *size); /* NULL where absent */
bool vp8_read(vp8 *, const uint8_t *payload, int size);
int vp8_renumber(uint8_t written[6], const uint8_t *payload, const vp8 *, int picture, int tl0, int key_index);

enum {
    MAPPED = 0x0001,
    USERNAME = 0x0006,
    INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    XOR_MAPPED = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    FINGERPRINT = 0x8028,
    CONTROLLED = 0x8029,
    CONTROLLING = 0x802A,
    INTEGRITY_BYTES = 20,
};

typedef struct {
    char ufrag[UFRAG_BYTES_MAX + 1]; /* a request's user name up to the colon; a response has none */
    const uint8_t *username;
    int username_size;
    int integrity; /* where the code begins that proves the password, with its head */
    bool is_request, is_controlled;
    bool is_plain; /* nothing follows that code but a fingerprint */
} stun;

bool stun_read(stun *, const uint8_t *data, int size);
/* A success for a check from `from`, but for the code of the password and what follows that; where it ends. */
int stun_answer(uint8_t *answer, const uint8_t *check, const address *from);
/* Put the head of a code of that size at `at`, and the length of all that it covers into the message. */
int stun_extend(uint8_t *message, int at, unsigned attribute, int size);
uint32_t stun_fingerprint(const uint8_t *message, int size);

/* ---------------------------------------------------------------- numbers that wrap (rtp.c) */

typedef struct {
    int64_t highest; /* -1 before the first */
} unwrapper;

int64_t distance(int64_t later, int64_t earlier, int bits);
int64_t unwrap(unwrapper *, int64_t number, int bits);

/* ---------------------------------------------------------------- what arrives (stream.c) */

/* A packet on its way to the slots; slots that keep it for resending share it. */
typedef struct {
    int holders;
    int size;
    uint8_t payload[];
} kept;

void kept_release(kept *);

typedef struct {
    int64_t number, now_us;
    const uint8_t *payload;
    kept *copy; /* made when the first slot wants to keep it */
    int payload_size;
    int fill; /* padding to send it with */
    uint32_t timestamp;
    bool marker;
    bool has_vp8;
    vp8 vp8;
} incoming;

typedef struct {
    int64_t number, when_us;
    int tries;
} gap;

kept *incoming_copy(incoming *); /* of its payload, made when it is needed first; NULL where there is no memory */

struct layer {
    layer_figures figures;
    uint64_t number;
    track_t *track;
    layer_t *next;
    unwrapper numbers;
    uint64_t seen[SEEN_MAX / 64];
    int64_t seen_highest; /* -1 before the first */
    gap gaps[MISSING_MAX]; /* ascending */
    int64_t gaps_highest; /* -1 before the first */
    int64_t first, highest; /* likewise */
    int64_t transit;
    uint32_t timed; /* the timestamp of the packet that `transit` is of */
    bool has_transit;
    double jitter;
    int64_t expected_before, received_before; /* our last report */
    int64_t clock_us; /* the sender's last report */
    incoming *early; /* EARLY_MAX of them by number, with copies, while somebody waits for a keyframe */
    int64_t early_since; /* what came with this number or a higher one is among them */
};

typedef enum { TAKEN, NOTHING_NEW, MALFORMED } taken;

void layer_begin(layer_t *, track_t *, uint64_t number);
taken layer_take(layer_t *, const rtp *, bool is_resent, int64_t now_us, incoming *out);
bool layer_may_begin(const layer_t *, const incoming *); /* whether all that follows it will go out or can */
incoming *layer_early(layer_t *, int64_t number); /* NULL where it did not come */
void layer_keep(layer_t *, incoming *); /* it may follow a keyframe's first packet that comes later */
void layer_forget(layer_t *); /* nobody waits */

/* ---------------------------------------------------------------- what goes (slot.c) */

typedef struct {
    int64_t first, offset;
} run;

/* Numbers of which some are taken out: server/sfu/rtp/removal.py. */
typedef struct {
    int count;
    run runs[RUNS_MAX + 1]; /* the oldest first */
} removal;

/* Which numbers of one stream were encrypted (seal.c). */
typedef struct {
    int64_t highest; /* -1 before the first */
    uint64_t numbers[SEALED_MAX / 64];
} sealed;

typedef struct {
    kept *packet; /* NULL where nothing is kept */
    int64_t sent_us, resent_us;
    uint32_t timestamp;
    uint16_t sequence;
    uint8_t prefix[6], prefix_size, skip;
    bool marker;
} past;

struct slot { /* in the order of use: a slot's memory is cold when its turn comes */
    slot_figures figures;
    link_t *link;
    layer_t *aim, *current;
    past *history; /* by sequence number, once something was sent */
    int history_size;
    int64_t last_sequence, first_number, highest_number, last_at_us, oldest; /* that was not let go yet */
    uint32_t last_timestamp, timestamp_offset;
    uint32_t ssrc, resend_ssrc;
    int64_t offset, newest_picture, highest_removed, risen_last; /* the last three are pictures, -1 for none */
    int rate, pace, temporal;
    int64_t resend_sequence;
    uint16_t newest, turned; /* where a probe goes on, if it has begun */
    uint8_t payload_type, resend_type;
    bool is_video, resends, has_shift, frame_open, has_turned;
    bool has_pictures, has_tl0_offset, has_key_offset;
    int last_picture, last_tl0, last_key_index; /* -1 before the first */
    int tl0_offset, key_offset;
    unwrapper seven_bits, fifteen_bits;
    double credit_bytes;
    int64_t clock_shift;
    slot_t *next;
    sealed resent, sent;
    int64_t risen[ALL_TEMPORAL + 1]; /* of each temporal layer the picture with which it came back of late, or -1 */
    removal numbers, pictures;
    unsigned place; /* among the link's, by age */
};

void slot_push(slot_t *, layer_t *, incoming *);
bool slot_awaits(const slot_t *, const layer_t *);
void slot_expect(const slot_t *); /* it is pushed to soon: fetch it … */
void slot_expect_soon(const slot_t *); /* … and then what it points to */
void slot_lose(slot_t *, const layer_t *); /* the layer is about to end */
void slot_release(slot_t *);
uint32_t slot_timestamp(const slot_t *, int64_t now_us);

/* ---------------------------------------------------------------- links and the core (core.c) */

typedef struct {
    uint32_t ssrc;
    bool is_resend;
    layer_t *layer;
} binding;

typedef enum { UNROUTED, SHUT, OPEN } gate;

/* So many in a while, and no more: for what others decide how often it comes. */
typedef struct {
    int64_t since_us;
    int taken;
} ration;

bool ration_take(ration *, int most, int64_t every_us, int64_t now_us);

typedef struct {
    int64_t number, at_us;
} arrival;

/* Which numbers of one stream came, and were authentic (open.c). */
typedef struct {
    int64_t highest;
    uint64_t numbers[OPENED_MAX / 64];
} opened;

/* A packet that left with a transport-wide number, and what became of it. */
typedef struct {
    int64_t at_us;
    uint16_t size;
    enum { SENT, MISSED, ARRIVED } fate;
} departure;

struct track {
    track_figures figures;
    link_t *link;
    track_t *next;
    layer_t *layers;
    int rate;
    int payload_type, resend_type; /* -1 for none */
    int level_extension;
    bool is_video;
    gate gate;
    slot_t **slots;
    int slots_count;
    uint32_t lost_onward; /* in 1/256: at least so much its sender is told */
    moment levels[LEVELS_MAX];
    int levels_first; /* of those that wait */
};

struct link { /* what each packet that leaves needs comes first, and together */
    core_t *core;
    void *tx;
    void *cipher; /* for RTP instead of `tx`, where there is one */
    uint8_t salt[SALT_BYTES];
    departure *departures; /* SENT_MAX of them */
    int64_t departed; /* a number that never wraps: the next */
    int departure_extension;
    int socket; /* connected to `to`, where there is one; else -1 */
    int first, last; /* datagrams of ours in the batch … */
    bool is_whole; /* nothing can be sent there in segments */
    uint64_t batch; /* … of this number */
    address to;
    link_figures figures;
    void *rx;
    void *opener; /* for RTP instead of `rx`, where there is one */
    uint8_t opener_salt[SALT_BYTES];
    int arrival_extension;
    int bound_count, alive_count, ended_count;
    uint64_t number;
    uint32_t room;
    link_t *next;
    track_t *tracks;
    slot_t *slots;
    int64_t judged, told_of; /* of departures: the first undecided, the first nobody told of */
    echo pooled; /* not told yet; nothing while none arrived */
    int64_t pool_wait_us, pool_delay_us, pool_told_us;
    unwrapper bases, arrival_numbers;
    int64_t arrivals_next; /* the first number of the next feedback; -1 before the first */
    int64_t arrivals_told_us;
    int arrivals_count;
    uint32_t arrivals_ssrc;
    uint8_t arrivals_told;
    unsigned slots_count, reporting; /* the latter: whose turn it is to be reported */
    char username[USERNAME_BYTES_MAX + 1], password[PASSWORD_BYTES_MAX + 1]; /* of checks that are answered here */
    ration unplaced, control, answers, handshakes;
    ration elsewhere, follow; /* what comes from addresses of nobody: looked at, and told */
    address expected; /* answers to checks may come from there */
    binding bound[BOUND_MAX];
    uint32_t alive[ALIVE_MAX], ended[ENDED_MAX];
    opened opened[ALIVE_MAX]; /* of those alive */
    arrival arrivals[ARRIVALS_MAX]; /* ascending */
};

typedef struct {
    uint8_t data[OUT_BYTES] __attribute__((aligned(16)));
    int size;
    int socket; /* connected to `to`; -1 for the one that all share */
    int next; /* datagram of the same link in this batch, or NONE */
    uint32_t ssrc; /* 0 for RTCP */
    bool is_first; /* of its link */
    link_t *link; /* whose own socket it is */
    address to;
} datagram;

typedef struct admitted {
    struct admitted *next;
    address from;
    link_t *link;
    bool is_proved; /* else only expected: answers to checks are taken from there, and nothing else */
} admitted;

/* A stream that came by some link, and is alive. */
typedef struct stream {
    struct stream *next;
    uint32_t ssrc;
    link_t *link;
} stream;

typedef struct name {
    struct name *next;
    ration checks, proofs;
    char ufrag[UFRAG_BYTES_MAX + 1], username[USERNAME_BYTES_MAX + 1], password[PASSWORD_BYTES_MAX + 1];
} name;

enum { BUCKETS = 1024 };

typedef struct closing {
    struct closing *next;
    int socket;
} closing;

struct core {
    core_figures figures;
    crypto crypto;
    pthread_mutex_t lock, door;
    link_t *links;
    uint64_t numbers; /* last number given to a link or a layer_t */
    admitted *by_address[BUCKETS];
    stream *by_ssrc[BUCKETS];
    name *by_name[BUCKETS];
    int names_count;

    uint8_t *events, *told; /* being filled, and being read by Python */
    int events_size;
    bool is_rung;
    int eventfd;

    datagram out[OUT_MAX];
    int out_count;
    uint64_t batches; /* flushed so far */
    datagram **caught; /* a ring, while no port is open */
    int caught_first, caught_count;

    pthread_t thread;
    bool is_running, is_stopping;
    int wakefd, epollfd;
    int socket4, socket6; /* the ones that all share */
    closing *closing;
};

/* Fair: whoever waits gets in after the batch that is being forwarded, however busy the port is. */
void core_enter(core_t *);
void core_leave(core_t *);
/* `lacks` is how much smaller it is than the next one of its stream, if that is worth filling up. */
void core_take(core_t *, uint8_t *data, int size, int lacks, const address *from, int64_t now_us);

/* What Python is told: see `event`. Strangers may fill half of the room, and no more. */
enum { CHECK, HANDSHAKE, UNPLACED, CONTROL, ECHO, MISSING, ELSEWHERE };
void tell(core_t *, int what, const link_t *, const uint8_t *data, int size, const address *from, int64_t now_us);
void ring(core_t *); /* it is to listen now */

/* Encryption of what leaves (seal.c). */
bool seal(const link_t *, sealed *past, uint8_t *packet, int header, int *size, int64_t number);
void unseal(link_t *);

/* Decryption of what comes (open.c); what is not authentic may be anything afterwards, but as long as it was. */
bool open_sealed(const link_t *link, opened *past, uint8_t *packet, int *size);
void close_opener(link_t *);

/* Feedback (feedback.c). */
void note_arrival(link_t *, uint16_t number, uint32_t media, int64_t now_us);
void take_control(link_t *, const uint8_t *plain, int size, int64_t now_us);

enum { SENDER_REPORT = 200, RECEIVER_REPORT = 201, DESCRIPTION = 202, FEEDBACK = 205, FEEDBACK_ON_PAYLOAD = 206 };

/* Reports (report.c): whether one that came is what it claims to be; `size` is without padding. */
bool take_report(link_t *, const uint8_t *packet, int size, int64_t now_us);

/* Room for one datagram, or NULL when the link sends nothing; then the size of what was written there. */
datagram *link_compose(link_t *);
void link_post(link_t *, datagram *, uint32_t ssrc); /* it is whole: let it leave with the batch */
/* `header` bytes stay in clear; `number` is the packet's own one, never wrapping; `past` is of its stream. */
void link_protect(link_t *, datagram *, sealed *past, int header, int size, int64_t number, int64_t now_us);
void link_protect_rtcp(link_t *, datagram *, int size);

void port_flush(core_t *); /* send what was composed (port.c) */
void port_queue(core_t *, const uint8_t *data, int size, const address *to);
/* A socket of the same port for this peer alone, lest each packet have its way looked up; -1 where none is to be had. */
int port_connect(core_t *, const address *to, uint32_t room);
void port_disconnect(core_t *, int socket);

#endif
