// What came of a command that was typed into the chat.

/** The server's answer to a command. */
export interface CarriedOut {
  done: "restricted" | "lifted" | "cleared" | "role_changed" | "blocked" | "unblocked" | "configured";
  username?: string;
  count?: number;
}

export function words({ done, username, count }: CarriedOut): string {
  switch (done) {
    case "restricted":
      return `${username} may not chat.`;
    case "lifted":
      return `${username} may chat again.`;
    case "cleared":
      return count === 1 ? `One message of ${username} is deleted.` : `${count} messages of ${username} are deleted.`;
    case "role_changed":
      return `What ${username} is in this channel is changed.`;
    case "blocked":
      return `You have blocked ${username}.`;
    case "unblocked":
      return `${username} is no longer blocked.`;
    case "configured":
      return "The chat's rules are changed.";
  }
}
