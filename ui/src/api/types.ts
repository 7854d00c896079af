// The API's types by short names.

import type { components } from "./schema";

type Schemas = components["schemas"];

/** What pictures a server shows; one without pictures leaves these out. */
interface Pictures {
  /** A frame of the stream, renewed now and then. */
  thumbnail_url?: string | null;
  /** The channel's cover. */
  cover_url?: string | null;
  /** The person's picture. */
  avatar_url?: string | null;
}

export type Account = Schemas["Account"] & Pick<Pictures, "avatar_url">;
export type User = Schemas["User"] & Pick<Pictures, "avatar_url">;
export type ChannelBrief = Omit<Schemas["ChannelBrief"], "owner"> & { owner: User } & Pick<Pictures, "cover_url">;
export type Stream = Omit<Schemas["Stream"], "channel"> & { channel: ChannelBrief } & Pick<Pictures, "thumbnail_url">;
export type Channel = Omit<Schemas["Channel"], "live" | "owner"> & { live?: Stream | null; owner: User } & Pick<
    Pictures,
    "cover_url"
  >;
export type StreamKey = Schemas["StreamKey"];
export type ChatSettings = Schemas["ChatSettings"];
export type ChatLine = Schemas["ChatLine"];
export type ChatAuthor = Schemas["ChatAuthor"];
export type ChatHistory = Schemas["ChatHistory"];
export type EncoderStatus = NonNullable<Schemas["EncoderStatus"]["encoder"]>;
export type ApiError = Schemas["Error"];
