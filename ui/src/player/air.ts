/** What is on air. */
export type Air = "offline" | "starting" | "live" | "interrupted" | "ended";
