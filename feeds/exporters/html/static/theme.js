"use strict";
// Load in <head> without `defer`, after what has a media query for dark colours: no page is painted in the wrong ones.

{
  const MEDIA = { auto: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };
  const THEMES = Object.keys(MEDIA);
  const KEY = "theme";
  const NOTICE_MS = 2000;

  function read() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // the browser keeps nothing
    }
  }

  function keep(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // the page has the colours until it is left
    }
  }

  function apply(theme) {
    for (const element of document.head.querySelectorAll("[media]")) element.media = MEDIA[theme];
  }

  let theme = THEMES.includes(read()) ? read() : "auto";
  apply(theme);

  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;

    let timer;

    function notify() {
      const status = document.getElementById("status");
      status.textContent = button.dataset[theme];
      clearTimeout(timer);
      timer = setTimeout(() => (status.textContent = ""), NOTICE_MS); // screen readers announce only a changed status
    }

    function describe() {
      button.title = button.dataset[theme];
      button.setAttribute("aria-label", button.dataset[theme]);
    }

    button.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      keep(theme);
      apply(theme);
      describe();
      notify();
    });
    describe();
    button.hidden = false;
  });
}
