/* The native forwarding core as Python sees it. Plain declarations only: cffi reads this file as well.

   What each call means is said once, in server/sfu/core.py. All of them may be called from any thread but are meant
   for one; none waits for longer than the core's own thread needs for a batch of packets. Moments are microseconds of
   CLOCK_MONOTONIC, addresses and SSRCs are in host order unless said otherwise. */

typedef struct core core_t;
typedef struct link link_t;
typedef struct track track_t;
typedef struct layer layer_t;
typedef struct slot slot_t;

/* Where a datagram came from or goes to. `family` is 4 or 6, 0 for nowhere; IPv4 takes the first four bytes of host. */
typedef struct {
    uint8_t host[16];
    uint32_t flow;
    uint32_t scope;
    uint16_t port;
    uint8_t family;
    uint8_t unused;
} address;

/* libsrtp's functions of the same names, and OpenSSL's for AES-GCM (EVP_EncryptInit_ex and its like) and for the codes of
   checks, as they stand in pylibsrtp; the latter are all there or all NULL. */
typedef struct {
    int (*protect)(void *session, void *packet, int *size);
    int (*unprotect)(void *session, void *packet, int *size);
    int (*protect_rtcp)(void *session, void *packet, int *size);
    int (*unprotect_rtcp)(void *session, void *packet, int *size);
    int (*remove_stream)(void *session, uint32_t ssrc_in_network_order);
    void *(*cipher_new)(void);
    void (*cipher_free)(void *cipher);
    const void *(*aes_128_gcm)(void);
    int (*encrypt_init)(void *cipher, const void *kind, void *engine, const uint8_t *key, const uint8_t *iv);
    int (*encrypt_update)(void *cipher, uint8_t *out, int *written, const uint8_t *in, int size);
    int (*encrypt_final)(void *cipher, uint8_t *out, int *written);
    int (*decrypt_init)(void *cipher, const void *kind, void *engine, const uint8_t *key, const uint8_t *iv);
    int (*decrypt_update)(void *cipher, uint8_t *out, int *written, const uint8_t *in, int size);
    int (*decrypt_final)(void *cipher, uint8_t *out, int *written);
    int (*control)(void *cipher, int what, int size, void *data);
    const void *(*sha1)(void);
    uint8_t *(*hmac)(const void *kind, const void *key, int key_size, const uint8_t *data, size_t size, uint8_t *code,
                     unsigned *code_size);
} crypto;

/* Figures are written while packets pass, each by itself: read them in place, at any time. */
typedef struct {
    uint64_t strays;
    uint64_t unsent;
    uint64_t untold; /* events that found no room, or came too often */
} core_figures;

typedef struct {
    int64_t heard_us;
    uint64_t failures;
    uint64_t malformed;
    uint64_t told, told_lost; /* the peer's report blocks about what is shown to it, and what they call lost, in 1/256 */
    uint64_t trips, trips_us; /* ways there and back that they measured, and how long those took together */
    uint32_t streams;
    uint32_t missing;
    uint32_t overflows;
    uint32_t lost; /* the worst loss of what it sends, in 1/65536, by our last report to it */
} link_figures;

typedef struct {
    int64_t last_us;
    uint32_t levels; /* that wait to be fetched */
} track_figures;

typedef struct {
    int64_t last_us;
    int64_t since_us;
    uint64_t octets;
    uint64_t received;
    uint64_t octets_of[4]; /* by temporal layer */
    uint32_t height;
    uint32_t keyframes;
    uint32_t overflows;
    uint32_t missing;
    uint64_t clock_ntp; /* by its sender's last report: a moment of the sender's clock, 0 before the first … */
    uint32_t clock_timestamp; /* … and the stream's timestamp of that moment */
} layer_figures;

typedef struct {
    uint64_t packets;
    uint64_t octets;
    uint64_t flowing; /* a layer's number, 0 for none */
    uint64_t aimed_at; /* likewise */
    uint32_t started;
} slot_figures;

typedef struct {
    int64_t at_us;
    uint32_t number;
} moment;

/* What a viewer's transport-wide feedback came to. */
typedef struct {
    int64_t arrived, lost, octets;
    int64_t begun_us, ended_us, sent_us, delay_us;
} echo;

/* One thing that Python is told; `size` bytes of data follow it, and then as many as make it a multiple of eight. */
typedef struct {
    uint32_t size;
    uint32_t kind; /* 0 STUN, 1 DTLS, 2 RTP without a place, 3 RTCP with a request; 4 an echo, 5 nothing but that packets
                      are missing, 6 that they come from elsewhere. But for 4 the eventfd is rung. 2 and 3 are decrypted. */
    uint64_t link; /* its number; 0 for STUN */
    int64_t now_us;
    address from; /* of 0 and 6 */
} event;

core_t *core_new(const crypto *functions);
void core_free(core_t *);
const core_figures *core_read(core_t *);
int core_told(core_t *); /* an eventfd, readable while events wait */
int core_start(core_t *, const int *sockets, const int *families, int count); /* 0, or an errno */
void core_stop(core_t *); /* the sockets stay open: they are the caller's */
int core_events(core_t *, const uint8_t **events); /* bytes, valid until the next call */
int core_caught(core_t *, uint8_t *data, int size, address *to); /* bytes of one datagram; 0 when there is none */
void core_send(core_t *, const uint8_t *data, int size, const address *to);
void core_feed(core_t *, const uint8_t *data, int size, const address *from, int64_t now_us);
int core_name(core_t *, const char *ufrag, const char *theirs, const char *password); /* 0, or -1 when too many, or long */
void core_unname(core_t *, const char *ufrag);

link_t *link_new(core_t *, uint32_t room); /* those of one room are served together */
void link_free(link_t *); /* with its tracks, layers and slots */
uint64_t link_number(link_t *);
const link_figures *link_read(link_t *);
int link_admit(link_t *, const address *); /* 0, or -1 without memory */
void link_expel(link_t *, const address *);
int link_expect(link_t *, const address *); /* 0, or -1 without memory */
void link_direct(link_t *, const address *);
void link_secure(link_t *, void *rx, void *tx); /* libsrtp's sessions, or NULL and NULL */
int link_seal(link_t *, const uint8_t *key, const uint8_t *salt); /* 16 and 12 bytes; 0, or -1: `tx` does it, then */
int link_open(link_t *, const uint8_t *key, const uint8_t *salt); /* likewise; 0, or -1: `rx` does it, then */
void link_answer(link_t *, const char *username, const char *password); /* what its checks bear; NULL for no answers */
void link_report(link_t *, uint32_t ssrc, int64_t now_us);
void link_send_rtcp(link_t *, const uint8_t *plain, int size);
void link_place(link_t *, const uint8_t *plain, int size, int64_t now_us);
void link_number_arrivals(link_t *, int extension, uint32_t ssrc);
int link_number_departures(link_t *, int extension); /* 0, or -1 without memory */
void link_pool(link_t *, int64_t wait_us, int64_t delay_us);

track_t *track_new(link_t *, int rate, int is_video, int payload_type, int resend_type, int level_extension);
const track_figures *track_read(track_t *);
int track_route(track_t *, slot_t *const *slots, int count); /* 0, or -1 without memory */
void track_shut(track_t *);
void track_unroute(track_t *);
void track_lost_onward(track_t *, int share); /* in 1/256, of what goes on to those who hear it */
int track_levels(track_t *, moment *found, int count); /* number is the level */

layer_t *layer_new(track_t *);
uint64_t layer_number(layer_t *);
const layer_figures *layer_read(layer_t *);
int layer_bind(layer_t *, uint32_t ssrc, int is_resend); /* 0, or -1 when the link has too many */
void layer_end(layer_t *);
int layer_due(layer_t *, int64_t now_us, int64_t round_trip_us, int64_t *numbers, int count);

slot_t *slot_new(link_t *, int rate, int is_video, uint32_t ssrc, int payload_type, uint32_t resend_ssrc, int resend_type,
               int first_sequence, uint32_t first_timestamp, int first_resend_sequence);
const slot_figures *slot_read(slot_t *);
void slot_aim(slot_t *, layer_t *or_null, int cut, int has_shift, int64_t clock_shift);
void slot_pace(slot_t *, int temporal);
void slot_resend(slot_t *, const uint16_t *numbers, int count, int64_t round_trip_us, int64_t now_us);
int slot_probe(slot_t *, int octets, int64_t now_us);
void slot_forget(slot_t *);
