/**
 * The contract of a shape: what one kind of exercise draws. The frame (`exercise.mjs`) does all the rest.
 *
 * @typedef {object} Context what a shape is made with
 * @property {{get: (key: string) => any, set: (key: string, value: any) => void}} memory small things of this tab
 * @property {() => void} redraw draw anew, after something of the shape's own has changed
 *
 * @typedef {object} Moment where the group is, and what this person wrote
 * @property {any} exercise as in the view
 * @property {any} step the present one; the first while the exercise has not begun
 * @property {number} index −1: it has not begun
 * @property {number | null} since by the server's clock
 * @property {boolean} over
 * @property {boolean} staff
 * @property {Map<string, string>} names of everybody in the room
 * @property {any} own what the view says of this person's part: partners, card
 * @property {string} person oneself
 * @property {import("./fields.mjs").Paper} paper
 *
 * @typedef {object} Shape
 * @property {(moment: Moment) => unknown} draw a lit template, after every change
 * @property {(root: HTMLElement, moment: Moment, now: number) => void} [frame] many times a second, for what moves by the clock
 * @property {boolean} [leading] what it draws stands above the words of the step
 * @property {() => void} [end] it is off the card
 */

import { create as breath } from "./shapes/breath.mjs";
import { create as chain } from "./shapes/chain.mjs";
import { create as four } from "./shapes/four.mjs";
import { create as poll } from "./shapes/poll.mjs";
import { create as prompts } from "./shapes/prompts.mjs";
import { create as sheet } from "./shapes/sheet.mjs";
import { create as wave } from "./shapes/wave.mjs";

/** @type {Record<string, (context: Context) => Shape>} */
export const SHAPES = { breath, chain, four, poll, prompts, sheet, wave };
