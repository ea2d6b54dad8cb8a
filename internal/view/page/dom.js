// Makes elements. Text from profiles enters the page here and only as text.

const byId = (id) => document.getElementById(id);

// make returns an element: make("p.quiet", {title: "…"}, "text", child, …).
// Children that are empty are left out, and strings become text nodes.
function make(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== "" && child !== false));
  return element;
}

// isolated returns a text whose own direction does not disturb the line.
const isolated = (text) => text && make("bdi", {}, text);

// A button says whether it is pressed if pressed is a boolean.
const button = (text, onclick, { pressed, label, kind = "button" } = {}) =>
  make(kind, { type: "button", onclick, "aria-pressed": pressed == null ? null : String(pressed), "aria-label": label }, text);

const listOf = (kind, items, item = (text) => make("li", { dir: "auto" }, text)) => items?.length && make(kind, {}, items.map(item));

const unseen = (text) => make("span.unseen", {}, text);

// announce says something to screen readers, and shows it in the tray.
function announce(text) {
  byId("announce").textContent = "";
  requestAnimationFrame(() => (byId("announce").textContent = text));
}

const plural = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;
