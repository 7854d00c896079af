// Who uses this page.

import { api, take } from "../api/client";
import type { Account } from "../api/types";

let account = $state.raw<Account | null>(null);
let known = $state(false);
let generation = $state(0);

export const session = {
  /** `null` for guests, and until it is known. */
  get user() {
    return account;
  },
  /** Whether the server has said who it is. */
  get known() {
    return known;
  },
  /** Another number whenever it is somebody else: sockets are opened anew then. */
  get generation() {
    return generation;
  },
  get isAdmin() {
    return account?.role === "admin";
  },
};

function become(user: Account | null): void {
  if (user?.id !== account?.id) generation += 1;
  account = user;
  known = true;
}

/** Asks the server who it is. */
export async function refreshSession(): Promise<void> {
  // The first thing asked: a guest has a cookie from then on, and is one viewer by it,
  // whatever player and socket come after.
  become((await take(api.GET("/api/v1/sessions/current"))).user ?? null);
}

export async function signIn(username: string, password: string): Promise<void> {
  const signedIn = await take(api.POST("/api/v1/sessions", { body: { username, password } }));
  become(signedIn.user);
}

export async function register(username: string, password: string, displayName: string): Promise<void> {
  const display_name = displayName.trim() || null;
  await take(api.POST("/api/v1/users", { body: { username, password, display_name } }));
  await signIn(username, password);
}

export async function signOut(): Promise<void> {
  await take(api.DELETE("/api/v1/sessions/current"));
  become(null);
}

/** The account as an answer showed it. */
export function updateAccount(user: Account): void {
  become(user);
}
