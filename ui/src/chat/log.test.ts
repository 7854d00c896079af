import { describe, expect, it } from "vitest";
import type { ChatLine } from "../api/types";
import { ChatLog, KEEP, type MessageRow } from "./log";

const alice = { identity: "user:a", name: "Alice", username: "alice", badges: [] };
const bob = { identity: "user:b", name: "Bob", username: "bob", badges: [] };

function message(seq: number, text = `text ${seq}`, clientId: string | null = null, author = alice): ChatLine {
  return { type: "message", place: `0:${seq}`, seq, at: "2026-01-01T00:00:00Z", author, text, truncated: false, client_message_id: clientId };
}
function deleted(seq: number, target: number): ChatLine {
  return { type: "deleted", place: `0:${seq}`, seq, at: "2026-01-01T00:00:00Z", target };
}
const seqs = (log: ChatLog) => log.rows().map((row) => row.seq);
const texts = (log: ChatLog) => log.rows().map((row) => (row as MessageRow).text);

describe("what comes from the server", () => {
  it("is shown in order, each line once, however it comes", () => {
    const log = new ChatLog();
    log.add([message(5), message(4)]);
    log.add([message(6), message(5)]);
    log.add([message(2), message(3)]);
    expect(seqs(log)).toEqual([2, 3, 4, 5, 6]);
    expect(log.place).toBe("0:6");
    expect(log.hasOlder).toBe(true);
    log.add([message(1)]);
    expect(log.hasOlder).toBe(false);
  });

  it("goes on from the last line after a break, without a gap or a double", () => {
    const log = new ChatLog();
    log.add([message(1), message(2), message(3)]);
    const after = Number(log.place?.split(":")[1]);
    log.add([3, 4, 5].filter((seq) => seq >= after).map((seq) => message(seq)));
    expect(seqs(log)).toEqual([1, 2, 3, 4, 5]);
  });

  it("says how many rows came behind, not in front", () => {
    const log = new ChatLog();
    expect(log.add([message(10)])).toBe(1);
    expect(log.add([message(8), message(9)])).toBe(0);
    expect(log.add([message(11), deleted(12, 11)])).toBe(1);
    expect(log.place).toBe("0:12");
  });

  it("begins where it joined when nothing was said", () => {
    const log = new ChatLog();
    log.startAt("3:7");
    expect(log.place).toBe("3:7");
    log.add([{ ...message(8), place: "3:8" }]);
    log.startAt("3:7");
    expect(log.place).toBe("3:8");
  });

  it("loses the text of what was deleted, before and after it came", () => {
    const log = new ChatLog();
    log.add([message(5), message(6), deleted(7, 5), deleted(8, 2)]);
    expect(texts(log)).toEqual([null, "text 6"]);
    log.add([message(2), message(3)]);
    expect(texts(log)).toEqual([null, "text 3", null, "text 6"]);
  });

  it("is thrown away at a resync, but for what is on its way", () => {
    const log = new ChatLog();
    log.add([message(1)]);
    log.send("mine", alice, "hello", null);
    log.reset();
    log.add([{ ...message(1, "another past"), place: "1:1" }]);
    expect(texts(log)).toEqual(["another past", "hello"]);
    expect(log.place).toBe("1:1");
  });

  it("forgets the oldest of very many, and can have them again", () => {
    const log = new ChatLog();
    log.add(Array.from({ length: KEEP + 1500 }, (_, i) => message(i + 1)));
    expect(log.trim()).toBe(true);
    expect(log.size).toBe(KEEP);
    expect(log.oldest).toBe(1501);
    expect(log.hasOlder).toBe(true);
    log.add([message(1500)]);
    expect(log.rows()[0]?.seq).toBe(1500);
    expect(log.trim()).toBe(false);
  });
});

describe("what is sent from here", () => {
  it("is shown at once, and once only when its line comes before the answer", () => {
    const log = new ChatLog();
    log.send("c1", alice, "hello", null);
    expect(log.rows()[0]).toMatchObject({ text: "hello", sending: "waiting" });
    log.add([message(1, "hello", "c1")]);
    log.sent("c1", { seq: 1, at: "now" });
    expect(seqs(log)).toEqual([1]);
  });

  it("is shown once when the answer comes before its line, and moves no place", () => {
    const log = new ChatLog();
    log.add([message(1)]);
    log.send("c1", alice, "hello", null);
    log.sent("c1", { seq: 3, at: "now" });
    // The line between is still to come: one would miss it when going on from 3.
    expect(log.place).toBe("0:1");
    log.add([message(2, "between", null, bob), message(3, "hello", "c1")]);
    expect(texts(log)).toEqual(["text 1", "between", "hello"]);
  });

  it("is not taken for another's message of the same name", () => {
    const log = new ChatLog();
    log.send("c1", alice, "mine", null);
    log.add([message(1, "theirs", "c1", bob)]);
    expect(texts(log)).toEqual(["theirs", "mine"]);
    expect(log.waiting()).toHaveLength(1);
  });

  it("keeps its error until it is tried again or discarded", () => {
    const log = new ChatLog();
    log.send("c1", alice, "one", null);
    log.send("c2", alice, "two", null);
    log.failed("c1", "Too fast.");
    expect(log.rows()[0]).toMatchObject({ sending: "failed", problem: "Too fast." });
    expect(log.waiting().map((row) => row.clientId)).toEqual(["c2"]);
    expect(log.retry("c1")).toMatchObject({ sending: "waiting", problem: null });
    log.discard("c2");
    expect(log.waiting().map((row) => row.clientId)).toEqual(["c1"]);
  });
});
