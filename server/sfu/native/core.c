/* The switchboard: whose a datagram is, what it becomes, and the calls by which Python sets all this up. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "parts.h"

void core_enter(core_t *core)
{
    pthread_mutex_lock(&core->door);
    pthread_mutex_lock(&core->lock);
    pthread_mutex_unlock(&core->door);
}

void core_leave(core_t *core) { pthread_mutex_unlock(&core->lock); }

/* ---------------------------------------------------------------- tables */

static unsigned hash(const void *data, size_t size)
{
    uint32_t sum = 2166136261u; /* FNV-1a */
    for (const uint8_t *at = data; size--; at++)
        sum = (sum ^ *at) * 16777619u;
    return sum % BUCKETS;
}

static bool is_same(const address *one, const address *other) { return memcmp(one, other, sizeof *one) == 0; }

static admitted **find_admitted(core_t *core, const address *from)
{
    admitted **place = &core->by_address[hash(from, sizeof *from)];
    while (*place && !is_same(&(*place)->from, from))
        place = &(*place)->next;
    return place;
}

static name **find_name(core_t *core, const char *ufrag)
{
    name **place = &core->by_name[hash(ufrag, strlen(ufrag))];
    while (*place && strcmp((*place)->ufrag, ufrag) != 0)
        place = &(*place)->next;
    return place;
}

int core_name(core_t *core, const char *ufrag, const char *theirs, const char *password)
{
    if (strlen(ufrag) > UFRAG_BYTES_MAX || strlen(ufrag) + 1 + strlen(theirs) > USERNAME_BYTES_MAX ||
        strlen(password) > PASSWORD_BYTES_MAX)
        return -1;
    core_enter(core);
    name **place = find_name(core, ufrag);
    if (!*place && core->names_count < NAMES_MAX) {
        name *added = *place = calloc(1, sizeof(name));
        if (added) {
            strcpy(added->ufrag, ufrag);
            snprintf(added->username, sizeof added->username, "%s:%s", ufrag, theirs);
            strcpy(added->password, password);
            core->names_count++;
        }
    }
    bool is_known = *place != NULL;
    core_leave(core);
    return is_known ? 0 : -1;
}

void core_unname(core_t *core, const char *ufrag)
{
    core_enter(core);
    name **place = find_name(core, ufrag);
    if (*place) {
        name *gone = *place;
        *place = gone->next;
        free(gone);
        core->names_count--;
    }
    core_leave(core);
}

/* Its place; NULL where nothing is there and there is no memory. */
static admitted *place_for(core_t *core, const address *from)
{
    admitted **place = find_admitted(core, from);
    if (!*place && (*place = calloc(1, sizeof(admitted))))
        (*place)->from = *from;
    return *place;
}

int link_admit(link_t *link, const address *from)
{
    core_t *core = link->core;
    core_enter(core);
    admitted *known = place_for(core, from);
    if (known) {
        known->link = link;
        known->is_proved = true;
    }
    core_leave(core);
    return known ? 0 : -1;
}

static void expel(admitted **place)
{
    admitted *gone = *place;
    *place = gone->next;
    free(gone);
}

void link_expel(link_t *link, const address *from)
{
    core_t *core = link->core;
    core_enter(core);
    admitted **place = find_admitted(core, from);
    if (*place && (*place)->link == link)
        expel(place);
    core_leave(core);
}

int link_expect(link_t *link, const address *from)
{
    core_t *core = link->core;
    core_enter(core);
    admitted **before = find_admitted(core, &link->expected);
    if (*before && (*before)->link == link && !(*before)->is_proved)
        expel(before);
    link->expected = *from;
    admitted *known = place_for(core, from);
    if (known && !known->is_proved)
        known->link = link;
    core_leave(core);
    return known ? 0 : -1;
}

static stream **find_stream(core_t *core, const link_t *link, uint32_t ssrc)
{
    stream **place = &core->by_ssrc[hash(&ssrc, sizeof ssrc)];
    while (*place && !((*place)->ssrc == ssrc && (*place)->link == link))
        place = &(*place)->next;
    return place;
}

/* Remember whose a new stream is. Without memory it is found by its address alone. */
static void add_stream(link_t *link, uint32_t ssrc)
{
    stream *added = malloc(sizeof *added);
    if (!added)
        return;
    stream **first = &link->core->by_ssrc[hash(&ssrc, sizeof ssrc)];
    *added = (stream){.next = *first, .ssrc = ssrc, .link = link};
    *first = added;
}

static void drop_stream(link_t *link, uint32_t ssrc)
{
    stream **place = find_stream(link->core, link, ssrc), *gone = *place;
    if (gone) {
        *place = gone->next;
        free(gone);
    }
}

/* Whose this stream is; nobody's that two have. */
static link_t *owner_of(core_t *core, uint32_t ssrc)
{
    link_t *owner = NULL;
    for (stream *one = core->by_ssrc[hash(&ssrc, sizeof ssrc)]; one; one = one->next)
        if (one->ssrc == ssrc) {
            if (owner)
                return NULL;
            owner = one->link;
        }
    return owner;
}

/* ---------------------------------------------------------------- what Python is told */

bool ration_take(ration *of, int most, int64_t every_us, int64_t now_us)
{
    if (now_us - of->since_us >= every_us)
        *of = (ration){.since_us = now_us};
    if (of->taken >= most)
        return false;
    of->taken++;
    return true;
}

void ring(core_t *core)
{
    if (core->is_rung)
        return;
    core->is_rung = true;
    eventfd_write(core->eventfd, 1);
}

void tell(core_t *core, int what, const link_t *link, const uint8_t *data, int size, const address *from,
          int64_t now_us)
{
    int whole = (int)sizeof(event) + (size + 7) / 8 * 8;
    int room = what == CHECK ? EVENTS_BYTES_MAX / 2 : EVENTS_BYTES_MAX;
    if (core->events_size + whole > room) {
        COUNT(core->figures.untold);
        return;
    }
    event head = {.size = (uint32_t)size, .kind = (uint32_t)what, .link = link ? link->number : 0, .now_us = now_us};
    if (from)
        head.from = *from;
    memcpy(core->events + core->events_size, &head, sizeof head);
    memcpy(core->events + core->events_size + sizeof head, data, (size_t)size);
    core->events_size += whole;
    if (what != ECHO)
        ring(core);
}

int core_events(core_t *core, const uint8_t **events)
{
    eventfd_t ignored;
    core_enter(core);
    uint8_t *filled = core->events;
    int size = core->events_size;
    core->events = core->told;
    core->told = filled;
    core->events_size = 0;
    if (core->is_rung)
        eventfd_read(core->eventfd, &ignored);
    core->is_rung = false;
    core_leave(core);
    *events = filled;
    return size;
}

/* ---------------------------------------------------------------- a packet's way */

/* Its place, or `count`. */
static int place_among(const uint32_t *ssrcs, int count, uint32_t ssrc)
{
    int place = 0;
    while (place < count && ssrcs[place] != ssrc)
        place++;
    return place;
}

static void hand_over(link_t *link, const uint8_t *plain, int size, int64_t now_us)
{
    if (ration_take(&link->unplaced, UNPLACED_MAX, UNPLACED_EVERY_US, now_us))
        tell(link->core, UNPLACED, link, plain, size, NULL, now_us);
}

/* Show it to a slot that waits for the layer, if it can be begun with, and what came of the keyframe before; whether it
   waits on. */
static bool begin(slot_t *slot, layer_t *layer, incoming *in)
{
    if (!layer_may_begin(layer, in))
        return true;
    slot_push(slot, layer, in);
    if (slot_awaits(slot, layer))
        return true;
    for (int64_t number = in->number + 1; number <= layer->numbers.highest; number++) {
        incoming *early = layer_early(layer, number);
        if (early) {
            early->now_us = in->now_us;
            slot_push(slot, layer, early);
        }
    }
    return false;
}

static void forward(link_t *link, const uint8_t *plain, int size, int lacks, int64_t now_us, bool again)
{
    rtp packet;
    int length;
    if (!rtp_read(&packet, plain, size)) {
        COUNT(link->figures.malformed);
        return;
    }
    if (!again && link->arrival_extension) {
        const uint8_t *number = rtp_extension(&packet, link->arrival_extension, &length);
        if (number && length == 2)
            note_arrival(link, (uint16_t)(number[0] << 8 | number[1]), packet.ssrc, now_us);
    }
    const binding *bound = link->bound, *end = bound + link->bound_count;
    while (bound < end && bound->ssrc != packet.ssrc)
        bound++;
    if (bound == end || bound->layer->track->gate == UNROUTED) {
        if (!again)
            hand_over(link, plain, size, now_us);
        return;
    }
    track_t *track = bound->layer->track;
    if (packet.payload_type != (bound->is_resend ? track->resend_type : track->payload_type))
        return;
    incoming in;
    taken outcome = layer_take(bound->layer, &packet, bound->is_resend, now_us, &in);
    if (outcome == MALFORMED)
        COUNT(link->figures.malformed);
    if (outcome != TAKEN || track->gate != OPEN)
        return;
    in.fill = lacks;
    if (track->level_extension) {
        const uint8_t *level = rtp_extension(&packet, track->level_extension, &length);
        if (level && length > 0 && (level[0] & 0x7F) <= LOUD_DBOV) {
            if (track->figures.levels == LEVELS_MAX)
                track->levels_first = (track->levels_first + 1) % LEVELS_MAX;
            else
                COUNT(track->figures.levels);
            track->levels[(track->levels_first + (int)track->figures.levels - 1) % LEVELS_MAX] =
                (moment){.at_us = now_us, .number = level[0] & 0x7F};
        }
    }
    layer_t *layer = bound->layer;
    bool is_awaited = false;
    for (int i = 0; i < track->slots_count; i++) {
        if (i + 2 < track->slots_count)
            slot_expect(track->slots[i + 2]);
        if (i + 1 < track->slots_count)
            slot_expect_soon(track->slots[i + 1]);
        if (track->is_video && slot_awaits(track->slots[i], layer))
            is_awaited |= begin(track->slots[i], layer, &in);
        else
            slot_push(track->slots[i], layer, &in);
    }
    if (is_awaited)
        layer_keep(layer, &in);
    else if (layer->early)
        layer_forget(layer);
    kept_release(in.copy);
}

static uint32_t ssrc_of(const uint8_t *data)
{
    return (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11];
}

/* Whether the packet is authentic, and no copy. */
static bool take_rtp(link_t *link, uint8_t *data, int size, int lacks, int64_t now_us)
{
    uint32_t ssrc = ssrc_of(data);
    if (!link->rx)
        return false;
    int place = place_among(link->alive, link->alive_count, ssrc);
    bool is_known = place < link->alive_count;
    if (!is_known && (place >= ALIVE_MAX || link->ended_count >= ENDED_MAX ||
                      place_among(link->ended, link->ended_count, ssrc) < link->ended_count))
        return false;
    if (!is_known)
        memset(link->opened + place, 0, sizeof *link->opened);
    if (link->opener ? !open_sealed(link, link->opened + place, data, &size)
                     : link->core->crypto.unprotect(link->rx, data, &size)) {
        COUNT(link->figures.failures);
        return false;
    }
    if (!is_known) {
        link->alive[link->alive_count++] = ssrc;
        SET(link->figures.streams, (uint32_t)link->alive_count);
        add_stream(link, ssrc);
    }
    SET(link->figures.heard_us, now_us);
    forward(link, data, size, lacks, now_us, false);
    return true;
}

/* RTP from an address of nobody: of a peer that is in another network now, or behind a router that gave it another port,
   or a stranger's. It is the peer's if it is authentic; where answers go to, that alone does not change. */
static void take_elsewhere(core_t *core, uint8_t *data, int size, int lacks, const address *from, int64_t now_us)
{
    link_t *owner = owner_of(core, ssrc_of(data));
    if (!owner)
        COUNT(core->figures.strays);
    else if (!ration_take(&owner->elsewhere, ELSEWHERE_MAX, ELSEWHERE_EVERY_US, now_us))
        COUNT(core->figures.untold);
    else if (take_rtp(owner, data, size, lacks, now_us) && ration_take(&owner->follow, 1, FOLLOW_EVERY_US, now_us))
        tell(core, ELSEWHERE, owner, (const uint8_t *)"", 0, from, now_us);
}

static void take_rtcp(link_t *link, uint8_t *data, int size, int64_t now_us)
{
    if (!link->rx)
        return;
    if (link->core->crypto.unprotect_rtcp(link->rx, data, &size)) {
        COUNT(link->figures.failures);
        return;
    }
    SET(link->figures.heard_us, now_us);
    take_control(link, data, size, now_us);
}

static bool make_code(const crypto *with, const char *password, const uint8_t *message, int covered,
                      uint8_t code[INTEGRITY_BYTES])
{
    unsigned size = INTEGRITY_BYTES;
    return with->hmac(with->sha1(), password, (int)strlen(password), message, (size_t)covered, code, &size) &&
           size == INTEGRITY_BYTES;
}

static bool goes_by(const stun *check, const char *username)
{
    return check->username_size == (int)strlen(username) &&
           memcmp(check->username, username, (size_t)check->username_size) == 0;
}

/* Whether a check under this name proves its password; where there is nothing to find out with, whoever reads it does. */
static bool is_proved(const crypto *with, const name *named, const stun *check, uint8_t *data)
{
    uint8_t code[INTEGRITY_BYTES], different = 0, length[2] = {data[2], data[3]};
    if (!with->hmac)
        return true;
    stun_extend(data, check->integrity, INTEGRITY, INTEGRITY_BYTES); /* the code covers a message that ends with itself */
    bool is_made = make_code(with, named->password, data, check->integrity, code);
    memcpy(data + 2, length, sizeof length);
    for (int i = 0; i < INTEGRITY_BYTES; i++)
        different |= code[i] ^ data[check->integrity + 4 + i];
    return is_made && !different;
}

/* Answer a proved check that changes nothing: it comes from where the peer is, under the name it goes by. See Link. */
static bool answer(link_t *link, const stun *check, const uint8_t *data, const address *from, int64_t now_us)
{
    const crypto *with = &link->core->crypto;
    uint8_t out[128];
    if (!link->username[0] || !check->is_plain || check->is_controlled || !is_same(&link->to, from) ||
        !goes_by(check, link->username))
        return false;
    int covered = stun_answer(out, data, from), at = stun_extend(out, covered, INTEGRITY, INTEGRITY_BYTES);
    if (!make_code(with, link->password, out, covered, out + at))
        return false;
    covered = at + INTEGRITY_BYTES;
    at = stun_extend(out, covered, FINGERPRINT, 4);
    uint32_t print = stun_fingerprint(out, covered);
    for (int i = 0; i < 4; i++)
        out[at + i] = (uint8_t)(print >> (24 - 8 * i));
    port_queue(link->core, out, at + 4, from);
    SET(link->figures.heard_us, now_us);
    return true;
}

static void take_stun(core_t *core, uint8_t *data, int size, link_t *link, const address *from, int64_t now_us)
{
    stun message;
    if (!stun_read(&message, data, size)) {
        COUNT(core->figures.strays);
        return;
    }
    name *named = message.is_request ? *find_name(core, message.ufrag) : NULL;
    if (message.is_request ? !named || !goes_by(&message, named->username) : !link)
        COUNT(core->figures.strays);
    else if (named && !ration_take(&named->proofs, PROOFS_MAX, PROOFS_EVERY_US, now_us))
        COUNT(core->figures.untold);
    else if (named && !is_proved(&core->crypto, named, &message, data))
        COUNT(core->figures.strays);
    else if (named && link && answer(link, &message, data, from, now_us))
        return;
    else if (ration_take(named ? &named->checks : &link->answers, CHECKS_MAX, CHECKS_EVERY_US, now_us))
        tell(core, CHECK, NULL, data, size, from, now_us);
    else
        COUNT(core->figures.untold);
}

void core_take(core_t *core, uint8_t *data, int size, int lacks, const address *from, int64_t now_us)
{
    kind what = classify(data, size);
    admitted *known = *find_admitted(core, from);
    if (what == STUN) {
        take_stun(core, data, size, known ? known->link : NULL, from, now_us);
        return;
    }
    if (known && !known->is_proved)
        known = NULL;
    if (!known && what == RTP) {
        take_elsewhere(core, data, size, lacks, from, now_us);
    } else if (!known || what == RUBBISH) {
        COUNT(core->figures.strays);
    } else if (what == RTP) {
        take_rtp(known->link, data, size, lacks, now_us);
    } else if (what == RTCP) {
        take_rtcp(known->link, data, size, now_us);
    } else if (ration_take(&known->link->handshakes, HANDSHAKES_MAX, UNPROVED_EVERY_US, now_us)) {
        tell(core, HANDSHAKE, known->link, data, size, NULL, now_us);
    } else {
        COUNT(core->figures.untold);
    }
}

void core_feed(core_t *core, const uint8_t *data, int size, const address *from, int64_t now_us)
{
    uint8_t copy[MTU + 1] __attribute__((aligned(16)));
    size = size > (int)sizeof copy ? (int)sizeof copy : size;
    memcpy(copy, data, (size_t)size);
    core_enter(core);
    core_take(core, copy, size, 0, from, now_us);
    port_flush(core);
    core_leave(core);
}

void core_send(core_t *core, const uint8_t *data, int size, const address *to)
{
    core_enter(core);
    port_queue(core, data, size, to);
    port_flush(core);
    core_leave(core);
}

/* ---------------------------------------------------------------- the core itself */

core_t *core_new(const crypto *functions)
{
    core_t *core = calloc(1, sizeof *core);
    if (!core)
        return NULL;
    core->crypto = *functions;
    core->events = malloc(EVENTS_BYTES_MAX);
    core->told = malloc(EVENTS_BYTES_MAX);
    core->caught = calloc(CAUGHT_MAX, sizeof *core->caught);
    core->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    core->batches = 1;
    core->wakefd = core->epollfd = core->socket4 = core->socket6 = -1;
    pthread_mutex_init(&core->lock, NULL);
    pthread_mutex_init(&core->door, NULL);
    if (!core->events || !core->told || !core->caught || core->eventfd < 0) {
        core_free(core);
        return NULL;
    }
    return core;
}

void core_free(core_t *core)
{
    core_stop(core);
    while (core->links)
        link_free(core->links);
    for (int i = 0; i < BUCKETS; i++)
        while (core->by_name[i]) {
            name *gone = core->by_name[i];
            core->by_name[i] = gone->next;
            free(gone);
        }
    for (int i = 0; core->caught && i < CAUGHT_MAX; i++)
        free(core->caught[i]);
    if (core->eventfd >= 0)
        close(core->eventfd);
    pthread_mutex_destroy(&core->lock);
    pthread_mutex_destroy(&core->door);
    free(core->caught);
    free(core->events);
    free(core->told);
    free(core);
}

const core_figures *core_read(core_t *core) { return &core->figures; }

int core_told(core_t *core) { return core->eventfd; }

/* ---------------------------------------------------------------- links */

link_t *link_new(core_t *core, uint32_t room)
{
    link_t *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    core_enter(core);
    link->core = core;
    link->room = room;
    link->socket = -1;
    link->bases.highest = link->arrival_numbers.highest = link->arrivals_next = -1;
    link->number = ++core->numbers;
    link->next = core->links;
    core->links = link;
    core_leave(core);
    return link;
}

static void lose_layer(core_t *core, const layer_t *layer)
{
    for (link_t *link = core->links; link; link = link->next)
        for (slot_t *slot = link->slots; slot; slot = slot->next)
            slot_lose(slot, layer);
}

static void lose_slot(core_t *core, const slot_t *slot)
{
    for (link_t *link = core->links; link; link = link->next)
        for (track_t *track = link->tracks; track; track = track->next)
            for (int i = 0; i < track->slots_count; i++)
                if (track->slots[i] == slot)
                    track->slots[i--] = track->slots[--track->slots_count];
}

void link_free(link_t *link)
{
    core_t *core = link->core;
    core_enter(core);
    for (link_t **place = &core->links; *place; place = &(*place)->next)
        if (*place == link) {
            *place = link->next;
            break;
        }
    for (int i = 0; i < BUCKETS; i++)
        for (admitted **place = &core->by_address[i]; *place;)
            if ((*place)->link == link)
                expel(place);
            else
                place = &(*place)->next;
    for (int i = 0; i < link->alive_count; i++)
        drop_stream(link, link->alive[i]);
    for (track_t *track = link->tracks; track;) {
        track_t *next = track->next;
        for (layer_t *layer = track->layers; layer;) {
            layer_t *after = layer->next;
            lose_layer(core, layer);
            layer_forget(layer);
            free(layer);
            layer = after;
        }
        free(track->slots);
        free(track);
        track = next;
    }
    for (slot_t *slot = link->slots; slot;) {
        slot_t *next = slot->next;
        lose_slot(core, slot);
        slot_release(slot);
        slot = next;
    }
    port_disconnect(core, link->socket);
    unseal(link);
    close_opener(link);
    free(link->departures);
    free(link);
    core_leave(core);
}

uint64_t link_number(link_t *link) { return link->number; }

const link_figures *link_read(link_t *link) { return &link->figures; }

void link_direct(link_t *link, const address *to)
{
    core_enter(link->core);
    if (!is_same(&link->to, to)) {
        port_disconnect(link->core, link->socket);
        link->to = *to;
        link->socket = port_connect(link->core, to, link->room);
        link->is_whole = false;
    }
    core_leave(link->core);
}

void link_secure(link_t *link, void *rx, void *tx)
{
    core_enter(link->core);
    link->rx = rx;
    link->tx = tx;
    unseal(link);
    close_opener(link);
    core_leave(link->core);
}

datagram *link_compose(link_t *link)
{
    core_t *core = link->core;
    if (!link->tx || !link->to.family)
        return NULL;
    if (core->out_count == OUT_MAX)
        port_flush(core);
    return core->out + core->out_count;
}

void link_post(link_t *link, datagram *out, uint32_t ssrc)
{
    core_t *core = link->core;
    int own = core->out_count++, before = link->last;
    out->to = link->to;
    out->socket = link->socket;
    out->link = link;
    out->ssrc = ssrc;
    out->next = NONE;
    out->is_first = false;
    if (link->batch != core->batches) {
        link->batch = core->batches;
        link->first = link->last = before = NONE;
    } else if (out->size > core->out[before].size) {
        /* Larger ones go first, so that they can leave as one; but no two of a stream change places. */
        before = NONE;
        for (int at = link->first; at != NONE; at = core->out[at].next)
            if (core->out[at].size >= out->size || core->out[at].ssrc == ssrc)
                before = at;
    }
    int *place = before == NONE ? &link->first : &core->out[before].next;
    if (before == NONE && link->first != NONE)
        core->out[link->first].is_first = false;
    out->is_first = before == NONE;
    out->next = *place;
    *place = own;
    if (before == link->last)
        link->last = own;
}

void link_protect(link_t *link, datagram *out, sealed *past, int header, int size, int64_t number, int64_t now_us)
{
    if (link->departure_extension) {
        link->departures[link->departed % SENT_MAX] = (departure){.at_us = now_us, .size = (uint16_t)size};
        link->departed++;
    }
    out->size = size;
    if (link->cipher ? seal(link, past, out->data, header, &out->size, number)
                     : !link->core->crypto.protect(link->tx, out->data, &out->size))
        link_post(link, out, (uint32_t)out->data[8] << 24 | (uint32_t)out->data[9] << 16 | (uint32_t)out->data[10] << 8 |
                                 out->data[11]);
    else
        COUNT(link->figures.failures);
}

void link_protect_rtcp(link_t *link, datagram *out, int size)
{
    out->size = size;
    if (link->core->crypto.protect_rtcp(link->tx, out->data, &out->size))
        COUNT(link->figures.failures);
    else
        link_post(link, out, 0);
}

void link_answer(link_t *link, const char *username, const char *password)
{
    bool is_whole = username && link->core->crypto.hmac && strlen(username) <= USERNAME_BYTES_MAX &&
                    strlen(password) <= PASSWORD_BYTES_MAX;
    core_enter(link->core);
    strcpy(link->username, is_whole ? username : "");
    strcpy(link->password, is_whole ? password : "");
    core_leave(link->core);
}

void link_send_rtcp(link_t *link, const uint8_t *plain, int size)
{
    core_enter(link->core);
    datagram *out = size > 0 && size <= MTU ? link_compose(link) : NULL;
    if (out) {
        memcpy(out->data, plain, (size_t)size);
        link_protect_rtcp(link, out, size);
        port_flush(link->core);
    }
    core_leave(link->core);
}

void link_place(link_t *link, const uint8_t *plain, int size, int64_t now_us)
{
    core_enter(link->core);
    forward(link, plain, size, 0, now_us, true);
    port_flush(link->core);
    core_leave(link->core);
}

void link_number_arrivals(link_t *link, int extension, uint32_t ssrc)
{
    core_enter(link->core);
    link->arrival_extension = extension;
    link->arrivals_ssrc = ssrc;
    core_leave(link->core);
}

int link_number_departures(link_t *link, int extension)
{
    core_enter(link->core);
    if (!link->departures)
        link->departures = calloc(SENT_MAX, sizeof *link->departures);
    bool is_possible = link->departures != NULL;
    link->departure_extension = is_possible ? extension : 0;
    core_leave(link->core);
    return is_possible ? 0 : -1;
}

void link_pool(link_t *link, int64_t wait_us, int64_t delay_us)
{
    core_enter(link->core);
    link->pool_wait_us = wait_us;
    link->pool_delay_us = delay_us;
    core_leave(link->core);
}

/* ---------------------------------------------------------------- tracks and layers */

track_t *track_new(link_t *link, int rate, int is_video, int payload_type, int resend_type, int level_extension)
{
    track_t *track = calloc(1, sizeof *track);
    if (!track)
        return NULL;
    track->rate = rate;
    track->is_video = is_video;
    track->payload_type = payload_type;
    track->resend_type = resend_type;
    track->level_extension = level_extension;
    track->link = link;
    core_enter(link->core);
    track->next = link->tracks;
    link->tracks = track;
    core_leave(link->core);
    return track;
}

const track_figures *track_read(track_t *track) { return &track->figures; }

static int set_gate(track_t *track, gate gate, slot_t *const *slots, int count)
{
    slot_t **copy = NULL;
    if (count) {
        copy = malloc((size_t)count * sizeof *copy);
        if (!copy)
            return -1;
        memcpy(copy, slots, (size_t)count * sizeof *copy);
    }
    core_enter(track->link->core);
    slot_t **before = track->slots;
    track->slots = copy;
    track->slots_count = count;
    track->gate = gate;
    core_leave(track->link->core);
    free(before);
    return 0;
}

int track_route(track_t *track, slot_t *const *slots, int count) { return set_gate(track, OPEN, slots, count); }

void track_shut(track_t *track) { set_gate(track, SHUT, NULL, 0); }

void track_unroute(track_t *track) { set_gate(track, UNROUTED, NULL, 0); }

void track_lost_onward(track_t *track, int share)
{
    core_enter(track->link->core);
    track->lost_onward = (uint32_t)share;
    core_leave(track->link->core);
}

int track_levels(track_t *track, moment *found, int count)
{
    core_enter(track->link->core);
    count = (int)track->figures.levels < count ? (int)track->figures.levels : count;
    for (int i = 0; i < count; i++)
        found[i] = track->levels[(track->levels_first + i) % LEVELS_MAX];
    SET(track->figures.levels, 0);
    core_leave(track->link->core);
    return count;
}

layer_t *layer_new(track_t *track)
{
    core_t *core = track->link->core;
    layer_t *layer = calloc(1, sizeof *layer);
    if (!layer)
        return NULL;
    core_enter(core);
    layer_begin(layer, track, ++core->numbers);
    layer->next = track->layers;
    track->layers = layer;
    core_leave(core);
    return layer;
}

uint64_t layer_number(layer_t *layer) { return layer->number; }

const layer_figures *layer_read(layer_t *layer) { return &layer->figures; }

/* Drop what still comes of a stream, and free what SRTP keeps of it. */
static void end_stream(link_t *link, uint32_t ssrc)
{
    for (int i = 0; i < link->bound_count; i++)
        if (link->bound[i].ssrc == ssrc)
            link->bound[i--] = link->bound[--link->bound_count];
    for (int i = 0; i < link->alive_count; i++)
        if (link->alive[i] == ssrc) {
            link->alive[i] = link->alive[--link->alive_count];
            link->opened[i] = link->opened[link->alive_count];
            SET(link->figures.streams, (uint32_t)link->alive_count);
            drop_stream(link, ssrc);
            if (link->ended_count < ENDED_MAX)
                link->ended[link->ended_count++] = ssrc;
            if (link->rx)
                link->core->crypto.remove_stream(link->rx, htonl(ssrc));
            break;
        }
}

int layer_bind(layer_t *layer, uint32_t ssrc, int is_resend)
{
    link_t *link = layer->track->link;
    core_enter(link->core);
    for (int i = 0; i < link->bound_count; i++) {
        binding *old = link->bound + i;
        if (old->layer == layer && old->is_resend == !!is_resend && old->ssrc != ssrc) {
            end_stream(link, old->ssrc);
            break;
        }
    }
    int place = 0;
    while (place < link->bound_count && link->bound[place].ssrc != ssrc)
        place++;
    bool fits = place < BOUND_MAX;
    if (fits) {
        link->bound[place] = (binding){.ssrc = ssrc, .is_resend = is_resend, .layer = layer};
        if (place == link->bound_count)
            link->bound_count++;
    }
    core_leave(link->core);
    return fits ? 0 : -1;
}

void layer_end(layer_t *layer)
{
    track_t *track = layer->track;
    link_t *link = track->link;
    core_enter(link->core);
    for (int i = 0; i < link->bound_count;)
        if (link->bound[i].layer == layer)
            end_stream(link, link->bound[i].ssrc);
        else
            i++;
    lose_layer(link->core, layer);
    layer_forget(layer);
    SET(link->figures.missing, link->figures.missing - layer->figures.missing);
    for (layer_t **place = &track->layers; *place; place = &(*place)->next)
        if (*place == layer) {
            *place = layer->next;
            break;
        }
    core_leave(link->core);
    free(layer);
}

/* ---------------------------------------------------------------- slots */

slot_t *slot_new(link_t *link, int rate, int is_video, uint32_t ssrc, int payload_type, uint32_t resend_ssrc,
                 int resend_type, int first_sequence, uint32_t first_timestamp, int first_resend_sequence)
{
    slot_t *slot = calloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    slot->link = link;
    slot->rate = rate;
    slot->is_video = is_video;
    slot->ssrc = ssrc;
    slot->payload_type = (uint8_t)payload_type;
    slot->resends = resend_type >= 0;
    slot->resend_ssrc = resend_ssrc;
    slot->resend_type = (uint8_t)resend_type;
    slot->last_sequence = first_sequence - 1;
    slot->last_timestamp = first_timestamp;
    slot->resend_sequence = first_resend_sequence;
    slot->sent.highest = slot->resent.highest = -1;
    slot->last_picture = slot->last_tl0 = slot->last_key_index = -1;
    slot->pace = slot->temporal = ALL_TEMPORAL;
    slot->credit_bytes = HISTORY_ALLOWANCE;
    core_enter(link->core);
    slot->place = link->slots_count++;
    slot->next = link->slots;
    link->slots = slot;
    core_leave(link->core);
    return slot;
}

const slot_figures *slot_read(slot_t *slot) { return &slot->figures; }
