// What a screen reader is told of a chat: a little, seldom.

export interface Heard {
  name: string;
  text: string;
}

/** One sentence for what came since the last one. */
export function announcement(heard: Heard[]): string {
  const last = heard[heard.length - 1];
  if (!last) return "";
  const said = `${last.name}: ${last.text}`;
  return heard.length === 1 ? said : `${heard.length} new messages. ${said}`;
}
