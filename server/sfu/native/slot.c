/* What goes out by one slot: any streams made to look like one, kept for resending, and sent again on request.
   As server/sfu/rtp/{rewrite,removal,history,packet}.py. */

#include <stdlib.h>
#include <string.h>

#include "parts.h"

/* ---------------------------------------------------------------- what a slot is to show */

static void show_figures(slot_t *slot)
{
    SET(slot->figures.flowing, slot->current ? slot->current->number : 0);
    SET(slot->figures.aimed_at, slot->aim ? slot->aim->number : 0);
}

static void aim(slot_t *slot, layer_t *layer, bool cut, bool has_shift, int64_t clock_shift)
{
    slot->aim = layer;
    slot->has_shift = has_shift && !cut;
    slot->clock_shift = clock_shift;
    if (cut)
        slot->current = NULL;
    show_figures(slot);
}

void slot_aim(slot_t *slot, layer_t *or_null, int cut, int has_shift, int64_t clock_shift)
{
    core_t *core = slot->link->core;
    core_enter(core);
    aim(slot, or_null, cut, has_shift, clock_shift);
    core_leave(core);
}

void slot_lose(slot_t *slot, const layer_t *layer)
{
    if (slot->current == layer)
        aim(slot, NULL, true, false, 0);
    else if (slot->aim == layer)
        aim(slot, NULL, false, false, 0);
}

void slot_pace(slot_t *slot, int temporal)
{
    core_t *core = slot->link->core;
    core_enter(core);
    slot->pace = temporal;
    core_leave(core);
}

/* ---------------------------------------------------------------- numbers of which some are taken out */

static void removal_begin(removal *of, int64_t first, int64_t offset)
{
    of->runs[0] = (run){first, offset};
    of->count = 1;
}

static int64_t offset_of(const removal *of, int64_t number)
{
    for (int i = of->count - 1; i > 0; i--)
        if (number >= of->runs[i].first)
            return of->runs[i].offset;
    return of->runs[0].offset;
}

static void take_out(removal *of, int64_t first, int64_t count)
{
    run *last = of->runs + of->count - 1;
    run next = {first + count, last->offset - count};
    if (of->count > 1 && last->first == first) {
        *last = next; /* it goes on where the last gap ended */
        return;
    }
    last[1] = next;
    if (++of->count > RUNS_MAX)
        memmove(of->runs, of->runs + 1, sizeof(run) * (size_t)--of->count);
}

static bool was_taken_out(const removal *of, int64_t number)
{
    for (const run *last = of->runs + of->count - 1; last > of->runs; last--) {
        if (number >= last->first)
            return false;
        if (number >= last->first - (last[-1].offset - last->offset))
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- the seam between two streams */

uint32_t slot_timestamp(const slot_t *slot, int64_t now_us)
{
    int64_t elapsed_us = slot->figures.started && now_us > slot->last_at_us ? now_us - slot->last_at_us : 0;
    return slot->last_timestamp + (uint32_t)(elapsed_us * slot->rate / 1000000);
}

/* Where a new stream's first timestamp goes: as far after the last as time has passed. */
static uint32_t timestamp_after(const slot_t *slot, uint32_t timestamp, int64_t now_us)
{
    if (!slot->figures.started)
        return slot->last_timestamp;
    uint32_t expected = slot_timestamp(slot, now_us);
    if (slot->has_shift) {
        uint32_t aligned = timestamp + (uint32_t)slot->clock_shift + slot->timestamp_offset;
        /* A report that says otherwise by more than a quarter of a second is not believed. */
        if (llabs(distance(aligned, expected, 32)) < slot->rate / 4)
            expected = aligned;
    }
    return distance(expected, slot->last_timestamp, 32) < 1 ? slot->last_timestamp + 1 : expected;
}

static void never_rose(slot_t *slot)
{
    for (int layer = 0; layer <= ALL_TEMPORAL; layer++)
        slot->risen[layer] = -1;
    slot->risen_last = -1;
}

static void splice(slot_t *slot, layer_t *layer, const incoming *in)
{
    int64_t following = slot->last_sequence + 1;
    if (slot->is_video && slot->figures.started && slot->frame_open)
        following++; /* the frame before lacks its end: leave a number out, lest a decoder join the two */
    removal_begin(&slot->numbers, in->number, following - in->number);
    slot->offset = following - in->number;
    slot->first_number = slot->highest_number = in->number;
    slot->timestamp_offset = timestamp_after(slot, in->timestamp, in->now_us) - in->timestamp;
    slot->has_pictures = slot->has_tl0_offset = slot->has_key_offset = false;
    slot->newest_picture = slot->highest_removed = -1;
    slot->temporal = slot->pace;
    never_rose(slot);
    slot->seven_bits.highest = slot->fifteen_bits.highest = -1;
    slot->current = layer;
    slot->has_shift = false;
    show_figures(slot);
}

/* Let the number that is highest now, and those just before it, not have been: `count` in all. */
static void close_up(slot_t *slot, int64_t number, int64_t count)
{
    slot->highest_number = number;
    take_out(&slot->numbers, number - count + 1, count);
    slot->offset -= count;
    if (slot->numbers.runs[0].first > slot->first_number)
        slot->first_number = slot->numbers.runs[0].first;
}

/* Close the gap that a packet without content would leave. */
static void drop(slot_t *slot, const layer_t *layer, int64_t number)
{
    if (layer != slot->current || number <= slot->highest_number)
        return; /* too late: later numbers went out already */
    close_up(slot, number, 1);
    slot->highest_removed = -1;
}

/* The picture's number, unwrapped. */
static int64_t extended(slot_t *slot, const vp8 *frame)
{
    int64_t picture = frame->wide ? unwrap(&slot->fifteen_bits, frame->picture, 15)
                                  : unwrap(&slot->seven_bits, frame->picture, 7);
    if (!slot->has_pictures) {
        /* Counting starts anywhere; after a seam it goes on where the last stream stopped. */
        removal_begin(&slot->pictures, picture, slot->last_picture >= 0 ? slot->last_picture + 1 - picture : 0);
        slot->has_pictures = true;
    }
    return picture;
}

/* Whether the picture of this packet is left out; if so, its number closes up. See Rewriter._leaves_out. */
static bool leaves_out(slot_t *slot, const vp8 *frame, int64_t picture, int64_t number)
{
    int temporal = frame->temporal;
    if (picture > slot->newest_picture) {
        slot->newest_picture = picture;
        if (slot->risen_last >= 0 && picture - slot->risen_last > RISEN_MAX)
            never_rose(slot);
        if (frame->starts_keyframe || (frame->is_sync && temporal == slot->temporal + 1 && temporal <= slot->pace)) {
            int rises_to = frame->starts_keyframe ? slot->pace : temporal;
            for (int layer = slot->temporal + 1; layer <= rises_to; layer++)
                slot->risen[layer] = slot->risen_last = picture;
            slot->temporal = rises_to;
        } else if (slot->temporal > slot->pace) {
            slot->temporal = slot->pace;
        }
        if (temporal <= slot->temporal || frame->starts_keyframe)
            return false;
        take_out(&slot->pictures, picture, 1);
    } else if (!was_taken_out(&slot->pictures, picture)) {
        return picture < slot->newest_picture && (temporal > slot->temporal || picture < slot->risen[temporal]);
    }
    if (number > slot->highest_number) {
        /* What is missing between two packets of one picture is that picture's as well. */
        bool is_between = slot->highest_removed == picture;
        close_up(slot, number, is_between ? number - slot->highest_number : 1);
        slot->highest_removed = picture;
    }
    return true;
}

static int renumber(slot_t *slot, const incoming *in, int64_t seen, uint8_t prefix[6])
{
    const vp8 *frame = &in->vp8;
    int picture = 0, tl0 = 0, key_index = 0;
    if (frame->picture >= 0) {
        picture = (int)((seen + offset_of(&slot->pictures, seen)) & 0x7FFF);
        if (slot->last_picture < 0 || distance(picture, slot->last_picture, 15) > 0)
            slot->last_picture = picture;
    }
    if (frame->tl0 >= 0) {
        if (!slot->has_tl0_offset) {
            slot->tl0_offset = slot->last_tl0 >= 0 ? slot->last_tl0 + 1 - frame->tl0 : 0;
            slot->has_tl0_offset = true;
        }
        tl0 = (frame->tl0 + slot->tl0_offset) & 0xFF;
        if (slot->last_tl0 < 0 || distance(tl0, slot->last_tl0, 8) > 0)
            slot->last_tl0 = tl0;
    }
    if (frame->key_index >= 0) {
        if (!slot->has_key_offset) {
            slot->key_offset = slot->last_key_index >= 0 ? slot->last_key_index + 1 - frame->key_index : 0;
            slot->has_key_offset = true;
        }
        key_index = (frame->key_index + slot->key_offset) & 0x1F;
        if (slot->last_key_index < 0 || distance(key_index, slot->last_key_index, 5) > 0)
            slot->last_key_index = key_index;
    }
    return vp8_renumber(prefix, in->payload, frame, picture, tl0, key_index);
}

/* ---------------------------------------------------------------- the past */

void kept_release(kept *packet)
{
    if (packet && --packet->holders == 0)
        free(packet);
}

kept *incoming_copy(incoming *in)
{
    if (in->copy)
        return in->copy;
    in->copy = malloc(sizeof(kept) + (size_t)in->payload_size);
    if (in->copy) {
        in->copy->holders = 1; /* ourselves, until it went to every slot_t */
        in->copy->size = in->payload_size;
        memcpy(in->copy->payload, in->payload, (size_t)in->payload_size);
    }
    return in->copy;
}

static past *place_of(const slot_t *slot, uint16_t sequence)
{
    return slot->history + sequence % slot->history_size;
}

static void let_go(past *place)
{
    kept_release(place->packet);
    place->packet = NULL;
}

/* Let go of what is too old to be sent again. */
static void age(slot_t *slot, int64_t now_us)
{
    if (slot->last_sequence - slot->oldest >= slot->history_size)
        slot->oldest = slot->last_sequence - slot->history_size + 1;
    for (; slot->oldest < slot->last_sequence; slot->oldest++) {
        past *place = place_of(slot, (uint16_t)slot->oldest);
        if (!place->packet || place->sequence != (uint16_t)slot->oldest)
            continue;
        if (now_us - place->sent_us <= HISTORY_AGE_US)
            return;
        let_go(place);
    }
}

/* Make room for twice as many, as long as that may be. */
static bool grow(slot_t *slot)
{
    int size = slot->history_size ? 2 * slot->history_size : HISTORY_MIN;
    past *larger = size <= HISTORY_MAX ? calloc((size_t)size, sizeof *larger) : NULL;
    if (!larger)
        return false;
    for (int i = 0; i < slot->history_size; i++)
        if (slot->history[i].packet)
            larger[slot->history[i].sequence % size] = slot->history[i];
    free(slot->history);
    slot->history = larger;
    slot->history_size = size;
    return true;
}

static void keep(slot_t *slot, incoming *in, const past *sent)
{
    if (!slot->history) {
        slot->oldest = slot->last_sequence;
        if (!grow(slot))
            return;
    }
    if (!incoming_copy(in))
        return;
    age(slot, in->now_us);
    past *place = place_of(slot, sent->sequence);
    while (place->packet && in->now_us - place->sent_us <= HISTORY_AGE_US && grow(slot))
        place = place_of(slot, sent->sequence);
    kept_release(place->packet);
    *place = *sent;
    place->packet = in->copy;
    in->copy->holders++;
    slot->newest = sent->sequence;
    slot->credit_bytes += in->payload_size * HISTORY_SHARE;
    if (slot->credit_bytes > 4 * HISTORY_ALLOWANCE)
        slot->credit_bytes = 4 * HISTORY_ALLOWANCE;
}

static void forget(slot_t *slot)
{
    for (int i = 0; i < slot->history_size; i++)
        let_go(slot->history + i);
}

void slot_forget(slot_t *slot)
{
    core_t *core = slot->link->core;
    core_enter(core);
    forget(slot);
    core_leave(core);
}

void slot_release(slot_t *slot)
{
    forget(slot);
    free(slot->history);
    free(slot);
}

/* ---------------------------------------------------------------- writing */

static uint8_t *put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value) { return put16(put16(at, value >> 16), value); }

static void emit(slot_t *slot, const past *packet, const uint8_t *payload, int size, int fill, bool again,
                 int64_t number, int64_t now_us)
{
    link_t *link = slot->link;
    datagram *out = link_compose(link);
    if (!out)
        return;
    uint8_t *at = out->data;
    *at++ = (uint8_t)(0x80 | (link->departure_extension ? 0x10 : 0) | (fill ? 0x20 : 0));
    *at++ = (uint8_t)((again ? slot->resend_type : slot->payload_type) | (packet->marker ? 0x80 : 0));
    at = put16(at, (uint16_t)number);
    at = put32(at, packet->timestamp);
    at = put32(at, again ? slot->resend_ssrc : slot->ssrc);
    if (link->departure_extension) {
        at = put32(at, 0xBEDE0001);
        *at++ = (uint8_t)(link->departure_extension << 4 | 1);
        at = put16(at, (uint16_t)link->departed);
        *at++ = 0;
    }
    int header = (int)(at - out->data);
    if (again)
        at = put16(at, packet->sequence);
    memcpy(at, packet->prefix, packet->prefix_size);
    at += packet->prefix_size;
    memcpy(at, payload + packet->skip, (size_t)(size - packet->skip));
    at += size - packet->skip;
    if (fill) {
        memset(at, 0, (size_t)fill);
        at += fill;
        at[-1] = (uint8_t)fill;
    }
    link_protect(link, out, again ? &slot->resent : &slot->sent, header, (int)(at - out->data), number, now_us);
}

void slot_expect(const slot_t *slot)
{
    for (size_t at = 0; at <= offsetof(struct slot, numbers); at += 64)
        __builtin_prefetch((const char *)slot + at, 1);
}

void slot_expect_soon(const slot_t *slot)
{
    const link_t *link = slot->link;
    __builtin_prefetch(&link->tx, 1);
    if (slot->history)
        __builtin_prefetch(slot->history + (slot->last_sequence + 1) % slot->history_size, 1);
}

bool slot_awaits(const slot_t *slot, const layer_t *layer) { return slot->aim == layer && slot->current != layer; }

void slot_push(slot_t *slot, layer_t *layer, incoming *in)
{
    if (!in->payload_size) {
        drop(slot, layer, in->number);
        return;
    }
    bool marker = in->marker;
    if (layer != slot->current) {
        if (layer != slot->aim || (slot->is_video && !(in->has_vp8 && in->vp8.starts_keyframe)))
            return;
        splice(slot, layer, in);
        marker = marker || !slot->is_video; /* a talkspurt starts (RFC 3551 §4.1) */
    } else if (in->number < slot->first_number ||
               (in->number < slot->highest_number && was_taken_out(&slot->numbers, in->number))) {
        return;
    }
    int64_t picture = 0;
    if (in->has_vp8 && in->vp8.picture >= 0) {
        picture = extended(slot, &in->vp8);
        if (in->vp8.temporal >= 0 && leaves_out(slot, &in->vp8, picture, in->number))
            return;
    }
    int64_t sequence =
        in->number + (in->number > slot->highest_number ? slot->offset : offset_of(&slot->numbers, in->number));
    past out = {
        .timestamp = in->timestamp + slot->timestamp_offset,
        .sequence = (uint16_t)sequence,
        .marker = marker,
        .sent_us = in->now_us,
    };
    if (in->number > slot->highest_number) {
        slot->highest_number = in->number;
        slot->highest_removed = -1;
    }
    if (sequence > slot->last_sequence) {
        slot->last_sequence = sequence;
        slot->frame_open = !marker;
    }
    if (!slot->figures.started || distance(out.timestamp, slot->last_timestamp, 32) > 0) {
        slot->last_timestamp = out.timestamp;
        slot->last_at_us = in->now_us;
    }
    SET(slot->figures.started, 1);
    if (in->has_vp8) {
        out.prefix_size = (uint8_t)renumber(slot, in, picture, out.prefix);
        out.skip = (uint8_t)in->vp8.size;
    }
    if (slot->resends)
        keep(slot, in, &out);
    COUNT(slot->figures.packets);
    SET(slot->figures.octets, slot->figures.octets + (uint64_t)in->payload_size);
    emit(slot, &out, in->payload, in->payload_size, in->fill, false, sequence, in->now_us);
}

/* ---------------------------------------------------------------- sending again */

void slot_resend(slot_t *slot, const uint16_t *numbers, int count, int64_t round_trip_us, int64_t now_us)
{
    core_t *core = slot->link->core;
    int64_t pause_us = round_trip_us > HISTORY_PAUSE_US ? round_trip_us : HISTORY_PAUSE_US;
    core_enter(core);
    for (int i = 0; slot->history && i < count && i < RESENDS_MAX; i++) {
        past *past = place_of(slot, numbers[i]);
        if (!past->packet || past->sequence != numbers[i] || now_us - past->sent_us > HISTORY_AGE_US)
            continue;
        if ((past->resent_us && now_us - past->resent_us < pause_us) || slot->credit_bytes < past->packet->size)
            continue;
        slot->credit_bytes -= past->packet->size;
        past->resent_us = now_us;
        emit(slot, past, past->packet->payload, past->packet->size, 0, true, slot->resend_sequence++, now_us);
    }
    port_flush(core);
    core_leave(core);
}

int slot_probe(slot_t *slot, int octets, int64_t now_us)
{
    core_t *core = slot->link->core;
    int sent = 0;
    core_enter(core);
    for (int turns = slot->has_turned ? 0 : 1; turns < 2 && slot->history && sent < octets; turns++) {
        uint16_t sequence = slot->has_turned ? slot->turned : slot->newest;
        for (int back = 0; back < HISTORY_MAX && sent < octets; back++, sequence--) {
            past *past = place_of(slot, sequence);
            if (!past->packet || past->sequence != sequence || now_us - past->sent_us > HISTORY_AGE_US)
                break;
            slot->turned = (uint16_t)(sequence - 1);
            emit(slot, past, past->packet->payload, past->packet->size, 0, true, slot->resend_sequence++, now_us);
            sent += 12 + 2 + past->prefix_size + past->packet->size - past->skip;
        }
        slot->has_turned = sent >= octets;
    }
    port_flush(core);
    core_leave(core);
    return sent;
}
