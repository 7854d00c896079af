// Waiting longer from try to try.

/** Waits of 0.5 s, 1 s, 2 s, … up to `most`, each a little different so that not all come at once. */
export class Backoff {
  #tries = 0;

  constructor(
    private readonly least = 500,
    private readonly most = 10_000,
    private readonly random: () => number = Math.random,
  ) {}

  next(): number {
    const whole = Math.min(this.most, this.least * 2 ** Math.min(this.#tries, 16));
    this.#tries += 1;
    return Math.round(whole * (0.75 + this.random() * 0.5));
  }

  reset(): void {
    this.#tries = 0;
  }
}
