/* Transport-wide feedback, both ways: what we tell senders of their packets' arrival, and what viewers tell of ours.
   As server/sfu/rtp/{twcc,echo}.py and `split` in rtcp.py, which say why. */

#include <string.h>

#include "parts.h"

enum { TICK_US = 250, BASE_US = 64000, SMALL = 1, LARGE = 2 };

static uint32_t read16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }

static uint8_t *put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value) { return put16(put16(at, value >> 16), value); }

/* ---------------------------------------------------------------- when a sender's packets arrived */

static void collect_arrival(link_t *link, uint16_t number, int64_t now_us)
{
    int64_t extended = unwrap(&link->arrival_numbers, number, 16);
    arrival *all = link->arrivals;
    int count = link->arrivals_count, place = count;
    if (count == ARRIVALS_MAX)
        return;
    if (count && extended <= all[count - 1].number) { /* out of order: by halves, lest many be dear */
        int low = 0;
        while (low < place) {
            int middle = (low + place) / 2;
            if (all[middle].number < extended)
                low = middle + 1;
            else
                place = middle;
        }
        if (all[place].number == extended)
            return; /* the first arrival counts */
        memmove(all + place + 1, all + place, (size_t)(count - place) * sizeof *all);
    }
    all[place] = (arrival){extended, now_us};
    link->arrivals_count++;
}

/* Status chunks: runs where they cover more than a vector would, else vectors of 14 or 7. */
static uint8_t *write_chunks(uint8_t *at, const uint8_t *symbols, int count)
{
    for (int place = 0; place < count;) {
        int run = 1;
        while (place + run < count && symbols[place + run] == symbols[place])
            run++;
        if (run >= 14 || (run >= 7 && symbols[place] == LARGE) || place + run == count) {
            at = put16(at, (uint32_t)symbols[place] << 13 | (uint32_t)run);
            place += run;
            continue;
        }
        uint32_t bits = 0;
        int some = count - place < 14 ? count - place : 14;
        if (!memchr(symbols + place, LARGE, (size_t)some)) {
            for (int i = 0; i < some; i++)
                bits |= (uint32_t)symbols[place + i] << (13 - i);
            at = put16(at, 0x8000 | bits);
            place += 14;
        } else {
            some = some < 7 ? some : 7;
            for (int i = 0; i < some; i++)
                bits |= (uint32_t)symbols[place + i] << (12 - 2 * i);
            at = put16(at, 0xC000 | bits);
            place += 7;
        }
    }
    return at;
}

/* The feedback about all arrivals since the last one. */
static int write_feedback(link_t *link, uint8_t *packet, uint32_t media)
{
    uint8_t symbols[SPAN_MAX], deltas[2 * SPAN_MAX], *delta = deltas;
    arrival *all = link->arrivals;
    int count = link->arrivals_count, told = 0, covered = 0;
    int64_t first = all[0].number;
    if (link->arrivals_next >= 0 && link->arrivals_next < first && first < link->arrivals_next + SPAN_MAX)
        first = link->arrivals_next; /* what is missing in between is reported lost */
    int64_t base_us = INT64_MAX;
    while (covered < count && all[covered].number < first + SPAN_MAX) {
        base_us = all[covered].at_us < base_us ? all[covered].at_us : base_us;
        covered++;
    }
    int64_t last = covered == count ? all[count - 1].number : first + SPAN_MAX - 1;
    base_us = base_us / BASE_US * BASE_US;
    int64_t before_us = base_us;
    int length = 0;
    for (int64_t number = first; number <= last; number++) {
        if (told == covered || all[told].number != number) {
            symbols[length++] = 0;
            continue;
        }
        int64_t since_us = all[told].at_us - before_us;
        int64_t ticks = since_us >= 0 ? since_us / TICK_US : -((-since_us + TICK_US - 1) / TICK_US);
        if (ticks >= 0 && ticks <= 0xFF) {
            symbols[length++] = SMALL;
            *delta++ = (uint8_t)ticks;
        } else if (ticks >= -0x8000 && ticks <= 0x7FFF) {
            symbols[length++] = LARGE;
            delta = put16(delta, (uint16_t)ticks);
        } else { /* more than eight seconds apart: this one ends here, the rest waits for the next */
            break;
        }
        before_us += ticks * TICK_US;
        told++;
    }
    link->arrivals_next = first + length;
    link->arrivals_count -= told;
    memmove(all, all + told, (size_t)link->arrivals_count * sizeof *all);
    uint8_t *at = put32(put32(packet + 4, link->arrivals_ssrc), media);
    at = put16(put16(at, (uint16_t)first), (uint32_t)length);
    at = put32(at, (uint32_t)(base_us / BASE_US) << 8 | link->arrivals_told++);
    at = write_chunks(at, symbols, length);
    memcpy(at, deltas, (size_t)(delta - deltas));
    at += delta - deltas;
    int padding = (int)(-(at - packet) & 3);
    if (padding) {
        memset(at, 0, (size_t)padding);
        at += padding;
        at[-1] = (uint8_t)padding;
    }
    packet[0] = padding ? 0xAF : 0x8F;
    packet[1] = 205;
    put16(packet + 2, (uint32_t)(at - packet) / 4 - 1);
    return (int)(at - packet);
}

void note_arrival(link_t *link, uint16_t number, uint32_t media, int64_t now_us)
{
    uint8_t unsent[MTU];
    collect_arrival(link, number, now_us);
    int64_t passed_us = now_us - link->arrivals_told_us;
    if (passed_us < FEEDBACK_EVERY_US || (passed_us < FEEDBACK_LATEST_US && link->arrivals_count < FEEDBACK_FEW))
        return;
    link->arrivals_told_us = now_us;
    datagram *out = link_compose(link);
    int size = write_feedback(link, out ? out->data : unsent, media);
    if (out)
        link_protect_rtcp(link, out, size);
}

/* ---------------------------------------------------------------- what a viewer tells of ours */

/* When each packet came, in ticks after the base; NEVER where it did not. -1 where it is cut off or says nothing known. */
enum { NEVER = INT32_MIN };

static int read_feedback(int32_t *arrivals, const uint8_t *body, int size)
{
    if (size < 16)
        return -1;
    int count = (int)read16(body + 10), at = 16, read = 0;
    if (count > READ_MAX)
        return 0; /* it follows an outage, and says nothing about bandwidth */
    while (read < count) {
        if (at + 2 > size)
            return -1;
        uint32_t chunk = read16(body + at);
        at += 2;
        if (chunk < 0x8000) {
            for (uint32_t left = chunk & 0x1FFF; left && read < count; left--)
                arrivals[read++] = (int32_t)(chunk >> 13);
        } else if (chunk < 0xC000) {
            for (int bit = 13; bit >= 0 && read < count; bit--)
                arrivals[read++] = (int32_t)(chunk >> bit & 1);
        } else {
            for (int bit = 12; bit >= 0 && read < count; bit -= 2)
                arrivals[read++] = (int32_t)(chunk >> bit & 3);
        }
    }
    int32_t ticks = 0;
    for (int i = 0; i < count; i++) {
        if (arrivals[i] == SMALL) {
            if (at >= size)
                return -1;
            ticks += body[at++];
        } else if (arrivals[i] == LARGE) {
            if (at + 2 > size)
                return -1;
            ticks += (int16_t)read16(body + at);
            at += 2;
        } else if (arrivals[i]) {
            return -1;
        }
        arrivals[i] = arrivals[i] ? ticks : NEVER;
    }
    return count;
}

/* How many packets that were sent before this moment, and told missing, are lost; each counts once. */
static int64_t given_up(link_t *link, int64_t before_us)
{
    int64_t lost = 0;
    if (link->judged < link->departed - SENT_MAX)
        link->judged = link->departed - SENT_MAX;
    for (; link->judged < link->told_of; link->judged++) {
        const departure *past = link->departures + link->judged % SENT_MAX;
        if (past->at_us >= before_us)
            break;
        lost += past->fate == MISSED;
    }
    return lost;
}

static void tell_echo(link_t *link, const echo *one, int64_t now_us)
{
    link->pool_told_us = now_us;
    tell(link->core, ECHO, link, (const uint8_t *)one, sizeof *one, NULL, now_us);
}

/* Tell what came, or let it gather with what says as little: as `Pool` in echo.py. */
static void pool_echo(link_t *link, const echo *one, int64_t now_us)
{
    echo *all = &link->pooled;
    if (!link->pool_wait_us || one->lost || one->delay_us > link->pool_delay_us) {
        if (all->arrived)
            tell_echo(link, all, now_us);
        all->arrived = 0;
        tell_echo(link, one, now_us);
        if (link->pool_wait_us)
            ring(link->core);
        return;
    }
    if (!all->arrived) {
        *all = *one;
    } else {
        all->arrived += one->arrived;
        all->octets += one->octets;
        all->begun_us = one->begun_us < all->begun_us ? one->begun_us : all->begun_us;
        all->ended_us = one->ended_us > all->ended_us ? one->ended_us : all->ended_us;
        all->sent_us = one->sent_us > all->sent_us ? one->sent_us : all->sent_us;
        all->delay_us = one->delay_us < all->delay_us ? one->delay_us : all->delay_us;
    }
    if (now_us - link->pool_told_us >= link->pool_wait_us) {
        tell_echo(link, all, now_us);
        all->arrived = 0;
    }
}

static void fold(link_t *link, const uint8_t *body, int size, int64_t now_us)
{
    int32_t arrivals[READ_MAX];
    if (!link->departures)
        return;
    int count = read_feedback(arrivals, body, size);
    if (count < 0)
        COUNT(link->figures.malformed);
    if (count < 1)
        return;
    uint32_t first = read16(body + 8);
    int64_t base = (int64_t)body[12] << 16 | (int64_t)body[13] << 8 | body[14];
    int64_t base_us = unwrap(&link->bases, base, 24) * BASE_US;
    int64_t last = link->departed - 1, known = link->departed < SENT_MAX ? link->departed : SENT_MAX;
    echo all = {0};
    for (int i = 0; i < count; i++) {
        int64_t back = (last - first - i) & 0xFFFF;
        if (back >= known)
            continue;
        departure *past = link->departures + (last - back) % SENT_MAX;
        if (past->fate == ARRIVED)
            continue;
        if (link->told_of <= last - back)
            link->told_of = last - back + 1;
        past->fate = arrivals[i] == NEVER ? MISSED : ARRIVED;
        if (past->fate == MISSED)
            continue;
        int64_t at_us = base_us + (int64_t)arrivals[i] * TICK_US, delay_us = at_us - past->at_us;
        if (!all.arrived) {
            all.begun_us = all.ended_us = at_us;
            all.delay_us = delay_us;
        } else if (delay_us < all.delay_us) {
            all.delay_us = delay_us;
        }
        if (at_us < all.begun_us)
            all.begun_us = at_us;
        else if (at_us > all.ended_us)
            all.ended_us = at_us;
        if (past->at_us > all.sent_us)
            all.sent_us = past->at_us;
        all.arrived++;
        all.octets += past->size;
    }
    if (!all.arrived)
        return;
    all.lost = given_up(link, all.sent_us - PATIENCE_US);
    pool_echo(link, &all, now_us);
}

void take_control(link_t *link, const uint8_t *plain, int size, int64_t now_us)
{
    int feedbacks = 0, at = 0;
    bool has_more = false;
    if (!ration_take(&link->control, CONTROL_MAX, CONTROL_EVERY_US, now_us))
        return;
    for (int i = 0; i < PACKETS_MAX && at != size; i++) {
        int end = at + 8 <= size ? at + 4 * ((int)read16(plain + at + 2) + 1) : size + 1;
        if (end > size || plain[at] >> 6 != 2 || end < at + 8) {
            has_more = true; /* whoever reads it finds out */
            break;
        }
        unsigned what = plain[at + 1];
        bool is_feedback = what == FEEDBACK && (plain[at] & 31) == 15;
        if (is_feedback || what == SENDER_REPORT || what == RECEIVER_REPORT) {
            int padding = plain[at] & 0x20 ? plain[end - 1] : 0;
            if ((plain[at] & 0x20 && !padding) || padding > end - at - 8) {
                has_more = true;
                break;
            }
            if (!is_feedback)
                has_more = !take_report(link, plain + at, end - padding - at, now_us) || has_more;
            else if (++feedbacks > FEEDBACKS_MAX)
                break;
            else
                fold(link, plain + at + 4, end - padding - at - 4, now_us);
        } else {
            has_more = has_more || what == FEEDBACK || what == FEEDBACK_ON_PAYLOAD; /* requests: nobody has a use for others */
        }
        at = end;
    }
    if (has_more)
        tell(link->core, CONTROL, link, plain, size, NULL, now_us);
}
