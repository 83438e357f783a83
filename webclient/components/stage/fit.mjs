/**
 * How many columns show everyone best. Pure arithmetic, so that it can be tested without a browser.
 *
 * Tiles are equal, 4:3, with a line for the name beneath. The largest tile that lets all of them fit wins; of equally
 * large ones the grid with fewer empty places. Where even that is too small to read a face, the grid scrolls instead.
 *
 * @param {number} count @param {number} width @param {number} height of the place there is, in px
 * @param {{gap: number, caption: number, tileMin: number, tileMax: number}} [rules]
 * @returns {{columns: number, tile: number, scrolls: boolean}} `tile`: width of one in px
 */
export function fit(count, width, height, { gap, caption, tileMin, tileMax } = RULES) {
  let best = { columns: 1, tile: 0, empty: Infinity };
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - gap * (columns - 1)) / columns;
    const byHeight = ((height - gap * (rows - 1)) / rows - caption) * (4 / 3);
    const tile = Math.floor(Math.min(byWidth, byHeight, tileMax));
    const empty = rows * columns - count;
    if (tile > best.tile || (tile === best.tile && empty < best.empty)) best = { columns, tile, empty };
  }
  if (best.tile >= Math.min(tileMin, width)) return { columns: best.columns, tile: best.tile, scrolls: false };
  const columns = Math.min(count, Math.max(2, Math.floor((width + gap) / (tileMin + gap))));
  return { columns, tile: Math.floor((width - gap * (columns - 1)) / columns), scrolls: true };
}

export const RULES = { gap: 12, caption: 32, tileMin: 148, tileMax: 760 };
export const PHONE_RULES = { gap: 8, caption: 26, tileMin: 126, tileMax: 760 };
