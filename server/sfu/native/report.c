/* Reports both ways (RFC 3550 §6.4): what peers tell of what they send and get, and what we tell them, each second.
   As server/sfu/rtp/{reception,rtcp}.py, which say why. */

#include <string.h>

#include "parts.h"

enum { BLOCK_BYTES = 24, CLOCK_BYTES = 20, TRIP_MAX_US = 5000000 };

#define NTP_1970_S 2208988800

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
    return at + 4;
}

static uint8_t *put_head(uint8_t *at, unsigned count, unsigned what, int size)
{
    return put32(at, 0x80000000 | count << 24 | what << 16 | (uint32_t)(size / 4 - 1));
}

/* NTP's time of a moment of ours: its zero is arbitrary, its pace is right. */
static uint64_t ntp_time(int64_t now_us)
{
    uint64_t seconds = (uint64_t)now_us / 1000000, rest = (uint64_t)now_us % 1000000;
    return ((seconds + NTP_1970_S) & 0xFFFFFFFF) << 32 | (rest << 32) / 1000000;
}

/* ---------------------------------------------------------------- what they tell */

static void take_block(link_t *link, const uint8_t *block, int64_t now_us)
{
    uint32_t ssrc = read32(block), report = read32(block + 16), delay = read32(block + 20);
    const slot_t *slot = link->slots;
    while (slot && slot->ssrc != ssrc)
        slot = slot->next;
    if (!slot || !(slot->aim || slot->current))
        return;
    COUNT(link->figures.told);
    SET(link->figures.told_lost, link->figures.told_lost + block[4]);
    uint32_t way = (uint32_t)(ntp_time(now_us) >> 16) - report - delay;
    if (!report || way >> 31)
        return;
    uint64_t trip_us = (uint64_t)way * 1000000 >> 16;
    COUNT(link->figures.trips);
    SET(link->figures.trips_us, link->figures.trips_us + (trip_us < TRIP_MAX_US ? trip_us : TRIP_MAX_US));
}

bool take_report(link_t *link, const uint8_t *packet, int size, int64_t now_us)
{
    bool has_clock = packet[1] == SENDER_REPORT;
    int count = packet[0] & 31, at = 8 + (has_clock ? CLOCK_BYTES : 0);
    if (size < at + count * BLOCK_BYTES)
        return false;
    for (int i = 0; has_clock && i < link->bound_count; i++) {
        layer_t *layer = link->bound[i].layer;
        if (link->bound[i].is_resend || link->bound[i].ssrc != read32(packet + 4))
            continue;
        SET(layer->figures.clock_ntp, (uint64_t)read32(packet + 8) << 32 | read32(packet + 12));
        SET(layer->figures.clock_timestamp, read32(packet + 16));
        layer->clock_us = now_us;
    }
    for (; count--; at += BLOCK_BYTES)
        take_block(link, packet + at, now_us);
    return true;
}

/* ---------------------------------------------------------------- what we tell */

typedef struct {
    link_t *link;
    uint8_t bytes[REPORT_BYTES];
    int size;
} compound;

static void send_off(compound *all)
{
    datagram *out = all->size ? link_compose(all->link) : NULL;
    if (out) {
        memcpy(out->data, all->bytes, (size_t)all->size);
        link_protect_rtcp(all->link, out, all->size);
    }
    all->size = 0;
}

static void add(compound *all, const uint8_t *part, int size)
{
    if (all->size + size > REPORT_BYTES)
        send_off(all);
    memcpy(all->bytes + all->size, part, (size_t)size);
    all->size += size;
}

/* About the time since the last report; NULL before the first packet. */
static uint8_t *put_block(uint8_t *at, layer_t *layer, uint32_t ssrc, double *worst, int64_t now_us)
{
    int64_t received = (int64_t)layer->figures.received;
    if (layer->first < 0)
        return at;
    int64_t first = layer->first < layer->highest ? layer->first : layer->highest;
    int64_t expected = layer->highest - first + 1, expected_now = expected - layer->expected_before;
    int64_t lost_now = expected_now - (received - layer->received_before), lost = expected - received;
    layer->expected_before = expected;
    layer->received_before = received;
    double fraction = expected_now > 0 && lost_now > 0 ? (double)lost_now / (double)expected_now : 0;
    *worst = fraction > *worst ? fraction : *worst;
    lost = lost > 0x7FFFFF ? 0x7FFFFF : lost < -0x800000 ? -0x800000 : lost;
    uint32_t share = fraction * 256 < 255 ? (uint32_t)(fraction * 256) : 255;
    share = share > layer->track->lost_onward ? share : layer->track->lost_onward;
    int64_t delay = layer->figures.clock_ntp ? (now_us - layer->clock_us) * 65536 / 1000000 : 0;
    at = put32(put32(at, ssrc), share << 24 | ((uint32_t)lost & 0xFFFFFF));
    at = put32(put32(at, (uint32_t)layer->highest), (uint32_t)layer->jitter);
    return put32(put32(at, (uint32_t)(layer->figures.clock_ntp >> 16)), (uint32_t)delay);
}

static uint8_t *put_blocks(uint8_t *at, link_t *link, double *worst, int64_t now_us)
{
    uint8_t *end = at + BLOCKS_MAX * BLOCK_BYTES;
    for (track_t *track = link->tracks; track; track = track->next)
        for (layer_t *layer = track->layers; layer; layer = layer->next)
            for (int i = 0; i < link->bound_count && at < end; i++)
                if (link->bound[i].layer == layer && !link->bound[i].is_resend)
                    at = put_block(at, layer, link->bound[i].ssrc, worst, now_us);
    return at;
}

void link_report(link_t *link, uint32_t ssrc, int64_t now_us)
{
    static const char name[12] = {1, 6, 'm', 'i', 'l', 'i', 'e', 'u'};
    uint8_t part[8 + BLOCKS_MAX * BLOCK_BYTES];
    compound all = {.link = link};
    double worst = 0;
    core_enter(link->core);
    uint8_t *at = put_blocks(part + 8, link, &worst, now_us);
    int size = (int)(at - part);
    put32(put_head(part, (unsigned)(size - 8) / BLOCK_BYTES, RECEIVER_REPORT, size), ssrc);
    add(&all, part, size);
    SET(link->figures.lost, (uint32_t)(worst * 65536));
    link->reporting = (link->reporting + 1) % REPORT_EACH;
    uint64_t ntp = ntp_time(now_us);
    for (slot_t *slot = link->slots; slot; slot = slot->next) {
        if (slot->place % REPORT_EACH != link->reporting || !slot->figures.started || !(slot->aim || slot->current))
            continue;
        at = put32(put_head(part, 0, SENDER_REPORT, 8 + CLOCK_BYTES), slot->ssrc);
        at = put32(put32(put32(at, (uint32_t)(ntp >> 32)), (uint32_t)ntp), slot_timestamp(slot, now_us));
        put32(put32(at, (uint32_t)slot->figures.packets), (uint32_t)slot->figures.octets);
        add(&all, part, 8 + CLOCK_BYTES);
    }
    at = put32(put_head(part, 1, DESCRIPTION, 8 + (int)sizeof name), ssrc);
    memcpy(at, name, sizeof name);
    add(&all, part, 8 + (int)sizeof name);
    send_off(&all);
    port_flush(link->core);
    core_leave(link->core);
}
