// The time, in steps of a second, as the server counts it.

let offset = $state(0);
let now = $state(Date.now());
let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** What the server's clock shows. */
export function heardServerTime(text: string): void {
  const at = Date.parse(text);
  if (Number.isFinite(at)) offset = at - Date.now();
}

export const clock = {
  /** Milliseconds since 1970, a second old at most while `tick` runs. */
  get now() {
    return now + offset;
  },
};

/** Keeps the clock going; call it in an effect. */
export function tick(): () => void {
  users += 1;
  now = Date.now();
  timer ??= setInterval(() => (now = Date.now()), 1000);
  return () => {
    users -= 1;
    if (users === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}
