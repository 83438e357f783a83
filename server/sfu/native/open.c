/* Decrypts RTP that comes by AES-GCM (RFC 7714), as seal.c encrypts what leaves, and refuses what came before, or so late
   that nobody can tell (RFC 3711 §3.3). As libsrtp does, without a list of all streams to look through. */

#include <string.h>

#include "parts.h"

enum { SET_TAG = 0x11, HALF = 0x8000 };

/* The packet's own number, never wrapping: the nearest to the highest that came (appendix A). Early in a stream there is
   none before 0, and what is far ahead then is believed to be. */
static int64_t number_of(const opened *past, int sequence)
{
    int highest = (int)(past->highest & 0xFFFF);
    int64_t number = past->highest - highest + sequence;
    if (past->highest <= HALF)
        return sequence;
    if (highest < HALF)
        return sequence - highest > HALF ? number - 2 * HALF : number;
    return highest - HALF > sequence ? number + 2 * HALF : number;
}

static bool is_fresh(const opened *past, int64_t number)
{
    int64_t behind = past->highest - number;
    return behind < 0 || (behind < OPENED_MAX && !(past->numbers[number % OPENED_MAX / 64] >> number % 64 & 1));
}

static void mark(opened *past, int64_t number)
{
    if (number - past->highest >= OPENED_MAX)
        memset(past->numbers, 0, sizeof past->numbers);
    else
        for (int64_t passed = past->highest + 1; passed < number; passed++)
            past->numbers[passed % OPENED_MAX / 64] &= ~((uint64_t)1 << passed % 64);
    past->numbers[number % OPENED_MAX / 64] |= (uint64_t)1 << number % 64;
    past->highest = number > past->highest ? number : past->highest;
}

bool open_sealed(const link_t *link, opened *past, uint8_t *packet, int *size)
{
    const crypto *with = &link->core->crypto;
    void *cipher = link->opener;
    uint8_t iv[SALT_BYTES];
    int written = 0, last = 0, header = 12 + 4 * (packet[0] & 15);
    if (packet[0] & 0x10) {
        if (header + 4 > *size)
            return false;
        header += 4 + 4 * (packet[header + 2] << 8 | packet[header + 3]);
    }
    int plain = *size - header - TAG_BYTES;
    int64_t number = number_of(past, packet[2] << 8 | packet[3]);
    if (plain < 0 || number >> 48 || !is_fresh(past, number))
        return false;
    memcpy(iv, link->opener_salt, sizeof iv);
    for (int i = 0; i < 4; i++) {
        iv[2 + i] ^= packet[8 + i]; /* as in seal.c */
        iv[6 + i] ^= (uint8_t)(number >> (40 - 8 * i));
    }
    iv[10] ^= packet[2];
    iv[11] ^= packet[3];
    if (with->decrypt_init(cipher, NULL, NULL, NULL, iv) != 1 ||
        with->decrypt_update(cipher, NULL, &written, packet, header) != 1 ||
        with->decrypt_update(cipher, packet + header, &written, packet + header, plain) != 1 || written != plain ||
        with->control(cipher, SET_TAG, TAG_BYTES, packet + header + plain) != 1 ||
        with->decrypt_final(cipher, packet + header + plain, &last) != 1 || last != 0)
        return false;
    mark(past, number);
    *size = header + plain;
    return true;
}

void close_opener(link_t *link)
{
    if (link->opener)
        link->core->crypto.cipher_free(link->opener);
    link->opener = NULL;
    memset(link->opener_salt, 0, sizeof link->opener_salt);
}

int link_open(link_t *link, const uint8_t *key, const uint8_t *salt)
{
    const crypto *with = &link->core->crypto;
    core_enter(link->core);
    close_opener(link);
    if (with->cipher_new && (link->opener = with->cipher_new())) {
        if (with->decrypt_init(link->opener, with->aes_128_gcm(), NULL, key, NULL) == 1)
            memcpy(link->opener_salt, salt, sizeof link->opener_salt);
        else
            close_opener(link);
    }
    bool is_opening = link->opener != NULL;
    core_leave(link->core);
    return is_opening ? 0 : -1;
}
