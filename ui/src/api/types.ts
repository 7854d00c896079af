// The API's types by short names.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Account = Schemas["Account"];
export type User = Schemas["User"];
export type Stream = Schemas["Stream"];
export type Channel = Schemas["Channel"];
export type StreamKey = Schemas["StreamKey"];
export type PlaybackAddress = Schemas["PlaybackAddress"];
export type IngestCredential = Schemas["IngestCredential"];
export type ChatSettings = Schemas["ChatSettings"];
export type ChatLine = Schemas["ChatLine"];
export type ChatAuthor = Schemas["ChatAuthor"];
export type ChatHistory = Schemas["ChatHistory"];
export type EncoderStatus = NonNullable<Schemas["EncoderStatus"]["encoder"]>;
export type ChannelViewer = Schemas["ChannelViewer"];
export type Pin = Schemas["Pin"];
export type Recording = Schemas["Recording"];
export type Appointment = Schemas["Appointment"];
export type AuditEvent = Schemas["AuditEvent"];
export type ApiError = Schemas["Error"];
