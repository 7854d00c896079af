// Who types just now.

/** A typer of whom nothing was heard for so long has stopped: the end may have been lost. */
const FADE_MS = 8000;
const MOST = 50;

export class Typers {
  names = $state.raw<string[]>([]);
  #typers = new Map<string, { name: string; until: number }>();
  #fading: ReturnType<typeof setInterval> | undefined;

  note(identity: string, name: string, isTyping: boolean): void {
    if (isTyping && (this.#typers.has(identity) || this.#typers.size < MOST)) {
      this.#typers.set(identity, { name, until: Date.now() + FADE_MS });
      this.#fading ??= setInterval(() => this.#show(), 1000);
      this.#show();
    } else if (!isTyping && this.#typers.delete(identity)) this.#show();
  }

  close(): void {
    clearInterval(this.#fading);
  }

  #show(): void {
    const now = Date.now();
    for (const [identity, { until }] of this.#typers) if (until <= now) this.#typers.delete(identity);
    const names = [...this.#typers.values()].map(({ name }) => name);
    if (names.join("\n") !== this.names.join("\n")) this.names = names;
    if (this.#typers.size === 0) {
      clearInterval(this.#fading);
      this.#fading = undefined;
    }
  }
}

/** “Ada types…” */
export function typing(names: string[]): string {
  const [first, second] = names;
  if (!first) return "";
  if (!second) return `${first} is typing…`;
  return names.length === 2 ? `${first} and ${second} are typing…` : `${first} and ${names.length - 1} others are typing…`;
}
