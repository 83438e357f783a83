/** A soft tone that rises and falls with a breath, and a buzz where the device has one. Both only when asked for. */

const LOW_HZ = 174;
const HIGH_HZ = 261;
const LOUD_MAX = 0.05;
const GLIDE_S = 0.12;

export function createTone() {
  /** @type {{sound: AudioContext, tone: OscillatorNode, loud: GainNode} | null} */
  let playing = null;
  return {
    /** By a press: browsers make no sound before one. */
    start() {
      if (playing || !("AudioContext" in globalThis)) return;
      const sound = new AudioContext();
      const tone = sound.createOscillator();
      const loud = sound.createGain();
      tone.type = "sine";
      tone.frequency.value = LOW_HZ;
      loud.gain.value = 0;
      tone.connect(loud).connect(sound.destination);
      tone.start();
      playing = { sound, tone, loud };
    },
    /** @param {number} fullness 0…1 */
    level(fullness) {
      if (!playing) return;
      const { sound, tone, loud } = playing;
      tone.frequency.setTargetAtTime(LOW_HZ + (HIGH_HZ - LOW_HZ) * fullness, sound.currentTime, GLIDE_S);
      loud.gain.setTargetAtTime(LOUD_MAX * (0.25 + 0.75 * fullness), sound.currentTime, GLIDE_S);
    },
    stop() {
      void playing?.sound.close();
      playing = null;
    },
  };
}

/** Twice for in, once and longer for out. @param {string} phase */
export function buzz(phase) {
  const patterns = { inhale: [40, 60, 40], exhale: [110] };
  const pattern = patterns[/** @type {keyof typeof patterns} */ (phase)];
  if (pattern) navigator.vibrate?.(pattern);
}
