/* What arrives of one layer: put in order, counted, its gaps and copies found. As publisher's layers in Python do,
   by server/sfu/rtp/{sequence,nack,reception}.py. */

#include <string.h>

#include "parts.h"

void layer_begin(layer_t *layer, track_t *track, uint64_t number)
{
    layer->track = track;
    layer->number = number;
    layer->numbers.highest = layer->seen_highest = layer->gaps_highest = layer->first = layer->highest = -1;
}

/* Whether `number` is new; marks it seen. */
static bool see(layer_t *layer, int64_t number)
{
    int64_t ahead = number - layer->seen_highest;
    if (layer->seen_highest < 0 || ahead >= SEEN_MAX) {
        memset(layer->seen, 0, sizeof layer->seen);
        layer->seen_highest = number;
    } else if (ahead > 0) {
        for (int64_t passed = layer->seen_highest + 1; passed < number; passed++)
            layer->seen[passed % SEEN_MAX / 64] &= ~((uint64_t)1 << passed % 64);
        layer->seen_highest = number;
    } else if (-ahead >= SEEN_MAX) {
        return false;
    } else if (layer->seen[number % SEEN_MAX / 64] >> number % 64 & 1) {
        return false;
    }
    layer->seen[number % SEEN_MAX / 64] |= (uint64_t)1 << number % 64;
    return true;
}

/* ---------------------------------------------------------------- gaps */

static void tell_missing(const link_t *link, int64_t now_us)
{
    tell(link->core, MISSING, link, (const uint8_t *)"", 0, NULL, now_us);
}

static void set_missing(layer_t *layer, int count)
{
    link_figures *whole = &layer->track->link->figures;
    SET(whole->missing, whole->missing + (uint32_t)count - layer->figures.missing);
    SET(layer->figures.missing, (uint32_t)count);
}

static void forget_gaps(layer_t *layer, int from, int count)
{
    int left = (int)layer->figures.missing - count;
    memmove(layer->gaps + from, layer->gaps + from + count, (size_t)(left - from) * sizeof(gap));
    set_missing(layer, left);
}

static void note_gaps(layer_t *layer, int64_t number, int64_t now_us)
{
    link_t *link = layer->track->link;
    int count = (int)layer->figures.missing;
    if (layer->gaps_highest < 0) {
        layer->gaps_highest = number;
    } else if (number <= layer->gaps_highest) {
        for (int i = 0; i < count; i++)
            if (layer->gaps[i].number == number) {
                forget_gaps(layer, i, 1);
                break;
            }
    } else {
        int64_t hole = number - layer->gaps_highest - 1;
        if (hole && hole + count > MISSING_MAX) {
            set_missing(layer, 0);
            COUNT(layer->figures.overflows);
            COUNT(link->figures.overflows);
            tell_missing(link, now_us);
        } else if (hole) {
            if (!count)
                tell_missing(link, now_us);
            for (int64_t missing = layer->gaps_highest + 1; missing < number; missing++)
                layer->gaps[count++] = (gap){.number = missing, .when_us = now_us + FIRST_WAIT_US};
            set_missing(layer, count);
        }
        layer->gaps_highest = number;
    }
}

static void forget_gaps_before(layer_t *layer, int64_t number)
{
    int old = 0;
    while (old < (int)layer->figures.missing && layer->gaps[old].number < number)
        old++;
    if (old)
        forget_gaps(layer, 0, old);
}

int layer_due(layer_t *layer, int64_t now_us, int64_t round_trip_us, int64_t *numbers, int count)
{
    static const double growth[TRIES_MAX + 1] = {1, 1.25, 1.5625, 1.953125, 2.44140625, 3.0517578125, 3.814697265625};
    core_t *core = layer->track->link->core;
    int asked = 0;
    core_enter(core);
    for (int i = 0; i < (int)layer->figures.missing && asked < count; i++) {
        gap *gap = layer->gaps + i;
        if (gap->when_us > now_us)
            continue;
        if (gap->tries >= TRIES_MAX) {
            forget_gaps(layer, i--, 1);
            continue;
        }
        numbers[asked++] = gap->number;
        int64_t wait_us = (int64_t)((double)round_trip_us * growth[gap->tries + 1]);
        wait_us = wait_us < WAIT_MIN_US ? WAIT_MIN_US : wait_us > WAIT_MAX_US ? WAIT_MAX_US : wait_us;
        gap->tries++;
        gap->when_us = now_us + wait_us;
    }
    core_leave(core);
    return asked;
}

/* ---------------------------------------------------------------- reception (RFC 3550 §6.4.1, appendix A.8) */

static void count_arrival(layer_t *layer, int64_t number, uint32_t timestamp, int64_t now_us)
{
    int rate = layer->track->rate;
    if (layer->first < 0)
        layer->first = number;
    COUNT(layer->figures.received);
    if (number <= layer->highest)
        return;
    layer->highest = number;
    if (layer->has_transit && timestamp == layer->timed)
        return; /* of one picture's packets the first counts */
    layer->timed = timestamp;
    int64_t transit = now_us * rate / 1000000 - timestamp;
    if (layer->has_transit) {
        int64_t change = distance(transit, layer->transit, 32);
        change = change < 0 ? -change : change;
        layer->jitter += ((double)(change < rate ? change : rate) - layer->jitter) / 16;
    }
    layer->transit = transit;
    layer->has_transit = true;
}

/* ---------------------------------------------------------------- what overtook a keyframe's first packet */

bool layer_may_begin(const layer_t *layer, const incoming *in)
{
    int64_t highest = layer->numbers.highest;
    return in->number == highest ||
           (layer->early && in->number >= layer->early_since && highest - in->number <= EARLY_MAX);
}

incoming *layer_early(layer_t *layer, int64_t number)
{
    incoming *early = layer->early ? layer->early + number % EARLY_MAX : NULL;
    return early && early->copy && early->number == number ? early : NULL;
}

void layer_keep(layer_t *layer, incoming *in)
{
    int64_t highest = layer->numbers.highest;
    if (!layer->early) {
        layer->early = calloc(EARLY_MAX, sizeof *layer->early);
        if (!layer->early)
            return;
        layer->early_since = in->number == highest ? in->number : highest + 1;
    }
    incoming *early = layer->early + in->number % EARLY_MAX;
    if (highest - in->number >= EARLY_MAX || !incoming_copy(in))
        return;
    kept_release(early->copy);
    *early = *in;
    early->copy->holders++;
    early->payload = early->copy->payload;
    early->fill = 0;
}

void layer_forget(layer_t *layer)
{
    for (int i = 0; layer->early && i < EARLY_MAX; i++)
        kept_release(layer->early[i].copy);
    free(layer->early);
    layer->early = NULL;
}

/* ---------------------------------------------------------------- the packet */

taken layer_take(layer_t *layer, const rtp *packet, bool is_resent, int64_t now_us, incoming *out)
{
    track_t *track = layer->track;
    out->payload = packet->payload;
    out->payload_size = packet->payload_size;
    out->timestamp = packet->timestamp;
    out->marker = packet->marker;
    out->now_us = now_us;
    out->copy = NULL;
    out->has_vp8 = false;
    if (is_resent) {
        int64_t highest = layer->numbers.highest;
        if (packet->payload_size < 2 || highest < 0)
            return NOTHING_NEW;
        int original = packet->payload[0] << 8 | packet->payload[1];
        out->number = highest + distance(original, highest & 0xFFFF, 16);
        if (out->number > highest)
            return NOTHING_NEW; /* a copy that overtook its original: that one is on its way */
        out->payload += 2;
        out->payload_size -= 2;
        note_gaps(layer, out->number, now_us);
    } else {
        out->number = unwrap(&layer->numbers, packet->sequence, 16);
        count_arrival(layer, out->number, packet->timestamp, now_us);
        if (track->is_video)
            note_gaps(layer, out->number, now_us);
    }
    if (!see(layer, out->number))
        return NOTHING_NEW;
    if (!out->payload_size)
        return TAKEN;
    layer_figures *figures = &layer->figures;
    if (now_us - figures->last_us > SILENT_US || !figures->last_us)
        SET(figures->since_us, now_us);
    SET(figures->last_us, now_us);
    SET(track->figures.last_us, now_us);
    SET(figures->octets, figures->octets + (uint64_t)out->payload_size);
    if (!track->is_video)
        return TAKEN;
    if (!vp8_read(&out->vp8, out->payload, out->payload_size))
        return MALFORMED;
    out->has_vp8 = true;
    uint64_t *octets_of = figures->octets_of + (out->vp8.temporal < 0 ? 0 : out->vp8.temporal);
    SET(*octets_of, *octets_of + (uint64_t)out->payload_size);
    if (out->vp8.starts_keyframe) {
        COUNT(figures->keyframes);
        forget_gaps_before(layer, out->number);
        if (out->vp8.height)
            SET(figures->height, (uint32_t)out->vp8.height);
    }
    return TAKEN;
}
