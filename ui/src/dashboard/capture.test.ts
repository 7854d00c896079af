import { expect, test } from "vitest";
import { refusal } from "./capture";

const named = (name: string) => new DOMException("", name);

test("whoever may not use a camera is told what to do", () => {
  expect(refusal(named("NotAllowedError"), "camera")).toBe("This page may not use your camera and microphone. Allow it in your browser, then try again.");
  expect(refusal(named("NotAllowedError"), "screen")).toMatch(/may not use your screen and microphone/);
});

test("a camera that is not there or in use is said to be so", () => {
  expect(refusal(named("NotFoundError"), "camera")).toMatch(/no such camera or microphone/);
  expect(refusal(named("OverconstrainedError"), "camera")).toMatch(/no such camera or microphone/);
  expect(refusal(named("NotFoundError"), "screen")).toMatch(/no microphone/);
  expect(refusal(named("NotReadableError"), "camera")).toMatch(/another program/);
});

test("whatever else happens has words, too", () => {
  expect(refusal(new TypeError("x"), "screen")).toBe("Your screen and microphone could not be opened.");
  expect(refusal("x", "camera")).toBe("Your camera and microphone could not be opened.");
});
