/* Reading what comes: kinds of datagrams, RTP, VP8's descriptor, STUN's outline; and numbers that wrap.

   The same as server/sfu/rtp/{demux,packet,vp8,stun,sequence}.py, which say why. Nothing here keeps anything. */

#include <string.h>

#include "parts.h"

static uint32_t read16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }
static uint32_t read32(const uint8_t *at) { return read16(at) << 16 | read16(at + 2); }

kind classify(const uint8_t *data, int size)
{
    if (size < 12 || size > MTU)
        return RUBBISH;
    if (data[0] >= 128 && data[0] <= 191)
        return data[1] >= 192 && data[1] <= 223 ? RTCP : RTP;
    if (data[0] >= 20 && data[0] <= 63)
        return DTLS;
    return data[0] <= 3 && size >= 20 ? STUN : RUBBISH;
}

/* ---------------------------------------------------------------- RTP */

bool rtp_read(rtp *packet, const uint8_t *data, int size)
{
    if (size < 12 || data[0] >> 6 != 2)
        return false;
    packet->marker = data[1] >> 7;
    packet->payload_type = data[1] & 127;
    packet->sequence = (uint16_t)read16(data + 2);
    packet->timestamp = read32(data + 4);
    packet->ssrc = read32(data + 8);
    packet->extension = NULL;
    packet->extension_size = 0;
    packet->profile = 0;
    int start = 12 + 4 * (data[0] & 15), end = size;
    if (data[0] & 0x10) {
        if (start + 4 > size)
            return false;
        packet->profile = (uint16_t)read16(data + start);
        packet->extension_size = 4 * (int)read16(data + start + 2);
        packet->extension = data + start + 4;
        start += 4 + packet->extension_size;
    }
    if (start > size)
        return false;
    if (data[0] & 0x20) {
        int padding = data[size - 1];
        if (padding == 0 || start + padding > size)
            return false;
        end -= padding;
    }
    packet->payload = data + start;
    packet->payload_size = end - start;
    return true;
}

const uint8_t *rtp_extension(const rtp *packet, int id, int *size)
{
    const uint8_t *at = packet->extension, *end = at + packet->extension_size, *found = NULL;
    if (packet->profile == 0xBEDE) {
        while (at < end) {
            if (*at == 0) {
                at++;
                continue;
            }
            int own = *at >> 4, length = 1 + (*at & 15);
            if (own == 15 || end - at < 1 + length)
                break;
            if (own == id)
                found = at + 1, *size = length;
            at += 1 + length;
        }
    } else if ((packet->profile & 0xFFF0) == 0x1000) {
        while (end - at > 1) {
            if (*at == 0) {
                at++;
                continue;
            }
            int own = at[0], length = at[1];
            if (end - at < 2 + length)
                break;
            if (own == id)
                found = at + 2, *size = length;
            at += 2 + length;
        }
    }
    return found;
}

/* ---------------------------------------------------------------- VP8 */

bool vp8_read(vp8 *frame, const uint8_t *payload, int size)
{
    int at = 1;
    frame->picture = frame->tl0 = frame->key_index = frame->temporal = -1;
    frame->wide = frame->is_sync = false;
    frame->height = 0;
    if (size < 1)
        return false;
    if (payload[0] & 0x80) {
        if (size < 2)
            return false;
        int flags = payload[1];
        at = 2;
        if (flags & 0x80) {
            if (at >= size)
                return false;
            frame->picture = payload[at++];
            if (frame->picture & 0x80) {
                if (at >= size)
                    return false;
                frame->picture = (frame->picture & 0x7F) << 8 | payload[at++];
                frame->wide = true;
            }
        }
        if (flags & 0x40) {
            if (at >= size)
                return false;
            frame->tl0 = payload[at++];
        }
        if (flags & 0x30) {
            if (at >= size)
                return false;
            if (flags & 0x20) {
                frame->temporal = payload[at] >> 6;
                frame->is_sync = payload[at] & 0x20;
            }
            if (flags & 0x10)
                frame->key_index = payload[at] & 0x1F;
            at++;
        }
    }
    frame->size = at;
    frame->starts_keyframe = false;
    if ((payload[0] & 0x17) == 0x10) {
        if (at >= size)
            return false;
        frame->starts_keyframe = !(payload[at] & 1);
    }
    if (frame->starts_keyframe && size - at >= 10 && memcmp(payload + at + 3, "\x9d\x01\x2a", 3) == 0)
        frame->height = (payload[at + 8] | payload[at + 9] << 8) & 0x3FFF;
    return true;
}

int vp8_renumber(uint8_t written[6], const uint8_t *payload, const vp8 *frame, int picture, int tl0, int key_index)
{
    int size = 0;
    written[size++] = payload[0];
    if (frame->size == 1)
        return size;
    written[size++] = payload[1];
    if (frame->picture >= 0) {
        written[size++] = (uint8_t)(0x80 | picture >> 8);
        written[size++] = (uint8_t)picture;
    }
    if (frame->tl0 >= 0)
        written[size++] = (uint8_t)tl0;
    if (payload[1] & 0x30) {
        uint8_t packed = payload[frame->size - 1];
        written[size++] = frame->key_index >= 0 ? (uint8_t)((packed & 0xE0) | key_index) : packed;
    }
    return size;
}

/* ---------------------------------------------------------------- STUN */

enum { COOKIE = 0x2112A442, USERNAME_MAX = 513, ATTRIBUTES_MAX = 32 };

static bool stun_length_fits(uint32_t attribute, uint32_t size)
{
    switch (attribute) {
    case INTEGRITY:
        return size == 20;
    case MAPPED:
    case XOR_MAPPED:
        return size == 8 || size == 20;
    case PRIORITY:
    case FINGERPRINT:
        return size == 4;
    case USE_CANDIDATE:
        return size == 0;
    case CONTROLLED:
    case CONTROLLING:
        return size == 8;
    case ERROR_CODE:
        return size >= 4;
    default:
        return true;
    }
}

bool stun_read(stun *message, const uint8_t *data, int size)
{
    *message = (stun){.is_plain = true};
    if (size < 20 || size % 4 || read16(data + 2) != (uint32_t)size - 20 || read32(data + 4) != COOKIE)
        return false;
    uint32_t type = read16(data);
    if (type != 0x0001 && type != 0x0101 && type != 0x0111)
        return false;
    message->is_request = type == 0x0001;
    int at = 20, attributes = 0;
    while (at < size) {
        if (++attributes > ATTRIBUTES_MAX)
            return false;
        uint32_t attribute = read16(data + at), length = read16(data + at + 2);
        const uint8_t *value = data + at + 4;
        int start = at;
        at += 4 + (int)(length + 3) / 4 * 4;
        if (at > size || !stun_length_fits(attribute, length))
            return false;
        if (attribute == USERNAME && !message->integrity) {
            if (length > USERNAME_MAX || message->username_size)
                return false;
            for (uint32_t i = 0; i < length; i++)
                if (value[i] & 0x80)
                    return false;
            const uint8_t *colon = memchr(value, ':', length);
            ptrdiff_t own = colon ? colon - value : 0;
            message->username = colon ? value : NULL;
            message->username_size = (int)length;
            message->ufrag[0] = 0;
            if (own <= UFRAG_BYTES_MAX) { /* a longer one is nobody's */
                memcpy(message->ufrag, value, (size_t)own);
                message->ufrag[own] = 0;
            }
        }
        message->is_controlled = message->is_controlled || attribute == CONTROLLED;
        if (message->integrity)
            message->is_plain = message->is_plain && attribute == FINGERPRINT;
        else if (attribute == INTEGRITY)
            message->integrity = start;
    }
    return message->integrity && (!message->is_request || message->username);
}

int stun_answer(uint8_t *answer, const uint8_t *check, const address *from)
{
    int size = from->family == 4 ? 4 : 16;
    memcpy(answer, check, 20);
    answer[0] = answer[1] = 1;
    int at = stun_extend(answer, 20, XOR_MAPPED, 4 + size);
    answer[at] = 0;
    answer[at + 1] = from->family == 4 ? 1 : 2;
    answer[at + 2] = (uint8_t)(from->port >> 8) ^ check[4];
    answer[at + 3] = (uint8_t)from->port ^ check[5];
    for (int i = 0; i < size; i++)
        answer[at + 4 + i] = from->host[i] ^ check[4 + i]; /* the cookie, then the transaction */
    return at + 4 + size;
}

int stun_extend(uint8_t *message, int at, unsigned attribute, int size)
{
    int whole = at + 4 + size - 20;
    message[2] = (uint8_t)(whole >> 8);
    message[3] = (uint8_t)whole;
    message[at] = (uint8_t)(attribute >> 8);
    message[at + 1] = (uint8_t)attribute;
    message[at + 2] = 0;
    message[at + 3] = (uint8_t)size;
    return at + 4;
}

uint32_t stun_fingerprint(const uint8_t *message, int size)
{
    uint32_t sum = ~0u; /* CRC-32 */
    for (int i = 0; i < size; i++) {
        sum ^= message[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (0xEDB88320 & -(sum & 1));
    }
    return ~sum ^ 0x5354554E;
}

/* ---------------------------------------------------------------- numbers */

int64_t distance(int64_t later, int64_t earlier, int bits)
{
    int64_t half = (int64_t)1 << (bits - 1);
    return ((later - earlier + half) & (2 * half - 1)) - half;
}

int64_t unwrap(unwrapper *numbers, int64_t number, int bits)
{
    if (numbers->highest < 0)
        return numbers->highest = number + ((int64_t)1 << bits);
    int64_t extended = numbers->highest + distance(number, numbers->highest, bits);
    if (extended > numbers->highest)
        numbers->highest = extended;
    return extended;
}
