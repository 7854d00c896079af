import { expect, it } from "vitest";
import { announcement } from "./announce";
import { mentions, parts } from "./text";

it("finds mentions, and whether they are of oneself", () => {
  expect(parts("hi @Anna-1, @bob!", "anna-1")).toEqual([
    { kind: "text", text: "hi " },
    { kind: "mention", text: "@Anna-1", isMe: true },
    { kind: "text", text: ", " },
    { kind: "mention", text: "@bob", isMe: false },
    { kind: "text", text: "!" },
  ]);
  expect(mentions("mail anna@example.org", "example")).toBe(false);
  expect(mentions("@anna", null)).toBe(false);
});

it("makes links of web addresses alone", () => {
  expect(parts("see https://example.org/a?b=c.", null)).toEqual([
    { kind: "text", text: "see " },
    { kind: "link", text: "https://example.org/a?b=c", href: "https://example.org/a?b=c" },
    { kind: "text", text: "." },
  ]);
  for (const text of ["javascript:alert(1)", "data:text/html,x", "<img src=x onerror=alert(1)>", "https://"]) {
    expect(parts(text, null).map((part) => part.kind), text).toEqual(["text"]);
  }
});

it("keeps every character", () => {
  for (const text of ["", "@ab @abc@def https://x.y/)", "👩‍👩‍👧 @anna\nhttp://a.b"]) {
    expect(parts(text, "anna").map((part) => part.text).join("")).toBe(text);
  }
});

it("tells a screen reader of many messages in one sentence", () => {
  expect(announcement([])).toBe("");
  expect(announcement([{ name: "Anna", text: "hi" }])).toBe("Anna: hi");
  expect(announcement([{ name: "Bob", text: "a" }, { name: "Anna", text: "hi" }])).toBe("2 new messages. Anna: hi");
});

it("shows emotes where they are known", () => {
  const found = parts("at 10:30: :heart: and :nope: :heart:", null, { heart: "❤️" });
  expect(found.map((part) => part.text)).toEqual(["at 10:30: ", "❤️", " and :nope: ", "❤️"]);
  // What an object has by itself is no emote.
  expect(parts(":toString:", null, {})).toEqual([{ kind: "text", text: ":toString:" }]);
});
