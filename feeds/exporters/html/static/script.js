"use strict";
// Load with `defer`. Pages work without it; it adds buttons that copy.

const CONFIRMATION_MS = 2000;

function copy(input) {
  if (navigator.clipboard) return navigator.clipboard.writeText(input.value); // only over https and on localhost
  input.select();
  return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("refused"));
}

function enhance(button) {
  const label = button.textContent;
  const status = document.getElementById("status");
  let timer;

  function show(buttonText, statusText) {
    button.textContent = buttonText;
    if (status) status.textContent = statusText;
  }

  function confirm() {
    button.focus(); // selecting may have moved the focus
    show(button.dataset.copied, button.dataset.copied);
    clearTimeout(timer);
    timer = setTimeout(() => show(label, ""), CONFIRMATION_MS); // screen readers announce only a changed status
  }

  button.addEventListener("click", () => {
    const input = document.getElementById(button.dataset.copies);
    copy(input).then(confirm, () => {
      input.focus();
      input.select(); // for Ctrl+C
    });
  });
  button.hidden = false;
}

document.querySelectorAll("button[data-copies]").forEach(enhance);
