// Light or dark: as the system has it, until somebody says otherwise here.

import { byID, icon } from "./dom.js";
import { Emitter } from "./emitter.js";

const key = "transportlab-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Emits "change" when colours have changed. */
export const theme = new Emitter();

const chosen = () => document.documentElement.dataset.theme;
export const isDark = () => (chosen() ? chosen() === "dark" : dark.matches);

function show() {
  const button = byID("theme");
  const label = isDark() ? "Switch to light colours" : "Switch to dark colours";
  button.replaceChildren(icon(isDark() ? "sun" : "moon"));
  button.setAttribute("aria-label", label);
  button.title = label;
  theme.emit("change");
}

export function startTheme() {
  const stored = read();
  if (stored) document.documentElement.dataset.theme = stored;
  byID("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    write(chosen());
    show();
  });
  dark.addEventListener("change", show);
  show();
}

// Storage may be forbidden; the theme then lasts as long as the page.
function read() {
  try {
    const v = localStorage.getItem(key);
    return v === "light" || v === "dark" ? v : null;
  } catch {
    return null;
  }
}

function write(value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // see read
  }
}

/** A colour of the tokens as the canvas takes it, in the context of an element. */
export function color(element, name) {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  element.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
