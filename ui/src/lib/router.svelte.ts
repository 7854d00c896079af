// Which page is open: the address says it.

export type Route =
  | { page: "browse" }
  | { page: "watch"; handle: string }
  | { page: "dashboard" | "admin" | "setup" | "sign-in" | "register" | "account" | "not-found" };

const NAMED = new Set(["dashboard", "admin", "setup", "sign-in", "register", "account"] as const);
type Named = typeof NAMED extends Set<infer T> ? T : never;
const HANDLE = /^[a-z0-9_-]{3,32}$/;

/** Which page an address is. */
export function route(path: string): Route {
  const parts = path.split("/").filter(Boolean);
  const [first, second] = parts;
  if (first === undefined) return { page: "browse" };
  if (first === "search" && parts.length === 1) return { page: "browse" };
  if (parts.length === 1 && NAMED.has(first as Named)) return { page: first as Named };
  const handle = first.toLowerCase();
  const isChannel = parts.length === 1 || (parts.length === 2 && second === "live");
  if (isChannel && HANDLE.test(handle) && !NAMED.has(handle as Named)) return { page: "watch", handle };
  return { page: "not-found" };
}

function here() {
  return { path: location.pathname, search: location.search, hash: location.hash };
}

let current = $state.raw(here());

export const router = {
  get path() {
    return current.path;
  },
  get query() {
    return new URLSearchParams(current.search);
  },
  get hash() {
    return current.hash;
  },
  get here() {
    return current.path + current.search;
  },
};

/** Opens another page, or another state of this one. */
export function navigate(to: string, { replace = false } = {}): void {
  if (to === current.path + current.search + current.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  const moved = location.pathname !== current.path;
  current = here();
  if (moved && !replace) scrollTo(0, 0);
}

/** The address where one signs in and comes back from. */
export function signInAddress(): string {
  const back = router.here;
  return back === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(back)}`;
}

/** Where to go on; never to another site. */
export function nextAddress(query: URLSearchParams): string {
  const next = query.get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}

/** Follows links inside of the app without loading the page anew. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    current = here();
  });
  addEventListener("hashchange", () => {
    current = here();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.getAttribute("href")?.startsWith("#")) return;
    if (/^\/(api|hls|dash|embed|assets)(\/|$)/.test(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
  });
}
