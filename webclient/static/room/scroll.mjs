/** Scrolling that moves the panel somebody looks at, and never the room around it. */

/** Bring something to the top of the panel it stands in. (`scrollIntoView` would take the whole room along on a phone.)
 * @param {Element | null | undefined} element */
export function bringToTop(element) {
  const panel = element?.closest(".side-body");
  if (panel && element) panel.scrollTop += element.getBoundingClientRect().top - panel.getBoundingClientRect().top;
}
