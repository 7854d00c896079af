// The REST API, typed by its own description.

import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type { ApiError } from "./types";

export const api = createClient<paths>({ baseUrl: location.origin });

/** How long an answer is waited for. */
const PATIENCE_MS = 15_000;

api.use({
  onRequest({ request }) {
    return new Request(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE_MS)]) });
  },
});

/** What was asked for was not done. */
export class Failure extends Error {
  override name = "Failure";

  constructor(
    message: string,
    /** The server's code; `OFFLINE` where no answer came. */
    readonly code: string,
    /** Of HTTP; 0 where no answer came. */
    readonly status: number,
    readonly details: Record<string, unknown> = {},
    /** When to ask again, in seconds, if the server said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  /** The field of a form that it is about. */
  get field(): string | null {
    return typeof this.details.field === "string" ? this.details.field : null;
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's body, or a `Failure`. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await takeWithTag(asked)).data;
}

/** The same with the version that the answer shows, for `If-Match`. */
export async function takeWithTag<T>(asked: Promise<Answer<T>>): Promise<{ data: T; etag: string | null }> {
  let answer;
  try {
    answer = await asked;
  } catch (cause) {
    throw unreachable(cause);
  }
  const { response } = answer;
  if (!response.ok) throw refused(response, answer.error);
  return { data: answer.data as T, etag: response.headers.get("etag") };
}

/** Sends a picture, which is no JSON. */
export async function putPicture(path: string, picture: Blob): Promise<void> {
  await raw(path, { method: "PUT", body: picture, headers: { "Content-Type": picture.type } });
}

/** Takes a picture away. */
export async function deletePicture(path: string): Promise<void> {
  await raw(path, { method: "DELETE" });
}

async function raw(path: string, init: RequestInit): Promise<void> {
  let response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(PATIENCE_MS * 4) });
  } catch (cause) {
    throw unreachable(cause);
  }
  if (!response.ok) throw refused(response, await response.json().catch(() => null));
}

function unreachable(cause: unknown): Failure {
  const failure = new Failure("The server cannot be reached.", "OFFLINE", 0);
  failure.cause = cause;
  return failure;
}

function refused(response: Response, body: unknown): Failure {
  const after = Number(response.headers.get("retry-after"));
  const told = isError(body) ? body : null;
  return new Failure(
    told ? sentence(told.error) : `The server answered ${response.status}.`,
    told?.code ?? `HTTP_${response.status}`,
    response.status,
    (told?.details ?? {}) as Record<string, unknown>,
    Number.isFinite(after) && after > 0 ? after : null,
  );
}

function isError(body: unknown): body is ApiError {
  return typeof body === "object" && body !== null && "code" in body && "error" in body;
}

/** The server's messages are parts of a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "Something went wrong.";
  const begun = trimmed[0]!.toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** Whatever was thrown, as a failure. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const failure = new Failure("Something went wrong here.", "UNEXPECTED", 0);
  failure.cause = thrown;
  return failure;
}
