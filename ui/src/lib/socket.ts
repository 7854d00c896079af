// The real-time connection. Its client is loaded when a page needs it.

import type { Socket } from "socket.io-client";
import { Failure, sentence } from "../api/client";
import { Backoff } from "./backoff";

export type { Socket };

/** How long an acknowledgement is waited for. */
const PATIENCE_MS = 10_000;

/** By what a guest without a cookie stays the same person. */
let guest: string | null = null;

/** Opens a connection that comes back by itself until it is closed. */
export async function openSocket(): Promise<Socket> {
  const { io } = await import("socket.io-client");
  const socket = io({
    // Whatever the server speaks to those who do not say.
    query: { dialect: "greenroom" },
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: 400,
    reconnectionDelayMax: 5000,
    auth: (give) => give(guest ? { guest } : {}),
    autoConnect: false,
  });
  // The client gives up where the server closed on purpose: at its restart, or when a
  // session ended. We come back as whoever we are then.
  const wait = new Backoff(400, 5000);
  const again = () => {
    if (!socket.active) setTimeout(() => !closed.has(socket) && socket.connect(), wait.next());
  };
  socket.on("connect", () => wait.reset());
  socket.on("disconnect", again);
  socket.on("connect_error", again);
  socket.on("session", (told: { guest?: string | null }) => {
    guest = told.guest ?? guest;
  });
  return socket;
}

const closed = new WeakSet<Socket>();

export function closeSocket(socket: Socket): void {
  closed.add(socket);
  socket.disconnect();
}

interface Refused {
  ok: false;
  error: string;
  code: string;
  details: Record<string, unknown>;
}

/** Asks for something, and gives the acknowledgement or a `Failure`. */
export async function ask<T>(socket: Socket, event: string, payload: object): Promise<T> {
  let answer: ({ ok: true } & T) | Refused;
  try {
    answer = await socket.timeout(PATIENCE_MS).emitWithAck(event, payload);
  } catch {
    throw new Failure("The server did not answer.", "OFFLINE", 0);
  }
  if (answer.ok) return answer;
  throw new Failure(sentence(answer.error), answer.code, 0, answer.details);
}
