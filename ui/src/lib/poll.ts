// Asking again and again, while the page is seen.

/**
 * Calls `ask` now and `every` milliseconds after it was done; at once when the page is seen or
 * on line again. Returns what ends it.
 */
export function poll(ask: (signal: AbortSignal) => Promise<unknown>, every: number): () => void {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;

  const run = async () => {
    if (busy || ended.signal.aborted) return;
    clearTimeout(timer);
    busy = true;
    try {
      if (document.visibilityState !== "hidden") await ask(ended.signal);
    } catch {
      // Whoever asks shows what went wrong; the next turn comes in any case.
    } finally {
      busy = false;
      if (!ended.signal.aborted) timer = setTimeout(run, every);
    }
  };
  const again = () => void run();
  document.addEventListener("visibilitychange", again);
  addEventListener("online", again);
  void run();
  return () => {
    ended.abort();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", again);
    removeEventListener("online", again);
  };
}
