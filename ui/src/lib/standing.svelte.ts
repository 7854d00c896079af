// What one is to a channel: what one may do there, and whether one follows it.

import { api, take } from "../api/client";
import type { ChannelViewer } from "../api/types";

export class Standing {
  /** `null` until it is known. */
  viewer = $state.raw<ChannelViewer | null>(null);
  /** How many follow the channel, where one's own doing has changed it. */
  followers = $state<number | null>(null);

  constructor(readonly handle: string) {}

  get isStaff(): boolean {
    return ["owner", "admin", "moderator"].includes(this.viewer?.role ?? "");
  }
  /** Whether one may make moderators and VIPs. */
  get mayAppoint(): boolean {
    return ["owner", "admin"].includes(this.viewer?.role ?? "");
  }
  get isOwner(): boolean {
    return this.viewer?.role === "owner";
  }
  get follows(): boolean {
    return this.viewer?.following ?? false;
  }
  get isTold(): boolean {
    return this.viewer?.notify === "live";
  }

  async ask(): Promise<void> {
    this.viewer = await take(api.GET("/api/v1/channels/{handle}/me", { params: { path: { handle: this.handle } } }));
  }

  /** Follows the channel; told of its streams, or not. */
  async follow(notify: "live" | "nothing" = "live"): Promise<void> {
    const params = { path: { handle: this.handle } };
    this.#became(await take(api.PUT("/api/v1/channels/{handle}/follow", { params, body: { notify } })));
  }

  async unfollow(): Promise<void> {
    const params = { path: { handle: this.handle } };
    this.#became(await take(api.DELETE("/api/v1/channels/{handle}/follow", { params })));
  }

  #became({ following, notify = null, followers }: { following: boolean; notify?: "live" | "nothing" | null; followers: number }): void {
    if (this.viewer) this.viewer = { ...this.viewer, following, notify };
    this.followers = followers;
  }
}
