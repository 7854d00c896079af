// What a room's chat shows: the room's lines in order, each once, and what was sent from here
// and is on its way. Plain data and no clock, so that it can be tested alone.

import type { ChatAuthor, ChatLine } from "../api/types";

/** A message as it is shown. */
export interface MessageRow {
  kind: "message";
  key: string;
  /** Its number in the room; `null` until the server has told it. */
  seq: number | null;
  at: string | null;
  author: ChatAuthor;
  /** `null` once it was deleted. */
  text: string | null;
  truncated: boolean;
  replyTo: number | null;
  /** The emoji of the codes in its text. */
  emotes: Record<string, string>;
  clientId: string | null;
  /** For what was sent from here: how far it is. */
  sending: "waiting" | "failed" | null;
  /** Why it was not taken. */
  problem: string | null;
}

/** Anything else that the room tells. */
export interface NoticeRow {
  kind: "notice";
  key: string;
  seq: number;
  at: string;
  line: Exclude<ChatLine, { type: "message" } | { type: "deleted" } | { type: "unpinned" }>;
}

export type Row = MessageRow | NoticeRow;

/** What the server says of a message that it took. */
export interface Receipt {
  seq: number;
  at: string;
}

/** How many rows are kept while nobody looks at old ones. */
export const KEEP = 6000;
const TRIM = 1000;

export class ChatLog {
  #rows: Row[] = [];
  #pending: MessageRow[] = [];
  /** All numbers that were seen; lines that are not shown have one too. */
  #seen = new Set<number>();
  /** Deletions whose message is not here yet: older pages may bring it. */
  #deleted = new Set<number>();
  #first: number | null = null;
  #last = 0;
  #place: string | null = null;

  /** Everything that is to be shown, in order. */
  rows(): Row[] {
    return [...this.#rows, ...this.#pending];
  }

  /** The last place that was heard of: from there one goes on after a break. */
  get place(): string | null {
    return this.#place;
  }

  /** The oldest place here, to ask for what was before it. */
  get oldest(): number | null {
    return this.#first;
  }

  /** Whether there may be older lines. */
  get hasOlder(): boolean {
    return this.#first !== null && this.#first > 1;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** Throws away what the server said; what is on its way stays. */
  reset(): void {
    this.#rows = [];
    this.#seen.clear();
    this.#deleted.clear();
    this.#first = null;
    this.#last = 0;
    this.#place = null;
  }

  /** Where the room is, before any line of it was heard. */
  startAt(place: string): void {
    this.#place ??= place;
  }

  /** Takes lines in whatever order, and each any number of times. Returns how many rows came behind. */
  add(lines: ChatLine[]): number {
    let behind = 0;
    const before: Row[] = [];
    for (const line of [...lines].sort((a, b) => a.seq - b.seq)) {
      if (this.#seen.has(line.seq)) continue;
      this.#seen.add(line.seq);
      this.#first = Math.min(this.#first ?? line.seq, line.seq);
      const isNewest = line.seq > this.#last;
      if (isNewest) {
        this.#last = line.seq;
        this.#place = line.place;
      }
      const row = this.#row(line);
      if (!row) continue;
      const last = this.#rows[this.#rows.length - 1];
      if (!last || seqOf(row) > seqOf(last)) {
        this.#rows.push(row);
        behind += 1;
      } else {
        before.push(row);
      }
    }
    if (before.length > 0) {
      this.#rows = [...before, ...this.#rows].sort((a, b) => seqOf(a) - seqOf(b));
    }
    return behind;
  }

  /** Forgets the oldest rows where there are very many. Whether it did. */
  trim(): boolean {
    if (this.#rows.length <= KEEP + TRIM) return false;
    const gone = this.#rows.splice(0, this.#rows.length - KEEP);
    const first = this.#rows[0]!;
    for (const row of gone) this.#seen.delete(seqOf(row));
    for (const seq of this.#seen) if (seq < seqOf(first)) this.#seen.delete(seq);
    this.#first = seqOf(first);
    return true;
  }

  /** Shows a message that is about to be sent. */
  send(clientId: string, author: ChatAuthor, text: string, replyTo: number | null): void {
    this.#pending.push({
      kind: "message",
      key: `c:${clientId}`,
      seq: null,
      at: null,
      author,
      text,
      truncated: false,
      emotes: {},
      replyTo,
      clientId,
      sending: "waiting",
      problem: null,
    });
  }

  /** The server took it; its line comes, or has come. */
  sent(clientId: string, receipt: Receipt): void {
    if (this.#seen.has(receipt.seq)) {
      this.discard(clientId);
      return;
    }
    this.#change(clientId, (row) => ({
      ...row,
      seq: receipt.seq,
      at: receipt.at,
      sending: null,
      problem: null,
    }));
  }

  /** The server did not take it. */
  failed(clientId: string, problem: string): void {
    this.#change(clientId, (row) => ({ ...row, sending: "failed", problem }));
  }

  /** It is tried again: with the same name, so that it is the same message. */
  retry(clientId: string): MessageRow | null {
    this.#change(clientId, (row) => ({ ...row, sending: "waiting", problem: null }));
    return this.pending(clientId);
  }

  discard(clientId: string): void {
    this.#pending = this.#pending.filter((row) => row.clientId !== clientId);
  }

  pending(clientId: string): MessageRow | null {
    return this.#pending.find((row) => row.clientId === clientId) ?? null;
  }

  /** What is still to be sent, in order. */
  waiting(): MessageRow[] {
    return this.#pending.filter((row) => row.sending === "waiting");
  }

  /** The message with a number, if it is here. */
  message(seq: number): MessageRow | null {
    const at = this.#indexOf(seq);
    const row = at === null ? undefined : this.#rows[at];
    return row?.kind === "message" ? row : null;
  }

  #row(line: ChatLine): Row | null {
    switch (line.type) {
      case "message": {
        if (line.client_message_id) this.#arrived(line.client_message_id, line.author.identity);
        const gone = this.#deleted.delete(line.seq);
        return {
          kind: "message",
          key: `s:${line.seq}`,
          seq: line.seq,
          at: line.at,
          author: line.author,
          text: gone ? null : (line.text ?? null),
          truncated: line.truncated,
          emotes: line.emotes ?? {},
          replyTo: line.reply_to ?? null,
          clientId: line.client_message_id ?? null,
          sending: null,
          problem: null,
        };
      }
      case "deleted": {
        const at = this.#indexOf(line.target);
        const row = at === null ? undefined : this.#rows[at];
        if (at !== null && row?.kind === "message") this.#rows[at] = { ...row, text: null };
        else this.#deleted.add(line.target);
        return null;
      }
      case "unpinned":
        return null;
      default:
        return { kind: "notice", key: `s:${line.seq}`, seq: line.seq, at: line.at, line };
    }
  }

  /** A client names its messages for itself alone: another's may be called the same. */
  #arrived(clientId: string, identity: string): void {
    this.#pending = this.#pending.filter((row) => row.clientId !== clientId || row.author.identity !== identity);
  }

  #change(clientId: string, change: (row: MessageRow) => MessageRow): void {
    this.#pending = this.#pending.map((row) => (row.clientId === clientId ? change(row) : row));
  }

  #indexOf(seq: number): number | null {
    let [low, high] = [0, this.#rows.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = seqOf(this.#rows[middle]!);
      if (found === seq) return middle;
      if (found < seq) low = middle + 1;
      else high = middle - 1;
    }
    return null;
  }
}

function seqOf(row: Row): number {
  return row.seq ?? Number.MAX_SAFE_INTEGER;
}
