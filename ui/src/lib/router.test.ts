import { expect, it } from "vitest";
import { nextAddress, route } from "./router.svelte";

it("knows its pages", () => {
  expect(route("/")).toEqual({ page: "browse" });
  expect(route("/Anna")).toEqual({ page: "watch", handle: "anna" });
  expect(route("/anna/live")).toEqual({ page: "watch", handle: "anna" });
  expect(route("/dashboard")).toEqual({ page: "dashboard" });
  expect(route("/dashboard/live")).toEqual({ page: "not-found" });
  expect(route("/anna/other")).toEqual({ page: "not-found" });
  expect(route("/x")).toEqual({ page: "not-found" });
});

it("goes on at no other site", () => {
  const next = (text: string) => nextAddress(new URLSearchParams({ next: text }));
  expect(next("/anna?x=1")).toBe("/anna?x=1");
  for (const text of ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""]) expect(next(text), text).toBe("/");
});
