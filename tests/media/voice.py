"""A microphone that sounds to Opus like somebody who talks: the beep of Chromium's own one is music to it."""

from __future__ import annotations

TALKING = """
(() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await real(wanted), context = new AudioContext(), heard = context.createMediaStreamDestination();
    const throat = new OscillatorNode(context, { type: "sawtooth", frequency: 120 });
    const melody = new OscillatorNode(context, { frequency: 0.7 });
    melody.connect(new GainNode(context, { gain: 25 })).connect(throat.frequency);
    const vowels = new GainNode(context, { gain: 0 }), hisses = new GainNode(context, { gain: 0 });
    for (const [frequency, sway, Q, gain] of [[550, 200, 6, 1], [1500, 500, 9, 0.5], [2600, 200, 10, 0.25]]) {
      const formant = new BiquadFilterNode(context, { type: "bandpass", frequency, Q });
      const tongue = new OscillatorNode(context, { frequency: 1.3 + frequency / 1000 });
      tongue.connect(new GainNode(context, { gain: sway })).connect(formant.frequency);
      throat.connect(formant).connect(new GainNode(context, { gain })).connect(vowels);
      tongue.start();
    }
    const breath = new AudioBuffer({ length: context.sampleRate, sampleRate: context.sampleRate });
    breath.getChannelData(0).forEach((_, index, samples) => { samples[index] = Math.random() * 2 - 1; });
    const noise = new AudioBufferSourceNode(context, { buffer: breath, loop: true });
    noise.connect(new BiquadFilterNode(context, { type: "highpass", frequency: 3500 })).connect(hisses);
    let at = context.currentTime;
    for (let syllable = 0; syllable < 400; syllable += 1) {
      if (Math.random() < 0.4) {
        hisses.gain.setValueAtTime(0.12, at);
        at += 0.07;
        hisses.gain.setValueAtTime(0, at);
      }
      throat.frequency.setTargetAtTime(95 + Math.random() * 60, at, 0.05);
      vowels.gain.setTargetAtTime(0.9, at, 0.01);
      at += 0.09 + Math.random() * 0.15;
      vowels.gain.setTargetAtTime(0, at, 0.02);
      at += Math.random() < 0.2 ? 0.3 : 0.06;
    }
    for (const part of [vowels, hisses]) part.connect(heard);
    for (const source of [throat, melody, noise]) source.start();
    stream.getAudioTracks().forEach((track) => { track.stop(); stream.removeTrack(track); });
    stream.addTrack(heard.stream.getAudioTracks()[0]);
    return stream;
  };
})();
"""
"""A script for a page, before any of its own; it talks for a minute and more."""
