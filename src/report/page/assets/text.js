// Texts of a run are data: they become text nodes, never markup. Characters that cannot be
// seen, or that reorder what can, are shown by their code.

const UNSEEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e0fff}]/gu;

function codeOf(character) {
  return "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
}

// Returns the text with every unseen character replaced by its code.
function plain(text) {
  return String(text).replace(UNSEEN, (character) => `⟨${codeOf(character)}⟩`);
}

// Appends the text to an element, its unseen characters marked.
function addText(element, text) {
  const string = String(text);
  let end = 0;
  for (const match of string.matchAll(UNSEEN)) {
    if (match.index > end) element.append(string.slice(end, match.index));
    const code = document.createElement("span");
    code.className = "unseen";
    code.textContent = codeOf(match[0]);
    element.append(code);
    end = match.index + match[0].length;
  }
  if (end < string.length) element.append(string.slice(end));
}

// Makes an element with a class and a text.
function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined && text !== null) addText(element, text);
  return element;
}

function button(className, text, action) {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Microseconds as seconds, to the microsecond where that is not zero.
function timeText(micros) {
  const seconds = Math.floor(micros / 1e6);
  const rest = String(micros % 1e6).padStart(6, "0");
  return `${seconds}.${rest.endsWith("000") ? rest.slice(0, 3) : rest}`;
}

function durationText(micros) {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1e6) return `${Number((micros / 1000).toPrecision(3))} ms`;
  return `${Number((micros / 1e6).toPrecision(3))} s`;
}

function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
