// A form that is sent: busy, and what was wrong with it.

import { asFailure, type Failure } from "../api/client";

export class Form {
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);

  /** What is wrong with a field. */
  wrong(field: string): string | null {
    return this.failure?.field === field ? this.failure.message : null;
  }

  /** What is wrong with none of these fields. */
  other(...fields: string[]): string | null {
    const { failure } = this;
    return failure && !(failure.field && fields.includes(failure.field)) ? failure.message : null;
  }

  /** Does it, once at a time. Whether it was done. */
  async submit(event: SubmitEvent | null, send: () => Promise<unknown>): Promise<boolean> {
    event?.preventDefault();
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      await send();
      return true;
    } catch (error) {
      this.failure = asFailure(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
