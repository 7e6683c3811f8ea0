"use strict";
// Load with `defer`. Pages work without it; it adds buttons that copy and share, and keys that move between papers.

const CONFIRMATION_MS = 2000;

function copy(input) {
  if (navigator.clipboard) return navigator.clipboard.writeText(input.value); // only over https and on localhost
  input.select();
  return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("refused"));
}

async function fetchText(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Blob([await response.text()], { type: "text/plain" });
}

function confirmWith(button) {
  const label = button.textContent;
  const status = document.getElementById("status");
  let timer;

  function show(buttonText, statusText) {
    button.textContent = buttonText;
    if (status) status.textContent = statusText;
  }

  return () => {
    button.focus(); // selecting may have moved the focus
    show(button.dataset.copied, button.dataset.copied);
    clearTimeout(timer);
    timer = setTimeout(() => show(label, ""), CONFIRMATION_MS); // screen readers announce only a changed status
  };
}

function copyField(button) {
  const confirm = confirmWith(button);
  button.addEventListener("click", () => {
    const input = document.getElementById(button.dataset.copies);
    copy(input).then(confirm, () => {
      input.focus();
      input.select(); // for Ctrl+C
    });
  });
  button.hidden = false;
}

function copyFile(button) {
  const confirm = confirmWith(button);
  const url = button.dataset.copiesFile;
  button.addEventListener("click", () => {
    // Safari allows to copy what is not there yet only as a promise within the click.
    const item = new ClipboardItem({ "text/plain": fetchText(url) });
    navigator.clipboard.write([item]).then(confirm, () => location.assign(url));
  });
  button.hidden = !(navigator.clipboard && window.ClipboardItem);
}

function share(button) {
  const url = document.getElementById(button.dataset.shares).value;
  button.addEventListener("click", () => {
    navigator.share({ title: button.dataset.title, url }).catch(() => {}); // the reader may close the dialog
  });
  button.hidden = !navigator.share;
}

// Keys that move between the papers of a page, unless the reader has switched them off.

const KEYS_SETTING = "keys";

function hasKeys() {
  try {
    return localStorage.getItem(KEYS_SETTING) !== "off";
  } catch {
    return true; // storage is blocked
  }
}

function storeKeys(isOn) {
  try {
    localStorage.setItem(KEYS_SETTING, isOn ? "on" : "off");
  } catch {
    // The switch then lasts as long as the page.
  }
}

function takesText(element) {
  return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
}

function currentPaper() {
  return document.activeElement.closest("main article");
}

function movePaper(step) {
  const papers = [...document.querySelectorAll("main article")];
  const isBelow = (paper) => paper.getBoundingClientRect().top > 1;
  const start = papers.findIndex(isBelow);
  const current = papers.indexOf(currentPaper());
  // From a place outside all papers, the next one is the first that begins on the screen or below.
  const next = current >= 0 ? current + step : (start < 0 ? papers.length : start) - (step < 0 ? 1 : 0);
  const paper = papers[next];
  if (!paper) return false;
  paper.tabIndex = -1;
  paper.ariaLabel = paper.querySelector("h1, h2, h3").textContent; // what screen readers say
  paper.focus({ preventScroll: true });
  paper.scrollIntoView({ block: "start" });
  return true;
}

function toggleSummary() {
  const details = currentPaper()?.querySelector("details");
  if (!details) return false;
  details.open = !details.open;
  return true;
}

function focusSearch() {
  const field = document.querySelector("input[type=search]");
  field?.focus();
  field?.select();
  return Boolean(field);
}

function buildHelp(button) {
  const words = button.dataset;
  const dialog = document.createElement("dialog");
  const add = (parent, name, text = "") => {
    const element = document.createElement(name);
    element.textContent = text;
    return parent.appendChild(element);
  };
  const heading = add(dialog, "h2", button.textContent);
  heading.id = "keys-title";
  dialog.setAttribute("aria-labelledby", heading.id);
  const list = add(dialog, "dl");
  for (const [key, label] of [["j", words.next], ["k", words.previous], ["o", words.toggle], ["/", words.search], ["?", words.help]]) {
    add(add(list, "dt"), "kbd", key);
    add(list, "dd", label);
  }
  const label = add(add(dialog, "p"), "label");
  const toggle = add(label, "input");
  toggle.type = "checkbox";
  toggle.checked = areKeysOn;
  toggle.addEventListener("change", () => {
    areKeysOn = toggle.checked;
    storeKeys(areKeysOn);
  });
  label.append(` ${words.use}`);
  const close = add(add(dialog, "p"), "button", words.close);
  close.autofocus = true;
  close.addEventListener("click", () => dialog.close());
  return document.body.appendChild(dialog);
}

let areKeysOn = hasKeys();
let help;

function showHelp(button) {
  help ??= buildHelp(button);
  help.showModal();
  return true;
}

function enableKeys(button) {
  const actions = {
    j: () => movePaper(1),
    k: () => movePaper(-1),
    o: toggleSummary,
    Enter: () => document.activeElement === currentPaper() && toggleSummary(), // links keep their Enter
    "/": focusSearch,
    "?": () => showHelp(button),
  };
  document.addEventListener("keydown", (event) => {
    if (!areKeysOn || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (help?.open || takesText(event.target) || !Object.hasOwn(actions, event.key)) return;
    if (actions[event.key]()) event.preventDefault();
  });
  button.addEventListener("click", () => showHelp(button));
  button.hidden = false;
}

document.querySelectorAll("button[data-keys]").forEach(enableKeys);
document.querySelectorAll("button[data-copies]").forEach(copyField);
document.querySelectorAll("button[data-copies-file]").forEach(copyFile);
document.querySelectorAll("button[data-shares]").forEach(share);
