/** Three soft notes on the chosen speaker, made here: nothing to download. Resolves when they have faded. */

const NOTES_HZ = [523.25, 659.25, 783.99];
const APART_S = 0.16;
const FADE_S = 0.9;

/** @param {import("/static/media/capture.mjs").Capture} capture */
export async function playChime(capture) {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const speaker = new Audio();
  try {
    await context.resume();
    const start = context.currentTime + 0.05;
    NOTES_HZ.forEach((hz, index) => {
      const at = start + index * APART_S;
      const tone = new OscillatorNode(context, { type: "sine", frequency: hz });
      const gain = new GainNode(context, { gain: 0 });
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.18, at + 0.03);
      gain.gain.exponentialRampToValueAtTime(0.0005, at + FADE_S);
      tone.connect(gain).connect(out);
      tone.start(at);
      tone.stop(at + FADE_S);
    });
    speaker.srcObject = out.stream; // through an element: only elements can be sent to a chosen speaker everywhere
    await capture.speakThrough(speaker);
    await speaker.play();
    await new Promise((done) => setTimeout(done, (NOTES_HZ.length * APART_S + FADE_S) * 1000));
  } finally {
    speaker.srcObject = null;
    await context.close();
  }
}
