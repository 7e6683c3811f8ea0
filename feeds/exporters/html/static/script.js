"use strict";
// To be loaded with `defer`. Pages are whole without it; with it, there are buttons that copy.

const SHOWN = 2000; // milliseconds

function copy(input) {
  if (navigator.clipboard) return navigator.clipboard.writeText(input.value); // over https, and at home
  input.select();
  return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("refused"));
}

function enhance(button) {
  const label = button.textContent;
  const status = document.getElementById("status");
  let timer;

  function say(written, told) {
    button.textContent = written;
    if (status) status.textContent = told;
  }

  function confirm() {
    button.focus(); // from where selecting may have taken it
    say(button.dataset.copied, button.dataset.copied);
    clearTimeout(timer);
    timer = setTimeout(() => say(label, ""), SHOWN); // what is the same as before is not read out again
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
