// From an account to an audience by nothing but the client that was generated from
// api/openapi.json: whatever the document leaves out or says wrongly does not compile, or fails.
//
// Environment: SERVER_URL. It says {"publish": address} when an encoder is wanted there, and
// {"done": …} at the end.

import { createClient } from "./generated/client/index.js";
import {
  becomeCreator,
  createChannel,
  createKey,
  endStream,
  getChannel,
  getPlayback,
  getUser,
  joinStream,
  listKeys,
  listLive,
  postMessage,
  readChat,
  register,
  signIn,
} from "./generated/sdk.gen.js";
import type { ChatLine, Stream } from "./generated/types.gen.js";

const baseUrl = process.env.SERVER_URL!;
const account = { username: "kim", password: "a long enough password" };
const throwOnError = true;

const say = (line: object) => console.log(JSON.stringify(line));

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let n = 0; n < 200; n += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain for ${what}`);
}

const guest = createClient({ baseUrl });
const made = await register({ client: guest, body: { ...account, display_name: "Kim" }, throwOnError });
const { data: session } = await signIn({ client: guest, body: account, throwOnError });
const owner = createClient({ baseUrl, auth: session.token });

const creator = await becomeCreator({ client: owner, throwOnError });
await createChannel({ client: owner, body: { handle: "kim", title: "First" }, throwOnError });
const path = { handle: "kim" };
const { data: key } = await createKey({ client: owner, path, body: { label: "OBS" }, throwOnError });
const { data: keys } = await listKeys({ client: owner, path, throwOnError });

// To its owner a channel says where encoders publish to.
const { data: channel } = await getChannel({ client: owner, path, throwOnError });
const rtmp = channel.ingest?.addresses.find(({ protocol }) => protocol === "rtmp");
if (!rtmp) throw new Error("no address for encoders");
say({ publish: `${rtmp.url}/${key.secret}` });

const stream = await until("the stream to be listed", async (): Promise<Stream | undefined> => {
  const { data: live } = await listLive({ client: guest, query: { search: "first", limit: 10 }, throwOnError });
  return live.items.find(({ status }) => status === "live");
});
const { data: joined } = await joinStream({ client: guest, path: { id: stream.id }, throwOnError });
const { data: playback } = await getPlayback({ client: guest, path, throwOnError });
const { data: written } = await postMessage({ client: owner, path, body: { text: "hello" }, throwOnError });
if (!("place" in written)) throw new Error("a message was taken for a command");
const { data: history } = await readChat({ client: guest, path, query: { limit: 50 }, throwOnError });
const messages = history.lines.filter((line): line is Extract<ChatLine, { type: "message" }> => line.type === "message");

// A refusal is typed too.
const nobody = await getUser({ client: guest, path: { username: "nobody" } });
const { data: ended } = await endStream({ client: owner, path: { id: stream.id }, throwOnError });

say({
  done: {
    username: made.data.username,
    creator: creator.data.creator_status,
    keys: keys.items.map(({ label, status }) => `${label} ${status}`),
    channel: stream.channel.handle,
    joined: joined.stream.id === stream.id,
    playback: playback.addresses.map(({ kind }) => kind),
    said: messages.map(({ text, author }) => `${author.name}: ${text}`),
    place: written.place === history.head,
    refused: nobody.error?.code,
    status: ended.status,
  },
});
