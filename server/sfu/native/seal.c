/* Encrypts what leaves by AES-GCM (RFC 7714), with OpenSSL's as it stands in pylibsrtp. libsrtp would look for the
   stream in a list, and keep account of a key that we know all uses of: all slots of a link share one key, and each
   counts its own packets. */

#include <string.h>

#include "parts.h"

enum { GET_TAG = 0x10 };

/* Whether this number was not used before; marks it used. The same one twice would give the key away, so that this is
   looked after here, whatever happens above. One too old to tell counts as used. */
static bool is_fresh(sealed *past, int64_t number)
{
    int64_t ahead = number - past->highest;
    if (past->highest < 0 || ahead >= SEALED_MAX) {
        memset(past->numbers, 0, sizeof past->numbers);
        past->highest = number;
    } else if (ahead > 0) {
        for (int64_t passed = past->highest + 1; passed < number; passed++)
            past->numbers[passed % SEALED_MAX / 64] &= ~((uint64_t)1 << passed % 64);
        past->highest = number;
    } else if (-ahead >= SEALED_MAX || past->numbers[number % SEALED_MAX / 64] >> number % 64 & 1) {
        return false;
    }
    past->numbers[number % SEALED_MAX / 64] |= (uint64_t)1 << number % 64;
    return true;
}

bool seal(const link_t *link, sealed *past, uint8_t *packet, int header, int *size, int64_t number)
{
    const crypto *with = &link->core->crypto;
    void *cipher = link->cipher;
    uint8_t iv[SALT_BYTES];
    int written = 0, last = 0, plain = *size - header;
    if (number >> 48 || !is_fresh(past, number))
        return false;
    memcpy(iv, link->salt, sizeof iv);
    for (int i = 0; i < 4; i++) {
        iv[2 + i] ^= packet[8 + i]; /* the SSRC, then how often the number wrapped, then the number */
        iv[6 + i] ^= (uint8_t)(number >> (40 - 8 * i));
    }
    iv[10] ^= packet[2];
    iv[11] ^= packet[3];
    if (with->encrypt_init(cipher, NULL, NULL, NULL, iv) != 1 ||
        with->encrypt_update(cipher, NULL, &written, packet, header) != 1 ||
        with->encrypt_update(cipher, packet + header, &written, packet + header, plain) != 1 || written != plain ||
        with->encrypt_final(cipher, packet + *size, &last) != 1 || last != 0 ||
        with->control(cipher, GET_TAG, TAG_BYTES, packet + *size) != 1)
        return false;
    *size += TAG_BYTES;
    return true;
}

void unseal(link_t *link)
{
    if (link->cipher)
        link->core->crypto.cipher_free(link->cipher);
    link->cipher = NULL;
    memset(link->salt, 0, sizeof link->salt);
}

int link_seal(link_t *link, const uint8_t *key, const uint8_t *salt)
{
    const crypto *with = &link->core->crypto;
    core_enter(link->core);
    unseal(link);
    if (with->cipher_new && (link->cipher = with->cipher_new())) {
        if (with->encrypt_init(link->cipher, with->aes_128_gcm(), NULL, key, NULL) == 1)
            memcpy(link->salt, salt, sizeof link->salt);
        else
            unseal(link);
    }
    bool is_sealing = link->cipher != NULL;
    core_leave(link->core);
    return is_sealing ? 0 : -1;
}
