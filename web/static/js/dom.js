// The one way in which the page makes elements. Text is set as text: nothing that came over a wire
// ever becomes markup.

/** h("button", {class: "quiet", on: {click}}, "text", child): an element. */
export function h(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  set(e, props);
  append(e, children);
  return e;
}

function set(e, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [type, listener] of Object.entries(value)) e.addEventListener(type, listener);
    else if (name === "data") Object.assign(e.dataset, value);
    else if (name === "value") e.value = value;
    else e.setAttribute(name, value === true ? "" : value);
  }
}

function append(e, children) {
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) e.append(child);
}

/** Sets an element's text if it differs: writing the same anew costs layout, and speaks twice. */
export function setText(e, text) {
  const only = e.firstChild;
  if (only && only === e.lastChild && only.nodeType === Node.TEXT_NODE) {
    if (only.data !== text) only.data = text;
  } else if (e.textContent !== text) e.textContent = text;
}

/** Sets or removes an attribute if it differs. */
export function setAttr(e, name, value) {
  if (value === null || value === undefined || value === false) {
    if (e.hasAttribute(name)) e.removeAttribute(name);
  } else if (e.getAttribute(name) !== String(value)) e.setAttribute(name, value);
}

export const byID = (id) => document.getElementById(id);

const svg = "http://www.w3.org/2000/svg";

// Icons of 24 × 24, drawn as strokes.
const strokes = {
  pause: "M9 5v14M15 5v14",
  play: "M8 5l11 7-11 7z",
  close: "M6 6l12 12M18 6L6 18",
  cut: "M6 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM6 21a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8.5 8L20 19M8.5 16L20 5",
  sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  plus: "M12 5v14M5 12h14",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1",
  moon: "M20 14.5A8 8 0 0 1 9.500 4a8 8 0 1 0 10.500 10.500z",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400",
  compass: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM15.500 8.500l-2 5-5 2 2-5z",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  bulb: "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.500 10.900V15h7v-1.100A6 6 0 0 0 12 3z",
  send: "M4 12l16-8-6 16-3-7z",
  check: "M5 12.500l4.500 4.500L19 7.500",
  external: "M14 4h6v6M20 4l-9 9M18 14v5H5V6h5",
};

/** An icon, which says nothing to those who listen: its button does. */
export function icon(name) {
  const e = document.createElementNS(svg, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" })) e.setAttribute(key, value);
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", strokes[name]);
  e.append(path);
  return e;
}

/** A button that shows an icon and is called by its label. */
export function iconButton(name, label, click, props = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click }, ...props }, icon(name));
}

/** The choices of a <select>, from [value, text] pairs. */
export const options = (pairs, selected) => pairs.map(([value, text]) => h("option", { value, selected: value === selected }, text));
