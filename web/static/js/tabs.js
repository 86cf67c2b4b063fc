// Tabs in the manner that keyboards expect: arrows move between them, Tab moves into the panel. A panel
// is built when it is first looked at.

import { byID } from "./dom.js";

export class Tabs {
  #tabs;
  #builders;
  #built = new Map();
  current = "";

  /** builders: view → function(panel) that returns {show?(), hide?()}. */
  constructor(builders, onChange) {
    this.#builders = builders;
    this.onChange = onChange;
    this.#tabs = [...document.querySelectorAll('[role="tab"]')];
    for (const tab of this.#tabs) {
      tab.addEventListener("click", () => this.show(tab.dataset.view));
      tab.addEventListener("keydown", (e) => this.#key(e, tab));
    }
  }

  #key(e, tab) {
    const i = this.#tabs.indexOf(tab);
    const n = this.#tabs.length;
    const to = { ArrowRight: (i + 1) % n, ArrowLeft: (i + n - 1) % n, Home: 0, End: n - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    this.#tabs[to].focus();
    this.show(this.#tabs[to].dataset.view);
  }

  /** Shows a view and returns what its builder made. */
  show(view) {
    if (this.current !== view) {
      this.#built.get(this.current)?.hide?.();
      for (const tab of this.#tabs) {
        const selected = tab.dataset.view === view;
        tab.setAttribute("aria-selected", String(selected));
        tab.tabIndex = selected ? 0 : -1;
        byID(`panel-${tab.dataset.view}`).hidden = !selected;
      }
      this.current = view;
      if (!this.#built.has(view)) this.#built.set(view, this.#builders[view](byID(`panel-${view}`)) ?? {});
      this.#built.get(view).show?.();
      this.onChange?.(view);
    }
    return this.#built.get(view);
  }
}
