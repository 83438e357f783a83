/**
 * Passkeys between JSON and what browsers take (WebAuthn level 3, §5.1.8 and §5.1.10). No DOM.
 *
 * Newer browsers bring `parse…FromJSON` and `toJSON`; older phones, which people have, do not: so both ways are here.
 */

/** @param {string} text base64url @returns {Uint8Array<ArrayBuffer>} */
export function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (char) => char.charCodeAt(0));
}

/** @param {ArrayBuffer | null | undefined} buffer @returns {string | undefined} base64url, without padding */
export function text(buffer) {
  if (!buffer) return undefined;
  let plain = "";
  for (const byte of new Uint8Array(buffer)) plain += String.fromCharCode(byte);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {any} json @returns {PublicKeyCredentialCreationOptions} */
export function creation(json) {
  return {
    ...json,
    challenge: bytes(json.challenge),
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: (json.excludeCredentials ?? []).map(descriptor),
  };
}

/** @param {any} json @returns {PublicKeyCredentialRequestOptions} */
export function request(json) {
  return { ...json, challenge: bytes(json.challenge), allowCredentials: (json.allowCredentials ?? []).map(descriptor) };
}

/** @param {any} json */
function descriptor(json) {
  return { ...json, id: bytes(json.id) };
}

/** What the server reads. @param {PublicKeyCredential} credential */
export function answer(credential) {
  const response = /** @type {any} */ (credential.response);
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle),
    },
  };
}

/** Whether a host's name can have passkeys: numbers cannot. @param {string} host */
export function possible(host) {
  return !/^[\d.]+$/.test(host) && !host.includes(":");
}
