// Short notes on what was done.

export interface Toast {
  id: number;
  kind: "done" | "failed";
  text: string;
}

let list = $state.raw<Toast[]>([]);
let last = 0;

export const toasts = {
  get list() {
    return list;
  },
};

/** Shows a note for a few seconds. */
export function toast(text: string, kind: Toast["kind"] = "done"): void {
  const note = { id: ++last, kind, text };
  list = [...list.slice(-2), note];
  setTimeout(() => dismiss(note.id), kind === "failed" ? 9000 : 4000);
}

export function dismiss(id: number): void {
  list = list.filter((note) => note.id !== id);
}
