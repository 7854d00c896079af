// What is in a message's text: words, mentions, links. Never HTML.

export type Part =
  | { kind: "text"; text: string }
  | { kind: "mention"; text: string; isMe: boolean }
  | { kind: "link"; text: string; href: string }
  | { kind: "emote"; text: string; code: string };

const PATTERN = /(https?:\/\/[^\s<>"']+)|(?<![\w@-])@([A-Za-z0-9_-]{3,32})|:([A-Za-z0-9_+-]+):/g;
/** What ends a sentence does not belong to the address before it. */
const TAIL = /[.,;:!?)\]}]+$/;

/** Splits a text; `me` is one's own user name, if there is one, `emotes` the emoji of its codes. */
export function parts(text: string, me: string | null, emotes: Record<string, string> = {}): Part[] {
  const found: Part[] = [];
  let from = 0;
  const plain = (to: number) => {
    if (to > from) found.push({ kind: "text", text: text.slice(from, to) });
    from = to;
  };
  for (const match of text.matchAll(PATTERN)) {
    const [whole, link, name, code] = match;
    if (link) {
      const address = whole.replace(TAIL, "");
      const href = safeAddress(address);
      if (!href) continue;
      plain(match.index);
      found.push({ kind: "link", text: address, href });
      from = match.index + address.length;
    } else if (name) {
      plain(match.index);
      found.push({ kind: "mention", text: whole, isMe: isSame(name, me) });
      from = match.index + whole.length;
    } else if (code && Object.hasOwn(emotes, code)) {
      plain(match.index);
      found.push({ kind: "emote", text: emotes[code]!, code });
      from = match.index + whole.length;
    }
  }
  plain(text.length);
  return found;
}

/** Whether a text mentions a user. */
export function mentions(text: string, username: string | null): boolean {
  return username !== null && parts(text, username).some((part) => part.kind === "mention" && part.isMe);
}

function isSame(name: string, me: string | null): boolean {
  return me !== null && name.toLowerCase() === me.toLowerCase();
}

function safeAddress(text: string): string | null {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}
