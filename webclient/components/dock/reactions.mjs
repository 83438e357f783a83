/** The five reactions, and how long one is seen before it has faded. */

import { t } from "/static/core/words.mjs";

export const REACTIONS = [
  { id: "with_you", label: t("With you"), icon: "hand-heart" },
  { id: "heart", label: t("Heart"), icon: "heart" },
  { id: "thumbs_up", label: t("Thumbs up"), icon: "thumbs-up" },
  { id: "clap", label: t("Well done"), icon: "sparkles" },
  { id: "smile", label: t("Smile"), icon: "smile" },
];

export const REACTION_MS = 6_000;
