/** A soft tone: for those who asked for one when a hand goes up or somebody waits, and for who is asked whether they are there. */

/** @type {AudioContext | null} */
let context = null;

export function softTone() {
  try {
    context ??= new AudioContext();
    const start = context.currentTime;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.linearRampToValueAtTime(0.06, start + 0.04);
    gain.gain.exponentialRampToValueAtTime(0.0005, start + 0.7);
    const tone = new OscillatorNode(context, { type: "sine", frequency: 523.25 });
    tone.connect(gain).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.75);
  } catch {
    // No sound device: the eyes know already.
  }
}
