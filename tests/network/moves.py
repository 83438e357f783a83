"""When pictures moved on in a real page, by its own statistics and the machine's clock."""

from __future__ import annotations

WATCH = """
(() => {
  const Real = window.RTCPeerConnection, made = (window.top.made_ ??= []); // those of frames as well
  window.RTCPeerConnection = class extends Real {
    constructor(...settings) { super(...settings); made.push(this); }
  };
  // Per mid: what was received so far.
  window.received_ = async () => {
    const streams = {};
    for (const connection of made) {
      if (connection.connectionState === "closed") continue;
      for (const entry of (await connection.getStats()).values()) {
        if (entry.type === "inbound-rtp") streams[entry.kind + entry.mid] = entry;
      }
    }
    return streams;
  };
  // Moments (of the machine's clock) at which the pictures of a stream were seen to move on.
  window.moves_ = {};
  let frames = {};
  window.watch_ = async () => {
    for (const [name, entry] of Object.entries(await window.received_())) {
      if (entry.kind !== "video") continue;
      const before = frames[name] ?? 0; // less than before: another connection
      if (entry.framesDecoded > 0 && entry.framesDecoded !== before) (window.moves_[name] ??= []).push(Date.now());
      frames[name] = entry.framesDecoded;
    }
    setTimeout(window.watch_, 40);
  };
})();
"""
