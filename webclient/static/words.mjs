/** The catalogue of this page's language, where `<html data-words>` names one. English needs none. */

const address = document.documentElement.dataset.words;

/** @type {{language: string, messages: Record<string, string | string[]>}} */
export const { language, messages } = address ? await import(address) : { language: "en", messages: {} };
