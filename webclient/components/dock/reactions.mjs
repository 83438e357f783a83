/** The five reactions, and how long one is seen before it has faded. */

export const REACTIONS = [
  { id: "with_you", label: "With you", icon: "hand-heart" },
  { id: "heart", label: "Heart", icon: "heart" },
  { id: "thumbs_up", label: "Thumbs up", icon: "thumbs-up" },
  { id: "clap", label: "Well done", icon: "sparkles" },
  { id: "smile", label: "Smile", icon: "smile" },
];

export const REACTION_MS = 6_000;
