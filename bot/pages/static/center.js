"use strict";
// Shows what happens as it happens: an event is a reason to ask for the page anew, and
// what it says then takes the place of what stands here. Without this script the page
// is the same, as of when it was asked for.
(() => {
  const SETTLE = 300; // ms; events come in swarms, and the list follows a moment later
  const AGAIN = 2000;
  const source = new EventSource(document.currentScript.dataset.stream);
  let live = false;
  let waiting = 0;

  // Nobody's half-written reason is taken away.
  const inUse = (part) =>
    part.contains(document.activeElement) && document.activeElement.matches("input, select")
    || [...part.querySelectorAll("input:not([type=checkbox])")].some((one) => one.value !== one.defaultValue);

  const replace = (fresh) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (inUse(part)) continue;
      if (other === null) { part.remove(); continue; }
      for (const open of part.querySelectorAll("details[open]")) {
        other.querySelector(`#${open.id}`)?.setAttribute("open", "");
      }
      if (part.innerHTML !== other.innerHTML) part.replaceWith(document.adoptNode(other));
    }
    let before = null;
    for (const other of fresh.querySelectorAll("[data-live]")) {
      const here = document.getElementById(other.id);
      if (here === null) {
        const added = document.adoptNode(other);
        before === null ? document.querySelector("main").prepend(added) : before.after(added);
        before = added;
      } else {
        before = here;
      }
    }
    document.title = fresh.title;
  };

  const refresh = async () => {
    const answer = await fetch(location.href, { redirect: "manual" });
    if (answer.type === "opaqueredirect") { location.reload(); return; }
    if (!answer.ok) throw new Error(`${answer.status}`);
    replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  };

  const soon = (delay) => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      try {
        await refresh();
        document.body.classList.remove("stale");
      } catch {
        document.body.classList.add("stale");
        soon(AGAIN);
      }
    }, delay);
  };

  source.addEventListener("stream.live", () => { live = true; });
  source.addEventListener("stream.reset", () => soon(SETTLE));
  source.addEventListener("stream.ended", () => { source.close(); soon(SETTLE); });
  source.onmessage = () => { if (live) soon(SETTLE); };
  source.onerror = () => document.body.classList.add("stale");
  source.onopen = () => document.body.classList.remove("stale");
})();
