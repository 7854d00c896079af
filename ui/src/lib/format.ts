// How numbers and times are written.

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** `7`, `1.2K`. */
export function count(n: number): string {
  return COMPACT.format(Math.max(0, n));
}

/** `1 viewer`, `1.2K viewers`. */
export function viewers(n: number): string {
  return `${count(n)} ${n === 1 ? "viewer" : "viewers"}`;
}

/** `0:07`, `12:34`, `3:04:05`. */
export function uptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The same for who listens: `3 hours 4 minutes`. */
export function uptimeSpoken(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  const [h, m] = [Math.floor(minutes / 60), minutes % 60];
  const unit = (n: number, name: string) => `${n} ${name}${n === 1 ? "" : "s"}`;
  if (h === 0) return unit(m, "minute");
  return m === 0 ? unit(h, "hour") : `${unit(h, "hour")} ${unit(m, "minute")}`;
}

/** `just now`, `5 min`, `2 h`, `3 d`: for a card. */
export function since(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** `850 kbit/s`, `4.2 Mbit/s`. */
export function bitrate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1_000_000) return `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}

/** `15 MB`, `1.2 GB`. */
export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; n >= 999.5 && at < units.length - 1; at++) n /= 1000;
  return `${n < 9.95 ? Number(n.toFixed(1)) : Math.round(n)} ${units[at]}`;
}

/** `1.5 s`; one digit, no needless zero. */
export function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

/** A waiting time in words: `12 s`, `3 min`. */
export function wait(totalSeconds: number): string {
  const s = Math.max(1, Math.ceil(totalSeconds));
  return s < 120 ? `${s} s` : `${Math.ceil(s / 60)} min`;
}

/** What a codec is called, from RFC 6381's name. */
export function codec(name: string): string {
  const known: [RegExp, string][] = [
    [/^avc[13]/, "H.264"],
    [/^(hvc1|hev1)/, "HEVC"],
    [/^av01/, "AV1"],
    [/^vp09/, "VP9"],
    [/^mp4a/, "AAC"],
    [/^opus/i, "Opus"],
  ];
  return known.find(([pattern]) => pattern.test(name))?.[1] ?? name;
}

/** Two letters that stand for somebody. */
export function initials(name: string): string {
  const words = name.trim().split(/[\s_-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  const chosen = letters.map((word) => [...(word ?? "")][0] ?? "").join("");
  return chosen.toUpperCase() || "?";
}

/** A hue that always is the same for the same text, 0 to 359. */
export function hue(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return (hash >>> 0) % 360;
}

/** Why a stream is over. */
export function endReason(reason: string | null | undefined): string {
  switch (reason) {
    case "owner_ended":
      return "The broadcaster ended the stream.";
    case "admin_ended":
      return "An administrator ended the stream.";
    case "encoder_gone":
      return "The broadcaster's connection was lost and did not come back.";
    case "no_media":
      return "The stream began without picture or sound.";
    default:
      return "The stream is over.";
  }
}
