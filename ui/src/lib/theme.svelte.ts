// Light or dark: as the system says, or as was chosen here.

export type Theme = "system" | "light" | "dark";

const KEY = "greenroom-theme";

function saved(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    // Some browsers keep nothing for this site.
    return "system";
  }
}

let chosen = $state<Theme>(saved());

function apply(): void {
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}
apply();

export const theme = {
  get chosen() {
    return chosen;
  },
  choose(next: Theme) {
    chosen = next;
    apply();
    try {
      if (next === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // It holds for this page then.
    }
  },
};
