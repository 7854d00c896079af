// A listing that is read page by page.

import { asFailure } from "../api/client";

interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export class Listing<T> {
  /** `null` until the first page is here. */
  items = $state.raw<T[] | null>(null);
  problem = $state<string | null>(null);
  #next = $state<string | null>(null);

  constructor(private readonly read: (query: { cursor?: string }) => Promise<Page<T>>) {}

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Reads it from its beginning. */
  async ask(): Promise<void> {
    await this.#take(null);
  }

  async more(): Promise<void> {
    await this.#take(this.#next);
  }

  /** Shows it without those that are gone. */
  drop(isGone: (item: T) => boolean): void {
    this.items = (this.items ?? []).filter((item) => !isGone(item));
  }

  async #take(cursor: string | null): Promise<void> {
    this.problem = null;
    try {
      const page = await this.read(cursor === null ? {} : { cursor });
      this.items = cursor === null ? page.items : [...(this.items ?? []), ...page.items];
      this.#next = page.next_cursor ?? null;
    } catch (error) {
      this.problem = asFailure(error).message;
    }
  }
}
